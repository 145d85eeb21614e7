"""Settings of the whole library that concern speed, determinism and defaults, under PyTorch's names.

Adjoint computes every operation on the CPU, in full precision and the same way each time, so most of these are kept and
change nothing.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from adjoint.core import dtypes
from adjoint.core.device import CPU, check_device, device
from adjoint.ops.legacy import CONSTRUCTORS


@dataclass
class _Settings:
    precision: str = "highest"
    debug_mode: int = 0  # 1: warn of what is not deterministic, 2: refuse it
    interop_threads: int = 1
    warn_always: bool = False


_settings = _Settings()

# --- precision ---


def get_float32_matmul_precision() -> str:
    """What was set last; products of float32 are computed in float32.

    >>> import adjoint as torch
    >>> torch.get_float32_matmul_precision()
    'highest'
    """
    return _settings.precision


def set_float32_matmul_precision(precision: str) -> None:
    """Accept 'highest', 'high' or 'medium'."""
    if precision not in ("highest", "high", "medium"):
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; the current setting stays.", stacklevel=2
        )
        return
    _settings.precision = precision


def set_flush_denormal(mode: bool) -> bool:
    """Return whether the processor now treats the smallest numbers as asked: they are never flushed to 0."""
    return not mode


# --- determinism ---

_DEBUG_MODES = ("default", "warn", "error")


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: every operation gives the same result each time.

    >>> import adjoint as torch
    >>> torch.use_deterministic_algorithms(True)
    >>> torch.are_deterministic_algorithms_enabled()
    True
    >>> torch.use_deterministic_algorithms(False)
    """
    _settings.debug_mode = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled() -> bool:
    """Whether that was asked for."""
    return _settings.debug_mode > 0


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether only warnings were."""
    return _settings.debug_mode == 1


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: nothing, warnings, errors."""
    return _settings.debug_mode


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """Set that, also by name: 'default', 'warn' or 'error'."""
    if not isinstance(debug_mode, int | str):
        raise TypeError(f"debug_mode must be str or int, but got {type(debug_mode)}")
    if isinstance(debug_mode, str):
        if debug_mode not in _DEBUG_MODES:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = _DEBUG_MODES.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _settings.debug_mode = debug_mode


# --- threads and warnings ---


def get_num_interop_threads() -> int:
    """How many operations run beside each other: what was set; in truth one."""
    return _settings.interop_threads


def set_num_interop_threads(threads: int) -> None:
    """Accept a number of threads."""
    if threads < 1:
        raise RuntimeError("expected positive number of threads")
    _settings.interop_threads = threads


def is_warn_always_enabled() -> bool:
    """Whether warnings that come once were asked to come always."""
    return _settings.warn_always


def set_warn_always(b: bool, /) -> None:
    """Ask for that; Python's filter of warnings decides here."""
    _settings.warn_always = b


# --- defaults ---


def get_default_device() -> device:
    """The CPU.

    >>> import adjoint as torch
    >>> torch.get_default_device()
    device(type='cpu')
    """
    return CPU


def set_default_device(device: Any) -> None:
    """Accept the CPU, or None for it; another device is an error."""
    check_device(device, "set_default_device")


def get_device_module(device: Any = None) -> ModuleType:
    """The module of a kind of device: `torch.cpu`."""
    named = CPU if device is None else device_named(device)
    if named.type not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(
            f"Device '{named.type}' does not have a corresponding module registered as 'torch.{named.type}'."
        )
    return importlib.import_module(f"adjoint.{named.type}")


device_named = device


def set_default_tensor_type(t: Any, /) -> None:
    """Have new tensors of floats the type of a class such as `torch.DoubleTensor`, which may be given by name.

    >>> import adjoint as torch
    >>> torch.set_default_tensor_type(torch.DoubleTensor)
    >>> torch.tensor(1.0).dtype
    torch.float64
    >>> torch.set_default_tensor_type("torch.FloatTensor")
    """
    kind = t
    if isinstance(t, str):
        if t.startswith("torch.cuda."):
            raise TypeError(f"type {t} not available. Torch not compiled with CUDA enabled.")
        kind = CONSTRUCTORS.get(t.removeprefix("torch."))
        if kind is None:
            raise TypeError(f"invalid type: {t!r}")
    if kind not in CONSTRUCTORS.values():
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if kind.dtype.rank != dtypes.FLOAT:
        raise TypeError("only floating-point types are supported as the default type")
    dtypes.set_default_dtype(kind.dtype)
