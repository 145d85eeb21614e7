"""Resampling: signals, images and volumes with other numbers of elements, by interpolation."""

from __future__ import annotations

from typing import Any

from adjoint.core.statements import linear

# --- the records ---

#: a map along each of the last axes, and its transpose, which is one too
MAPS: dict[str, Any] = {
    "forward": lambda xp, x, *, maps: xp.resample(x, maps=maps),
    "transpose": lambda xp, g, *, maps: xp.resample(g, maps=tuple(each and each.transpose() for each in maps)),
    "promotes": "common",
}
linear("resample", **MAPS, verb="resample")
