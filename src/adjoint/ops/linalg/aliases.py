"""What `torch.linalg` has of other modules' functions."""

from __future__ import annotations

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.diagonals import diagonal
from adjoint.ops.matrix import matmul


@public(module="linalg", method=False, name="matmul")
def linalg_matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product: the same as `matmul`."""
    return matmul(input, other, out=out)


@public(module="linalg", method=False, name="diagonal")
def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, which lie in two dimensions, by default the last, as views.

    >>> import adjoint as torch
    >>> torch.linalg.diagonal(torch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    return diagonal(A, offset, dim1, dim2)
