"""`torch.cpu`: the processor as a device, of which there is one, which is always ready.

>>> import adjoint as torch
>>> torch.cpu.is_available(), torch.cpu.device_count(), torch.cpu.current_device()
(True, 1, 'cpu')
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from adjoint.cpu import amp as amp

__all__ = [
    "Stream", "StreamContext", "current_device", "current_stream", "device_count", "is_available", "is_initialized",
    "set_device", "stream", "synchronize",
]  # fmt: skip


class Stream:
    """Work in order, as on a GPU; here all work is."""

    def __init__(self, priority: int = -1) -> None:
        pass

    def wait_stream(self, stream: Any) -> None:
        """Nothing to wait for."""

    def synchronize(self) -> None:
        """Nothing to wait for."""


class StreamContext(nullcontext[None]):
    """A block whose work goes to a stream; here it goes where all work goes."""


_stream = Stream()


def is_available() -> bool:
    """Yes."""
    return True


def is_initialized() -> bool:
    """Yes."""
    return True


def synchronize(device: Any = None) -> None:
    """Nothing: work is done when a call returns."""


def current_device() -> str:
    """Its name."""
    return "cpu"


def set_device(device: Any) -> None:
    """Nothing: there is one."""


def device_count() -> int:
    """One."""
    return 1


def current_stream(device: Any = None) -> Stream:
    """The only one."""
    return _stream


def stream(stream: Any) -> AbstractContextManager[None]:
    """A block whose work goes to a stream."""
    return StreamContext()
