"""Switching the recording of operations on and off: as a `with` block, and as a decorator.

Modes belong to a thread. A decorated function runs in the mode each time that it is called; a generator or a coroutine
each time that it is resumed, so that the mode never leaks to whoever runs between two steps of it.
"""

from __future__ import annotations

import functools
import inspect
import threading
import warnings
from collections.abc import Callable, Generator
from threading import get_ident
from typing import Any, TypeVar

from adjoint.core import modes
from adjoint.core.events import RECORDING_OFF, note
from adjoint.core.tensor import Tensor

__all__ = [
    "no_grad", "enable_grad", "set_grad_enabled", "inference_mode", "set_multithreading_enabled",
    "enforce_grad_layout_policy",
]  # fmt: skip

F = TypeVar("F", bound=Callable[..., Any])


# --- as decorators -----------------------------------------------------------------------------------------------


class _Decorator:
    """A `with` block that can also decorate: `clone` makes a new block for each call."""

    def clone(self) -> Any:
        return self.__class__()

    def __call__(self, orig_func: F) -> F:
        function: Callable[..., Any] = orig_func
        if inspect.isclass(orig_func):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly decorate the "
                "`__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )

            def function(*args: Any, **kwargs: Any) -> Any:
                return orig_func(*args, **kwargs)

        return _decorated(self.clone, function)  # type: ignore[return-value]


