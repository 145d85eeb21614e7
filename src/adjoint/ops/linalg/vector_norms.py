"""Norms of vectors, of any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import promote, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimensions, flag, restore

# --- the record ---


def _norm(xp: Any, x: Any, *, ord: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord == 2 and xp.numpy_dtype(x).kind == "f":
        return xp.sqrt(xp.sum(x * x, axis=axis, keepdims=keepdims))
    size = xp.abs(x)
    if ord == 0:
        return xp.sum(xp.astype(size != 0, xp.numpy_dtype(size)), axis=axis, keepdims=keepdims)
    if math.isinf(ord):
        return (xp.max if ord > 0 else xp.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return xp.sum(size, axis=axis, keepdims=keepdims)
    if ord == 2:
        return xp.sqrt(xp.sum(size * size, axis=axis, keepdims=keepdims))
    return xp.sum(size**ord, axis=axis, keepdims=keepdims) ** (1 / ord)


def _slope(xp: Any, x: Any, norm: Any, ord: float, axis: tuple[int, ...]) -> Any:
    """The gradient of the norm of each vector, but for a factor that is the same for all of its elements.

    For the orders of infinity the elements that attain it share the gradient.
    """
    if ord == 0:
        return xp.zeros_like(x)
    if ord == 1:
        return xp.sign(x)
    if ord == 2:
        return xp.where(norm == 0, 0, x / norm)
    size = xp.abs(x)
    if math.isinf(ord):
        attained = xp.astype(xp.logical_or(size == norm, xp.isnan(size)), xp.numpy_dtype(size))
        return xp.sign(x) * (attained / xp.sum(attained, axis=axis, keepdims=True))
    if ord < 1:
        return xp.sign(x) * xp.where(size == 0, 0, size ** (ord - 1))
    return x * size ** (ord - 2) if ord > 2 else xp.sign(x) * size ** (ord - 1)


def _scaled(xp: Any, g: Any, norm: Any, ord: float) -> Any:
    """`g` times the factor that the slope leaves out; 0 for the zero vector."""
    if ord in (0, 1, 2) or math.isinf(ord):
        return g
    return g * norm ** (1 - ord) if ord < 1 else xp.where(norm == 0, 0, g / norm ** (ord - 1))


def _norm_vjp(xp: Any, g: Any, x: Any, out: Any, *, ord: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    g, norm = restore(xp, g, axis, keepdims), restore(xp, out, axis, keepdims)
    return _slope(xp, x, norm, ord, axis) * _scaled(xp, g, norm, ord)


def _norm_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, ord: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    slope = _slope(xp, x, restore(xp, out, axis, keepdims), ord, axis)
    moved = xp.sum(xp.real(xp.conj(slope) * tangents[0]), axis=axis, keepdims=keepdims)
    return _scaled(xp, moved, out, ord)


_vector_norm = general("linalg_vector_norm", _norm, vjp=_norm_vjp, jvp=_norm_jvp, promotes="common")

# --- the function ---


@public(module="linalg", method=False)
def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The norm of order `ord` of all elements, or of those along the dimensions `dim`.

    That is `sum(abs(x) ** ord) ** (1 / ord)`; the number of elements that are not zero for the order 0; the largest and the
    smallest absolute value for the orders infinity and minus infinity.

    >>> import adjoint as torch
    >>> torch.linalg.vector_norm(torch.tensor([3., 4.])), torch.linalg.vector_norm(torch.tensor([3., -4.]), torch.inf)
    (tensor(5.), tensor(4.))
    """
    (x,) = require_tensors("linalg_vector_norm", x, names=("x",))
    if isinstance(ord, complex):
        raise RuntimeError("linalg.vector_norm: Expected a non-complex scalar as the order of norm.")
    if not isinstance(ord, int | float | np.number):
        raise TypeError(f"linalg_vector_norm(): argument 'ord' must be Number, not {type(ord).__name__}")
    x = in_type("linalg.vector_norm", x, dtype)
    axis = dimensions(dim, x.ndim, "linalg_vector_norm")
    if not x.numel() and (ord < 0 or ord == math.inf):
        _refuse_empty(x, ord, dim, axis)
    result = _vector_norm(x, ord=float(ord), axis=axis, keepdims=flag("linalg_vector_norm", keepdim))
    return result if out is None else write_out(out, result, "linalg_vector_norm")


def in_type(function: str, x: Tensor, dtype: DType | None) -> Tensor:
    """The tensor in the type that its norm is asked for in; it must be one of real or complex numbers, and hold them."""
    if x.dtype.rank < dtypes.FLOAT:
        raise RuntimeError(
            f"{function}: Expected a floating point or complex tensor as input. Got {scalar_type_name(x.dtype)}"
        )
    if dtype is None:
        return x
    if dtype.rank < dtypes.FLOAT:
        raise RuntimeError(f"{function}: dtype should be floating point or complex, but got {scalar_type_name(dtype)}")
    if dtype.is_complex != x.dtype.is_complex:
        kind = "complex" if x.dtype.is_complex else "real"
        raise RuntimeError(f"{function}: dtype should be {kind} for {kind} inputs, but got {scalar_type_name(dtype)}")
    if promote(x.dtype, dtype) is not dtype:
        raise RuntimeError(
            f"{function}: the dtype of the input ({scalar_type_name(x.dtype)}) should be convertible without narrowing to "
            f"the specified dtype ({scalar_type_name(dtype)})"
        )
    return to_dtype(x, dtype)


def _refuse_empty(x: Tensor, ord: float, dim: Any, axis: tuple[int, ...]) -> None:
    """Norms that are a largest or smallest value need one element at least."""
    if dim is None or dim == ():
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the operation does not have an "
            "identity"
        )
    for each in axis:
        if not x.shape[each]:
            raise RuntimeError(
                f"linalg.vector_norm cannot compute the {ord} norm on the dimension {each} because this dimension is empty "
                "and the operation does not have an identity"
            )
