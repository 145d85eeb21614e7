"""Activations."""

from __future__ import annotations

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops import pointwise


@public(module="nn.functional", method=False)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element where it is positive, else 0; with `inplace`, written into `input` itself.

    >>> import adjoint as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else pointwise.relu(input)


@public(module="nn.functional", method=False)
def sigmoid(input: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))` for each element."""
    return pointwise.sigmoid(input)


@public(module="nn.functional", method=False)
def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent of each element."""
    return pointwise.tanh(input)
