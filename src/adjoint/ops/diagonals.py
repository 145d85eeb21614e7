"""Diagonals and triangles of matrices, and matrices made of diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import clone
from adjoint.ops.creation import finished
from adjoint.ops.data import type_of_option
from adjoint.ops.dimensions import dimension
from adjoint.ops.reduction import sum
from adjoint.ops.refusals import not_implemented_for
from adjoint.ops.shape import reshape

# --- the records ---

_diagonal = linear(
    "diagonal",
    lambda xp, x, *, offset, axis1, axis2: xp.diagonal(x, offset=offset, axis1=axis1, axis2=axis2),
    transpose=lambda xp, g, x_shape, *, offset, axis1, axis2: xp.diagonal_embed(
        g, shape=tuple(x_shape), offset=offset, axis1=axis1, axis2=axis2
    ),
    view=True,
    verb="diagonal",
)
_diagonal_embed = linear(
    "diagonal_embed",
    lambda xp, x, *, shape, offset, axis1, axis2: xp.diagonal_embed(
        x, shape=shape, offset=offset, axis1=axis1, axis2=axis2
    ),
    transpose=lambda xp, g, *, shape, offset, axis1, axis2: xp.diagonal(g, offset=offset, axis1=axis1, axis2=axis2),
    verb="diagonal_embed",
)


def _triangle_rules(inside: Any) -> dict[str, Any]:
    def kept(xp: Any, x: Any, diagonal: int) -> Any:
        return xp.where(xp.asarray(inside(*x.shape[-2:], diagonal)), x, xp.zeros_like(x))

    return {
        "forward": lambda xp, x, *, diagonal: kept(xp, x, diagonal),
        "transpose": lambda xp, g, *, diagonal: kept(xp, g, diagonal),
    }


def _lower(rows: int, columns: int, diagonal: int) -> np.ndarray:
    return np.tri(rows, columns, diagonal, bool)


def _upper(rows: int, columns: int, diagonal: int) -> np.ndarray:
    return ~_lower(rows, columns, diagonal - 1)


_tril = linear("tril", **_triangle_rules(_lower))
_triu = linear("triu", **_triangle_rules(_upper))


# --- diagonals ---


def _two_axes(dim1: int, dim2: int, ndim: int, function: str) -> tuple[int, int]:
    first, second = dimension(dim1, ndim, function), dimension(dim2, ndim, function)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


@public()
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal between two dimensions as the last dimension, a view; a positive offset is above it.

    >>> import adjoint as torch
    >>> torch.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    (input,) = require_tensors("diagonal", input)
    first, second = _two_axes(dim1, dim2, input.ndim, "diagonal")
    return _diagonal(input, offset=offset, axis1=first, axis2=second)


@public()
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Square matrices, zero but for the vectors along the last dimension of `input` on a diagonal.

    >>> import adjoint as torch
    >>> torch.diag_embed(torch.tensor([1, 2]), offset=1)
    tensor([[0, 1, 0],
            [0, 0, 2],
            [0, 0, 0]])
    """
    (input,) = require_tensors("diag_embed", input)
    first, second = _two_axes(dim1, dim2, input.ndim + 1, "diag_embed")
    side = input.shape[-1] + abs(offset)
    shape = list(input.shape[:-1])
    for axis in sorted((first, second)):
        shape.insert(axis, side)
    return _diagonal_embed(input, shape=tuple(shape), offset=offset, axis1=first, axis2=second)


@public()
def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The matrix with a vector on a diagonal; of a matrix, a copy of its diagonal.

    >>> import adjoint as torch
    >>> torch.diag(torch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    >>> torch.diag(torch.tensor([[1, 2], [3, 4]]), 1)
    tensor([2])
    """
    (input,) = require_tensors("diag", input)
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        result = diag_embed(input, diagonal)
    else:
        result = clone(_diagonal(input, offset=diagonal, axis1=0, axis2=1))
    return result if out is None else write_out(out, result)


@public()
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all elements, in order, on a diagonal.

    >>> import adjoint as torch
    >>> torch.diagflat(torch.tensor([[1], [2]]))
    tensor([[1, 0],
            [0, 2]])
    """
    (input,) = require_tensors("diagflat", input)
    return diag_embed(reshape(input, -1), offset)


@public()
def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.

    >>> import adjoint as torch
    >>> torch.trace(torch.tensor([[1., 2.], [3., 4.]]))
    tensor(5.)
    """
    (input,) = require_tensors("trace", input)
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if input._data.dtype.kind == "b":
        raise not_implemented_for("trace", input)
    return sum(_diagonal(input, offset=0, axis1=0, axis2=1))


# --- triangles ---


def _triangle(name: str, record: Any, input: Tensor, diagonal: int, out: Tensor | None) -> Tensor:
    (input,) = require_tensors(name, input)
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    return record(input, diagonal=int(diagonal), out=out)


@public(inplace=True)
def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The lower triangle of matrices, up to a diagonal and with it; zeros above.

    >>> import adjoint as torch
    >>> torch.tril(torch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 0],
            [3, 4]])
    """
    return _triangle("tril", _tril, input, diagonal, out)


@public(inplace=True)
def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """The upper triangle of matrices, from a diagonal on; zeros below.

    >>> import adjoint as torch
    >>> torch.triu(torch.tensor([[1, 2], [3, 4]]))
    tensor([[1, 2],
            [0, 4]])
    """
    return _triangle("triu", _triu, input, diagonal, out)


def _places(function: str, inside: Any, row: int, col: int, offset: int, dtype: Any, device: Any) -> Tensor:
    for name, size in (("row", row), ("col", col)):
        if size < 0:
            raise RuntimeError(f"{name} must be non-negative, got{size}")
    wanted = type_of_option(function, dtype) or dtypes.int64
    if wanted not in (dtypes.int64, dtypes.int32):
        raise NotImplementedError(f"\"{function}\" not implemented for '{scalar_type_name(wanted)}'")
    places = np.stack(np.nonzero(inside(row, col, offset)))
    return finished(function, places.astype(wanted.numpy), device, False)


@public(method=False)
def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the lower triangle of a matrix: a row of row numbers and one of column numbers.

    >>> import adjoint as torch
    >>> torch.tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _places("tril_indices", _lower, row, col, offset, dtype, device)


@public(method=False)
def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType | None = None, device: Any = None, layout: Any = None
) -> Tensor:
    """The indices of the upper triangle of a matrix: a row of row numbers and one of column numbers.

    >>> import adjoint as torch
    >>> torch.triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    return _places("triu_indices", _upper, row, col, offset, dtype, device)
