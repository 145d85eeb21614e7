"""Storages: the memory that tensors lie in, which several of them may share."""

from __future__ import annotations

import math
from collections.abc import Callable
from reprlib import repr as shown
from typing import Any

import numpy as np

from adjoint.arrays.kernels.layout import memory_of as whole_memory_of
from adjoint.arrays.kernels.layout import span
from adjoint.core import dtypes
from adjoint.core.device import CPU
from adjoint.core.device import device as Device
from adjoint.core.dtypes import DTYPES, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.tensor import Memory, Tensor, buffer, created

__all__ = [
    "STORAGE_NAMES", "WITHOUT_STORAGE_TYPE", "StorageType", "TypedStorage", "UntypedStorage", "as_text", "memory_of",
    "swapped", "tensor_in",
]  # fmt: skip

#: types that files know by tensor only, in storages of plain bytes: those that came to PyTorch last
WITHOUT_STORAGE_TYPE = frozenset(
    each for each in DTYPES if each.name.startswith("float8") or each.name in ("uint16", "uint32", "uint64")
)

#: PyTorch's names of storages by type, as files have them: `FloatStorage`
STORAGE_NAMES = {each: f"{scalar_type_name(each)}Storage" for each in DTYPES if each not in WITHOUT_STORAGE_TYPE}
_TYPES = {name: each for each, name in STORAGE_NAMES.items()}


class StorageType:
    """What the name of a class of storages, such as `FloatStorage`, stands for in a file: a type of elements."""

    def __init__(self, name: str) -> None:
        self.dtype = _TYPES[name]

    def __repr__(self) -> str:
        return f"StorageType(dtype={self.dtype})"


class UntypedStorage:
    """Bytes in memory, as `map_location` gets them to see.

    Those of a file in the old format come after the tensors that lie in them: what must wait for them says so through
    `when_filled`.
    """

    __slots__ = ("_dtype", "_waiting", "array", "is_foreign")

    def __init__(self, array: Memory, is_foreign: bool = False, is_filled: bool = True) -> None:
        self.array = array
        self.is_foreign = is_foreign  # whether its bytes are in the order that this machine does not have
        self._dtype: DType | None = None
        self._waiting: list[Callable[[], None]] | None = None if is_filled else []

    @property
    def device(self) -> Device:
        """Where the bytes are: the CPU."""
        return CPU

    is_cuda = False

    def nbytes(self) -> int:
        """The number of bytes."""
        return self.array.size

    size = __len__ = nbytes

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return self.array.ctypes.data

    def cpu(self) -> UntypedStorage:
        """The storage itself: it is on the CPU."""
        return self

    def cuda(self, device: Any = None, non_blocking: bool = False) -> UntypedStorage:
        """An error, since there is no other device."""
        raise AssertionError(
            "Torch not compiled with CUDA enabled\nAdjoint computes on the CPU: return the storage itself."
        )

    def __repr__(self) -> str:
        return f"<UntypedStorage of {self.array.size} bytes>"

    def when_filled(self, action: Callable[[], None]) -> None:
        """Do something as soon as the bytes are there."""
        if self._waiting is None:
            action()
        else:
            self._waiting.append(action)

    def fill(self, source: np.ndarray) -> None:
        """Put the bytes in that were missing."""
        self.array[:] = source
        waiting, self._waiting = self._waiting or [], None
        for action in waiting:
            action()

    def used_as(self, dtype: DType) -> None:
        """Make the bytes valid elements of the first type that they are used as."""
        if self._dtype is None:
            self._dtype = dtype
            self.when_filled(self._settle)

    def _settle(self) -> None:
        dtype = self._dtype
        assert dtype is not None
        if dtype is dtypes.bool:
            if self.array.size and self.array.max() > 1:  # NumPy counts on 0 and 1
                np.minimum(self.array, 1, out=self.array)
            return
        if self.is_foreign:
            whole = self.array[: self.array.size // dtype.itemsize * dtype.itemsize]
            whole[:] = swapped(whole, dtype)


class TypedStorage:
    """A storage with the type of its elements, as the pickle in a file refers to it."""

    __slots__ = ("dtype", "untyped")

    def __init__(self, untyped: UntypedStorage, dtype: DType) -> None:
        self.untyped = untyped
        self.dtype = dtype


def swapped(data: np.ndarray, dtype: DType) -> np.ndarray:
    """Bytes with those of each number in the opposite order."""
    width = dtype.itemsize // 2 if dtype.is_complex else dtype.itemsize
    return data.view(f"u{width}").byteswap().view(np.uint8)


def as_text(value: Any) -> str:
    """A key or a place that a file gives as text; those of Python 2 give bytes."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str):
        raise RuntimeError(f"a storage is named by text, not {shown(value)}\nThe file is damaged.")
    return text


def tensor_in(
    storage: UntypedStorage, dtype: DType, offset: int, size: tuple[int, ...], stride: tuple[int, ...],
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor that lies in a storage. It never reaches out of it, whatever a file says."""
    item = dtype.itemsize
    if len(size) != len(stride):
        raise RuntimeError(f"mismatch in length of strides and shape\nThey are {list(stride)} and {list(size)}.")
    if offset < 0 or min(size, default=0) < 0 or min(stride, default=0) < 0:
        raise RuntimeError(
            f"Tensor: invalid storage offset {offset}, sizes {list(size)} or strides {list(stride)}\n"
            "The file is damaged: none of them can be negative."
        )
    elements = math.prod(size)
    needed = (offset + span(size, stride)) * item if elements else 0
    if needed > storage.nbytes():
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {offset}, and itemsize {item} requiring "
            f"a storage size of {needed} are out of bounds for storage of size {storage.nbytes()}\nThe file is damaged."
        )
    storage.used_as(dtype)
    start = offset * item if elements or offset * item <= storage.nbytes() else 0
    try:
        array = np.ndarray(size, dtype.numpy, storage.array, start, tuple(step * item for step in stride))
    except (ValueError, OverflowError, TypeError, MemoryError) as error:
        raise RuntimeError(f"NumPy has no arrays of sizes {list(size)} and strides {list(stride)}: {error}") from None
    return created(array, requires_grad)


def memory_of(tensor: Tensor) -> tuple[np.ndarray, int]:
    """All bytes of the memory that a tensor lies in, and how many elements lie there before its first.

    NumPy knows which arrays share their memory: they have the same base. A tensor that lies in its memory as none of
    PyTorch's can is taken as a copy.
    """
    array: Any = buffer(tensor)
    if not isinstance(array, np.ndarray):
        raise RuntimeError(
            f"Cannot access data pointer of Tensor that doesn't have storage\nIts numbers are a {type(array).__name__}."
        )
    if all(step >= 0 and not step % array.itemsize for step in array.strides):
        memory = np.asarray(whole_memory_of(array)).view(np.uint8)
        offset, rest = divmod(address_of(array) - address_of(memory), array.itemsize)
        if not rest and offset >= 0 and (offset + span_of(array)) * array.itemsize <= memory.size:
            return memory, offset
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8), 0


def address_of(array: np.ndarray) -> int:
    """The address of an array's first element."""
    return array.__array_interface__["data"][0]


def span_of(array: np.ndarray) -> int:
    """How many elements of memory an array reaches over."""
    return span(array.shape, tuple(step // array.itemsize for step in array.strides))
