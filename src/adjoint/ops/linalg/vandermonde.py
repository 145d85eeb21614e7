"""Vandermonde matrices: the powers of numbers, side by side."""

from __future__ import annotations

from itertools import accumulate

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import int64
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import mul
from adjoint.ops.conversion import to_dtype
from adjoint.ops.creation import ones_like
from adjoint.ops.joining import stack
from adjoint.ops.shape import flip, reshape


@public(module="linalg", method=False, name="vander")
def linalg_vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The Vandermonde matrices of the vectors along the last dimension: the powers of each element, from 0 to N - 1.

    >>> import adjoint as torch
    >>> torch.linalg.vander(torch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    (x,) = require_tensors("linalg_vander", x, names=("x",))
    if x._data.dtype.kind == "b":
        raise RuntimeError("linalg.vander supports floating point, complex, and integer tensors, but got Bool")
    count = N if N is not None or not x.ndim else x.shape[-1]
    if count is None or count <= 1:
        raise RuntimeError("N must be greater than 1.")
    return _powers(x if x.ndim else reshape(x, 1), count)


def _powers(x: Tensor, count: int) -> Tensor:
    """The first powers of each element, each the one before times the element, along a new last dimension."""
    if x._data.dtype.kind in "iu":
        x = to_dtype(x, int64)
    return stack([ones_like(x), *accumulate([x] * (count - 1), mul)], -1)


@public(method=False)
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The Vandermonde matrix of a vector: the powers of each element, from N - 1 down to 0 unless `increasing`.

    >>> import adjoint as torch
    >>> torch.vander(torch.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    (x,) = require_tensors("vander", x, names=("x",))
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = len(x) if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    powers = _powers(x if x._data.dtype.kind != "b" else to_dtype(x, int64), max(count, 1))[:, :count]
    return powers if increasing else flip(powers, 1)
