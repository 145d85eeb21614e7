"""How far matrices are from singular ones: ranks and condition numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.core.autocast import one_under_autocast
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.choice import maximum
from adjoint.ops.linalg.checks import given, matrices, of_floats, square
from adjoint.ops.linalg.eigenvalues import eigvalsh
from adjoint.ops.linalg.norms import matrix_norm
from adjoint.ops.linalg.singular_values import svdvals
from adjoint.ops.linalg.solving import inv_ex


@public(module="linalg", method=False)
@one_under_autocast
def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """How many singular values are larger than `atol`, and than `rtol` times the largest.

    >>> import adjoint as torch
    >>> torch.linalg.matrix_rank(torch.tensor([[1., 2.], [2., 4.]]))
    tensor(1)
    """
    name = "torch.linalg.matrix_rank"
    A = of_floats("linalg.svd", matrices(name, A, "input"))
    if tol is not None:
        atol, rtol = tol, 0.0
    atol, rtol = tolerances(name, A, atol, rtol)
    values = eigvalsh(A.detach()).abs() if hermitian else svdvals(A.detach())
    if not A.numel():
        return given(out, wrap(np.zeros(A._data.shape[:-2], np.int64)))
    largest = values.amax(-1)
    bound = maximum(_tensor(atol, values), _tensor(rtol, values) * largest)
    return given(out, (values > bound.unsqueeze(-1)).sum(-1))


def _tensor(value: Any, like: Tensor) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(np.asarray(value, like._data.dtype))


def tolerances(name: str, A: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The absolute and relative tolerance: by default none, and what rounding leaves of a zero."""
    for which, each in (("atol", atol), ("rtol", rtol)):
        if isinstance(each, Tensor) and each._data.dtype.kind == "c":
            raise RuntimeError(f"{name}: {which} tensor of complex type is not supported.")
    if rtol is None:
        default = float(np.finfo(A._data.dtype).eps) * max(A.shape[-2:])
        if atol is None:
            rtol = default
        elif isinstance(atol, Tensor):
            rtol = wrap(np.where(atol._data > 0, 0.0, default))
        else:
            rtol = 0.0 if atol > 0 else default
    return (0.0 if atol is None else atol), rtol


@public(module="linalg", method=False)
@one_under_autocast
def cond(A: Tensor, p: Any = None, *, out: Tensor | None = None) -> Tensor:
    """The condition number: the norm `p` of the matrix times that of its inverse, infinite where there is none.

    >>> import adjoint as torch
    >>> torch.linalg.cond(torch.tensor([[4., 0.], [0., 1.]]))
    tensor(4.)
    """
    if isinstance(A, Tensor) and A.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    A = of_floats("linalg.cond", matrices("linalg.cond", A))
    if p is None or p in (2, -2):
        values = svdvals(A)
        if not A.numel():
            return given(out, wrap(np.zeros(values._data.shape[:-1], values._data.dtype)))
        ratio = values[..., -1] / values[..., 0] if p == -2 else values[..., 0] / values[..., -1]
        return given(out, ratio)
    if p not in ("fro", "nuc", 1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    A = square(f"linalg.cond(ord={p})", A)
    inverse, info = inv_ex(A)
    singular = info != 0
    product = matrix_norm(A, p) * matrix_norm(inverse.masked_fill(singular[..., None, None], 0), p)
    return given(out, product.masked_fill(singular, math.inf))
