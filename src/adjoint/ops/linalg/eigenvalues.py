"""Eigenvalues and eigenvectors."""

from __future__ import annotations

from typing import Any

from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.linalg.checks import given, of_floats, square
from adjoint.ops.linalg.structure import (
    adjoint,
    diagonal,
    diagonal_matrix,
    differences,
    is_complex,
    quotient,
    scaled_columns,
    with_diagonal,
    without_diagonal,
)
from adjoint.ops.results import named_result

eig_result = named_result("linalg_eig", "eigenvalues", "eigenvectors")
eigh_result = named_result("linalg_eigh", "eigenvalues", "eigenvectors")

#: the real parts of numbers, where the imaginary parts vanish; an error where they do not
_phase_free = linear(
    "phase_free",
    lambda xp, x, *, function, what: xp.phase_free(x, function=function, what=what),
    transpose=lambda xp, g, x_dtype: xp.astype(g, x_dtype),
    verb="phase_free",
)


def phases(xp: Any, x: Any, function: str, what: str) -> Any:
    """The real parts of the cotangents of vectors' phases, which must not depend on the phases."""
    return xp.phase_free(x, function=function, what=what) if is_complex(xp, x) else x


# --- with A V = V diag(w): dw is the diagonal of V⁻¹ dA V, and off the diagonal V⁻¹ dV is that over w_j - w_i ---


def _typed(xp: Any, x: Any, dtype: Any) -> Any:
    """A cotangent for an operand of this type: of a real one it is real."""
    return xp.real(x) if dtype.kind != "c" and is_complex(xp, x) else x


def _hermitian_vjp(xp: Any, g: Any, w: Any, v: Any) -> Any:
    by_w, by_v = g
    inner = xp.matmul(adjoint(xp, v), by_v)
    phases(xp, diagonal(xp, inner), "linalg_eigh_backward", "eigenvectors")
    inner = without_diagonal(xp, inner - adjoint(xp, inner)) / 2
    inner = with_diagonal(xp, quotient(xp, inner, differences(xp, w)), by_w)
    return xp.matmul(xp.matmul(v, inner), adjoint(xp, v))


def _hermitian_tangent(xp: Any, tangents: Any, w: Any, v: Any) -> tuple:
    inner = xp.matmul(xp.matmul(adjoint(xp, v), tangents[0]), v)
    change = diagonal(xp, inner)
    turned = quotient(xp, without_diagonal(xp, inner), differences(xp, w))
    return xp.real(change) if is_complex(xp, change) else change, xp.matmul(v, turned)


_eigh = general(
    "eigh",
    lambda xp, x, *, uplo: xp.eigh(x, uplo=uplo),
    vjp=_hermitian_vjp,
    jvp=_hermitian_tangent,
    outputs=("w", "v"),
    promotes="common",
    node="LinalgEighBackward0",
    verb="eigh",
)


def _hermitian_values_vjp(xp: Any, g: Any, x: Any, *, uplo: str) -> Any:
    _, v = xp.eigh(x, uplo=uplo)
    return xp.matmul(scaled_columns(xp, v, g), adjoint(xp, v))


def _hermitian_values_tangent(xp: Any, tangents: Any, x: Any, *, uplo: str) -> Any:
    _, v = xp.eigh(x, uplo=uplo)
    change = xp.sum(xp.conj(v) * xp.matmul(tangents[0], v), axis=-2)
    return xp.real(change) if is_complex(xp, change) else change


_eigvalsh = general(
    "eigvalsh",
    lambda xp, x, *, uplo: xp.eigvalsh(x, uplo=uplo),
    vjp=_hermitian_values_vjp,
    jvp=_hermitian_values_tangent,
    promotes="common",
    node="LinalgEighBackward0",
)


