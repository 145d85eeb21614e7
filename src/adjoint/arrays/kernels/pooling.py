"""The largest elements of windows and where they are; and planes of elements addressed by flat indices.

The largest element of a box is the largest, over one axis, of the largest over the other axes. So windows are reduced along
one axis at a time, and each time the places of what is kept go along.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from adjoint.arrays.kernels.resampling import adaptive_bounds, picked, progression
from adjoint.arrays.numpy import Array


class Windows(NamedTuple):
    """Windows along an axis, evenly spaced."""

    size: int
    number: int
    kernel: int
    stride: int
    padding: int
    dilation: int

    def table(self) -> np.ndarray:
        """The elements in each window, a row for each; in place of what is outside stands the nearest that is inside."""
        starts = np.arange(self.number)[:, None] * self.stride - self.padding
        first = -(starts // self.dilation) * self.dilation  # from the start to the first element that is inside
        last = (self.size - 1 - starts) // self.dilation * self.dilation
        offsets = np.arange(self.kernel) * self.dilation
        return starts + np.minimum(np.maximum(offsets, np.where(starts < 0, first, 0)), last)


class Parts(NamedTuple):
    """The windows that divide an axis into so many parts."""

    size: int
    number: int

    def table(self) -> np.ndarray:
        starts, ends = adaptive_bounds(self.size, self.number)
        return np.minimum(starts[:, None] + np.arange((ends - starts).max(initial=0)), ends[:, None] - 1)


@lru_cache(maxsize=128)
def _columns(windows: Windows | Parts) -> list:
    return [progression(column) for column in windows.table().T]


def max_pool(x: Array, *, windows: Sequence[Windows | Parts]) -> tuple[Array, Array]:
    """The largest element of each window in the last axes, the first of equal ones, and its flat index in these axes."""
    first = x.ndim - len(windows)
    sizes = x.shape[first:]
    counts = tuple(each.number for each in windows)
    if not prod(x.shape[:first]) * prod(counts):
        empty = (*x.shape[:first], *counts)
        return np.empty(empty, x.dtype), np.empty(empty, np.int64)
    has_nan = x.dtype.kind == "f" and bool(np.isnan(x.max()))
    places: Array | None = None
    step = 1
    for axis, each in reversed(list(enumerate(windows, first))):
        columns = _columns(each)
        values = [picked(x, column, axis) for column in columns]
        x, chosen = _largest(values, has_nan)
        positions = _positions(each, chosen, axis)
        places = positions if places is None else positions * step + np.take_along_axis(places, positions, axis)
        step *= sizes[axis - first]
    return x, places


def _positions(windows: Windows | Parts, chosen: Array, axis: int) -> Array:
    """Where along its axis the element is that was chosen in each window."""
    table = windows.table()
    rows = np.arange(windows.number).reshape(-1, *(1,) * (chosen.ndim - axis - 1))
    return table.reshape(-1).take(rows * table.shape[1] + chosen)


def _largest(values: Sequence[Array], has_nan: bool) -> tuple[Array, Array]:
    """The largest of several arrays, element by element, and the first that has it; the last that is NaN, if one is."""
    best = np.array(values[0], order="C")
    chosen = np.zeros(best.shape, np.min_scalar_type(len(values)))
    for number, value in enumerate(values[1:], 1):
        better = value > best
        if has_nan:
            better |= np.isnan(value)
        np.maximum(best, value, out=best)
        np.maximum(chosen, np.multiply(better.view(np.uint8), number, dtype=chosen.dtype), out=chosen)
    return best, chosen


def fractional_max_pool(
    x: Array, samples: Array, *, kernel: Sequence[int], counts: Sequence[int]
) -> tuple[Array, Array]:
    """`max_pool` over windows whose steps vary, by a random number for each plane and axis (Graham, 2014)."""
    axes = len(kernel)
    lead, sizes = x.shape[:-axes], x.shape[-axes:]
    planes = x.reshape(prod(lead), *sizes)
    samples = samples.reshape(prod(lead), axes)
    has_nan = bool(planes.size) and bool(np.isnan(planes.max()))
    places = np.broadcast_to(np.arange(prod(sizes)).reshape(sizes), planes.shape)
    for axis in reversed(range(axes)):
        # PyTorch has the numbers of an image in the order width, height, those of a volume in the order of its axes
        starts = _fractional_starts(
            samples[:, 1 - axis if axes == 2 else axis], sizes[axis], kernel[axis], counts[axis]
        )
        shape = (len(planes), *(counts[axis] if each == axis else 1 for each in range(axes)))
        starts = starts.reshape(shape)
        values = [np.take_along_axis(planes, starts + offset, axis + 1) for offset in range(kernel[axis])]
        planes, chosen = _largest(values, has_nan)
        places = np.take_along_axis(places, starts + chosen, axis + 1)
    return planes.reshape(*lead, *counts), places.reshape(*lead, *counts)


def _fractional_starts(samples: Array, size: int, kernel: int, count: int) -> Array:
    """Where the windows of each plane begin."""
    last = np.full((len(samples), 1), size - kernel)
    if count == 1:
        return last
    step = samples.dtype.type((size - kernel) / (count - 1))
    shift = samples[:, None]
    places = np.arange(count - 1, dtype=samples.dtype)
    starts = ((places + shift) * step).astype(np.int64) - (shift * step).astype(np.int64)
    return np.concatenate([starts, last], 1)


# --- planes --------------------------------------------------------------------------------------------------------


def plane_gather(x: Array, indices: Array, *, axes: int) -> Array:
    """The elements at flat indices into the last axes, in the shape of the indices."""
    lead = x.shape[: x.ndim - axes]
    inside = (prod(x.shape[len(lead) :]), prod(indices.shape[len(lead) :]))
    elements, at = x.reshape(*lead, inside[0]), indices.reshape(*lead, inside[1])
    return np.take_along_axis(elements, at, -1).reshape(indices.shape)


def plane_add(x: Array, indices: Array, *, sizes: Sequence[int]) -> Array:
    """Zeros in planes of these sizes, with each element of `x` added at its flat index: the transpose of `plane_gather`."""
    result, at = _addressed(x, indices, sizes)
    np.add.at(result.reshape(-1), at, x.reshape(-1))
    return result


def plane_put(x: Array, indices: Array, *, sizes: Sequence[int]) -> Array:
    """Zeros in planes of these sizes, with each element of `x` set at its flat index; of several for one, the last."""
    result, at = _addressed(x, indices, sizes)
    result.reshape(-1)[at] = x.reshape(-1)
    return result


def _addressed(x: Array, indices: Array, sizes: Sequence[int]) -> tuple[Array, Array]:
    """Zeros in planes, and flat indices into all of them together."""
    lead = x.shape[: x.ndim - len(sizes)]
    planes, size = prod(lead), prod(sizes)
    at = indices.reshape(planes, prod(x.shape[len(lead) :])) + (np.arange(planes) * size)[:, None]
    return np.zeros((*lead, *sizes), x.dtype), at.reshape(-1)
