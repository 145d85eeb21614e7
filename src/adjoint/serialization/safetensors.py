"""The safetensors format: a header in JSON that says where each tensor lies, and then the numbers.

The functions are those of `safetensors.torch`.
"""

from __future__ import annotations

import io
import json
import math
import struct
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.device import check_device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.tensor import Memory, Tensor
from adjoint.serialization.files import opened, replacing
from adjoint.serialization.storage import UntypedStorage, address_of, memory_of, swapped, tensor_in

__all__ = ["SafetensorError", "load", "load_file", "save", "save_file"]

#: in the order in which the format's own package writes them: the widest first
_TYPES = {
    "U64": dtypes.uint64, "I64": dtypes.int64, "F64": dtypes.float64, "C64": dtypes.complex64, "F32": dtypes.float32,
    "U32": dtypes.uint32, "I32": dtypes.int32, "BF16": dtypes.bfloat16, "F16": dtypes.float16, "U16": dtypes.uint16,
    "I16": dtypes.int16, "F8_E5M2FNUZ": dtypes.float8_e5m2fnuz, "F8_E4M3FNUZ": dtypes.float8_e4m3fnuz,
    "F8_E8M0": dtypes.float8_e8m0fnu, "F8_E4M3": dtypes.float8_e4m3fn, "F8_E5M2": dtypes.float8_e5m2, "I8": dtypes.int8,
    "U8": dtypes.uint8, "BOOL": dtypes.bool,
}  # fmt: skip
_ORDER = list(_TYPES.values())
_NAMES = {dtype: name for name, dtype in _TYPES.items()}
_LARGEST_HEADER = 100_000_000


class SafetensorError(RuntimeError):
    """What is raised for a file that is not in order."""


# --- saving ---


def save_file(tensors: dict[str, Tensor], filename: Any, metadata: dict[str, str] | None = None) -> None:
    """Write tensors by name to a file, which is replaced in one step.

    >>> import tempfile, pathlib
    >>> import adjoint as torch
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.safetensors"
    >>> torch.serialization.safetensors.save_file({"weight": torch.ones(2)}, path)
    >>> torch.serialization.safetensors.load_file(path)
    {'weight': tensor([1., 1.])}
    """
    header, arrays = _laid_out(tensors, metadata)
    with replacing(filename) as file:
        file.write(header)
        for array in arrays:
            file.write(array.data)


def save(tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """What `save_file` writes, as bytes."""
    header, arrays = _laid_out(tensors, metadata)
    return b"".join([header, *(array.data for array in arrays)])


def _laid_out(tensors: Any, metadata: Any) -> tuple[bytes, list[np.ndarray]]:
    """The header, and the bytes of each tensor in order: the widest types first, so that all of them are aligned."""
    _check_all(tensors)
    listed: dict[str, Any] = {} if metadata is None else {"__metadata__": _checked_metadata(metadata)}
    arrays, start = [], 0
    for name, tensor in sorted(tensors.items(), key=lambda item: (_ORDER.index(item[1].dtype), item[0])):
        data = np.ascontiguousarray(tensor.detach().numpy()).reshape(-1).view(np.uint8)
        arrays.append(data if sys.byteorder == "little" else swapped(data, tensor.dtype))
        listed[name] = {
            "dtype": _NAMES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [start, start + data.size],
        }
        start += data.size
    header = json.dumps(listed, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header, arrays


def _checked_metadata(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, dict) or any(type(each) is not str for pair in metadata.items() for each in pair):
        raise TypeError("metadata must be a dict of text\nTurn its values into text with str() or json.dumps().")
    return metadata


def _check_all(tensors: Any) -> None:
    if not isinstance(tensors, Mapping):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise ValueError(
                f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}\n"
                "A safetensors file holds tensors by name only: use torch.save for anything else."
            )
        if tensor.dtype not in _NAMES:
            raise ValueError(f"safetensors has no type for {tensor.dtype}, which {name!r} has\nCast it first.")
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. It either means you are "
                "trying to save tensors which are reference of each other in which case it's recommended to save only the "
                "full tensors, and reslice at load time, or simply call `.contiguous()` on your tensor to pack it before "
                "saving."
            )
    _refuse_sharing(tensors)


