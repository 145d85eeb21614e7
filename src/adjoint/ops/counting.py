"""Histograms: how many elements there are of each kind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import index
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.ranges import linspace
from adjoint.ops.refusals import not_implemented_for
from adjoint.ops.results import named_result

_histc = constant(
    "histc",
    lambda xp, x, *, bins, low, high: xp.count_evenly(x, bins=bins, low=low, high=high),
    promotes=None,
    public=False,
)

histogram_result = named_result("histogram", "hist", "bin_edges")
histogramdd_result = named_result("histogramdd", "hist", "bin_edges")


@public()
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Tensor | None = None) -> Tensor:
    """How many elements lie in each of `bins` bins of equal width between `min` and `max`, or between the extremes.

    >>> import adjoint as torch
    >>> torch.histc(torch.tensor([1., 2., 1.]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    (input,) = require_tensors("histc", input)
    if input._data.dtype.kind in "biuc":
        raise not_implemented_for("aminmax_cpu" if input._data.dtype.kind == "c" else "histogram_cpu", input)
    bins, low, high = index(bins), float(min), float(max)
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if low == high and input.numel():
        low, high = float(input.min()), float(input.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    low, high = (low - 1, high + 1) if low == high else (low, high)
    result = _histc(input, bins=bins, low=low, high=high)
    return result if out is None else write_out(out, result)


@public()
def histogram(
    input: Tensor, bins: Any = 100, *, range: Sequence[float] | None = None, weight: Tensor | None = None,
    density: bool = False, out: Any = None,
) -> Any:  # fmt: skip
    """How many elements lie in each bin, or the sum of their weights, and the edges of the bins.

    `bins` is the number of bins of equal width, or a tensor of edges in ascending order. With `density`, the sum over
    the bins of height times width is 1.

    >>> import adjoint as torch
    >>> torch.histogram(torch.tensor([1., 2., 1.]), bins=2)
    torch.return_types.histogram(
    hist=tensor([2., 1.]),
    bin_edges=tensor([1.0000, 1.5000, 2.0000]))
    """
    (input,) = require_tensors("histogram", input)
    if isinstance(bins, Tensor) and range is not None:
        raise invalid_combination("histogram", (input, bins), {"range": range})
    if weight is not None and weight.shape != input.shape:
        raise RuntimeError(
            "torch.histogram(): if weight tensor is provided it should have the same shape as the input tensor "
            f"excluding its innermost dimension, but got input with shape {list(input.shape)} and weight with shape "
            f"{list(weight.shape)}"
        )
    flat_weight = None if weight is None else weight.reshape(-1)
    counts, edges = _histogram("histogram", input.reshape(-1, 1), [bins], range, flat_weight, density)
    pair = histogram_result((counts, edges[0]))
    return pair if out is None else write_out(out, pair)


@public(method=False)
def histogramdd(
    input: Tensor, bins: Any, range: Sequence[float] | None = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """The histogram of points, whose coordinates lie along the last dimension: counts, and the edges of the bins.

    `bins` holds, for each coordinate, a number of bins or a tensor of edges; one number stands for all coordinates.

    >>> import adjoint as torch
    >>> torch.histogramdd(torch.tensor([[0., 1.], [1., 0.], [2., 2.]]), bins=2).hist
    tensor([[0., 1.],
            [1., 1.]])
    """
    (input,) = require_tensors("histogramdd", input)
    if input.ndim < 2:
        raise RuntimeError(f"torch.histogramdd(): input tensor should have at least 2 dimensions, but got {input.ndim}")
    size = input.shape[-1]
    bins = [bins] * size if hasattr(bins, "__index__") and not isinstance(bins, Tensor) else list(bins)
    if len(bins) != size:
        raise RuntimeError(
            f"torch.histogramdd(): expected {size} sequences of bin edges for a {size}-dimensional histogram but got "
            f"{len(bins)}"
        )
    if weight is not None:
        weight = weight.reshape(-1)
    counts, edges = _histogram("histogramdd", input.reshape(-1, size), bins, range, weight, density)
    return histogramdd_result((counts, tuple(edges)))


def _histogram(
    name: str, points: Tensor, bins: list[Any], limits: Sequence[float] | None, weight: Tensor | None, density: bool
) -> tuple[Tensor, list[Tensor]]:
    if points._data.dtype.kind != "f":
        raise not_implemented_for("histogramdd", points)
    if weight is not None and weight.dtype is not points.dtype:
        raise RuntimeError(
            f"torch.{name}(): if weight tensor is provided, input tensor and weight tensor should have the same dtype"
        )
    edges = [
        _edges(name, place, each, points, None if limits is None else limits[2 * place : 2 * place + 2])
        for place, each in enumerate(bins)
    ]
    data, walls = np.asarray(points._data), [np.asarray(each._data) for each in edges]
    shape = tuple(len(each) - 1 for each in walls)
    inside = np.ones(len(data), bool)
    places = []
    for column, wall in zip(data.T, walls, strict=True):
        inside &= (column >= wall[0]) & (column <= wall[-1])
        places.append(np.minimum(np.searchsorted(wall, column, "right") - 1, len(wall) - 2))
    flat = np.ravel_multi_index([each[inside] for each in places], shape)
    counts = np.zeros(shape, data.dtype)
    np.add.at(counts.reshape(-1), flat, 1 if weight is None else np.asarray(weight._data)[inside])
    if density:
        counts /= counts.sum()
        for place, wall in enumerate(walls):
            counts /= np.diff(wall).reshape(-1, *(1,) * (len(walls) - place - 1))
    return wrap(counts), edges


def _edges(name: str, place: int, bins: Any, points: Tensor, limits: Sequence[float] | None) -> Tensor:
    """The edges of the bins along one coordinate."""
    if isinstance(bins, Tensor):
        if bins.dtype is not points.dtype:
            raise RuntimeError(
                f"torch.{name}(): input tensor and bins tensors should have the same dtype, but got input with dtype "
                f"{dtypes.scalar_type_name(points.dtype)} and bins for dimension {place} with dtype "
                f"{dtypes.scalar_type_name(bins.dtype)}"
            )
        if bins.ndim != 1 or not bins.numel():
            raise RuntimeError(
                f"torch.{name}(): bins tensor should have one dimension, but got {bins.ndim} dimensions in the bins "
                f"tensor for dimension {place}"
            )
        return bins
    if bins <= 0:
        raise RuntimeError(f"torch.{name}(): bins must be > 0, but got {bins} for dimension {place}")
    if limits is not None:
        low, high = limits
    elif points.numel():
        column = np.asarray(points._data)[:, place]
        low, high = float(column.min()), float(column.max())
    else:
        low, high = 0.0, 1.0
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histogramdd: dimension {place}'s range [{low:g}, {high:g}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for dimension {place}"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    return linspace(low, high, index(bins) + 1, dtype=points.dtype)


@public()
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of the numbers 0, 1, 2 ... occurs in a vector of integers, or the sums of the weights beside them.

    >>> import adjoint as torch
    >>> torch.bincount(torch.tensor([0, 2, 2]))
    tensor([1, 0, 2])
    """
    (input,) = require_tensors("bincount", input)
    if input._data.dtype.kind not in "iu":
        raise not_implemented_for("bincount_cpu", input)
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    data = np.asarray(input._data)
    if data.ndim != 1 or (data.size and data.min() < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None:
        return wrap(np.bincount(data, minlength=minlength))
    if weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    totals = np.bincount(data, np.asarray(weights._data, np.float64), minlength)
    return wrap(totals.astype(np.float32) if weights.dtype is dtypes.float32 else totals)
