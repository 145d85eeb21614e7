"""Determinants, and their logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import where
from adjoint.ops.linalg.checks import given, of_floats, square
from adjoint.ops.linalg.structure import (
    adjoint,
    diagonal,
    diagonal_matrix,
    is_complex,
    trace,
    transposed,
)
from adjoint.ops.results import named_result

slogdet_results = {
    "linalg.slogdet": named_result("linalg_slogdet", "sign", "logabsdet"),
    "slogdet": named_result("slogdet", "sign", "logabsdet"),
}

# --- the determinant: a polynomial, so that its derivatives exist for every matrix ---


def _each(xp: Any, x: Any) -> Any:
    """One number for each matrix, to multiply the matrix with."""
    return xp.expand_dims(xp.expand_dims(x, -1), -1)


def _cofactor_change(xp: Any, x: Any, change: Any) -> Any:
    """How the cofactors move where the matrix does.

    With A = U diag(s) V^H the second derivative of det along H and K is the sum over i != j of all other s, times
    h_ii k_jj - h_ij k_ji, in the coordinates of the singular vectors: no division, so singular matrices need no care.
    """
    u, s, vh = xp.svd(x, full_matrices=True)
    size = s.shape[-1]
    same = np.eye(size, dtype=bool)
    left_out = same[:, None, :] | same[None, :, :]
    others = xp.prod(
        xp.where(xp.asarray(left_out), 1, xp.expand_dims(xp.expand_dims(s, -2), -2)), axis=len(s.shape) + 1
    )
    others = xp.where(xp.asarray(same), 0, others)
    turned = xp.matmul(xp.matmul(adjoint(xp, u), change), adjoint(xp, vh))
    onto = xp.sum(others * xp.expand_dims(diagonal(xp, turned), -2), axis=-1)
    moved = diagonal_matrix(xp, onto) - others * transposed(xp, turned)
    phase = xp.det(u) * xp.det(vh)
    return _each(xp, phase) * xp.matmul(xp.matmul(xp.conj(u), moved), xp.conj(vh))


_cofactor = general(
    "cofactor",
    lambda xp, x: xp.cofactor(x),
    vjp=lambda xp, g, x: xp.conj(_cofactor_change(xp, x, xp.conj(g))),
    jvp=lambda xp, tangents, x: _cofactor_change(xp, x, tangents[0]),
    promotes="common",
    verb="cofactor",
)
_det = general(
    "det",
    lambda xp, x: xp.det(x),
    vjp=lambda xp, g, x: _each(xp, g) * xp.conj(xp.cofactor(x)),
    jvp=lambda xp, tangents, x: xp.sum(tangents[0] * xp.cofactor(x), axis=(-2, -1)),
    promotes="common",
    node="LinalgDetBackward0",
    verb="det",
)

# --- its logarithm: d log det A = tr(A⁻¹ dA) ---


def _log_vjp(xp: Any, g: Any, x: Any, sign: Any) -> Any:
    by_sign, by_size = g
    inverse, _ = xp.inv_ex(x)
    factor = by_size
    if is_complex(xp, x):
        factor = factor - 1j * xp.imag(xp.conj(by_sign) * sign)
    return _each(xp, factor) * adjoint(xp, inverse)


def _log_tangent(xp: Any, tangents: Any, x: Any, sign: Any) -> Any:
    change = trace(xp, xp.matmul(xp.inv_ex(x)[0], tangents[0]))
    if is_complex(xp, x):
        return sign * (1j * xp.imag(change)), xp.real(change)
    return xp.zeros_like(change), change


_slogdet = general(
    "slogdet",
    lambda xp, x: xp.slogdet(x),
    vjp=_log_vjp,
    jvp=_log_tangent,
    outputs=("sign", "size"),
    promotes="common",
    node="LinalgSlogdetBackward0",
)

# --- the functions ---


@public(module="linalg", method=False)
def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The determinants of square matrices. Derivatives of every order are right for singular matrices too.

    >>> import adjoint as torch
    >>> torch.linalg.det(torch.tensor([[1., 2.], [3., 4.]]))
    tensor(-2.)
    """
    return given(out, _det(of_floats("linalg.det", square("linalg.det", A))))


@public(name="det")
def _det_alias(input: Tensor) -> Tensor:
    """The determinants of square matrices: `linalg.det`."""
    return det(input)


def _signed(name: str, A: Tensor, out: Any) -> Any:
    A = of_floats("linalg.slogdet", square("linalg.slogdet", A))
    return given(out, slogdet_results[name](_slogdet(A)))


@public(module="linalg", method=False)
def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """The signs of determinants, or their phases, and the logarithms of their absolute values.

    >>> import adjoint as torch
    >>> torch.linalg.slogdet(torch.tensor([[0., 1.], [1., 0.]]))
    torch.return_types.linalg_slogdet(
    sign=tensor(-1.),
    logabsdet=tensor(0.))
    """
    return _signed("linalg.slogdet", A, out)


@public(name="slogdet")
def _slogdet_alias(input: Tensor, *, out: Any = None) -> Any:
    """The signs and the logarithms of determinants: `linalg.slogdet`."""
    return _signed("slogdet", input, out)


@public()
def logdet(input: Tensor) -> Tensor:
    """The logarithms of determinants; NaN for one that is negative.

    >>> import adjoint as torch
    >>> torch.logdet(torch.eye(2))
    tensor(0.)
    """
    sign, size = slogdet(input)
    if input._data.dtype.kind == "c":
        return size + sign.log()
    return where(sign == -1, float("nan"), size)
