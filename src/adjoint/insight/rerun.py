"""`why(f, *inputs)`: run a function with the places of its operations recorded, and ask of each of its gradients."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import numpy as np

from adjoint.autograd.entry import grad
from adjoint.core import hooks, modes
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor
from adjoint.insight import troubled
from adjoint.insight.answer import Answer
from adjoint.insight.asking import Question
from adjoint.insight.explaining import _arguments
from adjoint.insight.paths import no_path
from adjoint.insight.program import Scope, scope_of_call
from adjoint.insight.slices import forward_of, returned
from adjoint.insight.watching import parameter_names
from adjoint.nn.modules.module import Module


def why_of_function(function: Callable, inputs: Sequence[Any], frame: FrameType) -> Answer:
    """The answer for the gradients of a function at some inputs: the first with which something is wrong."""
    arguments = _arguments(inputs)
    hooks.activate()
    with modes.mode(grad_enabled=True, anomaly=True, check_nan=False):
        result = function(*arguments)
    if not isinstance(result, Tensor):
        raise TypeError(f"why(f, *inputs) needs a function that returns a tensor, not {type(result).__name__}")
    names = parameter_names(function, len(arguments))
    named = list(zip(names, arguments, strict=False))
    if isinstance(function, Module):
        named += list(function.named_parameters())
    leaves = [(name, each) for name, each in named if isinstance(each, Tensor) and each.requires_grad and each.is_leaf]
    found = _expression(function, arguments)
    answers = [_answer_of(name, leaf, result, found, frame) for name, leaf in leaves]
    if answers:
        return next((each for each in answers if not each.is_healthy), answers[0])
    raise TypeError(
        "why(f, *inputs) needs an input that can be differentiated by\nPass a floating-point number or tensor."
    )


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
    name: str, leaf: Tensor, result: Tensor, found: tuple[ast.AST, Scope] | None, frame: FrameType
) -> Answer:
    question = _Named(frame, leaf, name)
    if result._node is None or not Recorded(result).reaches(leaf):
        return no_path(question, found, None, name="the result")
    with modes.mode(grad_enabled=True):
        (gradient,) = grad(result, leaf, _ones(result), retain_graph=True)
    array = np.asarray(gradient._data)
    case = troubled.Case(question, result, found)
    if array.size and not np.isfinite(array).all():
        return troubled.not_finite(question, iter([case]), array)
    if array.size and not array.any():
        return troubled.vanished(question, case, array)
    return troubled.healthy(question, array)


def _ones(result: Tensor) -> Tensor:
    return result.detach().clone().fill_(1)
