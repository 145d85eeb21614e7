"""Why a gradient is what it is: the questions in their order, from what a tensor says of itself to what its source says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from adjoint.core import modes
from adjoint.core.apply import not_a_tensor
from adjoint.core.callers import caller
from adjoint.core.tensor import Tensor
from adjoint.insight import missing, troubled
from adjoint.insight.answer import Answer
from adjoint.insight.asking import Question
from adjoint.insight.rerun import why_of_function


def answered(target: Tensor | Callable, given: tuple) -> Answer:
    """The answer to `why(x)`, `why(x, loss)` or `why(f, *inputs)`."""
    frame = caller()
    if not isinstance(target, Tensor):
        if not callable(target):
            raise not_a_tensor("why", "target", 1, target)
        with np.errstate(all="ignore"):
            return why_of_function(target, given, frame)
    if len(given) > 1 or not all(isinstance(each, Tensor) for each in given):
        raise TypeError(
            "why() takes a loss after a tensor, and inputs after a function: why(x, loss), or why(f, *inputs)"
        )
    question = Question(frame, target)
    loss = given[0] if given else None
    gradient = getattr(target, "_grad", None)
    with modes.mode(grad_enabled=False, forward_level=0, observers=(), anomaly=False), np.errstate(all="ignore"):
        if gradient is None:
            return missing.explained(question, loss)
        return troubled.explained(question, loss, np.asarray(gradient._data))
