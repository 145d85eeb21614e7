"""Picking and writing along one axis, by arrays of indices.

`gather` and `scatter` have an index for each single element; their index may be smaller than the array along the other
axes, and what it does not reach is left alone. `index_select` and `index_add` have one for each slice. All work on
addresses in memory: one flat array of them is several times faster to follow than an array of indices per axis.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy

sparse = lazy("scipy.sparse")

_REDUCTIONS = {"sum": np.add, "prod": np.multiply, "amax": np.maximum, "amin": np.minimum}


def gather(x: Array, index: Array, *, axis: int) -> Array:
    """`out[i, j, k] = x[i, index[i, j, k], k]`, for an axis of 1, in the shape of the index."""
    array = np.atleast_1d(x)
    return array.reshape(-1).take(_addresses(array.shape, index, axis), mode="clip")


def scatter(x: Array, index: Array, values: Array, *, axis: int) -> Array:
    """A copy of `x` with `out[i, index[i, j, k], k] = values[i, j, k]`, for an axis of 1; the last of several stays."""
    result, flat = _copied(x)
    flat[_addresses(np.atleast_1d(result).shape, index, axis)] = values
    return result


def scatter_add(x: Array, index: Array, values: Array, *, axis: int) -> Array:
    """As `scatter`, but the values are added to what is there, and to each other."""
    return scatter_reduce(x, index, values, axis=axis, reduce="sum")


def scatter_reduce(x: Array, index: Array, values: Array, *, axis: int, reduce: str) -> Array:
    """As `scatter_add`, with the product or an extreme in place of the sum."""
    result, flat = _copied(x)
    addresses = _addresses(np.atleast_1d(result).shape, index, axis)
    _REDUCTIONS[reduce].at(flat, addresses.reshape(-1), np.asarray(values).reshape(-1))
    return result


def index_select(x: Array, index: Array, *, axis: int) -> Array:
    """The slices of `x` along an axis that a vector of indices names."""
    if not np.ndim(x):
        return x
    _check_bounds(index, x.shape[axis], IndexError, "index out of range in self")
    return np.take(x, index, axis, mode="clip")


def index_add(x: Array, index: Array, values: Array, *, axis: int) -> Array:
    """`x` with slices of `values` added to those along an axis that a vector of indices names."""
    return index_reduce(x, index, values, axis=axis, reduce="sum")


def index_reduce(x: Array, index: Array, values: Array, *, axis: int, reduce: str) -> Array:
    """As `index_add`, with the product or an extreme in place of the sum."""
    result, flat = _copied(x)
    shape = np.atleast_1d(result).shape
    size, lead, block = shape[axis], math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    _check_bounds(index, size, RuntimeError, f"index {{}} is out of bounds for dimension {axis} with size {size}")
    ufunc = _REDUCTIONS[reduce]
    if block < _LONG:
        addresses = (np.arange(lead)[:, None] * size + index)[:, :, None] * block + np.arange(block)
        ufunc.at(flat, addresses.reshape(-1), np.asarray(values).reshape(-1))
    elif lead == 1 and reduce == "sum" and result.dtype.char in "fd" and values.size >= _MANY:
        result += _summed(index, values.reshape(-1, block).astype(result.dtype, copy=False), size).reshape(shape)
    elif index.size:
        _reduce_slices(ufunc, flat.reshape(lead, size, block), index, values.reshape(lead, -1, block))
    return result


_LONG = 64  # elements side by side from which on it is quicker to move them together than by an address each
_MANY = 1 << 16  # elements from which on a product with a sparse matrix is worth loading SciPy's
_TURN = 16  # slices that are brought together in the time that a turn of all takes


def _summed(index: Array, rows: np.ndarray, size: int) -> np.ndarray:
    """For each place the sum of the rows that go there: a product with the matrix that has a 1 for each row."""
    count = len(rows)
    ones, starts = np.ones(count, rows.dtype), np.arange(count + 1)
    return sparse.csc_array((ones, np.asarray(index).reshape(-1), starts), (size, count)) @ rows


def _reduce_slices(ufunc: np.ufunc, slices: np.ndarray, index: np.ndarray, values: np.ndarray) -> None:
    """Reduce values into slices along the middle axis, in place."""
    count = index.size
    order = np.argsort(index, kind="stable")
    named = index[order]
    starts = np.flatnonzero(np.append(True, named[1:] != named[:-1]))
    often = np.diff(starts, append=count)
    if often.max() * _TURN > len(starts):  # what goes to one slice is brought together first
        to = named[starts]
        brought = ufunc.reduceat(values[:, order], starts, axis=1, dtype=values.dtype)
        slices[:, to] = ufunc(slices[:, to], brought)
        return
    turn = np.arange(count) - np.repeat(starts, often)  # all that are named first take the first turn, and so on
    for places in np.split(order[np.argsort(turn, kind="stable")], np.cumsum(np.bincount(turn))[:-1]):
        to = index[places]
        slices[:, to] = ufunc(slices[:, to], values[:, places])


def _copied(x: Array) -> tuple[np.ndarray, np.ndarray]:
    """A copy in C order, and the same memory as one vector."""
    result = np.array(x, order="C")
    return result, result.reshape(-1)


def _addresses(shape: tuple[int, ...], index: Array, axis: int) -> np.ndarray:
    """The place in the memory of an array of this shape, in C order, that each index along an axis leads to."""
    index = np.asarray(index, np.intp)
    size = shape[axis]
    _check_bounds(index, size, RuntimeError, f"index {{}} is out of bounds for dimension {axis} with size {size}")
    step = math.prod(shape[axis + 1 :])
    addresses = index if step == 1 else index * step
    offsets: Any = 0
    for other in range(index.ndim):
        if other != axis and index.shape[other] > 1:
            along = np.arange(index.shape[other]) * math.prod(shape[other + 1 :])
            offsets = offsets + along.reshape(-1, *(1,) * (index.ndim - other - 1))
    return addresses + offsets


def _check_bounds(index: Array, size: int, error: type[Exception], message: str) -> None:
    """Refuse indices that are negative or too large. Read without a sign, negative ones are too large as well."""
    index = np.asarray(index, np.int64)
    if index.size and index.view(np.uint64).max() >= size:
        raise error(message.format(index[(index < 0) | (index >= size)].flat[0]))