def _refuse_sharing(tensors: Any) -> None:
    """The format has no way to say that tensors share their memory: they would come apart."""
    owners: dict[tuple[int, int], str] = {}
    for name, tensor in tensors.items():
        memory, _ = memory_of(tensor)
        place = address_of(memory), memory.size
        if memory.size and owners.setdefault(place, name) != name and _overlap(tensor, tensors[owners[place]]):
            raise RuntimeError(
                f"Some tensors share memory, this will lead to duplicate memory on disk and potential differences when "
                f"loading them again: [{{{owners[place]!r}, {name!r}}}].\nSave one of them, or a clone() of each; torch.save "
                "keeps what is shared."
            )


def _overlap(one: Tensor, other: Tensor) -> bool:
    return np.may_share_memory(one.detach().numpy(), other.detach().numpy())


# --- loading ---


def load_file(filename: Any, device: Any = "cpu") -> dict[str, Tensor]:
    """The tensors of a file, by name."""
    check_device(device.decode() if isinstance(device, bytes) else device)
    with opened(filename) as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        return _read(file, size)


def load(data: bytes) -> dict[str, Tensor]:
    """The tensors of a file whose bytes these are.

    >>> import adjoint as torch
    >>> saved = torch.serialization.safetensors.save({"n": torch.tensor([1, 2])})
    >>> torch.serialization.safetensors.load(saved)
    {'n': tensor([1, 2])}
    """
    return _read(io.BytesIO(data), len(data))


def _read(file: Any, size: int) -> dict[str, Tensor]:
    if size < 8:
        raise _failure("header too small", "the file has fewer than 8 bytes")
    (length,) = struct.unpack("<Q", file.read(8))
    if length > _LARGEST_HEADER:
        raise _failure("header too large", f"it would have {length} bytes")
    if 8 + length > size:
        raise _failure("invalid header length", f"it would have {length} bytes, which the file has not")
    places = _places(file.read(length), size - 8 - length)
    tensors = {}
    for name, dtype, shape, (start, end) in places:
        file.seek(8 + length + start)
        storage = UntypedStorage(
            Memory(end - start, np.uint8, bytearray(file.read(end - start))), sys.byteorder == "big"
        )
        strides = tuple(math.prod(max(each, 1) for each in shape[place + 1 :]) for place in range(len(shape)))
        tensors[name] = tensor_in(storage, dtype, 0, shape, strides)
    return tensors


def _places(header: bytes, size: int) -> list[tuple[str, DType, tuple[int, ...], tuple[int, int]]]:
    """Where each tensor lies. Together they cover the file, without gaps and without sharing a byte."""
    places = []
    for name, entry in _parsed(header).items():
        if name == "__metadata__":
            if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
                raise _failure("invalid header", "the metadata is not a dict of text")
            continue
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
            raise _failure("invalid header", f"{name!r:.100} must have a dtype, a shape and data_offsets")
        shape, offsets = _integers(name, entry["shape"]), _integers(name, entry["data_offsets"])
        dtype = _TYPES.get(entry["dtype"]) if isinstance(entry["dtype"], str) else None
        if dtype is None:
            raise _failure("invalid header", f"Adjoint has no type {entry['dtype']!r:.100}")
        if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
            raise _failure(
                "invalid shape, data type, or offset for tensor",
                f"{name!r:.100} with {shape} of {dtype} does not fit {offsets}",
            )
        places.append((name, dtype, shape, (offsets[0], offsets[1])))
    reached = 0
    for name, *_, (start, end) in sorted(places, key=lambda place: place[3]):
        if start != reached:
            raise _failure(
                "invalid offset for tensor", f"{name!r:.100} starts at {start}, and what is before it ends at {reached}"
            )
        reached = end
    if reached != size:
        raise _failure(
            "incomplete metadata, file not fully covered", f"the tensors have {reached} bytes, and the file has {size}"
        )
    return places


def _parsed(header: bytes) -> dict[str, Any]:
    if header[:1] != b"{":
        raise _failure("invalid header start", "it must start with {")
    try:
        found = json.loads(header.decode(), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise _failure("invalid header", str(error)[:200]) from None
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands there twice")
    return found


def _integers(name: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, list) or not all(type(each) is int and 0 <= each < 1 << 63 for each in values):
        raise _failure("invalid header", f"the numbers of {name!r:.100} must be integers from 0 on")
    return tuple(values)


def _failure(kind: str, reason: str) -> SafetensorError:
    return SafetensorError(f"Error while deserializing: {kind}: {reason}\nThe file is damaged, or not safetensors.")
