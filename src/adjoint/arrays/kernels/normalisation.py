"""Normalisation to mean 0 and variance 1, and its gradient, in few passes over memory.

A sum over all of an array is a product with ones: BLAS takes a small part of the time that NumPy's sums take, and, as it
keeps many partial sums, loses no more digits. A factor that is the same for a whole sum is applied to the sum.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.numpy import Array

Axes = tuple[int, ...]


def _sums(x: Array, axes: Axes, by: Array | None = None) -> Array:
    """The sums of `x`, or of `x * by`, over axes that stand first and last, which are kept with size 1."""
    ndim, shape = x.ndim, x.shape
    lead = next((axis for axis in range(ndim) if axis not in axes), ndim)
    trail = max((axis for axis in range(ndim) if axis not in axes), default=-1) + 1
    first, last = math.prod(shape[:lead]), math.prod(shape[trail:]) if trail else 1
    middle = math.prod(shape[lead:trail])
    if last > 1:
        rows = x.reshape(first, middle, last)
        totals = numpy.sum(rows, -1) if by is None else np.vecdot(rows, by.reshape(first, middle, last))
    else:
        totals = (x if by is None else x * by).reshape(first, middle)
    totals = np.ones(first, x.dtype) @ totals if first > 1 else totals
    return totals.reshape([1 if axis in axes else size for axis, size in enumerate(shape)])


def _weighted_sums(x: Array, weight: Array, axes: Axes) -> Array:
    """The sums of `x * weight` over axes that stand first and last; `weight` broadcasts beside x."""
    sizes = [x.shape[axis] for axis in axes]
    along = [weight.shape[axis] for axis in axes]
    if all(size == 1 for size in along):
        return _sums(x, axes) * weight
    if along == sizes and weight.size == math.prod(sizes):
        reduced = [1 if axis in axes else size for axis, size in enumerate(x.shape)]
        if axes[0] == 0:
            return (weight.reshape(-1) @ x.reshape(weight.size, -1)).reshape(reduced)
        return (x.reshape(-1, weight.size) @ weight.reshape(-1)).reshape(reduced)
    return _sums(x * weight, axes)


def _scaled(x: Array, rstd: Array, weight: Array | None, out: Array | None = None) -> Array:
    """`x * rstd * weight`, by the product of both factors."""
    return np.multiply(x, rstd if weight is None else rstd * weight, out=out)


def _beside(weight: Any, layout: Any) -> Array:
    """A weight or bias in a shape of as many axes as x."""
    return weight.reshape((1,) * (len(layout.shape) - len(layout.channels)) + layout.channels)


def normalised(x: Array, weight: Any, bias: Any, *, layout: Any, eps: float) -> tuple[Array, Array, Array]:
    """`x` less its means, divided by its standard deviations, scaled and shifted; the means, and the inverse deviations."""
    inner = np.ascontiguousarray(x).reshape(layout.shape)
    mean = _sums(inner, layout.axes) / layout.elements
    out = inner - mean
    rstd = 1 / np.sqrt(_sums(out, layout.axes, out) / layout.elements + eps)
    if layout.held is not None:
        mean, rstd = (each.astype(layout.held).astype(x.dtype) for each in (mean, rstd))
        np.subtract(inner, mean, out=out)
    _scaled(out, rstd, _beside(weight, layout) if layout.scaled else None, out)
    if layout.shifted:
        out += _beside(bias, layout)
    return out.reshape(x.shape), mean.reshape(layout.kept), rstd.reshape(layout.kept)


def normalised_vjp(
    g: Array, by_mean: Array, by_rstd: Array, x: Array, weight: Any, mean: Array, rstd: Array, *, layout: Any
) -> tuple[Array, Array | None, Array | None]:
    """The gradients of x, weight and bias out of those of the result, the means and the inverse deviations."""
    count, axes = layout.elements, layout.axes
    mean, rstd, by_mean, by_rstd = (each.reshape(layout.reduced) for each in (mean, rstd, by_mean, by_rstd))
    by_out = np.ascontiguousarray(g).reshape(layout.shape)
    centred = np.ascontiguousarray(x).reshape(layout.shape) - mean
    scale = _beside(weight, layout) if layout.scaled else None
    by_weight = by_bias = None

    # sums over what is alike for the means and for the weights come first; what remains is small, except for layers
    beside = (1,) * (len(layout.shape) - len(layout.channels)) + layout.channels
    shared = tuple(axis for axis in axes if beside[axis] == 1)
    products = _sums(by_out, shared, centred) if shared else by_out * centred
    totals = _sums(by_out, shared) if shared else by_out
    repeated = tuple(axis for axis, size in enumerate(beside) if size == 1)
    if layout.scaled:
        by_weight = _weighted_sums(products, rstd, repeated).reshape(layout.scalars)
    if layout.shifted:
        by_bias = _sums(totals, repeated).reshape(layout.scalars)
    if scale is not None:
        products, totals = (_weighted_sums(each, scale, axes) for each in (products, totals))
    else:
        products, totals = (_sums(each, axes) for each in (products, totals))

    centred *= rstd**3 * (products + by_rstd) / -count
    centred += (by_mean - rstd * totals) / count
    centred += _scaled(by_out, rstd, scale)
    return centred.reshape(x.shape), by_weight, by_bias
