"""`autocast`: the state that it keeps for each kind of device, and what it means for functions on the CPU.

While it is on for the CPU, functions are asked for the types of their operands: `policies` has the lists. For a device that
is not there it changes nothing.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from adjoint.amp.policies import in_chosen_types
from adjoint.core import modes
from adjoint.core.device import device as device_named
from adjoint.core.dtypes import bfloat16, dtype, float16, float64
from adjoint.core.tensor import Tensor

__all__ = [
    "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache", "custom_bwd",
    "custom_fwd", "get_autocast_dtype", "is_autocast_available", "is_autocast_cache_enabled", "is_autocast_enabled",
    "set_autocast_cache_enabled", "set_autocast_dtype", "set_autocast_enabled",
]  # fmt: skip

#: the kinds of devices that have an autocast, and the type that it computes in
_FAST = dict.fromkeys(("cpu", "hpu", "maia", "xla"), bfloat16) | dict.fromkeys(
    ("cuda", "ipu", "mps", "mtia", "privateuseone", "xpu"), float16
)


class _State(threading.local):
    """What is switched on in this thread."""

    def __init__(self) -> None:
        self.enabled: set[str] = set()
        self.dtypes: dict[str, dtype] = dict(_FAST)
        self.cache_enabled = True
        self.nesting = 0


_state = _State()

#: for each type to compute in, what functions ask for their operands
_CHOOSING = {each: functools.partial(in_chosen_types, fast=each) for each in (bfloat16, float16)}


def is_autocast_available(device_type: str) -> bool:
    """Whether there is an autocast for a kind of device, be the device there or not.

    >>> import adjoint as torch
    >>> torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("meta")
    (True, False)
    """
    return device_named(device_type).type in _FAST


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is switched on for a kind of device."""
    if not is_autocast_available(device_type):
        raise RuntimeError("unknown device type for autocast in get_autocast_dispatch_key_from_device_type")
    return device_type in _state.enabled


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch autocast on or off for a kind of device; given a bool alone, for CUDA."""
    kind, on = ("cuda", bool(device_type)) if enabled is None else (device_type, enabled)
    if on:
        _state.enabled.add(kind)
    else:
        _state.enabled.discard(kind)
    _follow()


def _follow() -> None:
    """Have this thread's functions compute as the state for the CPU says."""
    chosen = _CHOOSING.get(_state.dtypes["cpu"]) if "cpu" in _state.enabled else None
    if chosen is not modes.state.autocast:
        modes.set_mode("autocast", chosen)


def get_autocast_dtype(device_type: str) -> dtype:
    """The type that autocast computes in on a kind of device.

    >>> import adjoint as torch
    >>> torch.get_autocast_dtype("cpu")
    torch.bfloat16
    """
    if device_named(device_type).type not in _FAST:
        raise RuntimeError("unsupported scalarType")
    return _state.dtypes[device_type]


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    """Choose that type."""
    _state.dtypes[device_type] = dtype
    _follow()


def is_autocast_cache_enabled() -> bool:
    """Whether autocast would keep the weights that it has cast."""
    return _state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Choose whether it would."""
    _state.cache_enabled = enabled


def clear_autocast_cache() -> None:
    """Nothing is kept between operations, so there is nothing to clear."""


def autocast_increment_nesting() -> int:
    """Count one more open block, and return the count."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Count one less."""
    _state.nesting -= 1
    return _state.nesting


# --- earlier names, for one kind of device each ---


def _earlier(name: str, now: Callable, kind: str, *arguments: str) -> Callable:
    """A function under its earlier name, for one kind of device."""
    given = ", ".join(arguments)
    words = f"torch.{name}({given}) is deprecated. Please use torch.{now.__name__}({', '.join((repr(kind), *arguments))}) instead."

    def function(*args: Any) -> Any:
        warnings.warn(words, DeprecationWarning, stacklevel=2)
        return now(kind, *args)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"`{now.__name__}({', '.join((repr(kind), *arguments))})`."
    return function


