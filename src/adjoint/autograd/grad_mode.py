"""Switching the recording of operations on and off: as a `with` block, and as a decorator."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from adjoint.core import modes

F = TypeVar("F", bound=Callable[..., Any])


class _GradMode:
    """A mode of this thread, held for a `with` block or for the calls of a decorated function."""

    values: dict[str, Any] = {}

    def __enter__(self) -> None:
        self._held = modes.mode(**self.values)
        self._held.__enter__()

    def __exit__(self, *error: object) -> None:
        self._held.__exit__(*error)

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with modes.mode(**self.values):
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class no_grad(_GradMode):  # noqa: N801
    """Operations in this block are not recorded, and their results require no gradient.

    >>> import adjoint as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    values = {"grad_enabled": False}

    def __new__(cls, function: Callable | None = None) -> Any:
        return super().__new__(cls) if function is None else cls()(function)


class enable_grad(no_grad):  # noqa: N801
    """Operations in this block are recorded, also inside a `no_grad` block."""

    values = {"grad_enabled": True}


class set_grad_enabled(_GradMode):  # noqa: N801
    """Recording on or off from now on; as a `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        self.values = {"grad_enabled": bool(mode)}
        self._before = modes.set_mode("grad_enabled", bool(mode))

    def __enter__(self) -> None:
        modes.set_mode("grad_enabled", self.values["grad_enabled"])

    def __exit__(self, *error: object) -> None:
        modes.set_mode("grad_enabled", self._before)


class inference_mode(_GradMode):  # noqa: N801
    """Like `no_grad`, and the results can never take part in a recorded computation."""

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if callable(mode):
            self.__init__()  # type: ignore[misc]
            return self(mode)
        return self

    def __init__(self, mode: bool = True) -> None:
        self.values = {"grad_enabled": False, "inference": True} if mode else {"inference": False}


def is_grad_enabled() -> bool:
    """Whether operations are recorded in this thread."""
    return modes.state.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return modes.state.inference
