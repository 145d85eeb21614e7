"""Making tensors: from numbers, from arrays, filled with a value, counted."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of
from adjoint.arrays.tensor import verb
from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, created, wrap
from adjoint.ops.shape import sizes

_FLOAT_SCALARS = {dtypes.float32: np.float32, dtypes.float64: np.float64}


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
    if dtype is None and data.__class__ is float:
        array = dtypes.get_default_dtype().numpy.type(data)
    elif dtype is None and data.__class__ is list and data and data[0].__class__ is float:
        array = _float_list(data)
    else:
        array = _array(data, dtype)
    return created(array, requires_grad)


def _float_list(data: list) -> Any:
    """The array of a flat list of floats, the usual case; anything else takes the careful way."""
    try:
        array = np.array(data, dtypes.get_default_dtype().numpy)
    except (TypeError, ValueError):
        return _array(data, None)
    return array if array.ndim == 1 else _array(data, None)


def _array(data: Any, dtype: DType | None) -> Any:
    """The array of a new tensor: always new memory."""
    if isinstance(data, Tensor):
        data = data._data
    if isinstance(data, (np.ndarray, np.generic)):
        wanted = dtypes.from_numpy_dtype(data.dtype) if dtype is None else dtype
        return np.array(data, dtype=wanted.numpy)
    if isinstance(data, (bool, int, float, complex)):
        wanted = dtype or dtypes.of_number(data)
        return _checked_scalar(data, wanted)
    if isinstance(data, (str, bytes)):
        raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
    if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
        if hasattr(data, "__array__"):
            return _array(np.asarray(data), dtype)
        raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")
    if hasattr(data, "__array__"):
        return _array(np.asarray(data), dtype)
    shape = _shape_of(data, ())
    leaves: list[Any] = []
    _flatten(data, shape, 0, leaves)
    wanted = dtype or _type_of(leaves)
    array = np.empty(len(leaves), wanted.numpy)
    for place, value in enumerate(leaves):
        array[place] = value
    return array.reshape(shape)


def _checked_scalar(value: Any, wanted: DType) -> Any:
    if wanted.rank == dtypes.INTEGER and isinstance(value, float):
        if not math.isfinite(value):
            raise RuntimeError(f"value cannot be converted to type {wanted.name} without overflow")
        value = int(value)
    if wanted.rank == dtypes.INTEGER and not isinstance(value, bool):
        bounds = np.iinfo(wanted.numpy)
        if not bounds.min <= value <= bounds.max:
            raise RuntimeError(f"value cannot be converted to type {wanted.name} without overflow")
    return wanted.numpy.type(value)


def _shape_of(data: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    while isinstance(data, (list, tuple, Tensor, np.ndarray)) and (
        not isinstance(data, (Tensor, np.ndarray)) or data.ndim
    ):
        shape = (*shape, len(data))
        if not len(data):
            break
        data = data[0]
    return shape


def _flatten(data: Any, shape: tuple[int, ...], axis: int, leaves: list[Any]) -> None:
    """Append the numbers of nested sequences in order, all of which must have the given shape."""
    if axis == len(shape):
        if isinstance(data, (Tensor, np.ndarray, np.generic)):
            data = data.item()
        if isinstance(data, (list, tuple)):
            raise TypeError(f"not a sequence of equal depth: a {type(data).__name__} where a number should be")
        if not isinstance(data, (bool, int, float, complex)):
            kind = f"'{type(data).__name__}'"
            raise (
                ValueError(f"too many dimensions {kind}")
                if isinstance(data, str)
                else RuntimeError(f"Could not infer dtype of {type(data).__name__}")
            )
        leaves.append(data)
        return
    if not isinstance(data, (list, tuple, Tensor, np.ndarray)):
        raise TypeError(f"expected a sequence at dim {axis} (got {type(data).__name__})")
    if len(data) != shape[axis]:
        raise ValueError(f"expected sequence of length {shape[axis]} at dim {axis} (got {len(data)})")
    if axis == len(shape) - 1 and type(data) in (list, tuple) and {type(each) for each in data} <= {float, int, bool}:
        leaves.extend(data)
        return
    for each in data:
        _flatten(each, shape, axis + 1, leaves)


def _type_of(values: list[Any]) -> DType:
    kinds = {type(value) for value in values}
    if not kinds or (float in kinds and complex not in kinds):
        return dtypes.get_default_dtype()
    if complex in kinds:
        return dtypes.get_default_dtype().to_complex()
    return dtypes.int64 if int in kinds else dtypes.bool


@public(method=False)
def as_tensor(data: Any, dtype: DType | None = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where it is a tensor, or an array, of the right type.

    >>> import adjoint as torch
    >>> torch.as_tensor([1, 2])
    tensor([1, 2])
    """
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data) if dtype is None else from_numpy(data).to(dtype)
    return tensor(data, dtype=dtype)


