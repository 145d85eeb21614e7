"""`torch.load`."""

from __future__ import annotations

import io
import os
import pickle
import sys
import warnings
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from adjoint.core import dtypes
from adjoint.core.device import device as Device
from adjoint.lazy import lazy
from adjoint.serialization.container import Archive
from adjoint.serialization.files import is_path, opened
from adjoint.serialization.legacy import load_legacy
from adjoint.serialization.location import Restore, restorer
from adjoint.serialization.names import PLAIN_BYTES, is_allowed, trusted
from adjoint.serialization.options import LoadEndianness, get_default_load_endianness, get_default_mmap_options
from adjoint.serialization.rebuilding import is_size
from adjoint.serialization.storage import StorageType, TypedStorage, UntypedStorage, as_text
from adjoint.serialization.unpickling import globals_in, unpickle

__all__ = ["get_unsafe_globals_in_checkpoint", "load"]

memory_map = lazy("mmap")
safetensors = lazy("adjoint.serialization.safetensors")


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read an object from a file that Adjoint or PyTorch has saved: tensors, and containers of them and of plain values.

    `f` is a path, or an object to read from. Nothing that the file says is executed: whatever else it asks for is refused
    by its name, unless `torch.serialization.add_safe_globals` has been given it. So `weights_only=False`, which executes
    the file, is an error.

    `map_location` says where tensors go that were on other devices, as in `map_location="cpu"`. With `mmap=True` the
    numbers stay in the file until they are used; writing to them does not change it.

    >>> import io
    >>> import adjoint as torch
    >>> file = io.BytesIO()
    >>> torch.save([torch.eye(2), "two"], file)
    >>> _ = file.seek(0)
    >>> torch.load(file, weights_only=True)
    [tensor([[1., 0.],
            [0., 1.]]), 'two']
    """
    if weights_only is False:
        raise RuntimeError(
            "weights_only=False would execute what the file says, which Adjoint never does\n"
            "Leave it out. If the file holds objects of classes that you trust, name them first: "
            "torch.serialization.add_safe_globals([TheClass])."
        )
    if pickle_module is not None:
        raise RuntimeError(
            "Can not safely load weights when explicit pickle_module is specified\n"
            "Leave it out: a pickle module executes what the file says, which Adjoint never does."
        )
    if pickle_load_args:
        warnings.warn("pickle_load_args only works if `weights_only=False`.", stacklevel=2)
    encoding = pickle_load_args.get("encoding", "utf-8")
    if is_path(f) and os.fspath(f).endswith(".safetensors"):
        return _load_safetensors(f, map_location)
    restore = restorer(map_location)
    with opened(f) as file:
        try:
            if _is_archive(file):
                return _load_archive(file, restore, encoding, _mapped(f) if mmap else None)
            if mmap:
                name = f"{f}, " if isinstance(f, str) else ""
                raise RuntimeError(
                    f"mmap can only be used with files saved with `torch.save({name}_use_new_zipfile_serialization=True), "
                    "please torch.save your checkpoint with this option in order to use mmap."
                )
            return load_legacy(file, restore, encoding)
        except pickle.UnpicklingError as error:
            raise pickle.UnpicklingError(f"Weights only load failed. {error}") from None


def _is_archive(file: Any) -> bool:
    start = file.tell()
    found = file.read(4) == b"PK\x03\x04"
    file.seek(start)
    return found


def _mapped(f: Any) -> Any:
    """A file's memory map: one that keeps what is written to it to itself, unless the program has chosen otherwise."""
    if not is_path(f):
        raise ValueError("f must be a file path in order to use the mmap argument")
    flags = get_default_mmap_options()
    is_shared = flags is not None and flags == getattr(memory_map, "MAP_SHARED", None)
    with Path(f).open("r+b" if is_shared else "rb") as file:
        access = memory_map.ACCESS_WRITE if is_shared else memory_map.ACCESS_COPY
        return memory_map.mmap(file.fileno(), 0, access=access)


def _load_archive(file: Any, restore: Restore, encoding: str, mapped: Any) -> Any:
    archive = Archive(file, mapped)
    if "constants.pkl" in archive:
        raise RuntimeError(
            "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``. \n"
            "Save the state dict of the module with PyTorch, and load that."
        )
    storages = _Storages(archive, restore)
    return unpickle(io.BytesIO(archive.read("data.pkl")), storages.referred_to, encoding)


class _Storages:
    """The storages of an archive, each read when the pickle first refers to it."""

    def __init__(self, archive: Archive, restore: Restore) -> None:
        self._archive = archive
        self._restore = restore
        self._is_foreign = _byte_order(archive) != sys.byteorder
        self._read: dict[str, UntypedStorage] = {}

    def referred_to(self, reference: tuple) -> TypedStorage:
        if len(reference) != 5 or reference[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {shown(reference)}")
        _, kind, key, location, elements = reference
        if not (isinstance(kind, StorageType) or kind is PLAIN_BYTES) or not is_size(elements) or elements < 0:
            raise pickle.UnpicklingError(f"a storage has a type and a size, not {shown(reference)}")
        dtype = kind.dtype or dtypes.uint8
        key, location = as_text(key), as_text(location)
        if key not in self._read:
            data = self._archive.array(f"data/{key}")
            if data.size // dtype.itemsize != elements:
                raise RuntimeError(
                    f"record size ({data.size} bytes) does not match expected size ({elements * dtype.itemsize} bytes = "
                    f"{elements} elements * {dtype.itemsize} bytes/element) for dtype {dtypes.scalar_type_name(dtype)}\n"
                    "The file is damaged."
                )
            self._read[key] = self._restore(UntypedStorage(data, self._is_foreign), location)
        return TypedStorage(self._read[key], dtype)


def _byte_order(archive: Archive) -> str:
    if "byteorder" in archive:
        order = archive.read("byteorder")
        if order not in (b"little", b"big"):
            raise ValueError(f"Unknown endianness type: {order.decode('ascii', 'replace'):.100}\nThe file is damaged.")
        return order.decode()
    chosen = get_default_load_endianness() or LoadEndianness.LITTLE
    return sys.byteorder if chosen is LoadEndianness.NATIVE else chosen.name.lower()


def _load_safetensors(f: Any, map_location: Any) -> dict[str, Any]:
    if map_location is not None and not isinstance(map_location, str | bytes | Device):
        kind = "dict" if isinstance(map_location, dict) else "callable"
        raise RuntimeError(
            f"Loading safetensors file with {kind} map_location is not supported. Use a device string or torch.device instead."
        )
    return safetensors.load_file(f, "cpu" if map_location is None else map_location)


def get_unsafe_globals_in_checkpoint(f: Any) -> list[str]:
    """The names that a file asks for and `load` would refuse.

    >>> import io
    >>> import adjoint as torch
    >>> file = io.BytesIO()
    >>> torch.save({"step": 1, "range": range(3)}, file)
    >>> _ = file.seek(0)
    >>> torch.serialization.get_unsafe_globals_in_checkpoint(file)
    ['builtins.range']
    """
    with opened(f) as file:
        if not _is_archive(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        archive = Archive(file)
        if "constants.pkl" in archive:
            raise ValueError(
                "Expected input to be a checkpoint returned by torch.save but got a torchscript checkpoint"
            )
        asked = globals_in(io.BytesIO(archive.read("data.pkl")))
    trust = trusted()
    return sorted(name for name in asked if name not in trust and not is_allowed(name))