def _general_vjp(xp: Any, g: Any, x_dtype: Any, w: Any, v: Any) -> Any:
    by_w, by_v = g
    turned = adjoint(xp, v)
    inner = xp.matmul(turned, by_v)
    lengths = phases(xp, diagonal(xp, inner), "linalg_eig_backward", "eigenvectors")
    inner = inner - xp.matmul(turned, scaled_columns(xp, v, lengths))
    inner = quotient(xp, without_diagonal(xp, inner), xp.conj(differences(xp, w)))
    found = xp.solve(turned, xp.matmul(with_diagonal(xp, inner, by_w), turned))
    return _typed(xp, found, x_dtype)


def _general_change(xp: Any, tangent: Any, v: Any) -> Any:
    return xp.solve(v, xp.matmul(xp.astype(tangent, xp.numpy_dtype(v)), v))


def _general_tangent(xp: Any, tangents: Any, w: Any, v: Any) -> tuple:
    inner = _general_change(xp, tangents[0], v)
    moved = xp.matmul(v, quotient(xp, without_diagonal(xp, inner), differences(xp, w)))
    lengths = xp.real(xp.sum(xp.conj(v) * moved, axis=-2))  # the vectors keep their lengths
    return diagonal(xp, inner), moved - scaled_columns(xp, v, lengths)


_eig = general(
    "eig",
    lambda xp, x: xp.eig(x),
    vjp=_general_vjp,
    jvp=_general_tangent,
    outputs=("w", "v"),
    promotes="common",
    node="LinalgEigBackward0",
    verb="eig",
)


def _general_values_vjp(xp: Any, g: Any, x: Any) -> Any:
    _, v = xp.eig(x)
    turned = adjoint(xp, v)
    return _typed(xp, xp.solve(turned, xp.matmul(diagonal_matrix(xp, g), turned)), xp.numpy_dtype(x))


_eigvals = general(
    "eigvals",
    lambda xp, x: xp.eigvals(x),
    vjp=_general_values_vjp,
    jvp=lambda xp, tangents, x: diagonal(xp, _general_change(xp, tangents[0], xp.eig(x)[1])),
    promotes="common",
    node="LinalgEigBackward0",
)

# --- the functions ---


@public(module="linalg", method=False)
def eig(A: Tensor, *, out: Any = None) -> Any:
    """The eigenvalues and eigenvectors of square matrices, as complex numbers; the vectors, in columns, have length 1.

    A gradient must not depend on the phases of the vectors (Boeddeker et al., arXiv:1701.00392, 4.77).

    >>> import adjoint as torch
    >>> torch.linalg.eig(torch.tensor([[2., 0.], [0., 3.]])).eigenvalues
    tensor([2.+0.j, 3.+0.j])
    """
    return given(out, eig_result(_eig(of_floats("linalg.eig", square("linalg.eig", A)))))


@public(module="linalg", method=False)
def eigvals(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of square matrices, as complex numbers.

    >>> import adjoint as torch
    >>> torch.linalg.eigvals(torch.tensor([[0., -1.], [1., 0.]])).imag.abs()
    tensor([1., 1.])
    """
    return given(out, _eigvals(of_floats("linalg.eigvals", square("linalg.eigvals", A))))


@public(module="linalg", method=False)
def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """The eigenvalues of Hermitian matrices, which are real, in ascending order; and orthonormal eigenvectors.

    Only the triangle that `UPLO` names, "L" or "U", is read. A gradient must not depend on the phases of the vectors.

    >>> import adjoint as torch
    >>> torch.linalg.eigh(torch.tensor([[2., 1.], [1., 2.]])).eigenvalues
    tensor([1., 3.])
    """
    A = of_floats("linalg.eigh", square("linalg.eigh", A))
    return given(out, eigh_result(_eigh(A, uplo=_triangle(UPLO))))


@public(module="linalg", method=False)
def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """The eigenvalues of Hermitian matrices, in ascending order.

    >>> import adjoint as torch
    >>> torch.linalg.eigvalsh(torch.tensor([[2., 1.], [1., 2.]]))
    tensor([1., 3.])
    """
    A = of_floats("linalg.eigh", square("linalg.eigh", A))
    return given(out, _eigvalsh(A, uplo=_triangle(UPLO)))


def _triangle(name: str) -> str:
    upper = name.upper()
    if upper not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {name}")
    return upper
