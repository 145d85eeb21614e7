"""Reductions: sums, means, products, extremes, over all elements or along dimensions."""

from __future__ import annotations

import math
from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core import dtypes
from adjoint.core.apply import not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, general, linear
from adjoint.core.tensor import Tensor, dimension_out_of_range
from adjoint.ops.conversion import to_dtype

# --- dimensions ---


def dimensions(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions that an argument `dim` names, counted from the front, in order; all of them for None or ()."""
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    named = tuple(dimension(each, ndim) for each in (dim if isinstance(dim, (tuple, list)) else (dim,)))
    for each in named:
        if named.count(each) > 1:
            raise RuntimeError(f"dim {each} appears multiple times in the list of dims")
    return named


def dimension(dim: Any, ndim: int) -> int:
    """One dimension, counted from the front; a 0-d tensor allows 0 and -1."""
    size = max(ndim, 1)
    if not -size <= dim < size:
        raise IndexError(dimension_out_of_range(dim, size))
    return int(dim) % size


def restore(xp: Any, g: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """A reduced array with its reduced axes back, of size 1."""
    return g if keepdims or not axis else xp.expand_dims(g, axis)


# --- sums ---

_SUM: dict[str, Any] = {"forward": lambda xp, x, *, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims),
        "transpose": lambda xp, g, x_shape, *, axis, keepdims: xp.broadcast_to(restore(xp, g, axis, keepdims), x_shape)}  # fmt: skip
_sum_all = linear("sum_all", **_SUM, node="SumBackward0")
_sum_axes = linear("sum_axes", **_SUM, node="SumBackward1")


def _mean_transpose(xp: Any, g: Any, x_shape: Any, *, axis: tuple[int, ...], keepdims: bool, count: int) -> Any:
    g = g / count
    return xp.broadcast_to(g if axis is None else restore(xp, g, axis, keepdims), x_shape)


_MEAN: dict[str, Any] = {"forward": lambda xp, x, *, axis, keepdims, count: xp.sum(x, axis=axis, keepdims=keepdims) / count,
         "transpose": _mean_transpose}  # fmt: skip
_mean_all = linear("mean_all", **_MEAN, node="MeanBackward0")
_mean_axes = linear("mean_axes", **_MEAN, node="MeanBackward1")


@verb("sum")
def _sum_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return sum(x, axis, keepdims)


@public()
def sum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """The sum of all elements, or along the dimensions `dim`; integers are summed as int64.

    >>> import adjoint as torch
    >>> torch.sum(torch.tensor([[1., 2.], [3., 4.]]), dim=0)
    tensor([4., 6.])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("sum", "input", 1, input)
    if dtype is None and input._data.dtype.kind in "biu":
        dtype = dtypes.int64
    x = input if dtype is None else to_dtype(input, dtype)
    if dim is None and not keepdim:
        return _sum_all(x, axis=None, keepdims=False, out=out)
    axis = dimensions(dim, x.ndim) if x.ndim else ()
    return (_sum_all if dim is None else _sum_axes)(x, axis=axis, keepdims=keepdim, out=out)


@public()
def mean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """The mean of all elements, or along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2., 6.]).mean()
    tensor(3.)
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("mean", "input", 1, input)
    x = input if dtype is None else to_dtype(input, dtype)
    data = x._data
    if data.dtype.kind in "biu":
        which = "Input dtype" if dtype is None else "Optional dtype"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {which} must be either a floating point or complex dtype. "
            f"Got: {scalar_type_name(x.dtype)}"
        )
    if dim is None and not keepdim:
        return _mean_all(x, axis=None, keepdims=False, count=data.size, out=out)
    shape = data.shape
    axis = dimensions(dim, len(shape)) if shape else ()
    count = math.prod(shape[each] for each in axis)
    return (_mean_all if dim is None else _mean_axes)(x, axis=axis, keepdims=keepdim, count=count, out=out)


# --- extremes ---


def _extreme_vjp(xp: Any, g: Any, x: Any, out: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The cotangent, shared equally among the elements that attain the extreme."""
    attained = x == restore(xp, out, axis, keepdims)
    count = xp.sum(xp.astype(attained, xp.numpy_dtype(g)), axis=axis, keepdims=True)
    return xp.where(attained, restore(xp, g, axis, keepdims) / count, 0)


def _extreme_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    attained = x == restore(xp, out, axis, keepdims)
    count = xp.sum(xp.astype(attained, xp.numpy_dtype(tangents[0])), axis=axis, keepdims=keepdims)
    return xp.sum(xp.where(attained, tangents[0], 0), axis=axis, keepdims=keepdims) / count


_amax = general(
    "amax", lambda xp, x, *, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims), vjp=_extreme_vjp, jvp=_extreme_jvp
)
_amin = general(
    "amin", lambda xp, x, *, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims), vjp=_extreme_vjp, jvp=_extreme_jvp
)


@verb("max")
def _max_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return amax(x, () if axis is None else axis, keepdims)


@verb("min")
def _min_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return amin(x, () if axis is None else axis, keepdims)


@public()
def amax(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The largest element along the dimensions `dim`. Equal ones share the gradient.

    >>> import adjoint as torch
    >>> torch.amax(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([5., 3.])
    """
    return _extreme("amax", _amax, input, dim, keepdim, out)


@public()
def amin(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The smallest element along the dimensions `dim`. Equal ones share the gradient.

    >>> import adjoint as torch
    >>> torch.amin(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([1., 2.])
    """
    return _extreme("amin", _amin, input, dim, keepdim, out)


def _extreme(name: str, record: Any, input: Tensor, dim: Any, keepdim: bool, out: Tensor | None) -> Tensor:
    (input,) = require_tensors(name, input)
    axis = dimensions(dim, input.ndim)
    if not input.numel():
        if dim == ():
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
                "with the 'dim' argument."
            )
        for each in axis:
            if not input.shape[each]:
                raise IndexError(f"{name}(): Expected reduction dim {each} to have non-zero size.")
    result = record(input, axis=axis if input.ndim else (), keepdims=keepdim)
    return result if out is None else write_out(out, result)


# --- truth ---

_all = constant(
    "all", lambda xp, x, *, axis, keepdims: xp.all(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)
_any = constant(
    "any", lambda xp, x, *, axis, keepdims: xp.any(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)


@public()
def all(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements are nonzero, or all along the dimensions `dim`."""
    (input,) = require_tensors("all", input)
    result = _all(input, axis=dimensions(dim, input.ndim) if input.ndim else (), keepdims=keepdim)
    return result if out is None else write_out(out, result)


@public()
def any(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether some element is nonzero, or some along the dimensions `dim`."""
    (input,) = require_tensors("any", input)
    result = _any(input, axis=dimensions(dim, input.ndim) if input.ndim else (), keepdims=keepdim)
    return result if out is None else write_out(out, result)
