"""Running sums, products, extremes and recurrences along an axis.

Sums and products in single precision are carried in double precision and rounded at the end, so that the error does not
grow with the length.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adjoint.arrays.numpy import Array

#: the type that a running total is carried in
_CARRIED = {"f": np.dtype(np.float64), "F": np.dtype(np.complex128)}
_LONG = 64  # elements side by side from which on a step of Python's costs less than NumPy's own walk along the axis


def cumulative_sum(x: Array, *, axis: int) -> Array:
    """The sums of the elements up to and with each one."""
    return _accumulated(np.add, x, axis)


def cumulative_prod(x: Array, *, axis: int) -> Array:
    """The products of the elements up to and with each one."""
    return _accumulated(np.multiply, x, axis)


def log_cumulative_sum_exp(x: Array, *, axis: int) -> Array:
    """The logarithms of the running sums of exponentials."""
    return _accumulated(np.logaddexp if x.dtype.kind == "f" else _complex_logaddexp, x, axis)


def _accumulated(operation: Callable, x: Array, axis: int) -> Array:
    carried = _CARRIED.get(x.dtype.char, x.dtype)
    length = x.shape[axis]
    along_memory = abs(x.strides[axis]) == x.itemsize
    if isinstance(operation, np.ufunc) and (along_memory or x.size < _LONG * length):
        return operation.accumulate(x, axis, carried).astype(x.dtype, copy=False)
    result = np.empty(x.shape, x.dtype)
    steps, written = np.moveaxis(x, axis, 0), np.moveaxis(result, axis, 0)
    total = None
    for place in range(length):
        total = steps[place].astype(carried) if total is None else operation(total, steps[place])
        written[place] = total
    return result


def _complex_logaddexp(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """log(exp(x) + exp(y)), with the exponent of the larger real part taken out."""
    swap = (x.real < y.real) | np.isnan(y)
    large, small = np.where(swap, y, x), np.where(swap, x, y)
    none = np.isneginf(large.real)  # both are logarithms of zero
    return np.where(none, large, large + np.log1p(np.exp(np.where(none, 0, small - large))))


def running_argmax(x: Array, *, axis: int) -> Array:
    """Where the largest element up to each one stands: the last of equal ones; the last NaN, once there was one."""
    return _last_attained(x, np.maximum.accumulate(x, axis), axis)


def running_argmin(x: Array, *, axis: int) -> Array:
    """Where the smallest element up to each one stands: the last of equal ones; the last NaN, once there was one."""
    return _last_attained(x, np.minimum.accumulate(x, axis), axis)


def _last_attained(x: np.ndarray, extreme: np.ndarray, axis: int) -> np.ndarray:
    places = np.arange(x.shape[axis]).reshape((-1,) + (1,) * (x.ndim - axis - 1))
    attained = (x == extreme) | (x != x)
    return np.maximum.accumulate(np.where(attained, places, 0), axis)


def recurrence(factors: Array, terms: Array, *, axis: int, reverse: bool) -> Array:
    """`out[k] = terms[k] + factors[k] * out[k - 1]` along an axis; with `reverse`, `out[k + 1]` in place of that."""
    result = np.empty(terms.shape, np.result_type(factors, terms))
    result[...] = terms
    moved, by = np.moveaxis(result, axis, 0), np.moveaxis(factors, axis, 0)
    if reverse:
        moved, by = moved[::-1], by[::-1]
    length = len(moved)
    if result.size >= _LONG * length:
        for place in range(1, length):
            moved[place] += by[place] * moved[place - 1]
        return result
    reach, by = 1, by.astype(result.dtype)
    while reach < length:  # each element holds the sum over as many terms as the reach: double it
        moved[reach:] += by[reach:] * moved[:-reach]
        by[reach:] *= by[:-reach].copy()
        reach *= 2
    return result
