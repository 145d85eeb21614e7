"""Maps along axes: what average pooling, interpolation and padding by elements of the input itself have in common."""

from __future__ import annotations

from typing import Any

from adjoint.core.statements import linear

#: a map along each of the last axes, and its transpose, which is one too
MAPS: dict[str, Any] = {
    "forward": lambda xp, x, *, maps: xp.resample(x, maps=maps),
    "transpose": lambda xp, g, *, maps: xp.resample(g, maps=tuple(each.transpose() for each in maps)),
    "promotes": "common",
}
linear("resample", **MAPS, verb="resample")
