"""Functions on matrices under their oldest names and signatures; `linalg` has what replaces them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg import lu as factors
from adjoint.ops.linalg.checks import given
from adjoint.ops.linalg.factorisations import cholesky_of
from adjoint.ops.linalg.lu import lu_factor, lu_factor_ex
from adjoint.ops.linalg.orthogonal import orthogonal_factors
from adjoint.ops.linalg.singular_values import singular_factors, svdvals
from adjoint.ops.linalg.solving import solve_triangular
from adjoint.ops.results import named_result

svd_result = named_result("svd", "U", "S", "V")
triangular_solve_result = named_result("triangular_solve", "solution", "cloned_coefficient")
lu_with_info_result = named_result("_lu_with_info", "LU", "pivots", "info")


@public()
def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The Cholesky factor of positive-definite matrices: `linalg.cholesky`."""
    return given(out, cholesky_of("cholesky", input, upper))


@public()
def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """Q and R with input = Q R: `linalg.qr`; Q is square where not `some`.

    >>> import adjoint as torch
    >>> torch.qr(torch.eye(2)).R.abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    return given(out, orthogonal_factors("qr", input, "reduced" if some else "complete"))


@public()
def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """U, S and V with input = U diag(S) V^H: `linalg.svd`, with V in place of its conjugate transpose.

    U and V are square where not `some`, and zeros where not `compute_uv`.

    >>> import adjoint as torch
    >>> torch.svd(torch.tensor([[3.], [4.]])).S
    tensor([5.])
    """
    if compute_uv:
        U, S, Vh = singular_factors(input, not some)
        return given(out, svd_result((U, S, Vh.mH)))
    S = svdvals(input)
    sides = (wrap(np.zeros((*input.shape[:-2], size, size), input._data.dtype)) for size in input.shape[-2:])
    U, V = sides
    return given(out, svd_result((U, S, V)))


@public()
def lu(A: Tensor, pivot: bool = True, get_infos: bool = False, *, out: Any = None) -> Any:
    """The factors of A = P L U packed into one matrix, and the swaps of rows; with `get_infos` also which pivot is zero."""
    if get_infos:
        return given(out, lu_with_info_result(lu_factor_ex(A, pivot=pivot)))
    return given(out, tuple(lu_factor(A, pivot=pivot)))


@public()
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor, *, out: Tensor | None = None) -> Tensor:
    """X with A X = b, by the factors of A: `linalg.lu_solve`."""
    return factors.lu_solve(LU_data, LU_pivots, b, out=out)


@public()
def triangular_solve(
    b: Tensor,
    A: Tensor,
    upper: bool = True,
    transpose: bool = False,
    unitriangular: bool = False,
    *,
    out: Any = None,
) -> Any:
    """X with A X = b, or A^T X = b where `transpose`, for triangular A, and A: `linalg.solve_triangular`.

    >>> import adjoint as torch
    >>> torch.triangular_solve(torch.tensor([[4.]]), torch.tensor([[2.]])).solution
    tensor([[2.]])
    """
    name = "torch.triangular_solve"
    b, A = require_tensors("triangular_solve", b, A, names=("input", "A"))
    for which, each in (("b", b), ("A", A)):
        if each.ndim < 2:
            raise RuntimeError(
                f"{name}: Expected {which} to have at least 2 dimensions, but it has {each.ndim} dimensions instead"
            )
    height, width = A.shape[-2:]
    if height != width:
        raise RuntimeError(f"A must be batches of square matrices, but they are {height} by {width} matrices")
    if b.shape[-2] != height:
        raise RuntimeError(
            f"Incompatible matrix sizes for triangular_solve: each A matrix is {height} by {height} but each b matrix is "
            f"{b.shape[-2]} by {b.shape[-1]}"
        )
    factor = A.mT if transpose else A
    solution = solve_triangular(factor, b, upper=upper != transpose, unitriangular=unitriangular)
    coefficient = A.expand(*solution.shape[:-2], height, width).clone()
    return given(out, triangular_solve_result((solution, coefficient)))
