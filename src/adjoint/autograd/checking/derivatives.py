"""Jacobians as autograd computes them, by either mode, for comparison with finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.autograd.entry import grad
from adjoint.autograd.forward_ad import make
from adjoint.core.tangents import level, tangent
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import detach


def as_tuple(value: Any) -> tuple:
    """One value, or the values of a list or tuple."""
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def is_differentiable(value: Any) -> bool:
    """Whether a value is a tensor of real or complex numbers."""
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex())


def wants_gradient(value: Any) -> bool:
    """Whether a value is a tensor that requires a gradient."""
    return isinstance(value, Tensor) and value.requires_grad


# --- reverse mode ------------------------------------------------------------------------------------------------


class Rows:
    """The products of cotangents with the Jacobian of one output, one matrix per input: a column for each cotangent.

    What is wrong with the gradients themselves is noted in `sizes_fit` and `types_fit`.
    """

    def __init__(self, output: Tensor, inputs: Sequence[Tensor], cotangents: Sequence[np.ndarray]) -> None:
        self.sizes_fit = self.types_fit = True
        self.matrices = [np.zeros((x.numel(), len(cotangents)), x._data.dtype) for x in inputs]
        for column, cotangent in enumerate(cotangents):
            given = wrap(cotangent.astype(output._data.dtype).reshape(output.shape))
            gradients = grad(output, inputs, given, retain_graph=True, allow_unused=True)
            for matrix, x, gradient in zip(self.matrices, inputs, gradients, strict=True):
                if gradient is None:
                    continue
                self.types_fit &= gradient.dtype == x.dtype
                if gradient.shape == x.shape:
                    matrix[:, column] = gradient._data.reshape(-1)
                else:
                    self.sizes_fit = False

    def agrees_with(self, other: Rows, tolerance: float) -> bool:
        """Whether another computation of the same gave the same, but for `tolerance`."""
        return all(
            not a.size or np.abs(a - b).max() <= tolerance for a, b in zip(self.matrices, other.matrices, strict=True)
        )


def unit_cotangents(output: Tensor) -> list[np.ndarray]:
    """One cotangent for each element of an output: their rows are the whole Jacobian."""
    return list(np.eye(output.numel()))


# --- forward mode ------------------------------------------------------------------------------------------------


def pushed_forward(
    func: Callable[..., Any], inputs: Sequence[Any], directions: Sequence[np.ndarray | None]
) -> list[tuple[Tensor, Tensor | None]]:
    """The outputs with their tangents, as the inputs that want gradients move in these directions.

    An input whose direction is None has no tangent at all, which must come to the same as a tangent of zeros.
    """
    remaining = iter(directions)
    arguments = []
    with level() as number:
        for x in inputs:
            if not wants_gradient(x):
                arguments.append(x)
                continue
            direction = next(remaining)
            point = detach(x)
            arguments.append(point if direction is None else make(point, _like(point, direction), number))
        outputs = [output for output in as_tuple(func(*arguments)) if is_differentiable(output)]
        return [(output, tangent(output, number)) for output in outputs]


def _like(x: Tensor, values: np.ndarray) -> Tensor:
    """A tensor of these values in the shape, type and memory layout of `x`."""
    memory = np.zeros_like(x._data)
    memory[...] = values.reshape(memory.shape)
    return wrap(memory)


def zero_directions(inputs: Sequence[Any]) -> list[np.ndarray]:
    """A direction of zeros for each input that wants a gradient."""
    return [np.zeros(x.numel()) for x in inputs if wants_gradient(x)]
