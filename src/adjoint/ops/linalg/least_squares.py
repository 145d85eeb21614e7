"""Pseudoinverses and least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.checks import given, of_floats, same_type, square
from adjoint.ops.linalg.conditioning import tolerances
from adjoint.ops.linalg.structure import adjoint
from adjoint.ops.results import named_result

lstsq_result = named_result("linalg_lstsq", "solution", "residuals", "rank", "singular_values")

# --- the pseudoinverse P (Golub and Pereyra, 1973): dP = -P dA P + P P^H dA^H (I - A P) + (I - P A) dA^H P^H P ---


def _pinv_change(xp: Any, change: Any, x: Any, out: Any) -> Any:
    turned, mirrored = adjoint(xp, out), adjoint(xp, change)
    first = xp.matmul(xp.matmul(out, change), out)
    left = xp.matmul(out, xp.matmul(turned, mirrored))
    right = xp.matmul(xp.matmul(mirrored, turned), out)
    return left - xp.matmul(xp.matmul(left, x), out) + right - xp.matmul(out, xp.matmul(x, right)) - first


def _pinv_vjp(xp: Any, g: Any, x: Any, out: Any) -> Any:
    """The transpose of that: -P^H G P^H + (I - A P) G^H P P^H + P^H P G^H (I - P A)."""
    turned, mirrored = adjoint(xp, out), adjoint(xp, g)
    first = xp.matmul(xp.matmul(turned, g), turned)
    left = xp.matmul(xp.matmul(mirrored, out), turned)
    right = xp.matmul(turned, xp.matmul(out, mirrored))
    return left - xp.matmul(x, xp.matmul(out, left)) + right - xp.matmul(xp.matmul(right, out), x) - first


_pinv = general(
    "pinv",
    lambda xp, x, atol, rtol, *, hermitian: xp.pinv(x, atol, rtol, hermitian=hermitian),
    vjp=(_pinv_vjp, None, None),
    jvp=lambda xp, tangents, x, out: _pinv_change(xp, tangents[0], x, out),
    promotes="common",
    node="LinalgPinvBackward0",
    verb="pinv",
)


def _inverse(xp: Any, a: Any) -> Any:
    """The pseudoinverse, with the usual tolerance."""
    eps = float(np.finfo(xp.numpy_dtype(a)).eps)
    return xp.pinv(a, 0.0, eps * max(a.shape[-2:]), hermitian=False)


def _lstsq_vjp(xp: Any, g: Any, a: Any, b: Any) -> tuple:
    inverse = _inverse(xp, a)
    return _pinv_vjp(xp, xp.matmul(g, adjoint(xp, b)), a, inverse), xp.matmul(adjoint(xp, inverse), g)


def _lstsq_tangent(xp: Any, tangents: Any, a: Any, b: Any) -> tuple:
    moving_a, moving_b = tangents
    inverse = _inverse(xp, a)
    change = None if moving_b is None else xp.matmul(inverse, moving_b)
    if moving_a is not None:
        moved = xp.matmul(_pinv_change(xp, moving_a, a, inverse), b)
        change = moved if change is None else change + moved
    return change, None, None


_lstsq = general(
    "lstsq",
    lambda xp, a, b, *, rcond, driver: xp.lstsq(a, b, rcond=rcond, driver=driver),
    vjp=_lstsq_vjp,
    jvp=_lstsq_tangent,
    outputs=("out", "rank", "values"),
    differentiable_outputs=1,
    promotes="common",
    node="LinalgLstsqBackward0",
)

# --- the functions ---


@public(module="linalg", method=False)
def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """The pseudoinverse: of A = U diag(S) Vh it is V diag(1/S) U^H, where small S count as zero, and so do their inverses.

    Singular values are small that are at most `atol`, or `rtol` times the largest. `hermitian` says that A is so.

    >>> import adjoint as torch
    >>> torch.linalg.pinv(torch.tensor([[2., 0.], [0., 0.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.0000]])
    """
    name = "linalg.pinv"
    (A,) = require_tensors("linalg_pinv", A)
    if A.ndim < 2:
        raise RuntimeError(
            f"{name}({scalar_type_name(A.dtype)}{{{list(A.shape)}}}): expected a tensor with 2 or more dimensions of float, "
            "double, cfloat or cdouble types"
        )
    A = of_floats(name, square(name, A) if hermitian else A)
    if rcond is not None:
        atol, rtol = 0.0, rcond
    if not A.numel():
        return given(out, A.mH.clone())
    atol, rtol = tolerances("torch.linalg.pinv", A, atol, rtol)
    return given(out, _pinv(A, _real(atol), _real(rtol), hermitian=bool(hermitian)))


def _real(tolerance: Any) -> Any:
    return tolerance.detach().real if isinstance(tolerance, Tensor) else float(tolerance)


@public()
@one_under_autocast
def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """The pseudoinverse: `linalg.pinv`."""
    return pinv(input, rcond)


_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@public(module="linalg", method=False)
@one_under_autocast
def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """X with the least |A X - B|, and of such the least X; the squares of what remains; ranks; singular values.

    The residuals are there where all matrices have more rows than columns and full rank, and the driver is not "gelsy",
    which is the default. "gels" takes matrices of full rank, and finds no ranks; "gelsd" and "gelss" find singular values.

    >>> import adjoint as torch
    >>> torch.linalg.lstsq(torch.tensor([[2.], [0.]]), torch.tensor([[4.], [3.]]), driver="gelsd")
    torch.return_types.linalg_lstsq(
    solution=tensor([[2.]]),
    residuals=tensor([9.]),
    rank=tensor(1),
    singular_values=tensor([2.]))
    """
    name = "torch.linalg.lstsq"
    A, B = require_tensors("linalg_lstsq", A, B, names=("input", "b"))
    if A.ndim < 2:
        raise RuntimeError(f"{name}: input must have at least 2 dimensions.")
    if B.ndim < 1:
        raise RuntimeError(f"{name}: other must have at least 1 dimension.")
    if not 0 <= A.ndim - B.ndim <= 1:
        raise RuntimeError(
            f"{name}: input.dim() must be greater or equal to other.dim() and (input.dim() - other.dim()) <= 1"
        )
    same_type(name, A, B, ("input", "other"))
    of_floats(name, A)
    driver = driver or "gelsy"
    if driver not in _DRIVERS:
        raise RuntimeError(
            f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)\nIt is {driver!r}."
        )
    vector = A.ndim - 1 == B.ndim and A._data.shape[:-1] == B._data.shape
    columns = B.unsqueeze(-1) if vector or B.ndim < 2 else B
    rows, width = A.shape[-2:]
    if rows != columns.shape[-2]:
        other = "-1" if vector else "-2"
        raise RuntimeError(f"{name}: input.size(-2) should match other.size({other})")
    if rcond is None:
        rcond = float(np.finfo(A._data.dtype).eps) * max(rows, width)
    solution, rank, values = _lstsq(A, columns, rcond=rcond, driver=driver)
    residuals = solution.flatten()[:0].abs()  # none
    if rows > width and driver != "gelsy" and (driver == "gels" or bool((rank == width).all())):
        rest = (A @ solution - columns).abs()
        residuals = (rest * rest).sum(-2)
    if driver == "gels":
        rank = wrap(np.zeros(0, np.int64))
    if driver in ("gels", "gelsy"):
        values = wrap(np.zeros(0, values._data.dtype))
    return lstsq_result((solution.squeeze(-1) if vector else solution, residuals, rank, values))
