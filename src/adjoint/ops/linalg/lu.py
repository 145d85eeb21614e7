"""LU factors: A = P L U, and solutions by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.checks import fitting, given, matrices, of_floats, same_type, square
from adjoint.ops.linalg.solving import solve_triangular
from adjoint.ops.linalg.structure import (
    above,
    adjoint,
    beside,
    columns,
    lower,
    rows,
    transposed,
    upper,
)
from adjoint.ops.results import named_result

lu_result = named_result("linalg_lu", "P", "L", "U")
lu_factor_result = named_result("linalg_lu_factor", "LU", "pivots")
lu_factor_ex_result = named_result("linalg_lu_factor_ex", "LU", "pivots", "info")
lu_unpack_result = named_result("lu_unpack", "P", "L", "U")

# --- LU: with A = P L U, the change L⁻¹ Pᵀ dA U⁻¹ splits into a lower and an upper part. What reaches beyond the
# leading square block is that of a triangular solve: U₂ = L⁻¹ A₂ of a wide matrix, L₂ = A₂ U⁻¹ of a tall one. ---


def _parts(xp: Any, packed: Any, size: int) -> tuple[Any, Any]:
    """The leading blocks of L and U; the unit diagonal of L is left out."""
    block = columns(xp, rows(xp, packed, None, size), None, size)
    return lower(xp, block, -1), upper(xp, block)


def _unit_solve(xp: Any, block: Any, x: Any) -> Any:
    return xp.solve_triangular(block, x, upper=False, unitriangular=True)


def _adjoint_unit_solve(xp: Any, block: Any, x: Any) -> Any:
    return xp.solve_triangular(adjoint(xp, block), x, upper=True, unitriangular=True)


def _divided(xp: Any, x: Any, block: Any) -> Any:
    """X U⁻¹"""
    return transposed(
        xp, xp.solve_triangular(transposed(xp, block), transposed(xp, x), upper=False, unitriangular=False)
    )


def _adjoint_divided(xp: Any, x: Any, block: Any) -> Any:
    """X U⁻ᴴ"""
    return adjoint(xp, xp.solve_triangular(block, adjoint(xp, x), upper=True, unitriangular=False))


def _swapped(xp: Any, pivots: Any, like: Any) -> Any:
    """The matrix P, in the type of another."""
    size = like.shape[-2]
    order = xp.expand_dims(xp.permutation(pivots, rows=size), -2)
    return xp.astype(xp.asarray(np.arange(size)[:, None]) == order, xp.numpy_dtype(like))


def _lu_vjp(xp: Any, g: Any, packed: Any, pivots: Any) -> Any:
    height, width = packed.shape[-2:]
    size = min(height, width)
    below, block = _parts(xp, packed, size)
    by_lower, by_upper = _parts(xp, g, size)
    if width > size:
        right = _adjoint_unit_solve(xp, below, columns(xp, g, size))
        by_lower = by_lower - lower(xp, xp.matmul(right, adjoint(xp, columns(xp, packed, size))), -1)
    if height > size:
        bottom = _adjoint_divided(xp, rows(xp, g, size), block)
        by_upper = by_upper - upper(xp, xp.matmul(adjoint(xp, rows(xp, packed, size)), bottom))
    unit = adjoint(xp, below)
    inner = lower(xp, xp.matmul(unit, by_lower) + by_lower, -1) + upper(xp, xp.matmul(by_upper, adjoint(xp, block)))
    found = _adjoint_unit_solve(xp, below, _adjoint_divided(xp, inner, block))
    if width > size:
        found = beside(xp, found, right)
    if height > size:
        found = above(xp, found, bottom)
    return xp.matmul(_swapped(xp, pivots, packed), found)


def _lu_tangent(xp: Any, tangents: Any, packed: Any, pivots: Any) -> tuple:
    height, width = packed.shape[-2:]
    size = min(height, width)
    below, block = _parts(xp, packed, size)
    moved = xp.matmul(transposed(xp, _swapped(xp, pivots, packed)), tangents[0])
    change = _divided(xp, _unit_solve(xp, below, columns(xp, rows(xp, moved, None, size), None, size)), block)
    moving_lower = lower(xp, change, -1)
    moving_lower = moving_lower + xp.matmul(below, moving_lower)
    moving_upper = xp.matmul(upper(xp, change), block)
    found = moving_lower + moving_upper
    if width > size:
        right = columns(xp, moved, size) - xp.matmul(moving_lower, columns(xp, packed, size))
        found = beside(xp, found, _unit_solve(xp, below, right))
    if height > size:
        bottom = rows(xp, moved, size) - xp.matmul(rows(xp, packed, size), moving_upper)
        found = above(xp, found, _divided(xp, bottom, block))
    return found, None, None


_lu_factor = general(
    "lu_factor",
    lambda xp, x, *, function: xp.lu_factor(x, function=function),
    vjp=_lu_vjp,
    jvp=_lu_tangent,
    outputs=("packed", "pivots", "info"),
    differentiable_outputs=1,
    promotes="common",
    node="LinalgLuFactorExBackward0",
)
_permutation = constant(
    "permutation",
    lambda xp, pivots, *, rows: xp.permutation(pivots, rows=rows),
    promotes=None,
    public=False,
    verb="permutation",
)
# --- the functions ---


def _factored(function: str, A: Tensor, pivot: bool, checked: str = "") -> tuple[Tensor, Tensor, Tensor]:
    """The factors; a pivot that is zero is an error of the function that is named."""
    (A,) = require_tensors(function.replace(".", "_"), A, names=("A",))
    if A.ndim < 2:
        raise RuntimeError(f"{function}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    of_floats(function, A)
    if not pivot:
        raise RuntimeError(f"{function}: LU without pivoting is not implemented on the CPU")
    return _lu_factor(A, function=checked)


@public(module="linalg", method=False)
def lu_factor(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """The factors of A = P L U packed into one matrix, and the swaps of rows that make up P.

    >>> import adjoint as torch
    >>> torch.linalg.lu_factor(torch.tensor([[1., 2.], [2., 2.]]))
    torch.return_types.linalg_lu_factor(
    LU=tensor([[2.0000, 2.0000],
            [0.5000, 1.0000]]),
    pivots=tensor([2, 2], dtype=torch.int32))
    """
    packed, pivots, _ = _factored("linalg.lu_factor", A, pivot, "torch.linalg.lu_factor")
    return given(out, lu_factor_result((packed, pivots)))


@public(module="linalg", method=False)
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """`lu_factor`, and for each matrix 0, or which pivot is zero, from 1."""
    checked = "torch.linalg.lu_factor_ex" if check_errors else ""
    return given(out, lu_factor_ex_result(_factored("linalg.lu_factor", A, pivot, checked)))


@public(module="linalg", method=False)
def lu(A: Tensor, *, pivot: bool = True, out: Any = None) -> Any:
    """P, L and U with A = P L U: a permutation, a lower triangular matrix with ones on its diagonal, an upper one.

    >>> import adjoint as torch
    >>> P, L, U = torch.linalg.lu(torch.tensor([[1., 2.], [2., 2.]]))
    >>> P @ L @ U
    tensor([[1., 2.],
            [2., 2.]])
    """
    packed, pivots, _ = _factored("linalg.lu", A, pivot)
    return given(out, lu_result(_unpacked(packed, pivots, True, True)))


@public(method=False)
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True, *, out: Any = None
) -> Any:
    """P, L and U of what `lu_factor` packed; empty tensors in place of what is not asked for."""
    LU_data, LU_pivots = require_tensors("lu_unpack", LU_data, LU_pivots, names=("LU_data", "LU_pivots"))
    if unpack_pivots and LU_pivots._data.dtype != np.int32:
        raise RuntimeError(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
            "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor"
        )
    return given(out, lu_unpack_result(_unpacked(LU_data, LU_pivots, unpack_data, unpack_pivots)))


def _unpacked(packed: Tensor, pivots: Tensor, data: bool, permutation: bool) -> tuple[Tensor, Tensor, Tensor]:
    nothing = packed.new_empty(0)
    P, L, U = nothing, nothing, nothing
    height, width = packed.shape[-2:]
    size = min(height, width)
    if permutation:
        order = _permutation(pivots, rows=height).unsqueeze(-2)
        P = (order == wrap(np.arange(height)[:, None])).to(packed.dtype)
    if data:
        identity = wrap(np.eye(height, size, dtype=packed._data.dtype))
        L = lower(tensor_namespace, packed[..., :, :size], -1) + identity
        U = upper(tensor_namespace, packed[..., :size, :])
    return P, L, U


@public(module="linalg", method=False)
@one_under_autocast
def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False, out: Tensor | None = None
) -> Tensor:
    """X with A X = B, or X A = B where not `left`, or with A^H for A where `adjoint`, by the factors of `lu_factor`.

    >>> import adjoint as torch
    >>> A = torch.tensor([[1., 2.], [2., 2.]])
    >>> torch.linalg.lu_solve(*torch.linalg.lu_factor(A), torch.tensor([[3.], [4.]]))
    tensor([[1.],
            [1.]])
    """
    name = "linalg.lu_solve"
    LU, pivots, B = require_tensors("linalg_lu_solve", LU, pivots, B, names=("LU", "pivots", "B"))
    LU, B = of_floats(name, square(name, LU, "LU")), matrices(name, B, "B")
    if pivots._data.dtype != np.int32:
        raise RuntimeError(
            f"{name}: pivots should be a Tensor of scalar type torch.int32. Got {scalar_type_name(pivots.dtype)}"
        )
    same_type(name, LU, B, ("LU", "B"))
    fitting(name, LU, B, left)
    if pivots._data.shape != LU._data.shape[:-1]:
        raise RuntimeError(
            f"{name}: Number of pivots per batch should be same as the dimension of the matrix\n"
            f"The factors have shape {list(LU.shape)} and the pivots {list(pivots.shape)}."
        )
    if not left:  # X A = B is A^H X^H = B^H
        return given(out, _solved(LU, pivots, B.mH, not adjoint).mH)
    return given(out, _solved(LU, pivots, B, adjoint))


def _solved(LU: Tensor, pivots: Tensor, B: Tensor, adjoint: bool) -> Tensor:
    P, _, _ = _unpacked(LU, pivots, False, True)
    if adjoint:
        half = solve_triangular(LU.mH, B, upper=False)
        return P @ solve_triangular(LU.mH, half, upper=True, unitriangular=True)
    half = solve_triangular(LU, P.mT @ B, upper=False, unitriangular=True)
    return solve_triangular(LU, half, upper=True)
