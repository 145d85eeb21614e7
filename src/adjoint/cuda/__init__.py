"""`torch.cuda`: the answers of a machine without a GPU.

>>> import adjoint as torch
>>> "cuda" if torch.cuda.is_available() else "cpu"
'cpu'
"""

from sys import modules as _modules
from typing import Any, NoReturn

from adjoint.core.absent import absent_attribute as _absent_attribute
from adjoint.cuda import amp

__all__ = [
    "amp", "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "is_bf16_supported",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated", "memory_allocated", "set_device",
    "synchronize",
]  # fmt: skip

__getattr__ = _absent_attribute(_modules[__name__])


def is_available() -> bool:
    """No."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """No."""
    return False


def is_initialized() -> bool:
    """No."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing, for all GPUs."""


def empty_cache() -> None:
    """Nothing."""


def memory_allocated(device: Any = None) -> int:
    """None."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """None."""
    return 0


def current_device() -> NoReturn:
    """Refused: there is none."""
    raise _no_gpu()


def set_device(device: Any) -> NoReturn:
    """Refused."""
    raise _no_gpu()


def get_device_name(device: Any = None) -> NoReturn:
    """Refused."""
    raise _no_gpu()


def synchronize(device: Any = None) -> NoReturn:
    """Refused."""
    raise _no_gpu()


def _no_gpu() -> AssertionError:
    return AssertionError("Torch not compiled with CUDA enabled\nAdjoint computes on the CPU.")
