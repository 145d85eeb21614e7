"""Orthogonal factors: QR, and products of Householder reflections."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.checks import given, matrices, of_floats, same_type
from adjoint.ops.linalg.solving import solve_triangular
from adjoint.ops.linalg.structure import adjoint, beside, columns, halved_diagonal, lower, upper
from adjoint.ops.results import named_result

qr_results = {name: named_result(name.replace(".", "_"), "Q", "R") for name in ("linalg.qr", "qr")}
geqrf_result = named_result("geqrf", "a", "tau")

# --- QR: of A = Q R, the change Q^H dA R⁻¹ is a skew-Hermitian matrix, Q^H dQ, and an upper triangular one, dR R⁻¹.
# The columns of a wide matrix beyond the square block are R₂ = Q^H A₂. ---


def _over(xp: Any, x: Any, r: Any) -> Any:
    """X R⁻ᴴ"""
    return adjoint(xp, xp.solve_triangular(r, adjoint(xp, x), upper=True, unitriangular=False))


def _require_differentiable(q: Any, r: Any) -> None:
    if q.shape[-2] == q.shape[-1] == r.shape[-2] > r.shape[-1]:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols\n"
            "The further columns of Q are any basis: take mode='reduced'."
        )


def _qr_vjp(xp: Any, g: Any, q: Any, r: Any) -> Any:
    _require_differentiable(q, r)
    by_q, by_r = g
    height, width = r.shape[-2:]
    square, right = r, None
    if width > height:
        square = columns(xp, r, None, height)
        right = columns(xp, by_r, height)
        by_q = by_q + xp.matmul(q, xp.matmul(columns(xp, r, height), adjoint(xp, right)))
        by_r = columns(xp, by_r, None, height)
    inner = upper(xp, xp.matmul(by_r, adjoint(xp, square)) - xp.matmul(adjoint(xp, q), by_q))
    inner = halved_diagonal(xp, inner)
    found = _over(xp, by_q + xp.matmul(q, inner + adjoint(xp, inner)), square)
    return found if right is None else beside(xp, found, xp.matmul(q, right))


def _qr_tangent(xp: Any, tangents: Any, q: Any, r: Any) -> tuple:
    _require_differentiable(q, r)
    (moving,) = tangents
    height, width = r.shape[-2:]
    square = r if width <= height else columns(xp, r, None, height)
    first = moving if width <= height else columns(xp, moving, None, height)
    change = adjoint(xp, xp.solve_triangular(adjoint(xp, square), adjoint(xp, first), upper=False, unitriangular=False))
    turned = xp.matmul(adjoint(xp, q), change)
    inner = halved_diagonal(xp, upper(xp, turned + adjoint(xp, turned)))
    moving_q = change - xp.matmul(q, inner)
    moving_r = xp.matmul(inner, square)
    if width > height:
        turn = xp.matmul(adjoint(xp, q), moving_q)
        right = xp.matmul(adjoint(xp, q), columns(xp, moving, height)) - xp.matmul(turn, columns(xp, r, height))
        moving_r = beside(xp, moving_r, right)
    return moving_q, moving_r


_qr = general(
    "qr",
    lambda xp, x, *, mode: xp.qr(x, mode=mode),
    vjp=lambda xp, g, q, r: _qr_vjp(xp, g, q, r),
    jvp=_qr_tangent,
    outputs=("q", "r"),
    promotes="common",
    node="LinalgQrBackward0",
    verb="qr",
)


def _triangle_vjp(xp: Any, g: Any, x: Any) -> Any:
    q, r = xp.qr(x, mode="reduced")
    return _qr_vjp(xp, (xp.zeros_like(q), g), q, r)


_qr_triangle = general(
    "qr_triangle",
    lambda xp, x: xp.qr_triangle(x),
    vjp=_triangle_vjp,
    jvp=lambda xp, tangents, x: _qr_tangent(xp, tangents, *xp.qr(x, mode="reduced"))[1],
    promotes="common",
    node="LinalgQrBackward0",
)


def _no_derivative(xp: Any, g: Any) -> NoReturn:
    raise NotImplementedError("the derivative for 'geqrf' is not implemented.\nTake linalg.qr(), which gives Q itself.")


_geqrf = general(
    "geqrf",
    lambda xp, x: xp.geqrf(x),
    vjp=_no_derivative,
    outputs=("packed", "tau"),
    node="torch::autograd::NotImplemented",
)

# --- the functions ---


@public(module="linalg", method=False)
def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Q with orthonormal columns and the upper triangular R with A = Q R.

    Q has as many columns as A has of the smaller size ("reduced"), is square ("complete"), or is left out ("r")
    (Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", 2010).

    >>> import adjoint as torch
    >>> Q, R = torch.linalg.qr(torch.tensor([[3., 1.], [4., 2.]]))
    >>> R.abs()
    tensor([[5.0000, 2.2000],
            [0.0000, 0.4000]])
    """
    return given(out, orthogonal_factors("linalg.qr", A, mode))


