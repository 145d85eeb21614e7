"""Memory that processes share: a tensor in it, sent to another process, is the same tensor there."""

from __future__ import annotations

from multiprocessing.heap import Arena
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, buffer, created
from adjoint.ops.protocols import of_kind


class _Owner:
    """Memory that other processes see, as the owner of arrays: NumPy keeps it as their base."""

    def __init__(self, arena: Any) -> None:
        self.arena = arena
        self._bytes = np.frombuffer(arena.buffer, np.uint8)
        self.__array_interface__ = self._bytes.__array_interface__

    def array(self, shape: tuple, dtype: Any, start: int = 0, strides: tuple | None = None) -> np.ndarray:
        """An array on these bytes."""
        return np.ndarray(shape, dtype, np.asarray(self), start, strides)


def owner_of(array: Any) -> Any:
    """The shared memory that an array lies in; None where it lies in none."""
    while array is not None and not isinstance(array, _Owner):
        array = getattr(array, "base", None)
    return array


@public(on_module=False)
def is_shared(self: Tensor) -> bool:
    """Whether the tensor lies in memory that processes share.

    >>> import adjoint as torch
    >>> torch.ones(2).is_shared(), torch.ones(2).share_memory_().is_shared()
    (False, True)
    """
    return owner_of(self._data) is not None


@public(on_module=False)
def share_memory_(self: Tensor) -> Tensor:
    """Move the tensor into memory that processes share, and return it.

    A process that it is sent to, or that is forked, reads and writes the same elements. Tensors and arrays that were made
    of it before keep the memory that they have.
    """
    if not self.is_shared():
        array = buffer(self)
        place = _Owner(Arena(max(array.nbytes, 1))).array(array.shape, array.dtype)
        place[...] = array
        self._data = place
    _register(type(self))
    return self


def _register(kind: type) -> None:
    """Have Python send tensors of this kind as `reduced` says."""
    ForkingPickler.register(kind, reduced)


def reduced(tensor: Tensor) -> tuple:
    """How a tensor is sent to another process: by its place in shared memory, or with its elements."""
    if tensor.requires_grad and not tensor.is_leaf:
        raise RuntimeError(
            "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing "
            "process boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing "
            "(e.g., putting it on the queue)."
        )
    array = tensor._data
    owner = owner_of(array)
    facts = tensor.requires_grad, type(tensor), dict(vars(tensor))
    if owner is not None:
        start = array.ctypes.data - np.asarray(owner).ctypes.data
        return _placed, (owner.arena, array.shape, array.dtype, start, array.strides, *facts)
    array = np.ascontiguousarray(tensor.numpy(force=True)).reshape(tensor.shape)  # which makes 1-d of 0-d
    # NumPy hands on the memory of its own types only, so others go as whole numbers of their size
    plain = array.view(f"u{array.itemsize}") if array.dtype.kind == "V" else array
    return _rebuilt, (plain, array.dtype, *facts)


def _placed(
    arena: Any, shape: tuple, dtype: Any, start: int, strides: tuple, requires_grad: bool, kind: type, attributes: dict
) -> Tensor:
    _register(kind)
    array = _Owner(arena).array(shape, dtype, start, strides)
    return of_kind(created(array, requires_grad), kind, attributes)


def _rebuilt(array: Any, dtype: Any, requires_grad: bool, kind: type, attributes: dict) -> Tensor:
    return of_kind(created(array.view(dtype), requires_grad), kind, attributes)


_register(Tensor)
