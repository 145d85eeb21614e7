"""What is switched on in this thread: gradients, inference, anomaly detection, forward levels.

Eager operations look at one number, `special`: while it is 0, every mode everywhere has its default value and an
operation may take its short path. Whoever changes a mode away from its default raises `special`, and lowers it when the
mode is back; then operations ask this thread's own `state`.
"""

from __future__ import annotations

import threading
from typing import Any

special = 0  #: how many modes, over all threads, are away from their defaults
_lock = threading.Lock()


class _State(threading.local):
    """The modes of one thread, and their defaults. Write through `set_mode`, never directly."""

    grad_enabled: bool = True
    inference: bool = False
    anomaly: bool = False
    check_nan: bool = True
    evaluating: Any = None  # the node whose backward pass computes, under anomaly detection
    forward_grad_enabled: bool = True
    forward_level: int = 0  # how many levels of forward-mode differentiation are open
    saved_tensors_hooks: tuple = ()  # pairs (pack, unpack), innermost last
    saved_tensors_hooks_disabled: str | None = None
    before_write: Any = None  # called with the write log of memory that is about to be written to
    partial_pass: bool = False  # inside a backward pass to some inputs only; read by nobody on the short path
    observers: tuple = ()  # called around every operation: profilers, tracers
    autocast: Any = None  # called with a function's name and tensors: gives them in the types that it is to compute in
    batch_levels: tuple[int, ...] = ()  # the numbers of the open `vmap`s, innermost last
    randomness: tuple = ()  # what each of them says of random numbers, and how many examples it has
    namespace: Any = None  # of the arrays that tensors may hold beside NumPy's, for nodes recorded meanwhile


state = _State()


def recording() -> bool:
    """Whether operations in this thread are recorded."""
    return not special or (state.grad_enabled and not state.inference)


def set_mode(name: str, value: Any) -> Any:
    """Give a mode of this thread a value, and return the value it had."""
    global special  # noqa: PLW0603
    old = getattr(state, name)
    default = getattr(_State, name)
    step = (value != default) - (old != default)
    setattr(state, name, value)
    if step:
        with _lock:
            special += step
    return old


class mode:  # noqa: N801  (used as a statement: `with mode(...)`)
    """Hold some modes of this thread at given values for the length of a `with` block.

    >>> from adjoint.core.modes import mode, state
    >>> with mode(grad_enabled=False):
    ...     state.grad_enabled
    False
    """

    __slots__ = ("_old", "_values")

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __enter__(self) -> None:
        self._old = {name: set_mode(name, value) for name, value in self._values.items()}

    def __exit__(self, *_: object) -> None:
        for name, value in self._old.items():
            set_mode(name, value)
