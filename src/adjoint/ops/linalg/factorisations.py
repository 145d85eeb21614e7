"""Factors of symmetric and Hermitian matrices: Cholesky and LDL, and solutions by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.checks import fitting, given, matrices, of_floats, same_type, square
from adjoint.ops.linalg.structure import (
    adjoint,
    halved_diagonal,
    lower,
)
from adjoint.ops.refusals import has_no_derivative
from adjoint.ops.results import named_result

cholesky_ex_result = named_result("linalg_cholesky_ex", "L", "info")
ldl_factor_result = named_result("linalg_ldl_factor", "LD", "pivots")
ldl_factor_ex_result = named_result("linalg_ldl_factor_ex", "LD", "pivots", "info")

# --- Cholesky: dL = L Φ(L⁻¹ dA L⁻ᴴ), where Φ keeps the lower triangle and halves the diagonal ---


def _by_inverse(xp: Any, factor: Any, x: Any) -> Any:
    """L⁻¹ X L⁻ᴴ"""
    half = xp.solve_triangular(factor, x, upper=False, unitriangular=False)
    return adjoint(xp, xp.solve_triangular(factor, adjoint(xp, half), upper=False, unitriangular=False))


def _lower_factor(xp: Any, factor: Any, upper: bool) -> Any:
    return adjoint(xp, factor) if upper else factor


def _cholesky_vjp(xp: Any, g: Any, out: Any, *, upper: bool) -> Any:
    g, turned = (adjoint(xp, g), out) if upper else (g, adjoint(xp, out))
    inner = lower(xp, xp.matmul(turned, g))
    inner = (inner + adjoint(xp, lower(xp, inner, -1))) / 2
    back = {"upper": True, "unitriangular": False}
    left = xp.solve_triangular(turned, inner, **back)
    return adjoint(xp, xp.solve_triangular(turned, adjoint(xp, left), **back))


def _cholesky_tangent(xp: Any, tangents: Any, out: Any, *, upper: bool) -> Any:
    factor = _lower_factor(xp, out, upper)
    inner = halved_diagonal(xp, lower(xp, _by_inverse(xp, factor, tangents[0])))
    return _lower_factor(xp, xp.matmul(factor, inner), upper)


_CHOLESKY: dict[str, Any] = {"vjp": _cholesky_vjp, "promotes": "common", "node": "LinalgCholeskyExBackward0"}
_cholesky = general(
    "cholesky",
    lambda xp, x, *, upper, function: xp.cholesky(x, upper=upper, function=function),
    **_CHOLESKY,
    jvp=_cholesky_tangent,
)
_cholesky_ex = general(
    "cholesky_ex",
    lambda xp, x, *, upper: xp.cholesky_ex(x, upper=upper),
    **_CHOLESKY,
    jvp=lambda xp, tangents, out, *, upper: (_cholesky_tangent(xp, tangents, out, upper=upper), None),
    outputs=("out", "info"),
    differentiable_outputs=1,
)

# --- solutions by a Cholesky factor, all of which counts ---


def _cholesky_solve_vjp(xp: Any, g: Any, b_shape: Any, factor: Any, out: Any, *, upper: bool) -> tuple:
    right = xp.cholesky_solve(g, factor, upper=upper)
    both = xp.matmul(right, adjoint(xp, out))
    both = both + adjoint(xp, both)
    by_factor = -(xp.matmul(factor, both) if upper else xp.matmul(both, factor))
    return unbroadcast(xp, right, b_shape), unbroadcast(xp, by_factor, factor.shape)


def _cholesky_solve_tangent(xp: Any, tangents: Any, factor: Any, out: Any, *, upper: bool) -> Any:
    moving_b, moving_factor = tangents
    right = moving_b
    if moving_factor is not None:
        pair = (adjoint(xp, factor), moving_factor) if upper else (factor, adjoint(xp, moving_factor))
        change = xp.matmul(*pair)
        change = xp.matmul(change + adjoint(xp, change), out)
        right = -change if right is None else right - change
    return xp.cholesky_solve(right, factor, upper=upper)


_cholesky_solve = general(
    "cholesky_solve",
    lambda xp, b, factor, *, upper: xp.cholesky_solve(b, factor, upper=upper),
    vjp=_cholesky_solve_vjp,
    jvp=_cholesky_solve_tangent,
    promotes="common",
    verb="cholesky_solve",
)

# --- LDL, as LAPACK packs it ---

_ldl_factor = general(
    "ldl_factor",
    lambda xp, x, *, hermitian, function: xp.ldl_factor(x, hermitian=hermitian, function=function),
    vjp=has_no_derivative("linalg_ldl_factor_ex"),
    outputs=("packed", "pivots", "info"),
    differentiable_outputs=1,
    node="torch::autograd::NotImplemented",
)
_ldl_solve = general(
    "ldl_solve",
    lambda xp, packed, pivots, b, *, hermitian: xp.ldl_solve(packed, pivots, b, hermitian=hermitian),
    vjp=has_no_derivative("linalg_ldl_solve"),
    node="torch::autograd::NotImplemented",
)


# --- the functions: Cholesky ---


def cholesky_of(function: str, A: Tensor, upper: bool) -> Tensor:
    """The Cholesky factor of positive-definite matrices; the function is named in an error."""
    A = of_floats(function, square(function, A))
    return _cholesky(A, upper=bool(upper), function=function)


@public(module="linalg", method=False)
def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """The lower triangular L with A = L L^H, or the upper U with A = U^H U, of positive-definite matrices.

    Only the triangle that is asked for is read (Murray, "Differentiation of the Cholesky decomposition", 2016).

    >>> import adjoint as torch
    >>> torch.linalg.cholesky(torch.tensor([[4., 2.], [2., 5.]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    return given(out, cholesky_of("linalg.cholesky", A, upper))


@public(module="linalg", method=False)
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """The Cholesky factor, and for each matrix 0, or the order of the first minor that is not positive."""
    A = of_floats("linalg.cholesky", square("linalg.cholesky", A))
    if check_errors:
        cholesky(A.detach(), upper=upper)
    return given(out, cholesky_ex_result(_cholesky_ex(A, upper=bool(upper))))


@public()
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """X with A X = B, where A = L L^H, or A = L^H L where L is `upper`.

    >>> import adjoint as torch
    >>> torch.cholesky_solve(torch.tensor([[8.], [12.]]), torch.tensor([[2., 0.], [1., 2.]]))
    tensor([[1.],
            [2.]])
    """
    B, L = require_tensors("cholesky_solve", B, L, names=("input", "input2"))
    for name, each in (("b", B), ("u", L)):
        if each.ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {each.ndim} dimensions instead")
    L = square("cholesky_solve", L)
    same_type("cholesky_solve", B, L, ("B", "L"))
    fitting("cholesky_solve", L, of_floats("cholesky_solve", B))
    return given(out, _cholesky_solve(B, L, upper=bool(upper)))


@public()
def cholesky_inverse(L: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The inverse of A = L L^H, or of L^H L where L is `upper`.

    >>> import adjoint as torch
    >>> torch.cholesky_inverse(torch.tensor([[2.]]))
    tensor([[0.2500]])
    """
    L = of_floats("cholesky_inverse", square("cholesky_inverse", L))
    identity = wrap(np.broadcast_to(np.eye(L.shape[-1], dtype=L._data.dtype), L._data.shape))
    return given(out, _cholesky_solve(identity, L, upper=bool(upper)))


# --- the functions: LDL ---


@public(module="linalg", method=False)
def ldl_factor(A: Tensor, *, hermitian: bool = False, out: Any = None) -> Any:
    """The factors of a symmetric matrix A = L D L^T, or of a Hermitian one, packed as LAPACK does; and its swaps.

    >>> import adjoint as torch
    >>> torch.linalg.ldl_factor(torch.tensor([[4., 2.], [2., 5.]])).LD
    tensor([[4.0000, 0.0000],
            [0.5000, 4.0000]])
    """
    LD, pivots, _ = _factored_symmetric(A, hermitian, "torch.linalg.ldl_factor")
    return given(out, ldl_factor_result((LD, pivots)))


@public(module="linalg", method=False)
def ldl_factor_ex(A: Tensor, *, hermitian: bool = False, check_errors: bool = False, out: Any = None) -> Any:
    """`ldl_factor`, and for each matrix 0, or where D is zero, from 1."""
    checked = "torch.linalg.ldl_factor_ex" if check_errors else ""
    return given(out, ldl_factor_ex_result(_factored_symmetric(A, hermitian, checked)))


def _factored_symmetric(A: Tensor, hermitian: bool, checked: str) -> tuple[Tensor, Tensor, Tensor]:
    name = "torch.linalg.ldl_factor_ex"
    return _ldl_factor(of_floats(name, square(name, A)), hermitian=bool(hermitian), function=checked)


@public(module="linalg", method=False)
def ldl_solve(LD: Tensor, pivots: Tensor, B: Tensor, *, hermitian: bool = False, out: Tensor | None = None) -> Tensor:
    """X with A X = B, by the factors of `ldl_factor`.

    >>> import adjoint as torch
    >>> torch.linalg.ldl_solve(*torch.linalg.ldl_factor(torch.tensor([[4.]])), torch.tensor([[2.]]))
    tensor([[0.5000]])
    """
    name = "torch.linalg.ldl_solve"
    LD, pivots, B = require_tensors("linalg_ldl_solve", LD, pivots, B, names=("LD", "pivots", "B"))
    LD, B = of_floats(name, square(name, LD, "LD")), matrices(name, B, "B")
    if pivots._data.shape != LD._data.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape {list(pivots.shape)} "
            "instead"
        )
    same_type(name, LD, B, ("LD", "B"))
    fitting(name, LD, B)
    return given(out, _ldl_solve(LD, pivots, B, hermitian=bool(hermitian)))
