"""The oldest way to make tensors: `torch.Tensor(...)`, `torch.FloatTensor(...)`."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.tensor import Size, Tensor
from adjoint.ops.aliasing import alias
from adjoint.ops.conversion import type_name
from adjoint.ops.creation import shape_of
from adjoint.ops.data import array_of


def _made(arguments: tuple, dtype: DType) -> Any:
    """The array that a constructor of tensors of this type makes: from one sequence or array, or by sizes."""
    if len(arguments) == 1 and not isinstance(arguments[0], Size):
        (data,) = arguments
        if isinstance(data, list | tuple | range | np.ndarray) or (
            hasattr(data, "__array__") and hasattr(data, "__len__")
        ):
            return array_of(data, dtype)
        if isinstance(data, str):
            raise TypeError(f"new(): invalid data type '{type(data).__name__}'")
        if isinstance(data, bool) or not hasattr(data, "__index__"):
            raise TypeError(f"new(): data must be a sequence (got {type(data).__name__})")
    return np.zeros(shape_of("new", arguments) if arguments else (0,), dtype.numpy)


def _new(cls: Any, *args: Any, device: Any = None) -> Tensor:
    if len(args) == 1 and isinstance(args[0], Tensor):
        made = alias(args[0])
        if cls is Tensor:
            return made
        result = object.__new__(cls)
        for name in ("_data", "_node", "_writes", "_view"):
            if hasattr(made, name):
                setattr(result, name, getattr(made, name))
        return result
    result = object.__new__(cls)
    result._data = _made(args, dtypes.get_default_dtype())
    result._node = result._writes = None
    return result


Tensor.__new__ = _new  # type: ignore[method-assign, assignment]


class _OfType(type):
    """The kind of classes that stand for tensors of one type: a tensor of that type is an instance."""

    dtype: DType

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *args: Any) -> Tensor:
        if len(args) == 1 and isinstance(args[0], Tensor):
            if args[0].dtype is not cls.dtype:
                raise TypeError(
                    f"expected a tensor of {cls.dtype} (got one of {args[0].dtype})\nCast it, as in x.to({cls.dtype})."
                )
            return alias(args[0])
        result = object.__new__(Tensor)
        result._data = _made(args, cls.dtype)
        result._node = result._writes = None
        return result


def _constructor(dtype: DType) -> Any:
    name = type_name(dtype).removeprefix("torch.")
    return _OfType(name, (), {"__module__": "torch", "dtype": dtype, "__doc__": f"Tensors of {dtype}."})


#: `torch.FloatTensor` and its like, by name
CONSTRUCTORS = {
    each.__name__: each
    for each in (
        _constructor(dtype)
        for dtype in (
            dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.uint8, dtypes.int8, dtypes.int16,
            dtypes.int32, dtypes.int64, dtypes.bool,
        )
    )
}  # fmt: skip
