"""PyTorch's format before version 1.6: pickles one after another, and then the storages."""

from __future__ import annotations

import io
import pickle
import struct
import sys
from reprlib import repr as shown
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.tensor import Memory
from adjoint.serialization.location import Restore
from adjoint.serialization.names import PLAIN_BYTES
from adjoint.serialization.pickling import Pickler
from adjoint.serialization.rebuilding import is_size
from adjoint.serialization.storage import (
    WITHOUT_STORAGE_TYPE,
    StorageType,
    TypedStorage,
    UntypedStorage,
    as_text,
    swapped,
)
from adjoint.serialization.unpickling import unpickle

__all__ = ["load_legacy", "save_legacy"]

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
_SYSTEM = {
    "protocol_version": PROTOCOL_VERSION, "little_endian": sys.byteorder == "little",
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}  # fmt: skip


def save_legacy(thing: Any, file: Any, protocol: int) -> None:
    """Write an object in the old format. Its numbers are little-endian always."""
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, _SYSTEM):
        file.write(pickle.dumps(header, protocol))
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol, reference=(None,))
    pickler.dump(thing)
    file.write(pickled.getbuffer())
    file.write(pickle.dumps(sorted(pickler.storages), protocol))
    for key in sorted(pickler.storages):
        memory, dtype = pickler.storages[key], pickler.types[key]
        item = 1 if dtype in WITHOUT_STORAGE_TYPE else dtype.itemsize
        file.write(struct.pack("<q", memory.size // item))
        whole = memory[: memory.size // item * item]
        file.write((whole if sys.byteorder == "little" else swapped(whole, dtype)).data)


def load_legacy(file: Any, restore: Restore, encoding: str) -> Any:
    """Read an object in the old format, and leave the file behind it, where another one may follow."""
    start = file.tell()
    data = file.read()
    if not data:
        raise EOFError("Ran out of input\nThe file is empty.")
    if data[257:262] == b"ustar":
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with files saved in the legacy .tar format. \n"
            "Load the file with an old PyTorch, and save it again."
        )
    stream = io.BytesIO(data)
    if unpickle(stream) != MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?\nThe file was not written by torch.save.")
    version = unpickle(stream)
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {shown(version)}")
    unpickle(stream)  # the system that wrote it
    storages = _Storages(restore, len(data))
    found = unpickle(stream, storages.referred_to, encoding)
    keys = unpickle(stream)
    storages.fill(keys if isinstance(keys, list) else [], data, stream)
    file.seek(start + stream.tell())
    return found


class _Storages:
    """The storages of a file, to which its pickle refers before their bytes come."""

    def __init__(self, restore: Restore, limit: int) -> None:
        self._restore = restore
        self._left = limit  # so many bytes storages can have that are yet to be named: no more than the file
        self._roots: dict[str, tuple[UntypedStorage, int]] = {}  # with the size of their elements
        self._views: dict[tuple[str, str], UntypedStorage] = {}

    def referred_to(self, reference: tuple) -> Any:
        if len(reference) == 4 and reference[0] in ("module", b"module"):
            return reference[1]  # a class, which has been found to be trusted
        if len(reference) != 6 or reference[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {shown(reference)}")
        _, kind, key, location, elements, view = reference
        if not (isinstance(kind, StorageType) or kind is PLAIN_BYTES) or not is_size(elements) or elements < 0:
            raise pickle.UnpicklingError(f"a storage has a type and a size, not {shown(reference)}")
        dtype = kind.dtype or dtypes.uint8
        key, location = as_text(key), as_text(location)
        if key not in self._roots:
            size = elements * dtype.itemsize
            self._left -= size
            if self._left < 0:
                raise RuntimeError("unexpected EOF. The file might be corrupted.\nIts storages are larger than itself.")
            storage = UntypedStorage(Memory(size, np.uint8), sys.byteorder == "big", is_filled=False)
            self._roots[key] = self._restore(storage, location), dtype.itemsize
        root = self._roots[key][0]
        return TypedStorage(root if view is None else self._view(key, root, dtype, view), dtype)

    def _view(self, key: str, root: UntypedStorage, dtype: DType, view: Any) -> UntypedStorage:
        """A part of a storage, of which the oldest files know."""
        if not (isinstance(view, tuple) and len(view) == 3 and is_size(view[1]) and is_size(view[2])):
            raise pickle.UnpicklingError(f"a view of a storage has a name, an offset and a size, not {shown(view)}")
        start, size = view[1] * dtype.itemsize, view[2] * dtype.itemsize
        if start < 0 or size < 0 or start + size > root.nbytes():
            raise RuntimeError(f"a view reaches beyond its storage of {root.nbytes()} bytes\nThe file is damaged.")
        name = key, as_text(view[0])
        if name not in self._views:
            root.used_as(dtype)
            part = UntypedStorage(root.array[start : start + size].view(Memory), is_filled=False)
            root.when_filled(lambda: part.fill(part.array))
            self._views[name] = part
        return self._views[name]

    def fill(self, keys: list, data: bytes, stream: Any) -> None:
        """Read the storages, in the order of their keys."""
        empty = set(self._roots)
        for each in keys:
            key = as_text(each)
            if key not in empty:
                raise RuntimeError(f"storage key {shown(key)} is not that of a tensor\nThe file is damaged.")
            storage, item = self._roots[key]
            header = stream.read(8)
            size = struct.unpack("<q", header)[0] * item if len(header) == 8 else -1
            missing = storage.nbytes() - (len(data) - stream.tell())
            if len(header) < 8 or missing > 0:
                raise RuntimeError(
                    f"unexpected EOF, expected {max(missing, 1)} more bytes. The file might be corrupted.\n"
                    "It was cut off: load an earlier file, or get this one again."
                )
            if size != storage.nbytes():
                raise RuntimeError(f"storage has wrong byte size: expected {storage.nbytes()} got {size}")
            storage.fill(np.frombuffer(data, np.uint8, size, stream.tell()))
            stream.seek(size, io.SEEK_CUR)
            empty.discard(key)
        if empty:
            raise RuntimeError(f"the file lacks the storages {shown(sorted(empty))}\nIt is damaged.")
