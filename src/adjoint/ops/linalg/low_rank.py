"""Approximations of low rank, by random projections."""

from __future__ import annotations

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.linalg.orthogonal import qr
from adjoint.ops.linalg.singular_values import svd
from adjoint.ops.matrix import matmul
from adjoint.ops.random import randn
from adjoint.ops.reduction import mean


def _basis(A: Tensor, q: int, niter: int) -> Tensor:
    """Orthonormal columns whose span is close to that of A's strongest columns."""
    Q = qr(matmul(A, randn(A.shape[-1], q, dtype=A.dtype)))[0]
    for _ in range(niter):
        Q = qr(matmul(A.mH, Q))[0]
        Q = qr(matmul(A, Q))[0]
    return Q


def _low_rank(A: Tensor, q: int, niter: int) -> tuple[Tensor, Tensor, Tensor]:
    wide = A.shape[-2] < A.shape[-1]
    if wide:
        A = A.mH
    Q = _basis(A, q, niter)
    U, S, Vh = svd(matmul(Q.mH, A), full_matrices=False)
    U, V = matmul(Q, U), Vh.mH
    return (V, S, U) if wide else (U, S, V)


@public(method=False)
def svd_lowrank(
    A: Tensor, q: int | None = 6, niter: int | None = 2, M: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """About the first `q` singular values of A, or of A - M, and their vectors: U, S and V.

    A random projection, followed by `niter` iterations in the subspace (Halko et al., arXiv:0909.4061, algorithm 5.1).

    >>> import adjoint as torch
    >>> U, S, V = torch.svd_lowrank(torch.ones(4, 3), q=1)
    >>> S
    tensor([3.4641])
    """
    return _low_rank(A if M is None else A - M, 6 if q is None else q, 2 if niter is None else niter)


@public(method=False)
def pca_lowrank(A: Tensor, q: int | None = None, center: bool = True, niter: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    """The first `q` principal components of the rows of A: U, S and V of A, less the mean of its rows where `center`.

    >>> import adjoint as torch
    >>> U, S, V = torch.pca_lowrank(torch.tensor([[1., 1.], [3., 3.], [5., 5.]]), q=1)
    >>> S
    tensor([4.])
    """
    smaller = min(A.shape[-2:])
    q = min(6, smaller) if q is None else q
    if not 0 <= q <= smaller:
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={smaller}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return _low_rank(A - mean(A, -2, keepdim=True) if center else A, q, niter)
