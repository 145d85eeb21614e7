"""What a file may have made: each function checks all that it is given, since anybody may have written the file."""

from __future__ import annotations

from collections import Counter, OrderedDict
from pickle import UnpicklingError
from typing import Any

import numpy as np

from adjoint.core.device import device as Device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.formats import layout, sparse_coo, strided
from adjoint.core.tensor import Size, Tensor
from adjoint.nn.parameter import Buffer, Parameter
from adjoint.ops.protocols import as_kind
from adjoint.serialization.storage import TypedStorage, tensor_in

__all__ = ["BUILDERS", "REBUILD_FUNCTIONS", "check_key", "is_size"]

_LARGEST_KEY = 1000
_LARGEST_SIZE = 1 << 63
_MOST_DIMENSIONS = 64  # that NumPy has


def _check(condition: Any, what: str) -> None:
    if not condition:
        raise UnpicklingError(f"{what}\nThe file is damaged, or was made to do harm.")


def _sizes(value: Any, what: str) -> tuple[int, ...]:
    _check(isinstance(value, tuple | list) and len(value) <= _MOST_DIMENSIONS, f"{what} are a short tuple")
    _check(all(is_size(each) for each in value), f"{what} must be integers of 64 bits")
    return tuple(value)


def is_size(value: Any) -> bool:
    """Whether something in a file is an integer that may be a size, or an offset."""
    return type(value) is int and -_LARGEST_SIZE <= value < _LARGEST_SIZE


# --- tensors ---


def rebuild_tensor(storage: Any, storage_offset: Any, size: Any, stride: Any) -> Tensor:
    """`torch._utils._rebuild_tensor`, in the oldest files."""
    return rebuild_tensor_v2(storage, storage_offset, size, stride, False, None)


