"""Pickles, written as PyTorch writes them: tensors as calls that rebuild them, on storages that lie beside the pickle."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from adjoint.core.device import device as Device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.formats import layout as Layout
from adjoint.core.formats import memory_format
from adjoint.core.tensor import Size, Tensor
from adjoint.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from adjoint.serialization.names import path_of
from adjoint.serialization.storage import STORAGE_NAMES, WITHOUT_STORAGE_TYPE, address_of, memory_of
from adjoint.utils.hooks import warn_if_has_hooks

__all__ = ["Pickler"]

_PLAIN = frozenset({str, int, float, bool, dict, list, tuple, type(None), bytes, OrderedDict})
_LAZY = (UninitializedBuffer, UninitializedParameter)


class _Name:
    """A global as a pickle names it, whether or not there is such a module here."""

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __call__(self, *_: Any) -> Any:
        raise TypeError(f"{self.module}.{self.name} is only a name")  # though `save_reduce` wants what can be called


_named = cache(_Name)  # so that the memo knows one by its identity


class _Stored:
    """What stands in a pickle for a storage."""

    def __init__(self, key: str, kind: _Name, elements: int) -> None:
        self.key = key
        self.kind = kind
        self.elements = elements


_PythonPickler: Any = pickle._Pickler


class Pickler(_PythonPickler):
    """Writes a pickle, and collects the memory of its tensors in `storages`, by the keys that the pickle refers to.

    It is built on Python's pickler in Python, the only one that lets the name of a global be written that cannot be
    imported: files are to have PyTorch's names in them.
    """

    dispatch = dict(_PythonPickler.dispatch)

    def __init__(self, file: Any, protocol: int, reference: tuple = ()) -> None:
        super().__init__(file, protocol)
        self.storages: dict[str, np.ndarray] = {}
        self._reference = reference  # what the old format has behind each reference to a storage
        self._keys: dict[tuple[int, int], str] = {}
        self.types: dict[str, DType] = {}

    def persistent_id(self, thing: Any) -> Any:
        if type(thing) is not _Stored:
            return None
        return "storage", thing.kind, thing.key, "cpu", thing.elements, *self._reference

    def reducer_override(self, thing: Any) -> Any:
        if type(thing) in _PLAIN:
            return NotImplemented
        if isinstance(thing, Tensor):
            return NotImplemented if isinstance(thing, _LAZY) else self._tensor(thing)
        if isinstance(thing, Size):
            return _named("torch", "Size"), (tuple(thing),)
        if isinstance(thing, Device):
            return _named("torch", "device"), (thing.type,) if thing.index is None else (thing.type, thing.index)
        if isinstance(thing, Layout):
            return _named("torch.serialization", "_get_layout"), (repr(thing),)
        return NotImplemented

    # --- tensors ---

    def _tensor(self, tensor: Tensor) -> tuple:
        warn_if_has_hooks(tensor)
        attributes = dict(vars(tensor))
        if isinstance(tensor, Parameter):
            arguments: tuple = (tensor.data, tensor.requires_grad, OrderedDict())
            if attributes:
                return _named("torch._utils", "_rebuild_parameter_with_state"), (*arguments, attributes)
            return _named("torch._utils", "_rebuild_parameter"), arguments
        function, arguments = self._rebuilding(tensor)
        kind: Any = type(tensor)
        if kind is Buffer:
            kind, attributes["_is_buffer"] = Tensor, True
        if kind is Tensor and not attributes:
            return function, arguments
        return _named("torch._tensor", "_rebuild_from_type_v2"), (function, kind, arguments, attributes)

    def _rebuilding(self, tensor: Tensor) -> tuple[_Name, tuple]:
        memory, offset = memory_of(tensor)
        dtype = tensor.dtype
        stored = self._stored(memory, dtype)
        arguments: tuple = (stored, offset, tuple(tensor.shape), tensor.stride(), tensor.requires_grad, OrderedDict())
        if dtype in WITHOUT_STORAGE_TYPE:
            return _named("torch._utils", "_rebuild_tensor_v3"), (*arguments, dtype)
        return _named("torch._utils", "_rebuild_tensor_v2"), arguments

    def _stored(self, memory: np.ndarray, dtype: DType) -> _Stored:
        """A reference to a storage. Each call makes a new one, as each of PyTorch's tensors makes its own."""
        place = address_of(memory), memory.size
        key = self._keys.get(place) if memory.size else None
        if key is None:
            key = str(len(self.storages))
            self.storages[key] = memory
            self._keys[place] = key
        is_typed = dtype not in WITHOUT_STORAGE_TYPE
        if self.types.setdefault(key, dtype) is not dtype and (is_typed or self.types[key] not in WITHOUT_STORAGE_TYPE):
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different types\n"
                f"They are {self.types[key]} and {dtype}: save a clone() of one of them."
            )
        if is_typed:
            return _Stored(key, _named("torch", STORAGE_NAMES[dtype]), memory.size // dtype.itemsize)
        return _Stored(key, _named("torch.storage", "UntypedStorage"), memory.size)

    # --- names ---

    def save_name(self, name: _Name) -> None:
        self._write_global(name, name.module, name.name)

    def save_global(self, obj: Any, name: str | None = None) -> None:
        """Write the name of a class or function, by PyTorch's for it where it is Adjoint's."""
        module, public = path_of(obj, name)
        if module.startswith("torch"):
            self._write_global(obj, module, public)
        else:
            super().save_global(obj, name)

    def _write_global(self, thing: Any, module: str, name: str) -> None:
        if self.proto >= 4:
            self.save(module)
            self.save(name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
        self.memoize(thing)

    dispatch[_Name] = save_name
    dispatch[DType] = save_global
    dispatch[memory_format] = save_global
    dispatch[FunctionType] = save_global
