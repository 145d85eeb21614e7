"""The names that a file may call for, and what each of them stands for.

A file says `GLOBAL torch._utils _rebuild_tensor_v2`: that is a look-up in a table, never an import. What is not in the
table, and not trusted by the program itself, is refused by its name.
"""

from __future__ import annotations

import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Any

from adjoint.core.absent import public_name
from adjoint.core.device import device as Device
from adjoint.core.dtypes import DTYPES
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import exports
from adjoint.core.formats import memory_format
from adjoint.core.tensor import Size, Tensor
from adjoint.nn.parameter import Parameter
from adjoint.serialization import rebuilding
from adjoint.serialization.storage import STORAGE_NAMES, StorageType

__all__ = [
    "PLAIN_BYTES", "add_safe_globals", "clear_safe_globals", "find", "full_name", "get_safe_globals", "path_of",
    "safe_globals", "trusted",
]  # fmt: skip


class _PlainBytes:
    """What `torch.storage.UntypedStorage` stands for in a file."""

    dtype = None


PLAIN_BYTES = _PlainBytes()

_ALLOWED: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "collections.Counter": Counter,
    "builtins.bytearray": bytearray,
    "builtins.bytes": bytes,
    "builtins.complex": complex,
    "builtins.set": set,
    "_codecs.encode": rebuilding.encode,
    "torch.Size": Size,
    "torch.Tensor": Tensor,
    "torch.device": Device,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.serialization._get_layout": rebuilding.get_layout,
    "torch.storage.UntypedStorage": PLAIN_BYTES,
    "torch._tensor._rebuild_from_type_v2": rebuilding.rebuild_from_type,
    "torch._utils._rebuild_device_tensor_from_cpu_tensor": rebuilding.rebuild_on_cpu,
    "torch._utils._rebuild_parameter": rebuilding.rebuild_parameter,
    "torch._utils._rebuild_parameter_with_state": rebuilding.rebuild_parameter_with_state,
    "torch._utils._rebuild_tensor": rebuilding.rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuilding.rebuild_tensor_v2,
    "torch._utils._rebuild_tensor_v3": rebuilding.rebuild_tensor_v3,
    **{f"torch.{each.name}": each for each in DTYPES},
    **{f"torch.{name}": StorageType(name) for name in STORAGE_NAMES.values()},
}

#: what PyTorch loads and Adjoint does not have
_ABSENT = {
    "torch._utils._rebuild_qtensor": "quantized tensors",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch._utils._rebuild_nested_tensor": "nested tensors",
    "torch._utils._rebuild_meta_tensor_no_storage": "tensors without numbers",
    "torch._utils._rebuild_wrapper_subclass": "tensors that wrap others",
    "torch._utils._rebuild_device_tensor_from_numpy": "tensors of other devices that lie in a NumPy array",
    "torch.ComplexHalfStorage": "complex numbers of 32 bits",
    "torch.complex32": "complex numbers of 32 bits",
    **{
        f"torch.{name}": "quantized tensors"
        for each in ("QInt8", "QUInt8", "QInt32", "QUInt4x2", "QUInt2x4")
        for name in (each.lower(), f"{each}Storage")
    },
}

_LONGEST_NAME = 200  # of those that an error message shows

_BLOCKED_MODULES = ("sys", "os", "posix", "nt")


def full_name(module: str, name: str) -> str:
    """The name of a global as it stands in the tables: Python 3's, where protocol 2 uses Python 2's."""
    module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
    return f"{module}.{name}"


def find(name: str, trust: dict[str, Any]) -> Any:
    """What a name in a file stands for; an error for anything else than what is allowed, or trusted by the program."""
    if name.partition(".")[0] in _BLOCKED_MODULES:
        name = name[:_LONGEST_NAME]
        module = name.rpartition(".")[0]
        raise pickle.UnpicklingError(
            f"Trying to load unsupported GLOBAL {name} whose module {module} is blocked.\n"
            "The file was made to do harm: do not use it."
        )
    if name in trust:
        return trust[name]
    if name in _ALLOWED:
        return _ALLOWED[name]
    title = name[:_LONGEST_NAME].removeprefix("builtins.")
    if name in _ABSENT:
        raise pickle.UnpicklingError(f"Unsupported global: GLOBAL {title}\nAdjoint has no {_ABSENT[name]}.")
    raise pickle.UnpicklingError(
        f"Unsupported global: GLOBAL {title} was not an allowed global by default. Please use "
        f"`torch.serialization.add_safe_globals([{title}])` or the `torch.serialization.safe_globals([{title}])` context "
        "manager to allowlist this global if you trust this class/function.\nThe file asks for it to be called: without "
        "your permission, nothing that a file names is."
    )


def is_allowed(name: str) -> bool:
    """Whether a file may name this without the program's trust."""
    return name in _ALLOWED


# --- what the program trusts ---

_safe: set[Any] = set()


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let files call these classes and functions from now on; each is one, or a pair of one and its full name in files.

    To load a file is then to run their code with what the file says.
    """
    _safe.update(safe_globals)


def get_safe_globals() -> list[Any]:
    """The classes and functions that `add_safe_globals` has been given."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Take back all trust that `add_safe_globals` gave."""
    _safe.clear()


class safe_globals:  # noqa: N801  (PyTorch's name)
    """A context in which files may call these classes and functions: see `add_safe_globals`."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals

    def __enter__(self) -> None:
        add_safe_globals(self.safe_globals)

    def __exit__(self, *_: Any) -> None:
        _safe.difference_update(self.safe_globals)


def trusted() -> dict[str, Any]:
    """What the program trusts, by the names that files have for it."""
    found: dict[str, Any] = {}
    for each in _safe:
        if not isinstance(each, tuple):
            found[full_name(*path_of(each))] = each
            continue
        if len(each) != 2:
            raise ValueError(
                f"Expected tuple of length 2 (global, str of callable full path), but got tuple of length: {len(each)}"
            )
        thing, name = each
        if type(name) is not str:
            raise TypeError(f"Expected second item in tuple to be str of callable full path, but got: {type(name)}")
        found[name] = thing
    return found


# --- the other way round ---


def path_of(thing: Any, name: str | None = None) -> tuple[str, str]:
    """The module and the name by which a file refers to a class or function: PyTorch's, for what is Adjoint's."""
    if isinstance(thing, DType | memory_format):
        return "torch", thing.name
    name = name or getattr(thing, "__qualname__", None) or thing.__name__
    module = pickle.whichmodule(thing, name)  # type: ignore[attr-defined]
    if not module.startswith("adjoint."):
        return module, name
    if thing in _NAMED:
        return _NAMED[thing]
    if module.startswith("adjoint.ops."):
        return _exported(thing, exports.values()) or (module, name)
    return public_name(module), name


def _exported(thing: Any, declared: Iterable[Any]) -> tuple[str, str] | None:
    for each in declared:
        if each.function is thing and each.on_module:
            return f"torch.{each.module}".rstrip("."), each.name
    return None


_NAMED = {
    thing: (path.rpartition(".")[0], path.rpartition(".")[2])
    for path, thing in _ALLOWED.items()
    if path.startswith("torch.") and callable(thing) and not isinstance(thing, StorageType)
}
