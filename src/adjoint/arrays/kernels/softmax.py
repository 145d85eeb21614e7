"""Softmax, its logarithm, and their derivatives, a part at a time that stays in the processor's cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.kernels.blocks import blocks
from adjoint.arrays.numpy import Array

#: up to here exponentials are far from overflow, and from there on sums of them far from underflow, in any type
_TALLEST, _LEAST = 30, 1e-3


def _from_largest(x: Array, axis: int, out: Array) -> None:
    np.subtract(x, np.maximum.reduce(x, axis, keepdims=True), out=out)


def write_softmax(x: Array, axis: int, out: Array) -> None:
    """Write `exp(x)`, divided by its sum along an axis.

    The largest element of all is found several times faster than that of each row, and often shows that none needs it.
    """
    if x.size and np.maximum.reduce(x, None) <= _TALLEST:
        np.exp(x, out=out)
        total = numpy.sum(out, axis, keepdims=True)
        if np.minimum.reduce(total, None) >= _LEAST:
            out /= total
            return
    _from_largest(x, axis, out)
    np.exp(out, out=out)
    out /= numpy.sum(out, axis, keepdims=True)


def softmax(x: Array, *, axis: int) -> Array:
    """`exp(x)` divided by its sum along an axis."""
    result = np.empty_like(x)
    for part in blocks(x, kept=axis):
        write_softmax(x[part], axis, result[part])
    return result


def log_softmax(x: Array, *, axis: int, held: Any = None) -> Array:
    """The logarithm of `softmax`; the sums are rounded to the type `held`, if one is given."""
    result = np.empty_like(x)
    for part in blocks(x, kept=axis):
        out = result[part]
        _from_largest(x[part], axis, out)
        total = numpy.sum(np.exp(out), axis, keepdims=True)
        out -= np.log(total if held is None else total.astype(held).astype(x.dtype))
    return result


def softmax_derivative(change: Array, out: Array, *, axis: int) -> Array:
    """`out * (change - total)`, for the total of `change * out` along an axis."""
    result = np.empty_like(out)
    for part in blocks(out, kept=axis):
        write_derivative(change[part], out[part], axis, result[part])
    return result


def write_derivative(change: Array, out: Array, axis: int, result: Array) -> None:
    """Write `out * (change - total)`, for the total of `change * out` along an axis."""
    np.subtract(change, _dot(change, out, axis), out=result)
    result *= out


def _dot(x: Array, y: Array, axis: int) -> Array:
    """The sums of the products along an axis."""
    if axis in (-1, x.ndim - 1):
        return np.vecdot(x, y)[..., None]
    return np.add.reduce(x * y, axis, keepdims=True)


def log_softmax_vjp(g: Array, out: Array, *, axis: int) -> Array:
    """`g - exp(out) * total`, for the total of `g` along an axis."""
    result = np.empty_like(out)
    for part in blocks(out, kept=axis):
        moved = result[part]
        np.exp(out[part], out=moved)
        moved *= numpy.sum(g[part], axis, keepdims=True)
        np.subtract(g[part], moved, out=moved)
    return result
