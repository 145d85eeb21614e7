"""Tensors and the arrays of other libraries: memory that is shared by DLPack, by buffers and by NumPy's protocols."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.device import check_device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, created, wrap
from adjoint.lazy import lazy
from adjoint.ops.conversion import clone, detach, to_dtype
from adjoint.ops.data import as_tensor, from_numpy, tensor, type_of_option

_array_api = lazy("adjoint.array_api")

#: the number of the CPU among DLPack's devices
CPU_DEVICE = 1


# --- DLPack ---


@public(on_module=False)
def __dlpack__(  # noqa: N807
    self: Tensor, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    """A capsule by which another library can take up this tensor's memory: see `from_dlpack`."""
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    return self.numpy().__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)


@public(on_module=False)
def __dlpack_device__(self: Tensor) -> tuple[int, int]:  # noqa: N807
    """DLPack's kind and number of the device where the elements are: those of the CPU."""
    return CPU_DEVICE, 0


class _Capsule:
    """An object that hands out a capsule, for which NumPy asks."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU_DEVICE, 0


class _Writable:
    """The memory of an array that says that it must not be written to; capsules of the first version cannot say."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        interface = array.__array_interface__
        self.__array_interface__ = interface | {"data": (interface["data"][0], False)}


@public(module="utils.dlpack", method=False)
def to_dlpack(tensor: Tensor) -> Any:
    """A capsule by which another library can take up a tensor's memory, once.

    >>> import adjoint as torch
    >>> x = torch.zeros(2)
    >>> y = torch.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(x))
    >>> x[0] = 5
    >>> y
    tensor([5., 0.])
    """
    return tensor.__dlpack__()


@public(module="utils.dlpack", method=False)
@public(method=False)
def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of another library's array, or of a DLPack capsule.

    >>> import numpy as np
    >>> import adjoint as torch
    >>> a = np.zeros(2)
    >>> x = torch.from_dlpack(a)
    >>> a[0] = 7
    >>> x
    tensor([7., 0.], dtype=torch.float64)
    """
    check_device(device, "from_dlpack")
    if hasattr(ext_tensor, "__dlpack__"):
        array = np.from_dlpack(ext_tensor, copy=copy)
        return wrap(array if array.flags.writeable else np.asarray(_Writable(array)))
    if type(ext_tensor).__name__ != "PyCapsule":
        raise RuntimeError(
            "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might "
            "have already constructed a tensor from it once.\nGive an array with a method __dlpack__, or its capsule."
        )
    return wrap(np.asarray(_Writable(np.from_dlpack(_Capsule(ext_tensor)))))


# --- buffers ---


@public(method=False)
def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:  # fmt: skip
    """A 1-D tensor on the memory of a Python object with a buffer: bytes, bytearray, array.array.

    >>> import adjoint as torch
    >>> torch.frombuffer(bytearray([1, 0, 2, 0]), dtype=torch.int16)
    tensor([1, 2], dtype=torch.int16)
    """
    try:
        memory = memoryview(buffer)
    except TypeError:
        raise ValueError("object does not implement Python buffer protocol.") from None
    wanted = type_of_option("frombuffer", dtype)
    size, length = wanted.itemsize, memory.nbytes  # type: ignore[union-attr]
    if not length or not count:
        raise ValueError(f"both buffer length ({length}) and count ({count}) must not be 0")
    if not 0 <= offset < length:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length ({length} bytes) minus 1"
        )
    rest = length - offset
    if count < 0 and rest % size:
        raise ValueError(
            f"buffer length ({rest} bytes) after offset ({offset} bytes) must be a multiple of element size ({size})"
        )
    if count * size > rest:
        raise ValueError(
            f"requested buffer length ({count} * {size} bytes) after offset ({offset} bytes) must not be greater than actual "
            f"buffer length ({length} bytes)"
        )
    array = np.frombuffer(memory, wanted.numpy, count, offset)  # type: ignore[union-attr]
    return created(array if array.flags.writeable else np.asarray(_Writable(array)), requires_grad)


# --- whatever can be a tensor ---


@public(method=False)
def asarray(
    obj: Any, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None, requires_grad: Any = None
) -> Tensor:
    """`obj` as a tensor. With `copy=True` it has memory of its own, with `copy=False` that of `obj`, or it is an error.

    Without `copy` it shares memory with tensors, arrays, capsules and buffers where the type allows; numbers and sequences
    are copied.

    >>> import adjoint as torch
    >>> torch.asarray([1., 2.])
    tensor([1., 2.])
    """
    wanted = type_of_option("asarray", dtype)
    check_device(device, "asarray")
    shared = _sharing(obj, wanted)
    if shared is None:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        return tensor(obj, dtype=wanted, requires_grad=bool(requires_grad))
    result = shared
    if wanted is not None and shared.dtype is not wanted:
        if copy is False:
            names = [dtypes.scalar_type_name(each) for each in (shared.dtype, wanted)]
            raise ValueError(f"can't alias tensor with dtype '{names[0]}' into dtype '{names[1]}'.")
        result = to_dtype(shared, wanted)
    elif copy:
        result = clone(shared)
    if requires_grad is None or requires_grad == result.requires_grad:
        return result
    if not requires_grad:
        return detach(result)
    return result.requires_grad_()


def _sharing(obj: Any, wanted: DType | None) -> Tensor | None:
    """A tensor on the memory of an object; None where it has none."""
    if isinstance(obj, Tensor):
        return obj
    if isinstance(obj, np.ndarray):
        return from_numpy(obj)
    if isinstance(obj, np.generic):
        return as_tensor(obj)
    if hasattr(obj, "__dlpack__") or type(obj).__name__ == "PyCapsule":
        return from_dlpack(obj)
    try:
        memoryview(obj)
    except TypeError:
        return None
    return frombuffer(obj, dtype=wanted or dtypes.get_default_dtype())


@public(on_module=False)
def __array_namespace__(self: Tensor, /, *, api_version: str | None = None) -> Any:  # noqa: N807
    """The functions on tensors by the names, and with the signatures, of the Python array API standard.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> x.__array_namespace__().permute_dims(x, (1, 0))
    tensor([[1., 3.],
            [2., 4.]])
    """
    if api_version not in (None, *_array_api.VERSIONS):
        raise ValueError(f"Unsupported Array API version: {api_version!r}\nThere are {', '.join(_array_api.VERSIONS)}.")
    return _array_api._import()