is_autocast_cpu_enabled = _earlier("is_autocast_cpu_enabled", is_autocast_enabled, "cpu")
set_autocast_cpu_enabled = _earlier("set_autocast_cpu_enabled", set_autocast_enabled, "cpu", "enabled")
get_autocast_cpu_dtype = _earlier("get_autocast_cpu_dtype", get_autocast_dtype, "cpu")
set_autocast_cpu_dtype = _earlier("set_autocast_cpu_dtype", set_autocast_dtype, "cpu", "dtype")
get_autocast_gpu_dtype = _earlier("get_autocast_gpu_dtype", get_autocast_dtype, "cuda")
set_autocast_gpu_dtype = _earlier("set_autocast_gpu_dtype", set_autocast_dtype, "cuda", "dtype")


class autocast:  # noqa: N801  (PyTorch's name)
    """A block, or a decorated function, in which operations on a kind of device choose their own types.

    >>> import adjoint as torch
    >>> a = torch.ones(2, 2)
    >>> with torch.autocast("cpu", dtype=torch.bfloat16):
    ...     (a @ a).dtype, (a @ a).prod().dtype, (a + a).dtype
    (torch.bfloat16, torch.float32, torch.float32)
    """

    def __init__(
        self, device_type: str, dtype: dtype | None = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        self.fast_dtype = get_autocast_dtype(device_type) if dtype is None else dtype
        self.device = device_type
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        if enabled and device_type == "cuda":
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=2)
            enabled = False
        elif enabled and self.fast_dtype not in {bfloat16, float16}:
            name = device_type.upper()
            warnings.warn(
                f"In {name} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"{name} Autocast only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled

    def __enter__(self) -> autocast:
        before = is_autocast_enabled(self.device), get_autocast_dtype(self.device), is_autocast_cache_enabled()
        set_autocast_enabled(self.device, self._enabled)
        self._before = before
        set_autocast_dtype(self.device, self.fast_dtype)
        set_autocast_cache_enabled(self._cache_enabled)
        autocast_increment_nesting()
        return self

    def __exit__(self, *_: object) -> None:
        enabled, fast_dtype, cache_enabled = self._before
        autocast_decrement_nesting()
        set_autocast_enabled(self.device, enabled)
        set_autocast_dtype(self.device, fast_dtype)
        set_autocast_cache_enabled(cache_enabled)

    def __call__(self, func: Callable) -> Callable:
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you mean to use autocast as a "
                "context manager? For example:\n    with torch.autocast(device_type=...):\n        output = model(input)"
            )

        @functools.wraps(func)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return inside


# --- functions with derivatives of their own ------------------------------------------------------------------------


def custom_fwd(
    fwd: Callable | None = None, *, device_type: str, cast_inputs: dtype | None = None
) -> Callable[..., Any]:
    """Decorate the `forward` of an `autograd.Function`: inside autocast, cast its inputs and compute without it."""
    _check_kind(device_type)
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        on = is_autocast_enabled(device_type)
        ctx._fwd_used_autocast = on and cast_inputs is None
        if not on or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_cast(args, device_type, cast_inputs), **_cast(kwargs, device_type, cast_inputs))

    return forward


def custom_bwd(bwd: Callable | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorate its `backward`, to run with autocast as `forward` did."""
    _check_kind(device_type)
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return backward


def _check_kind(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")


def _cast(value: Any, device_type: str, to: dtype) -> Any:
    """A value with the floating-point tensors of a kind of device in it cast, but for those of 64 bits."""
    if isinstance(value, Tensor):
        cast = value.is_floating_point() and value.device.type == device_type and value.dtype is not float64
        return value.to(to) if cast else value
    if isinstance(value, str | bytes | np.ndarray) or not isinstance(value, Iterable):
        return value
    if isinstance(value, Mapping):
        return {_cast(key, device_type, to): _cast(each, device_type, to) for key, each in value.items()}
    cast_each = (_cast(each, device_type, to) for each in value)
    return type(value)(cast_each) if isinstance(value, list | tuple) else cast_each
