"""What helps the user whose gradients are not what the program means: warnings, and lines of errors that point to `why`.

Warnings say nothing on standard output and change no result. Each comes once for a line of the program, and can be
silenced: `warnings.filterwarnings("ignore", category=adjoint.insight.GradientWarning)`, or of one kind alone.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

from adjoint.core.callers import is_ours

#: the user's name for what holds a tensor, a node's result, or the memory of a log of writes; set by `adjoint.insight`
name_of: Callable[[Any], str | None] | None = None

_given: set[tuple[type, str, int]] = set()


class GradientWarning(UserWarning):
    """Gradients are probably not what the program means; the categories of such warnings derive from this one."""


class AccumulatedGradientWarning(GradientWarning):
    """An optimizer steps by gradients to which those of its previous step were added, since `zero_grad` was not called."""


class UnreachedParametersWarning(GradientWarning):
    """An optimizer steps after a backward pass that gave none of its parameters a gradient."""


def warn_once(text: str, category: type[GradientWarning]) -> None:
    """Give a warning at the line of the user's that led here, if it was not given there before."""
    frame: Any = sys._getframe(1)
    depth = 2
    while is_ours(frame.f_code) and frame.f_back is not None:
        frame, depth = frame.f_back, depth + 1
    place = category, frame.f_code.co_filename, frame.f_lineno
    if place not in _given:
        _given.add(place)
        warnings.warn(text, category, stacklevel=depth)


def ask_why(thing: Any, says: str) -> str:
    """The line of an error that points to `why`: about a tensor, by the user's name for it where it has one."""
    return f"adjoint.why({known_name(thing) or 'x'}) says {says}."


def known_name(thing: Any) -> str | None:
    """The user's name for what holds a tensor, a node's result, or the memory of a log of writes; looked for in errors only."""
    return name_of(thing) if name_of is not None else None
