"""Arrays in parts that stay in the processor's cache from one step of a kernel to the next."""

from __future__ import annotations

from collections.abc import Iterator

from adjoint.arrays.numpy import Array

#: elements of a part: a few arrays of as many fit a cache of the second level
_ELEMENTS = 1 << 16


def blocks(x: Array, kept: int | None = None) -> Iterator[slice]:
    """Slices of the first axis, each of a part of `x`; all of it where that is the axis `kept` whole."""
    length = len(x)
    if x.size <= 2 * _ELEMENTS or kept in (0, -x.ndim):
        yield slice(None)
        return
    step = max(_ELEMENTS * length // x.size, 1)
    for start in range(0, length, step):
        yield slice(start, start + step)
