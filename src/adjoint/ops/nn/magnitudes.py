"""Weights as a magnitude and a direction (Salimans and Kingma, 2016)."""

from __future__ import annotations

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.linalg.vector_norms import vector_norm


@public(method=False)
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm of each slice along a dimension, laid out to divide by; -1 is for the norm of all elements together.

    >>> import adjoint as torch
    >>> torch.norm_except_dim(torch.tensor([[3.0, 4.0], [6.0, 8.0]]))
    tensor([[ 5.],
            [10.]])
    """
    if dim == -1:
        return vector_norm(v, pow)
    others = [axis for axis in range(v.ndim) if axis != dim % v.ndim]
    return vector_norm(v.unsqueeze(-1), pow, [*others, v.ndim], keepdim=True).squeeze(-1)


@public(method=False)
def _weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """The direction of `v`, along one dimension, with the magnitude `g`."""
    return v * (g / norm_except_dim(v, 2, dim))
