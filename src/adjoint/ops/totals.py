"""Sums of other kinds: of exponentials, of what is not NaN, of what is not zero, of bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.statements import constant, general
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import div
from adjoint.ops.comparison import ne
from adjoint.ops.dimensions import dimensions, flag, restore
from adjoint.ops.reduction import sum, summable
from adjoint.ops.refusals import not_implemented_for

# --- the logarithm of a sum of exponentials ---


def _logsumexp_forward(xp: Any, x: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """By the largest element taken out, no exponential overflows; an infinite one stays what it is."""
    if 0 in x.shape:
        return xp.log(xp.sum(xp.exp(x), axis=axis, keepdims=keepdims))
    largest = xp.max(xp.real(x), axis=axis, keepdims=True)
    taken_out = xp.where(xp.isfinite(largest), largest, 0)
    total = xp.log(xp.sum(xp.exp(x - taken_out), axis=axis, keepdims=True)) + taken_out
    return total if keepdims or not axis else xp.squeeze(total, axis)


def _weights(xp: Any, x: Any, out: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """What each exponential is of their sum."""
    return xp.exp(x - restore(xp, out, axis, keepdims))


_logsumexp = general(
    "logsumexp",
    _logsumexp_forward,
    vjp=lambda xp, g, x, out, *, axis, keepdims: (
        restore(xp, g, axis, keepdims) * xp.conj(_weights(xp, x, out, axis, keepdims))
    ),
    jvp=lambda xp, tangents, x, out, *, axis, keepdims: xp.sum(
        tangents[0] * _weights(xp, x, out, axis, keepdims), axis=axis, keepdims=keepdims
    ),
    promotes="float",
)


@public()
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """`log(sum(exp(input), dim))`, computed without overflow.

    >>> import adjoint as torch
    >>> torch.logsumexp(torch.tensor([1000., 1000.]), dim=0)
    tensor(1000.6932)
    """
    (input,) = require_tensors("logsumexp", input)
    axis = dimensions(dim, input.ndim, "logsumexp")
    return _logsumexp(input, axis=axis, keepdims=flag("logsumexp", keepdim), out=out)


# --- without NaN ---


def _present(xp: Any, x: Any, values: Any) -> Any:
    """The values where `x` is a number, else 0."""
    return xp.where(xp.isnan(x), 0, values)


_nansum = general(
    "nansum",
    lambda xp, x, *, axis, keepdims: xp.sum(_present(xp, x, x), axis=axis, keepdims=keepdims),
    vjp=lambda xp, g, x, *, axis, keepdims: _present(xp, x, restore(xp, g, axis, keepdims)),
    jvp=lambda xp, tangents, x, *, axis, keepdims: xp.sum(_present(xp, x, tangents[0]), axis=axis, keepdims=keepdims),
    promotes="common",
)


@public()
def nansum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """The sum of what is not NaN, of all elements or along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.nansum(torch.tensor([1., float("nan"), 2.]))
    tensor(3.)
    """
    x = summable("nansum", input, dtype)
    _refuse_complex(x)
    if x._data.dtype.kind in "iu":
        return sum(x, dim, keepdim, out=out)
    return _nansum(x, axis=dimensions(dim, x.ndim, "nansum"), keepdims=flag("nansum", keepdim), out=out)


@public()
def nanmean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """The mean of what is not NaN, of all elements or along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.nanmean(torch.tensor([1., float("nan"), 2.]))
    tensor(1.5000)
    """
    (input,) = require_tensors("nanmean", input)
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{dtypes.scalar_type_name(input.dtype)}\nIntegers have no NaN: use x.float().mean()."
        )
    _refuse_complex(input)
    count = sum(ne(input.detach(), input.detach()).logical_not(), dim, keepdim)
    return div(nansum(input, dim, keepdim, dtype=dtype), count, out=out)


def _refuse_complex(x: Tensor) -> None:
    if x._data.dtype.kind == "c":
        raise RuntimeError("nansum on CPU does not support complex inputs\nSum real and imag on their own.")


# --- what is not zero, and bits ---

_count_nonzero = constant(
    "count_nonzero",
    lambda xp, x, *, axis: xp.sum(xp.astype(x != 0, np.dtype(np.int64)), axis=axis),
    promotes=None,
    public=False,
)


@public()
def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero, of all or along the dimensions `dim`.

    >>> import adjoint as torch
    >>> torch.count_nonzero(torch.tensor([[0, 1], [2, 3]]), dim=0)
    tensor([1, 2])
    """
    (input,) = require_tensors("count_nonzero", input)
    return _count_nonzero(input, axis=dimensions(dim, input.ndim, "count_nonzero"))


_hash = constant(
    "hash_tensor",
    lambda xp, x, *, axis, keepdims: xp.bits_xored(x, axis=axis, keepdims=keepdims),
    promotes=None,
    public=False,
)


@public()
def hash_tensor(
    input: Tensor, dim: Any = (), *, keepdim: bool = False, mode: int = 0, out: Tensor | None = None
) -> Tensor:
    """A number of 64 bits that tells tensors apart: the exclusive or of the elements' bits, as float64 or int64.

    >>> import adjoint as torch
    >>> torch.hash_tensor(torch.tensor([5, 3]))
    tensor(6, dtype=torch.uint64)
    """
    (input,) = require_tensors("hash_tensor", input)
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}\nThe one mode is 0, the exclusive or of all elements.")
    if input._data.dtype.kind == "c":
        raise not_implemented_for("xor_sum_cpu", input)
    axis = dimensions(dim, input.ndim, "hash_tensor")
    if not input.numel() and not dim:
        raise RuntimeError(
            "hash_tensor: Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim "
            "with the 'dim' argument."
        )
    result = _hash(input, axis=axis, keepdims=flag("hash_tensor", keepdim))
    return result if out is None else write_out(out, result)