def rebuild_tensor_v2(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    """`torch._utils._rebuild_tensor_v2`: a tensor of the type that its storage has."""
    _check(isinstance(storage, TypedStorage), "a tensor must lie in a storage")
    return rebuild_tensor_v3(
        storage, storage_offset, size, stride, requires_grad, backward_hooks, storage.dtype, metadata
    )


def rebuild_tensor_v3(
    storage: Any, storage_offset: Any, size: Any, stride: Any, requires_grad: Any, backward_hooks: Any, dtype: Any,
    metadata: Any = None,
) -> Tensor:  # fmt: skip
    """`torch._utils._rebuild_tensor_v3`: a tensor of a type that storages do not have."""
    _check(isinstance(storage, TypedStorage) and isinstance(dtype, DType), "a tensor must have a storage and a type")
    _check(is_size(storage_offset) and isinstance(requires_grad, bool), "a tensor starts at a number")
    tensor = tensor_in(
        storage.untyped, dtype, storage_offset, _sizes(size, "sizes"), _sizes(stride, "strides"), requires_grad
    )
    if metadata:
        _check(isinstance(metadata, dict), "what is known of a tensor must be a dict")
        storage.untyped.when_filled(lambda: _resolve(tensor, metadata))
    return tensor


def _resolve(tensor: Tensor, metadata: dict) -> None:
    """Carry out the conjugation, or the change of sign, that PyTorch has only noted; the memory is no longer shared."""
    if metadata.get("conj"):
        tensor._data = np.conjugate(tensor._data)
    if metadata.get("neg"):
        tensor._data = np.negative(tensor._data)


def rebuild_parameter(data: Any, requires_grad: Any, backward_hooks: Any) -> Parameter:
    """`torch._utils._rebuild_parameter`."""
    _check(isinstance(data, Tensor) and isinstance(requires_grad, bool), "a parameter is made from a tensor")
    return Parameter(data, requires_grad)


def rebuild_parameter_with_state(data: Any, requires_grad: Any, backward_hooks: Any, state: Any) -> Parameter:
    """`torch._utils._rebuild_parameter_with_state`: a parameter with attributes."""
    return _with_attributes(rebuild_parameter(data, requires_grad, backward_hooks), state)


def rebuild_from_type(function: Any, kind: Any, arguments: Any, state: Any) -> Tensor:
    """`torch._tensor._rebuild_from_type_v2`: a tensor with attributes, or of a subclass that the program trusts."""
    _check(function in REBUILD_FUNCTIONS and isinstance(arguments, tuple), "a tensor must be made as PyTorch makes it")
    made = function(*arguments)
    if kind not in (Tensor, Parameter, type(made)):
        _check(isinstance(kind, type) and issubclass(kind, Tensor), "only a class of tensors makes a tensor")
        made = as_kind(made, kind)
        if "__setstate__" in {name for each in kind.__mro__[: kind.__mro__.index(Tensor)] for name in vars(each)}:
            made.__setstate__(state)
            return made
    return _with_attributes(made, state)


def rebuild_on_cpu(data: Any, dtype: Any, device: Any, requires_grad: Any) -> Tensor:
    """`torch._utils._rebuild_device_tensor_from_cpu_tensor`: a tensor that was on a device without storages."""
    _check(isinstance(data, Tensor) and isinstance(dtype, DType), "a tensor is made from a tensor")
    return data.to(dtype).detach().requires_grad_(bool(requires_grad))


def _with_attributes(tensor: Any, state: Any) -> Any:
    if isinstance(state, tuple) and len(state) == 2 and not state[1]:
        state = state[0]
    _check(isinstance(state, dict) or state is None, "the attributes of a tensor must be a dict")
    state = dict(state or {})
    if state.pop("_is_buffer", False) is True:
        tensor = Buffer(tensor, persistent=bool(state.pop("persistent", True)))
    for name, value in state.items():
        _check(isinstance(name, str) and not hasattr(type(tensor), name), f"a tensor has no attribute {name!r} to set")
        tensor.__dict__[name] = value
    return tensor


def _parameter(data: Any, requires_grad: Any = True) -> Parameter:
    return rebuild_parameter(data, requires_grad, None)


# --- plain values ---


def _size(sizes: Any = ()) -> Size:
    return Size(_sizes(sizes, "sizes"))


def _device(kind: Any, index: Any = None) -> Device:
    _check(isinstance(kind, str) and (index is None or type(index) is int), "a device has a name and a number")
    return Device(kind, index)


def encode(text: Any, encoding: Any) -> bytes:
    """`_codecs.encode`, by which protocol 2 writes bytes."""
    _check(isinstance(text, str) and encoding in ("latin1", "latin-1"), "bytes are written as text in latin1")
    return text.encode("latin1")


def _bytearray(data: Any = b"", encoding: Any = None) -> bytearray:
    if encoding is not None:
        data = encode(data, encoding)
    _check(isinstance(data, bytes), "a bytearray is made from bytes")  # from a number it would be as long as that says
    return bytearray(data)


def _bytes() -> bytes:
    return b""  # with nothing else to say of them, protocol 2 calls `bytes`


def _complex(real: Any, imaginary: Any = 0.0) -> complex:
    _check({type(real), type(imaginary)} <= {int, float}, "a complex number is made from two numbers")
    return complex(real, imaginary)


def _set(elements: Any = ()) -> set:
    _check(isinstance(elements, list | tuple), "a set is made from a list")
    for each in elements:
        check_key(each)
    return set(elements)


def _ordered_dict(items: Any = ()) -> OrderedDict:
    _check(
        isinstance(items, list | tuple) and all(isinstance(each, list | tuple) and len(each) == 2 for each in items),
        "an OrderedDict is made from pairs",
    )
    for key, _ in items:
        check_key(key)
    return OrderedDict(items)


def _counter(counts: Any = None) -> Counter:
    _check(counts is None or isinstance(counts, dict), "a Counter is made from a dict")
    return Counter(counts)


_LAYOUTS = {repr(each): each for each in (strided, sparse_coo)}


def get_layout(name: Any) -> layout:
    """`torch.serialization._get_layout`."""
    _check(isinstance(name, str) and name in _LAYOUTS, f"Adjoint has no layout {name!r}")
    return _LAYOUTS[name]


def check_key(key: Any) -> None:
    """Refuse a key that Python would take forever to hash, or whose nesting would overflow the stack of C."""
    waiting, looked_at = [key], 0
    while waiting:
        each = waiting.pop()
        looked_at += 1
        _check(looked_at <= _LARGEST_KEY, "a key in this file is too large")
        if type(each) is tuple or type(each) is Size:
            waiting.extend(each[:_LARGEST_KEY])


#: what makes a value, by what a file calls: a class is never called with what a file says, only its entry here is
BUILDERS: dict[Any, Any] = {
    OrderedDict: _ordered_dict, Counter: _counter, Parameter: _parameter, Size: _size, Device: _device,
    bytearray: _bytearray, bytes: _bytes, set: _set, complex: _complex,
}  # fmt: skip

REBUILD_FUNCTIONS = (
    rebuild_tensor, rebuild_tensor_v2, rebuild_tensor_v3, rebuild_parameter, rebuild_parameter_with_state,
    rebuild_on_cpu,
)  # fmt: skip

BUILDERS.update({each: each for each in (*REBUILD_FUNCTIONS, rebuild_from_type, get_layout, encode)})
