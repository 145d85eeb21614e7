"""`torch.accelerator`: the answers of a machine without one.

>>> import adjoint as torch
>>> torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else "cpu"
'cpu'
"""

from typing import Any, NoReturn

__all__ = [
    "current_accelerator", "current_device_index", "device_count", "is_available", "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """No."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator to seed."""


def current_accelerator(check_available: bool = False) -> None:
    """None."""


def current_device_index() -> NoReturn:
    """Refused: there is none."""
    raise _no_accelerator()


def set_device_index(device: Any, /) -> NoReturn:
    """Refused."""
    raise _no_accelerator()


def synchronize(device: Any = None, /) -> NoReturn:
    """Refused."""
    raise _no_accelerator()


def _no_accelerator() -> RuntimeError:
    return RuntimeError("Cannot access accelerator device when none is available.\nAdjoint computes on the CPU.")
