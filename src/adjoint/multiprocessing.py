"""`torch.multiprocessing`: Python's `multiprocessing`, with tensors that travel between processes.

A tensor that is put into a queue or a pipe arrives whole, in memory of its own.

>>> from adjoint import multiprocessing
>>> multiprocessing.get_sharing_strategy()
'file_descriptor'
"""

from __future__ import annotations

import multiprocessing as _python
import sys as _sys
from multiprocessing import *  # noqa: F403
from multiprocessing.reduction import ForkingPickler as _ForkingPickler
from typing import Any

import numpy as _np

from adjoint.core.tensor import Tensor as _Tensor
from adjoint.core.tensor import created as _created

__all__ = ["get_all_sharing_strategies", "get_sharing_strategy", "set_sharing_strategy", *_python.__all__]  # noqa: PLE0604

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


def _reduced(tensor: _Tensor) -> tuple:
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing "
            "process boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing "
            "(e.g., putting it on the queue)."
        )
    array = _np.ascontiguousarray(tensor.numpy(force=True)).reshape(tensor.shape)  # which makes 1-d of 0-d
    # NumPy hands on the memory of its own types only, so others go as whole numbers of their size
    plain = array.view(f"u{array.itemsize}") if array.dtype.kind == "V" else array
    return _rebuilt, (plain, array.dtype, tensor.requires_grad)


def _rebuilt(array: Any, dtype: Any, requires_grad: bool) -> _Tensor:
    return _created(array.view(dtype), requires_grad)


_ForkingPickler.register(_Tensor, _reduced)
