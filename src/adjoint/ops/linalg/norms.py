"""Norms of matrices, and the functions that take vectors and matrices alike."""

from __future__ import annotations

import math
from typing import Any

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.dimensions import dimension
from adjoint.ops.extremes import amax, amin
from adjoint.ops.linalg.singular_values import svdvals
from adjoint.ops.linalg.vector_norms import in_type, vector_norm
from adjoint.ops.reduction import sum
from adjoint.ops.shape import movedim, unsqueeze


@public(module="linalg", method=False)
def matrix_norm(
    A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The norm of matrices, which lie in the two dimensions `dim`.

    `ord` is "fro" for the root of the sum of squares; "nuc" for the sum of the singular values; 2 and -2 for the largest and
    the smallest of them; 1 and -1 for the largest and the smallest sum of absolute values in a column, inf and -inf in a
    row.

    >>> import adjoint as torch
    >>> torch.linalg.matrix_norm(torch.tensor([[1., 2.], [3., 4.]]), 1)
    tensor(6.)
    """
    (A,) = require_tensors("linalg_matrix_norm", A, names=("A",))
    axes = _pair(A, ord, dim)
    A = in_type("linalg.matrix_norm", A, dtype)
    result = _matrix_norm(A, ord, axes, keepdim)
    return result if out is None else write_out(out, result, "linalg_matrix_norm")


def _pair(A: Tensor, ord: Any, dim: Any) -> tuple[int, int]:
    """The two dimensions that the matrices lie in."""
    if not isinstance(dim, tuple | list) or ord is None:
        raise invalid_combination("linalg_matrix_norm", (A,), {"ord": ord, "dim": dim})
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    rows, columns = (dimension(each, A.ndim, "linalg_matrix_norm") for each in dim)
    if rows == columns:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    return rows, columns


def _matrix_norm(A: Tensor, ord: Any, axes: tuple[int, int], keepdim: bool) -> Tensor:
    rows, columns = axes
    if ord == "fro":
        return vector_norm(A, 2, axes, keepdim)
    if ord == "nuc" or ord in (2, -2):
        if A.dtype.itemsize < 4:
            raise RuntimeError(
                f"linalg.matrix_norm: Low precision dtypes not supported. Got {scalar_type_name(A.dtype)}"
            )
        values = svdvals(movedim(A, axes, (-2, -1)))
        result = sum(values, -1) if ord == "nuc" else _extreme(values, ord, -1, False)
        for axis in sorted(axes) if keepdim else ():
            result = unsqueeze(result, axis)
        return result
    if not isinstance(ord, str) and (abs(ord) == 1 or math.isinf(ord)):
        summed, chosen = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = vector_norm(A, 1, summed, keepdim)
        return _extreme(sums, ord, chosen - (not keepdim and chosen > summed), keepdim)
    raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")


def _extreme(values: Tensor, ord: float, axis: int, keepdim: bool) -> Tensor:
    """The largest value, or the smallest for a negative order; where there are none, the largest is 0."""
    if ord < 0:
        return amin(values, axis, keepdim)
    return (amax if values.shape[axis] else sum)(values, axis, keepdim)


@public(module="linalg", method=False, name="norm")
def linalg_norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The norm of vectors, as `linalg.vector_norm`, or of matrices, as `linalg.matrix_norm`.

    Two dimensions with an order, or a tensor that has two, hold matrices. Without `ord` it is the root of the sum of squares,
    over all dimensions where `dim` is not given.

    >>> import adjoint as torch
    >>> torch.linalg.norm(torch.tensor([[1., 2.], [3., 4.]]), "nuc")
    tensor(5.8310)
    """
    (A,) = require_tensors("linalg_norm", A, names=("A",))
    dims = None if dim is None else list(dim) if isinstance(dim, tuple | list) else [dim]
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dims}")
    if dims is None and ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    if isinstance(ord, str) or (ord is not None and (len(dims) if dims is not None else A.ndim) == 2):
        return matrix_norm(A, ord, (0, 1) if dims is None else dims, keepdim, dtype=dtype, out=out)
    return vector_norm(A, 2 if ord is None else ord, dims, keepdim, dtype=dtype, out=out)


@public()
def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, out: Tensor | None = None,
    dtype: DType | None = None,
) -> Tensor:  # fmt: skip
    """The norm of order `p` of all elements, or of those along the dimensions `dim`; "nuc" is that of matrices.

    `linalg.norm`, `linalg.vector_norm` and `linalg.matrix_norm` tell vectors from matrices.

    >>> import adjoint as torch
    >>> torch.norm(torch.tensor([[3., 4.], [0., 12.]]))
    tensor(13.)
    """
    (x,) = require_tensors("norm", input)
    dims = dim if dim is None or isinstance(dim, tuple | list) else [dim]
    if isinstance(p, str) and not (p == "fro" and (dims is None or len(dims) <= 2)):
        return matrix_norm(x, p, list(range(x.ndim)) if dims is None else dims, keepdim, dtype=dtype, out=out)
    return vector_norm(x, 2 if p is None or p == "fro" else p, dims, keepdim, dtype=dtype, out=out)
