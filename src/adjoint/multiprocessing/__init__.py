"""`torch.multiprocessing`: Python's `multiprocessing`, with tensors that travel between processes.

A tensor that is put into a queue or a pipe arrives whole: in the same memory after `Tensor.share_memory_`, else in memory
of its own.

>>> from adjoint import multiprocessing
>>> multiprocessing.get_sharing_strategy()
'file_descriptor'
"""

from __future__ import annotations

import multiprocessing as _python
import sys as _sys
from multiprocessing import *  # noqa: F403

from adjoint.multiprocessing.processes import (
    ProcessContext,
    ProcessExitedException,
    ProcessRaisedException,
    SpawnContext,
    spawn,
    start_processes,
)
from adjoint.ops import sharing as _sharing  # noqa: F401  (by which tensors travel)

__all__ = [  # noqa: PLE0604
    "ProcessContext", "ProcessExitedException", "ProcessRaisedException", "SpawnContext", "get_all_sharing_strategies",
    "get_sharing_strategy", "set_sharing_strategy", "spawn", "start_processes", *_python.__all__,
]  # fmt: skip

_strategies = {"file_system"} if _sys.platform in {"darwin", "win32"} else {"file_descriptor", "file_system"}
_strategy = min(_strategies)


def set_sharing_strategy(new_strategy: str) -> None:
    """Accept one of the strategies of PyTorch's; how tensors travel does not depend on it."""
    global _strategy  # noqa: PLW0603
    if new_strategy not in _strategies:
        raise AssertionError(f"invalid sharing strategy {new_strategy!r}, expected one of {_strategies}")
    _strategy = new_strategy


def get_sharing_strategy() -> str:
    """The strategy that was set last."""
    return _strategy


def get_all_sharing_strategies() -> set[str]:
    """The strategies that `set_sharing_strategy` accepts."""
    return _strategies