@public(method=False)
def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of a NumPy array: what is written to one is seen in the other.

    >>> import numpy as np
    >>> import adjoint as torch
    >>> a = np.zeros(2)
    >>> x = torch.from_numpy(a)
    >>> a[0] = 7
    >>> x
    tensor([7., 0.], dtype=torch.float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(array).__name__})")
    dtypes.from_numpy_dtype(array.dtype)
    if any(step < 0 for step in array.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative strides are not "
            "currently supported. (You can probably work around this by making a copy of your array  with array.copy().) "
        )
    return created(array)


def _filled(shape: tuple, value: Any, dtype: DType, requires_grad: bool) -> Tensor:
    return created(np.full(shape, value, dtype.numpy), requires_grad)


def _shape_argument(arguments: tuple, size: Any) -> tuple[int, ...]:
    shape = sizes(arguments if size is None else (size,))
    for each in shape:
        if each < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {each}: {list(shape)}")
    return shape


@public(method=False)
def zeros(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A tensor of zeros.

    >>> import adjoint as torch
    >>> torch.zeros(2, dtype=torch.int64)
    tensor([0, 0])
    """
    return _filled(_shape_argument(size, _.get("size")), 0, dtype or dtypes.get_default_dtype(), requires_grad)


@public(method=False)
def ones(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A tensor of ones.

    >>> import adjoint as torch
    >>> torch.ones(2)
    tensor([1., 1.])
    """
    return _filled(_shape_argument(size, _.get("size")), 1, dtype or dtypes.get_default_dtype(), requires_grad)


@public(method=False)
def empty(*size: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A tensor whose elements have yet to be written."""
    return _filled(_shape_argument(size, _.get("size")), 0, dtype or dtypes.get_default_dtype(), requires_grad)


@public(method=False)
def full(
    size: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor filled with one value.

    >>> import adjoint as torch
    >>> torch.full((2,), 3.)
    tensor([3., 3.])
    """
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    return _filled(_shape_argument((), size), value, dtype or dtypes.of_number(value), requires_grad)


def _like(input: Tensor, value: Any, dtype: DType | None, requires_grad: bool) -> Tensor:
    data = input._data
    xp = namespace_of((data,))
    return created(xp.full_like(data if dtype is None else xp.astype(data, dtype.numpy), value), requires_grad)


@verb("zeros_like")
@public(method=False)
def zeros_like(input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """Zeros in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like(input, 0, dtype, requires_grad)


@verb("ones_like")
@public(method=False)
def ones_like(input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """Ones in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like(input, 1, dtype, requires_grad)


@public(method=False)
def empty_like(input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """A tensor of the shape and type of another whose elements have yet to be written."""
    return _like(input, 0, dtype, requires_grad)


@verb("full_like")
@public(method=False)
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any
) -> Tensor:
    """One value in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like(input, fill_value, dtype, requires_grad)


@public(method=False)
def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers from `start`, 0 if it is not given, up to but without `end`, in steps of `step`.

    >>> import adjoint as torch
    >>> torch.arange(5)
    tensor([0, 1, 2, 3, 4])
    """
    if end is None:
        start, end = 0, start
    first, last, by = (each.item() if isinstance(each, Tensor) else each for each in (start, end, step))
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None:
        dtype = dtypes.int64 if all(isinstance(each, int) for each in (first, last, by)) else dtypes.get_default_dtype()
    count = max(math.ceil((last - first) / by), 0)
    wide = np.int64 if dtype.rank <= dtypes.INTEGER else np.float64
    return created((wide(first) + np.arange(count).astype(wide) * wide(by)).astype(dtype.numpy), requires_grad)


@public(method=False)
def linspace(
    start: Any, end: Any, steps: int, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """`steps` numbers from `start` to `end`, both included, equally far apart.

    >>> import adjoint as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    return created(np.linspace(first, last, steps).astype((dtype or dtypes.get_default_dtype()).numpy), requires_grad)


@public(method=False)
def eye(
    n: int, m: int | None = None, *, dtype: DType | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The identity matrix, of n rows and m columns.

    >>> import adjoint as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return created(np.eye(n, m, dtype=(dtype or dtypes.get_default_dtype()).numpy), requires_grad)


@public(method=False)
def is_tensor(obj: Any) -> bool:
    """Whether an object is a tensor."""
    return isinstance(obj, Tensor)


@verb("zeros")
def _zeros_verb(shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    return wrap(np.zeros(shape, dtype))


@verb("ones")
def _ones_verb(shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    return wrap(np.ones(shape, dtype))
