"""Functions that autocast treats as one operation, whatever they are composed of."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from adjoint.core import modes

F = TypeVar("F", bound=Callable[..., Any])


def one_under_autocast(function: F) -> F:
    """Decorate a function of tensors whose steps autocast is not to see: it chooses the types of the arguments only."""
    name = function.__name__

    @functools.wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        if not modes.special or modes.state.autocast is None:
            return function(*args, **kwargs)
        choose = modes.state.autocast
        named = choose(name, tuple(kwargs.values()))
        with modes.mode(autocast=None):
            return function(*choose(name, args), **dict(zip(kwargs, named, strict=True)))

    return called  # type: ignore[return-value]