def _decorated(block: Callable[[], Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function with each call, or each step of a generator or coroutine that it makes, inside a block."""
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            result = yield from _in_steps(block, function(*args, **kwargs))
            return result

        return generator
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            return await _Awaited(block, function(*args, **kwargs))

        return coroutine
    if inspect.isasyncgenfunction(function):

        @functools.wraps(function)
        async def async_generator(*args: Any, **kwargs: Any) -> Any:
            steps = function(*args, **kwargs)
            resume, sent = steps.asend, None
            try:
                while True:
                    produced = await _Awaited(block, resume(sent))
                    try:
                        sent, resume = (yield produced), steps.asend
                    except GeneratorExit:
                        await _Awaited(block, steps.aclose())
                        raise
                    except BaseException as error:
                        sent, resume = error, steps.athrow
            except StopAsyncIteration:
                return

        return async_generator

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    return wrapped


def _in_steps(block: Callable[[], Any], steps: Any) -> Generator[Any, Any, Any]:
    """Run a generator, or what an `await` runs, with each of its steps inside a block and its waits outside."""
    resume, sent = steps.send, None
    try:
        while True:
            with block():
                produced = resume(sent)
            try:
                sent, resume = (yield produced), steps.send
            except GeneratorExit:
                with block():
                    steps.close()
                raise
            except BaseException as error:
                sent, resume = error, steps.throw
    except StopIteration as end:
        return end.value


class _Awaited:
    """What runs `steps` inside a block when it is awaited."""

    def __init__(self, block: Callable[[], Any], steps: Any) -> None:
        self._block = block
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, Any]:
        return _in_steps(self._block, self._steps)


# --- the modes ---------------------------------------------------------------------------------------------------


class _Block(_Decorator):
    """Some modes of this thread, held for a `with` block. One object may serve blocks inside one another."""

    _values: dict[str, Any]
    _before: dict[int, list[dict[str, Any]]]

    def __enter__(self) -> None:
        before = {name: modes.set_mode(name, value) for name, value in self._values.items()}
        self.__dict__.setdefault("_before", {}).setdefault(get_ident(), []).append(before)

    def __exit__(self, *_: object) -> None:
        for name, value in self._before[get_ident()].pop().items():
            modes.set_mode(name, value)


class no_grad(_Block):  # noqa: N801
    """Operations in this block are not recorded, and their results require no gradient. Also a decorator.

    >>> import adjoint as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> with torch.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    >>> @torch.no_grad()
    ... def double(x):
    ...     return 2 * x
    >>> double(x).requires_grad
    False
    """

    _values = {"grad_enabled": False}

    def __new__(cls, orig_func: Callable | None = None) -> Any:
        block = super().__new__(cls)
        return block if orig_func is None else block(orig_func)

    def __init__(self, orig_func: Callable | None = None) -> None:
        pass


class enable_grad(no_grad):  # noqa: N801
    """Operations in this block are recorded, also inside of `no_grad`. Also a decorator.

    >>> import adjoint as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> with torch.no_grad():
    ...     with torch.enable_grad():
    ...         y = x * x
    >>> y.requires_grad
    True
    """

    _values = {"grad_enabled": True}


class set_grad_enabled(_Decorator):  # noqa: N801
    """Recording on or off from now on; as a `with` block until its end, as a decorator only in the function.

    >>> import adjoint as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> with torch.set_grad_enabled(False):
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        _check_bool("set_grad_enabled", mode)
        self.mode = mode
        self.prev = modes.set_mode("grad_enabled", mode)
        if not mode:
            note(RECORDING_OFF, self)
        self._begun_in: int | None = get_ident()  # the thread in which the block that may follow has begun already
        self._before: dict[int, list[bool]] = {}

    def __call__(self, orig_func: F) -> F:
        modes.set_mode("grad_enabled", self.prev)
        return super().__call__(orig_func)

    def __enter__(self) -> None:
        before = modes.set_mode("grad_enabled", self.mode)
        if self._begun_in == get_ident():
            before, self._begun_in = self.prev, None
        self._before.setdefault(get_ident(), []).append(before)

    def __exit__(self, *_: object) -> None:
        modes.set_mode("grad_enabled", self._before[get_ident()].pop())

    def __repr__(self) -> str:
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"

    def clone(self) -> set_grad_enabled:
        return self.__class__(self.mode)


class inference_mode(_Block):  # noqa: N801
    """Like `no_grad`, and the results can never take part in a recorded computation: nobody counts writes to them.

    With `mode=False`, a block of ordinary, recorded computation inside of one without. Also a decorator.

    >>> import adjoint as torch
    >>> with torch.inference_mode():
    ...     y = torch.ones(2) * 3
    >>> y.is_inference()
    True
    >>> y.add_(1)
    Traceback (most recent call last):
        ...
    RuntimeError: Inplace update to inference tensor outside InferenceMode is not allowed...
    """

    def __new__(cls, mode: Any = True) -> Any:
        return super().__new__(cls) if isinstance(mode, bool) else cls()(mode)

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode
        self._values = {"grad_enabled": not mode, "inference": mode, "forward_grad_enabled": not mode}

    def clone(self) -> inference_mode:
        return self.__class__(self.mode)


def is_grad_enabled() -> bool:
    """Whether the grad mode of this thread is on; inside of `inference_mode` nothing is recorded even so."""
    return modes.state.grad_enabled


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside of `inference_mode`."""
    return modes.state.inference


def is_inference(input: Tensor) -> bool:
    """Whether a tensor was made in inference mode."""
    return input.is_inference()


# --- switches of PyTorch's engine, for which there is nothing to switch here -------------------------------------


class _Switch(_Decorator):
    """A switch that programs may set, hold for a block, or put on a function; it decides nothing here."""

    _name: str
    _default = True
    _now = threading.local()

    def __init__(self, mode: bool = True) -> None:
        _check_bool(self._name, mode)
        self.mode = mode
        self.prev = getattr(self._now, self._name, self._default)
        setattr(self._now, self._name, mode)

    def __call__(self, orig_func: F) -> F:
        setattr(self._now, self._name, self.prev)
        return super().__call__(orig_func)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        setattr(self._now, self._name, self.prev)

    def clone(self) -> Any:
        return self.__class__(self.mode)


class set_multithreading_enabled(_Switch):  # noqa: N801
    """Whether a backward pass may use threads of its own. Here each runs in the thread that asks for it, either way."""

    _name = "set_multithreading_enabled"


class enforce_grad_layout_policy(_Switch):  # noqa: N801
    """Whether `.grad` must be laid out in memory as its tensor is. Here it is laid out as it was computed, either way."""

    _name = "set_grad_layout_enforcement_enabled"

    def __init__(self, enable: bool = True) -> None:
        super().__init__(enable)


class _force_original_view_tracking(_Switch):  # noqa: N801
    """Whether views remember the operations that made them, rather than sizes and strides. Here they do, either way."""

    _name = "set_view_replay_enabled"


def _check_bool(function: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise TypeError(f"{function}(): argument 'enabled' (position 1) must be bool, not {type(value).__name__}")