def orthogonal_factors(name: str, A: Tensor, mode: str) -> Any:
    """Q and R, as a result of the named function."""
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    A = of_floats("linalg.qr", matrices("linalg.qr", A))
    result = qr_results[name]
    if mode == "r":
        return result((A.new_empty(0), _qr_triangle(A)))
    return result(_qr(A, mode=mode))


@public()
def geqrf(input: Tensor, *, out: Any = None) -> Any:
    """R above the vectors of Householder reflections, whose product is Q; and the reflections' factors.

    >>> import adjoint as torch
    >>> a, tau = torch.geqrf(torch.tensor([[3.], [4.]]))
    >>> torch.linalg.householder_product(a, tau).abs()
    tensor([[0.6000],
            [0.8000]])
    """
    return given(out, geqrf_result(_geqrf(of_floats("geqrf", matrices("torch.geqrf", input, "input")))))


# The product of reflections (I - tau_i v_i v_i^H) is I - V T V^H with an upper triangular T, for which
# (I + diag(tau) U) T = diag(tau), where U is the strictly upper triangle of V^H V (Schreiber and Van Loan, 1989).


def _vectors(input: Tensor, count: int) -> Tensor:
    """The vectors of the first reflections: what stands below the diagonal, below a 1."""
    height = input.shape[-2]
    return lower(tensor_namespace, input[..., :, :count], -1) + wrap(np.eye(height, count, dtype=input._data.dtype))


def _reflected(input: Tensor, tau: Tensor, other: Tensor, adjoint: bool = False) -> Tensor:
    """The product of reflections, or its conjugate transpose, times other matrices."""
    count = tau.shape[-1]
    vectors = _vectors(input, count)
    inner = upper(tensor_namespace, vectors.mH @ vectors, 1)
    identity = wrap(np.eye(count, dtype=tau._data.dtype))
    factors = tau.unsqueeze(-1)
    middle = solve_triangular(factors * inner + identity, factors * identity, upper=True, unitriangular=True)
    return other - vectors @ ((middle.mH if adjoint else middle) @ (vectors.mH @ other))


def _require_reflections(name: str, input: Tensor, tau: Tensor) -> None:
    if input.ndim - tau.ndim != 1:
        raise RuntimeError(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input.ndim}"
        )
    if input._data.shape[:-2] != tau._data.shape[:-1]:
        raise RuntimeError(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}"
        )


@public(module="linalg", method=False)
def householder_product(input: Tensor, tau: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The first columns of the product of Householder reflections, whose vectors stand below the diagonal of `input`.

    >>> import adjoint as torch
    >>> torch.linalg.householder_product(torch.tensor([[1.], [0.]]), torch.tensor([2.]))
    tensor([[-1.],
            [ 0.]])
    """
    name = "torch.linalg.householder_product"
    input, tau = require_tensors("linalg_householder_product", input, tau, names=("input", "tau"))
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    height, width = input.shape[-2:]
    if height < width:
        raise RuntimeError(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if width < tau.shape[-1]:
        raise RuntimeError(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    _require_reflections(name, input, tau)
    same_type(name, tau, input, ("tau", "input"))
    first = wrap(np.eye(height, width, dtype=input._data.dtype))
    return given(out, _reflected(of_floats(name, input), tau, first))


@public(name="orgqr")
def _orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of a product of Householder reflections: `linalg.householder_product`."""
    return householder_product(input, tau)


@public()
def ormqr(
    input: Tensor,
    tau: Tensor,
    other: Tensor,
    left: bool = True,
    transpose: bool = False,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Q C, or Q^H C where `transpose`, or C Q where not `left`: Q is the whole product of Householder reflections.

    >>> import adjoint as torch
    >>> torch.ormqr(torch.tensor([[1.], [0.]]), torch.tensor([2.]), torch.eye(2))
    tensor([[-1.,  0.],
            [ 0.,  1.]])
    """
    input, tau, other = require_tensors("ormqr", input, tau, other, names=("input", "tau", "input3"))
    for name, each in (("input", input), ("other", other)):
        if each.ndim < 2:
            raise RuntimeError(f"torch.ormqr: {name} must have at least 2 dimensions.")
    side = -2 if left else -1
    if tau.shape[-1] > other.shape[side]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input.shape[-2]:
        raise RuntimeError(f"torch.ormqr: other.shape[{side}] must be equal to input.shape[-2]")
    if tau.shape[-1] > input.shape[-1]:
        raise RuntimeError("torch.ormqr: tau.shape[-1] must be less than or equal to input.shape[-1]")
    _require_reflections("torch.ormqr", input, tau)
    if input._data.shape[:-2] != other._data.shape[:-2]:
        raise RuntimeError(
            f"torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got {list(other.shape[:-2])}"
        )
    same_type("torch.ormqr", tau, input, ("tau", "input"))
    same_type("torch.ormqr", other, input, ("other", "input"))
    of_floats("torch.ormqr", input)
    if left:
        return given(out, _reflected(input, tau, other, bool(transpose)))
    return given(out, _reflected(input, tau, other.mH, not transpose).mH)
