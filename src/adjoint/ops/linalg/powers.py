"""Powers and the exponential function of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.checks import given, of_floats, square
from adjoint.ops.linalg.solving import inv
from adjoint.ops.linalg.structure import above, adjoint, beside, columns, rows
from adjoint.ops.matrix import matmul

# --- the exponential: that of [[A, E], [0, A]] has its derivative along E in the upper right (Mathias, 1996) ---


def _exponential_change(xp: Any, x: Any, change: Any) -> Any:
    size = x.shape[-1]
    block = above(xp, beside(xp, x, change), beside(xp, xp.zeros_like(x), x))
    return columns(xp, rows(xp, xp.matrix_exp(block), None, size), size)


_matrix_exp = general(
    "matrix_exp",
    lambda xp, x: xp.matrix_exp(x),
    vjp=lambda xp, g, x: _exponential_change(xp, adjoint(xp, x), g),
    jvp=lambda xp, tangents, x: _exponential_change(xp, x, tangents[0]),
    promotes="common",
    node="LinalgMatrixExpBackward0",
    verb="matrix_exp",
)

# --- the functions ---


@public(module="linalg", method=False)
def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices: the sum of A^n / n!.

    >>> import adjoint as torch
    >>> torch.linalg.matrix_exp(torch.tensor([[0., 1.], [0., 0.]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    return _matrix_exp(of_floats("linalg.matrix_exp", square("linalg.matrix_exp", A), low_precision=True))


@public(name="matrix_exp")
def _matrix_exp_alias(input: Tensor) -> Tensor:
    """The exponential of square matrices: `linalg.matrix_exp`."""
    return matrix_exp(input)


@public(module="linalg", method=False)
def matrix_power(A: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The product of `n` copies of square matrices, or of their inverses where `n` is negative.

    >>> import adjoint as torch
    >>> torch.linalg.matrix_power(torch.tensor([[1., 1.], [0., 1.]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    A = square("linalg.matrix_power", A)
    return given(out, _power(A, n) if n >= 0 else _power(inv(A), -n))


@public(name="matrix_power")
def _matrix_power_alias(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """The product of `n` copies of square matrices: `linalg.matrix_power`."""
    return matrix_power(input, n, out=out)


def _power(A: Tensor, n: int) -> Tensor:
    """By repeated squaring: about as many products as `n` has binary digits."""
    if n == 0:
        return A.clone().copy_(wrap(np.eye(A.shape[-1], dtype=A._data.dtype)))
    if n == 1:
        return A.clone()
    result: Any = None
    while True:
        if n & 1:
            result = A if result is None else matmul(result, A)
        n >>= 1
        if not n:
            return result
        A = matmul(A, A)
