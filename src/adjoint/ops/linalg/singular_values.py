"""Singular values and vectors."""

from __future__ import annotations

from typing import Any

from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.linalg.checks import given, matrices, of_floats
from adjoint.ops.linalg.eigenvalues import phases
from adjoint.ops.linalg.structure import (
    above,
    adjoint,
    beside,
    columns,
    diagonal,
    differences,
    is_complex,
    quotient,
    rows,
    scaled_columns,
    scaled_rows,
    with_diagonal,
)
from adjoint.ops.results import named_result

svd_result = named_result("linalg_svd", "U", "S", "Vh")

# --- of A = U diag(s) V^H: with dP = U^H dA V the diagonal gives ds, and off it
# (s_j^2 - s_i^2) U^H dU = dP s_j + s_i dP^H and (s_j^2 - s_i^2) V^H dV = s_i dP + dP^H s_j
# (Townsend, "Differentiating the singular value decomposition", 2016). The phases are shared between U and V. ---


def _gaps(xp: Any, s: Any) -> Any:
    """s_j^2 - s_i^2, by their sum and difference, which keeps the digits; 1 on the diagonal."""
    sums = xp.expand_dims(s, -2) + xp.expand_dims(s, -1)
    return with_diagonal(xp, differences(xp, s) * sums, xp.ones_like(s))


def _thin(xp: Any, u: Any, s: Any, vh: Any) -> tuple:
    """The first singular vectors, as many as there are values: the others are any basis of the rest."""
    count = s.shape[-1]
    u = columns(xp, u, None, count) if u.shape[-1] > count else u
    return u, (rows(xp, vh, None, count) if vh.shape[-2] > count else vh)


def _svd_vjp(xp: Any, g: Any, u: Any, s: Any, vh: Any) -> Any:
    by_u, by_s, by_vh = g
    by_u, by_vh = _thin(xp, by_u, s, by_vh)
    u, vh = _thin(xp, u, s, vh)
    height, width, count = u.shape[-2], vh.shape[-1], s.shape[-1]
    turned_u, turned_v = xp.matmul(adjoint(xp, u), by_u), xp.matmul(vh, adjoint(xp, by_vh))
    skew_u, skew_v = turned_u - adjoint(xp, turned_u), turned_v - adjoint(xp, turned_v)
    inner = quotient(xp, scaled_columns(xp, skew_u, s) + scaled_rows(xp, s, skew_v), _gaps(xp, s))
    on_diagonal = by_s
    if is_complex(xp, u):
        phase = diagonal(xp, skew_u)
        phases(xp, phase + diagonal(xp, skew_v), "svd_backward", "singular vectors")
        on_diagonal = by_s + quotient(xp, phase, 2 * s)
    inner = with_diagonal(xp, inner, on_diagonal)
    if height > count:
        outside = quotient(xp, by_u, xp.broadcast_to(xp.expand_dims(s, -2), by_u.shape))
        outside = outside - xp.matmul(u, xp.matmul(adjoint(xp, u), outside))
        return xp.matmul(xp.matmul(u, inner) + outside, vh)
    if width > count:
        outside = quotient(xp, by_vh, xp.broadcast_to(xp.expand_dims(s, -1), by_vh.shape))
        outside = outside - xp.matmul(xp.matmul(outside, adjoint(xp, vh)), vh)
        return xp.matmul(u, xp.matmul(inner, vh) + outside)
    return xp.matmul(xp.matmul(u, inner), vh)


def _svd_tangent(xp: Any, tangents: Any, u: Any, s: Any, vh: Any) -> tuple:
    (moving,) = tangents
    whole_u, whole_vh = u, vh
    u, vh = _thin(xp, u, s, vh)
    v = adjoint(xp, vh)
    height, width, count = u.shape[-2], vh.shape[-1], s.shape[-1]
    turned = xp.matmul(xp.matmul(adjoint(xp, u), moving), v)
    change, gaps = diagonal(xp, turned), _gaps(xp, s)
    mirrored = adjoint(xp, turned)
    in_u = quotient(xp, scaled_columns(xp, turned, s) + scaled_rows(xp, s, mirrored), gaps)
    in_v = quotient(xp, scaled_rows(xp, s, turned) + scaled_columns(xp, mirrored, s), gaps)
    phase = xp.zeros_like(change)
    if is_complex(xp, u):
        phase = 1j * (xp.imag(change) / (2 * s))
        change = xp.real(change)
    moving_u = xp.matmul(u, with_diagonal(xp, in_u, phase))
    moving_v = xp.matmul(v, with_diagonal(xp, in_v, -phase))
    if height > count:
        outside = scaled_columns(xp, xp.matmul(moving, v), 1 / s)
        moving_u = moving_u + outside - xp.matmul(u, xp.matmul(adjoint(xp, u), outside))
    if width > count:
        outside = scaled_columns(xp, xp.matmul(adjoint(xp, moving), u), 1 / s)
        moving_v = moving_v + outside - xp.matmul(v, xp.matmul(vh, outside))
    moving_vh = adjoint(xp, moving_v)
    if whole_u is not u:
        moving_u = beside(xp, moving_u, xp.zeros_like(columns(xp, whole_u, count)))
    if whole_vh is not vh:
        moving_vh = above(xp, moving_vh, xp.zeros_like(rows(xp, whole_vh, count)))
    return moving_u, change, moving_vh


_svd = general(
    "svd",
    lambda xp, x, *, full_matrices: xp.svd(x, full_matrices=full_matrices),
    vjp=lambda xp, g, u, s, vh: _svd_vjp(xp, g, u, s, vh),
    jvp=_svd_tangent,
    outputs=("u", "s", "vh"),
    promotes="common",
    node="LinalgSvdBackward0",
    verb="svd",
)


def _values_vjp(xp: Any, g: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    return xp.matmul(scaled_columns(xp, u, g), vh)


def _values_tangent(xp: Any, tangents: Any, x: Any) -> Any:
    u, _, vh = xp.svd(x, full_matrices=False)
    change = xp.sum(xp.conj(u) * xp.matmul(tangents[0], adjoint(xp, vh)), axis=-2)
    return xp.real(change) if is_complex(xp, change) else change


_svdvals = general(
    "svdvals",
    lambda xp, x: xp.svdvals(x),
    vjp=_values_vjp,
    jvp=_values_tangent,
    promotes="common",
    node="LinalgSvdBackward0",
)

# --- the functions ---


@public(module="linalg", method=False)
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None) -> Any:
    """U, S and Vh with A = U diag(S) Vh: singular values in descending order, and orthonormal vectors.

    With `full_matrices` U and Vh are square. A gradient must not depend on the phases of the vectors.

    >>> import adjoint as torch
    >>> torch.linalg.svd(torch.tensor([[3., 0.], [0., -4.]])).S
    tensor([4., 3.])
    """
    return given(out, svd_result(singular_factors(A, full_matrices, driver)))


def singular_factors(A: Tensor, full_matrices: bool, driver: str | None = None) -> tuple[Tensor, Tensor, Tensor]:
    if driver is not None:
        raise RuntimeError(
            "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend."
        )
    return _svd(of_floats("linalg.svd", matrices("linalg.svd", A)), full_matrices=bool(full_matrices))


@public(module="linalg", method=False)
def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """The singular values, in descending order.

    >>> import adjoint as torch
    >>> torch.linalg.svdvals(torch.tensor([[3., 0.], [0., -4.]]))
    tensor([4., 3.])
    """
    return given(out, _svdvals(of_floats("linalg.svd", matrices("linalg.svd", A))))
