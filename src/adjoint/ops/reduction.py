"""Reductions: sums, means, products and truth, over all elements or along dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core import dtypes, modes
from adjoint.core.apply import invalid_combination, not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimension, dimensions, flag, restore

# --- sums ---

_sum_all = linear(
    "sum_all",
    lambda xp, x: xp.sum(x),
    transpose=lambda xp, g, x_shape: xp.broadcast_to(g, x_shape),
    promotes="common",
    node="SumBackward0",
)
_sum_axes = linear(
    "sum_axes",
    lambda xp, x, *, axis, keepdims: xp.sum(x, axis=axis, keepdims=keepdims),
    transpose=lambda xp, g, x_shape, *, axis, keepdims: xp.broadcast_to(restore(xp, g, axis, keepdims), x_shape),
    promotes="common",
    node="SumBackward1",
)
_mean_all = linear(
    "mean_all",
    lambda xp, x: xp.sum(x) / math.prod(x.shape),
    transpose=lambda xp, g, x_shape: xp.broadcast_to(g / math.prod(x_shape), x_shape),
    promotes="common",
    node="MeanBackward0",
)
_mean_axes = linear(
    "mean_axes",
    lambda xp, x, *, axis, keepdims, count: xp.sum(x, axis=axis, keepdims=keepdims) / count,
    transpose=lambda xp, g, x_shape, *, axis, keepdims, count: xp.broadcast_to(
        restore(xp, g / count, axis, keepdims), x_shape
    ),
    promotes="common",
    node="MeanBackward1",
)


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
    x = summable("sum", input, dtype)
    if dim is None and not keepdim:
        return _sum_all(x, out=out)
    axis = dimensions(dim, x.ndim, "sum")
    return _sum_axes(x, axis=axis, keepdims=flag("sum", keepdim), out=out)


def summable(function: str, input: Tensor, dtype: DType | None) -> Tensor:
    """The tensor in the type in which it is to be summed up: int64 where it holds integers and no other is asked for."""
    if not isinstance(input, Tensor):
        raise not_a_tensor(function, "input", 1, input)
    if dtype is None and input._data.dtype.kind in "biu":
        dtype = dtypes.int64
    return input if dtype is None else to_dtype(input, dtype)


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
            f"Got: {scalar_type_name(x.dtype)}\nMake it floating-point first, as in x.float().mean(), or pass dtype=."
        )
    if dim is None and not keepdim:
        return _mean_all(x, out=out)
    shape = data.shape
    axis = dimensions(dim, len(shape), "mean")
    count = math.prod(shape[each] for each in axis)
    return _mean_axes(x, axis=axis, keepdims=flag("mean", keepdim), count=count, out=out)


# --- products ---


def _products_of_others(xp: Any, x: Any, axis: int | None) -> Any:
    """For each element along an axis the product of all the others: no division, so that zeros need no care.

    What comes before each element is multiplied up by doubling the reach, and so is what comes after it.
    """
    if axis is None:
        return xp.ones_like(x)
    return _products_before(xp, x, axis) * xp.flip(_products_before(xp, xp.flip(x, axis), axis), axis)


def _products_before(xp: Any, x: Any, axis: int) -> Any:
    size, before = x.shape[axis], (slice(None),) * axis

    def moved(values: Any, by: int) -> Any:
        ones = xp.ones_like(xp.getitem(values, (*before, slice(0, by))))
        return xp.concat([ones, xp.getitem(values, (*before, slice(0, size - by)))], axis)

    products, reach = moved(x, 1) if size else x, 1
    while reach < size:
        products, reach = products * moved(products, reach), 2 * reach
    return products


def _product_vjp(xp: Any, g: Any, x: Any, *, axis: int, keepdims: bool) -> Any:
    return restore(xp, g, axis, keepdims) * xp.conj(_products_of_others(xp, x, axis))


def _product_jvp(xp: Any, tangents: Any, x: Any, *, axis: int, keepdims: bool) -> Any:
    return xp.sum(tangents[0] * _products_of_others(xp, x, axis), axis=axis, keepdims=keepdims)


_prod_axis = general(
    "prod_axis",
    lambda xp, x, *, axis, keepdims: xp.prod(x, axis=axis, keepdims=keepdims),
    vjp=_product_vjp,
    jvp=_product_jvp,
    promotes="common",
    node="ProdBackward1",
)
_prod_all = general(
    "prod_all",
    lambda xp, x: xp.prod(x, axis=None, keepdims=False),
    vjp=lambda xp, g, x: xp.reshape(g * xp.conj(_products_of_others(xp, xp.reshape(x, (-1,)), 0)), x.shape),
    jvp=lambda xp, tangents, x: xp.sum(
        xp.reshape(tangents[0], (-1,)) * _products_of_others(xp, xp.reshape(x, (-1,)), 0), axis=0
    ),
    promotes="common",
    node="ProdBackward0",
)


@verb("prod")
def _prod_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    if axis is None:
        return _prod_all(x)
    axes = axis if isinstance(axis, tuple) else (axis,)
    for each in sorted((each % x.ndim for each in axes), reverse=True):
        x = _prod_axis(x, axis=each, keepdims=keepdims)
    return x


@public()
def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """The product of all elements, or along one dimension; that of integers is int64. Its gradient is right at zeros.

    >>> import adjoint as torch
    >>> torch.prod(torch.tensor([[1., 2.], [3., 4.]]), dim=0)
    tensor([3., 8.])
    """
    if modes.special and modes.state.autocast is not None:
        (input,) = modes.state.autocast("prod", (input,))
    x = summable("prod", input, dtype)
    if dim is None:
        return _prod_all(x, out=out)
    if isinstance(dim, tuple | list):
        raise invalid_combination("prod", (dim,))
    axis = dimension(dim, x.ndim, "prod")
    return _prod_axis(x, axis=axis if x.ndim else None, keepdims=flag("prod", keepdim) and x.ndim > 0, out=out)


# --- truth ---

_all = constant(
    "all", lambda xp, x, *, axis, keepdims: xp.all(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)
_any = constant(
    "any", lambda xp, x, *, axis, keepdims: xp.any(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)


def _truth(name: str, record: Any, input: Tensor, dim: Any, keepdim: bool, out: Tensor | None) -> Tensor:
    (input,) = require_tensors(name, input)
    result = record(input, axis=dimensions(dim, input.ndim, name), keepdims=flag(name, keepdim))
    if input._data.dtype == np.uint8:  # for history's sake
        result = to_dtype(result, dtypes.uint8)
    return result if out is None else write_out(out, result)


@public()
def all(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether all elements are nonzero, or all along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.all(torch.tensor([[True, False], [True, True]]), dim=1)
    tensor([False,  True])
    """
    return _truth("all", _all, input, dim, keepdim, out)


@public()
def any(input: Tensor, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Whether some element is nonzero, or some along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.any(torch.tensor([[True, False], [False, False]]), dim=1)
    tensor([ True, False])
    """
    return _truth("any", _any, input, dim, keepdim, out)
