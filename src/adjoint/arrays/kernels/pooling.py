"""The largest elements of windows and where they are; and planes of elements addressed by flat indices.

The largest element of a box is the largest, over one axis, of the largest over the other axes. So windows are reduced along
one axis at a time, and each time the places of what is kept go along.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from math import prod
from typing import NamedTuple

import numpy as np

from adjoint.arrays.kernels.blocks import blocks
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
def _table(windows: Windows | Parts) -> tuple[np.ndarray, int | None]:
    """The elements in each window, and how far they are apart if that is the same everywhere."""
    table = windows.table()
    steps = np.diff(table)
    step = int(steps.flat[0]) if steps.size else 0
    return table, step if (steps == step).all() else None


@lru_cache(maxsize=128)
def _columns(windows: Windows | Parts) -> list:
    return [progression(column) for column in _table(windows)[0].T]


def max_pool(x: Array, *, windows: Sequence[Windows | Parts]) -> tuple[Array, Array]:
    """The largest element of each window in the last axes, the first of equal ones, and its flat index in these axes."""
    axes = len(windows)
    counts = tuple(each.number for each in windows)
    shape = (*x.shape[: x.ndim - axes], *counts)
    planes = x.reshape(prod(shape[:-axes]), *x.shape[x.ndim - axes :])
    result, places = np.empty((len(planes), *counts), x.dtype), np.empty((len(planes), *counts), np.int64)
    has_nan = result.size > 0 and x.dtype.kind == "f" and bool(np.isnan(x.max()))
    for part in blocks(planes) if result.size else ():
        best, chosen = planes[part], list[Array]()
        for axis in reversed(range(axes)):
            columns = _columns(windows[axis])
            # what is spread out in memory is read several times: it is copied once
            values, *along = (
                [np.ascontiguousarray(picked(each, column, axis + 1)) for column in columns] for each in (best, *chosen)
            )
            best, chosen = _largest(values, along, has_nan)
        result[part] = best
        steps = (prod(planes.shape[axis + 2 :]) for axis in range(axes))
        places[part] = reduce(np.add, map(_positions, windows, chosen, range(1, axes + 1), steps))
    return result.reshape(shape), places.reshape(shape)


def _positions(windows: Windows | Parts, chosen: Array, axis: int, size: int) -> Array:
    """Where along its axis the element is that was chosen in each window, in steps of this size."""
    table, step = _table(windows)
    behind = (1,) * (chosen.ndim - axis - 1)
    if step is not None:
        return np.multiply(chosen, step * size, dtype=np.int64) + size * table[:, 0].reshape(-1, *behind)
    rows = np.arange(windows.number).reshape(-1, *behind)
    return (size * table).reshape(-1).take(rows * table.shape[1] + chosen)


def _largest(values: Sequence[Array], along: Sequence[Sequence[Array]], has_nan: bool) -> tuple[Array, list[Array]]:
    """The largest of several arrays, element by element, and which has it: the first, or the last that is NaN.

    Of the arrays that go `along`, as many for each thing that goes along as there are values, the same elements are taken.
    """
    best = values[0]
    kind = np.min_scalar_type(len(values))
    chosen: Array = np.zeros(best.shape, kind)
    taken = [each[0] for each in along]
    for number, value in enumerate(values[1:], 1):
        better = value > best
        if has_nan:
            better |= np.isnan(value)
        best = np.maximum(best, value)
        np.maximum(chosen, np.multiply(better.view(np.uint8), number, dtype=kind), out=chosen)
        taken = [_either(better, each[number], so_far) for each, so_far in zip(along, taken, strict=True)]
    return best, [chosen, *taken]


def _either(condition: Array, x: Array, y: Array) -> Array:
    """`x` where the condition is true, else `y`, of unsigned integers: with arithmetic, which is faster than `where`."""
    return y ^ ((x ^ y) & np.negative(condition.view(np.uint8), dtype=x.dtype))


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
        planes, (chosen,) = _largest(values, (), has_nan)
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
