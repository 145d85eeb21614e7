"""Tensors made from data: numbers, nested sequences, arrays."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from adjoint.arrays.numpy import EIGHT_BITS, astype
from adjoint.core import dtypes
from adjoint.core.device import check_device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, created
from adjoint.ops.refusals import converted

_PYTHON_TYPES: dict[Any, DType | None] = {
    None: None, float: dtypes.float64, int: dtypes.int64, bool: dtypes.bool, complex: dtypes.complex128,
}  # fmt: skip


def type_of_option(function: str, dtype: Any) -> DType | None:
    """The argument `dtype`, which may be one of Python's own types; None where none is asked for."""
    if isinstance(dtype, DType):
        return dtype
    try:
        return _PYTHON_TYPES[dtype]
    except (KeyError, TypeError):
        raise TypeError(
            f"{function}(): argument 'dtype' must be torch.dtype, not {type(dtype).__name__}\nWrite torch.float32, for example."
        ) from None


@public(method=False)
def tensor(
    data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested sequences of numbers, or an array.

    Floats get the default type, ints int64, unless `dtype` says otherwise.

    >>> import adjoint as torch
    >>> torch.tensor([[1., 2.], [3., 4.]], requires_grad=True)
    tensor([[1., 2.],
            [3., 4.]], requires_grad=True)
    """
    if device is not None:
        check_device(device, "tensor")
    if dtype is None and data.__class__ is float:
        array = dtypes.get_default_dtype().numpy.type(data)
    elif dtype is None and data.__class__ is list and data and data[0].__class__ is float:
        array = _float_list(data)
    else:
        array = array_of(data, type_of_option("tensor", dtype))
    return created(array, requires_grad)


def _float_list(data: list) -> Any:
    """The array of a flat list of floats, the usual case; anything else takes the careful way."""
    try:
        array = np.array(data, dtypes.get_default_dtype().numpy)
    except (TypeError, ValueError):
        return array_of(data, None)
    plain = array.ndim == 1 and all(each.__class__ is float or each.__class__ is int for each in data)
    return array if plain else array_of(data, None)


def array_of(data: Any, dtype: DType | None) -> Any:
    """The array of a new tensor: always new memory."""
    if dtype is not None and dtype.numpy in EIGHT_BITS:
        return astype(np.asarray(array_of(data, None)), dtype.numpy)
    if isinstance(data, Tensor):
        data = data._data
    if isinstance(data, np.ndarray | np.generic):
        wanted = dtypes.from_numpy_dtype(data.dtype) if dtype is None else dtype
        return np.array(data, dtype=wanted.numpy)
    if isinstance(data, bool | int | float | complex):
        return _number(data, dtype or dtypes.of_number(data))
    if isinstance(data, str | bytes):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if hasattr(data, "__array__"):
        return array_of(np.asarray(data), dtype)
    if not isinstance(data, _SEQUENCES):
        raise RuntimeError(
            f"Could not infer dtype of {type(data).__name__}\nGive numbers, sequences of them, or an array."
        )
    if len(data) and hasattr(data[0], "__array__") and not isinstance(data[0], Tensor | np.ndarray | np.generic):
        data = [np.asarray(each) for each in data]  # columns of a table, for example
    if all(isinstance(each, np.ndarray) for each in data) and len({each.shape for each in data}) == 1:
        return array_of(np.stack(data), dtype)
    shape = _shape_of(data)
    numbers: list[Any] = []
    _flatten(data, shape, 0, numbers)
    wanted = dtype or _type_of(numbers)
    array = np.empty(len(numbers), wanted.numpy)
    for place, number in enumerate(numbers):
        array[place] = _number(number, wanted)
    return array.reshape(shape)


_SEQUENCES: Any = (list, tuple, range)


def _number(value: Any, wanted: DType) -> Any:
    """A number as one of this type; PyTorch's errors where it cannot be."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, complex) and not wanted.is_complex:
        raise TypeError("must be real number, not complex")
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << (64 if wanted is dtypes.uint64 else 63):
        raise ValueError("Overflow when unpacking long long")
    if wanted.rank == dtypes.INTEGER and isinstance(value, float) and not wanted.is_signed and value < 0:
        value = math.nan  # unlike an integer it does not wrap around
    return wanted.numpy.type(converted(value, wanted, wanted.name))


def _shape_of(data: Any) -> tuple[int, ...]:
    """The shape of nested sequences, read off their first elements."""
    shape: list[int] = []
    while isinstance(data, _SEQUENCES) or (isinstance(data, Tensor | np.ndarray) and data.ndim):
        shape.append(len(data))
        if not shape[-1]:
            break
        data = data[0]
    if isinstance(data, str):
        raise ValueError(f"too many dimensions '{type(data).__name__}'")
    return tuple(shape)


def _flatten(data: Any, shape: tuple[int, ...], axis: int, numbers: list[Any]) -> None:
    """Append the numbers of nested sequences in order, all of which must have the given shape."""
    if axis == len(shape):
        numbers.append(_leaf(data))
        return
    nested: Any = (*_SEQUENCES, Tensor, np.ndarray)
    if not isinstance(data, nested):
        raise TypeError(f"not a sequence\nAt depth {axis} stands a {type(data).__name__}, beside sequences.")
    if len(data) != shape[axis]:
        raise ValueError(f"expected sequence of length {shape[axis]} at dim {axis} (got {len(data)})")
    if axis == len(shape) - 1 and isinstance(data, _SEQUENCES) and {type(each) for each in data} <= {float, int, bool}:
        numbers.extend(data)
        return
    for each in data:
        _flatten(each, shape, axis + 1, numbers)


def _leaf(value: Any) -> Any:
    """A number that stands in a sequence: Python's, or NumPy's, which brings its type along."""
    if isinstance(value, Tensor):
        value = value._data if isinstance(value._data, np.ndarray | np.generic) else value.item()
    if isinstance(value, np.ndarray) and not value.ndim:
        value = value[()]
    if isinstance(value, np.generic | bool | int | float | complex):
        return value
    if isinstance(value, list | tuple):
        raise TypeError(
            f"'{type(value).__name__}' object cannot be interpreted as an integer\nThe sequences differ in depth."
        )
    if isinstance(value, str):
        raise TypeError(f"new(): invalid data type '{type(value).__name__}'")
    raise RuntimeError(f"Could not infer dtype of {type(value).__name__}")


def _type_of(numbers: list[Any]) -> DType:
    """The smallest type that holds all of these numbers; the default type for none."""
    wanted = None
    for kind in {each.dtype if isinstance(each, np.generic) else type(each) for each in numbers}:
        found = dtypes.of_number(kind()) if isinstance(kind, type) else dtypes.from_numpy_dtype(kind)
        wanted = found if wanted is None else dtypes.promote(wanted, found)
    return wanted or dtypes.get_default_dtype()


@public(method=False)
def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where it is a tensor, or an array, of the right type.

    >>> import adjoint as torch
    >>> torch.as_tensor([1, 2])
    tensor([1, 2])
    """
    wanted = type_of_option("as_tensor", dtype)
    if isinstance(data, Tensor):
        check_device(device, "as_tensor")
        return data if wanted is None else data.to(wanted)
    if isinstance(data, np.ndarray):
        check_device(device, "as_tensor")
        return from_numpy(data) if wanted is None else from_numpy(data).to(wanted)
    return tensor(data, dtype=wanted, device=device)


@public(method=False)
def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a NumPy array: what is written to one is seen in the other.

    >>> import numpy as np
    >>> import adjoint as torch
    >>> a = np.zeros(2)
    >>> x = torch.from_numpy(a)
    >>> a[0] = 7
    >>> x
    tensor([7., 0.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    if not ndarray.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order. Conversion between byte orders is "
            "currently not supported."
        )
    dtypes.from_numpy_dtype(ndarray.dtype)
    if not ndarray.flags.writeable:
        warnings.warn(
            "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to "
            "this tensor will result in undefined behavior. You may want to copy the array to protect its data or make it "
            "writable before converting it to a tensor.",
            UserWarning,
            stacklevel=2,
        )
    if any(step < 0 for step in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with array.copy().) "
        )
    return created(ndarray)


@public(method=False)
def scalar_tensor(s: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor of the default type, unless `dtype` says otherwise."""
    if not isinstance(s, int | float | complex):
        raise TypeError(f"scalar_tensor(): argument 's' (position 1) must be Number, not {type(s).__name__}")
    return tensor(s, dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad)


@public(on_module=False)
def new_tensor(
    self: Tensor, data: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A new tensor with a copy of `data`, of this tensor's type unless `dtype` says otherwise.

    >>> import adjoint as torch
    >>> torch.tensor([1.5]).new_tensor([1, 2])
    tensor([1., 2.])
    """
    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@public(method=False)
def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)
