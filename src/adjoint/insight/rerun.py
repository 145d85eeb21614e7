"""`why(f, *inputs)`: run a function with the places of its operations recorded, and ask of each of its gradients."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from adjoint.autograd.entry import grad
from adjoint.core import hooks, modes
from adjoint.core.tensor import Tensor
from adjoint.insight import troubled
from adjoint.insight.answer import Answer
from adjoint.insight.asking import Question
from adjoint.insight.explaining import arguments_of
from adjoint.insight.paths import no_path
from adjoint.insight.program import Scope, scope_of_call
from adjoint.insight.slices import forward_of, returned
from adjoint.insight.watching import parameter_names
from adjoint.nn.modules.module import Module


def why_of_function(function: Callable, inputs: Sequence[Any], frame: FrameType) -> Answer:
    """The answer for the gradients of a function at some inputs: the first with which something is wrong."""
    is_module = isinstance(function, Module)  # whose parameters it is asked about, unless an input requires a gradient
    arguments = list(inputs) if is_module else arguments_of(inputs)
    hooks.activate()
    with modes.mode(grad_enabled=True, anomaly=True, check_nan=False):
        result = function(*arguments)
    if not isinstance(result, Tensor):
        raise TypeError(f"why(f, *inputs) needs a function that returns a tensor, not {type(result).__name__}")
    names = parameter_names(function.forward if isinstance(function, Module) else function, len(arguments))
    named = list(zip(names, arguments, strict=False))
    if isinstance(function, Module):
        named += list(function.named_parameters())
    leaves = [(name, each) for name, each in named if isinstance(each, Tensor) and each.requires_grad and each.is_leaf]
    if not leaves:
        raise TypeError(
            "why(f, *inputs) needs an input that can be differentiated by\nPass a floating-point number or tensor."
        )
    found = _expression(function, arguments)
    gradients: Sequence[Tensor | None] = [None] * len(leaves)
    if result._node is not None:
        with modes.mode(grad_enabled=True):
            gradients = grad(result, [leaf for _, leaf in leaves], _ones(result), retain_graph=True, allow_unused=True)
    answers = (
        _answer_of(name, leaf, gradient, result, found, frame)
        for (name, leaf), gradient in zip(leaves, gradients, strict=True)
    )
    first = next(answers)
    return first if not first.is_healthy else next((each for each in answers if not each.is_healthy), first)


def _expression(function: Any, arguments: Sequence[Any]) -> tuple[ast.AST, Scope] | None:
    called = forward_of(function) if isinstance(function, Module) else function
    scope = scope_of_call(called, None, None, arguments)
    results = returned(scope) if scope is not None else []
    return (results[-1], scope) if results and scope is not None else None


class _Named(Question):
    """A question about an input of a function, by the name that it has there."""

    def __init__(self, frame: FrameType, x: Tensor, name: str) -> None:
        super().__init__(frame, x)
        self.__dict__["name"] = name


def _answer_of(
    name: str,
    leaf: Tensor,
    gradient: Tensor | None,
    result: Tensor,
    found: tuple[ast.AST, Scope] | None,
    frame: FrameType,
) -> Answer:
    question = _Named(frame, leaf, name)
    if gradient is None:
        return no_path(question, found, None, name="the result")
    array = np.asarray(gradient._data)
    if array.size and not np.isfinite(array).all():
        return troubled.not_finite(question, iter([troubled.Case(question, result, found)]), array)
    if array.size and not array.any():
        return troubled.vanished(question, troubled.Case(question, result, found), array)
    return troubled.healthy(question, array)


def _ones(result: Tensor) -> Tensor:
    return result.detach().clone().fill_(1)
