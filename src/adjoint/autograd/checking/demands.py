"""What is asked of derivatives beyond their values: that they be linear, batched, and defined where nothing arrives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.autograd.checking.derivatives import as_tuple, is_differentiable, pushed_forward, wants_gradient
from adjoint.autograd.checking.failures import GradcheckError
from adjoint.autograd.entry import grad
from adjoint.autograd.forward_ad import make
from adjoint.core.graph import Node, next_sequence
from adjoint.core.tangents import level, tangent
from adjoint.core.tensor import Tensor, edge_of, wrap
from adjoint.func.vmap import vmap
from adjoint.ops.conversion import detach
from adjoint.ops.creation import zeros_like

Function = Callable[..., Any]

_BATCH = 2  # how many examples a batched derivative is tried on


def check_zero_cotangents(outputs: Sequence[Tensor], inputs: Sequence[Any], approximately: bool) -> None:
    """Zero cotangents must give zero gradients, of the shapes and types of the inputs."""
    points = _points(inputs)
    gradients = grad(outputs, points, [zeros_like(output) for output in outputs], allow_unused=True)
    for gradient, point in zip(gradients, points, strict=True):
        if gradient is None:
            continue
        if not (np.allclose(gradient._data, 0) if approximately else (gradient._data == 0).all()):
            raise GradcheckError("backward not multiplied by grad_output")
        if gradient.dtype != point.dtype:
            raise GradcheckError("grad is incorrect type")
        if gradient.shape != point.shape:
            raise GradcheckError("grad is incorrect size")


def _points(inputs: Sequence[Any]) -> list[Tensor]:
    points = [x for x in inputs if wants_gradient(x)]
    if not points:
        raise GradcheckError("no Tensors requiring grad found in input")
    return points


# --- where nothing arrives ---------------------------------------------------------------------------------------


class UndefinedGrad(Node):
    """A node that no cotangent passes."""

    __slots__ = ()
    several = False

    def __init__(self, tensor: Tensor) -> None:
        self.edges = (edge_of(tensor),)
        self.saved = self.writes = ()
        self.plan = self.meta = self.annex = self.params = None  # type: ignore[assignment]
        self.sequence = next_sequence()

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
        return (None,)


def _without_cotangent(tensor: Tensor) -> Tensor:
    """The tensor itself, but what comes back to it does not go on."""
    result = wrap(tensor._data)
    result._node = UndefinedGrad(tensor)
    return result


def check_absent_cotangents(func: Function, inputs: Sequence[Any]) -> None:
    """Where no cotangent reaches an output, or any, backward must treat it as zero."""
    points = _points(inputs)
    count = len(_differentiable(func, inputs))
    for absent in [None, *(range(count) if count > 1 else ())]:  # all of them, then one at a time
        outputs = _differentiable(func, inputs)
        roots = [
            _without_cotangent(output) if absent in (None, place) else output for place, output in enumerate(outputs)
        ]
        cotangents = [zeros_like(output) for output in outputs]
        try:
            gradients = grad(roots, points, cotangents, allow_unused=True)
        except RuntimeError as error:
            raise GradcheckError(
                'Expected backward function to handle undefined output grads. Please look at "Notes about undefined output '
                'gradients" in "tools/autograd/derivatives.yaml"\n'
                "A cotangent may be None, and counts as zeros then."
            ) from error
        if any(gradient is not None and (gradient._data != 0).any() for gradient in gradients):
            raise GradcheckError(
                "Expected all input grads to be undefined or zero when all output grads are undefined or zero. Please look "
                'at "Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"\n'
                "A gradient is the product of the cotangent with the derivative: of zero it is zero."
            )


def _differentiable(func: Function, inputs: Sequence[Any]) -> list[Tensor]:
    return [output for output in as_tuple(func(*inputs)) if wants_gradient(output)]


def check_absent_tangents(func: Function, inputs: Sequence[Any], directions: Sequence[np.ndarray]) -> None:
    """An input without a tangent must count as one with a tangent of zeros."""
    for place, direction in enumerate(directions):
        pushed = [
            pushed_forward(func, inputs, [*directions[:place], still, *directions[place + 1 :]])
            for still in (np.zeros_like(direction), None)
        ]
        for number, ((_, expected), (_, got)) in enumerate(zip(*pushed, strict=True)):
            if expected is not None and got is not None and not np.allclose(expected._data, got._data):
                raise GradcheckError(
                    f"Mismatch in tangent values for output with index: {number} when input {place} has an undefined "
                    f"tangent value. Got: {got} but expected: {expected}"
                )


# --- batches -----------------------------------------------------------------------------------------------------


def check_batched_backward(outputs: Sequence[Tensor], inputs: Sequence[Any]) -> None:
    """Several backward passes at once must give what they give one after the other."""
    points = _points(inputs)
    for number, output in enumerate(outputs):
        cotangents = _random_batch(output)
        single_passes = [_gradients(output, points, wrap(each)) for each in cotangents]
        expected = [np.stack(each) for each in zip(*single_passes, strict=True)]
        try:
            got = _gradients(output, points, wrap(cotangents), is_grads_batched=True)
        except RuntimeError as error:
            raise _batch_failed(error, "check_batched_grad") from error
        for place, (a, b) in enumerate(zip(got, expected, strict=True)):
            if not np.allclose(a, b):
                raise _batch_differs(number, place, a, b, "check_batched_grad")


def _gradients(output: Tensor, points: Sequence[Tensor], cotangent: Tensor, **how: Any) -> list[np.ndarray]:
    """The gradients as arrays, zeros for those that are missing."""
    gradients = grad(output, points, cotangent, retain_graph=True, allow_unused=True, **how)
    lead = cotangent.shape[: cotangent.ndim - output.ndim]
    return [
        np.zeros((*lead, *point.shape), point._data.dtype) if gradient is None else np.asarray(gradient._data)
        for gradient, point in zip(gradients, points, strict=True)
    ]


def check_batched_forward(func: Function, inputs: Sequence[Any]) -> None:
    """Several forward passes at once must give what they give one after the other."""
    for place, point in enumerate(inputs):
        if not wants_gradient(point):
            continue

        def moved(direction: Tensor, place: int = place) -> tuple[Tensor, ...]:
            with level() as number:
                values = [detach(x) if isinstance(x, Tensor) else x for x in inputs]
                values[place] = make(values[place], direction, number)
                outputs = [output for output in as_tuple(func(*values)) if is_differentiable(output)]
                pairs = [(output, tangent(output, number)) for output in outputs]
                return tuple(zeros_like(detach(output)) if each is None else each for output, each in pairs)

        directions = _random_batch(point)
        expected = [
            np.stack([each._data for each in row]) for row in zip(*map(moved, map(wrap, directions)), strict=True)
        ]
        try:
            got = vmap(moved)(wrap(directions))
        except RuntimeError as error:
            raise _batch_failed(error, "check_batched_forward_grad") from error
        for number, (a, b) in enumerate(zip(got, expected, strict=True)):
            if not np.allclose(a._data, b):
                raise _batch_differs(number, place, a._data, b, "check_batched_forward_grad")


def _random_batch(like: Tensor) -> np.ndarray:
    rng = np.random.default_rng(0)
    shape = (_BATCH, *like.shape)
    numbers = rng.standard_normal(shape) + (1j * rng.standard_normal(shape) if like.is_complex() else 0)
    return numbers.astype(like._data.dtype)


def _batch_failed(error: RuntimeError, option: str) -> GradcheckError:
    return GradcheckError(
        f"While computing batched gradients, got: {error}\n\nTo leave out this part of the check, pass {option}=False."
    )


def _batch_differs(output: int, place: int, got: np.ndarray, expected: np.ndarray, option: str) -> GradcheckError:
    return GradcheckError(
        f"For output {output} and input {place}:\n\nDerivatives of a batch are not those of its examples; {option}=False "
        f"leaves out this part of the check.\n\nGot:\n{wrap(got)}\n\nExpected:\n{wrap(expected)}"
    )
