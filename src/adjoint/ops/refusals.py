"""What several operations must know of their operands to say, in PyTorch's words, that they do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from adjoint.core.dtypes import BOOL, INTEGER, result_dtype, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.tensor import Tensor, buffer


def is_boolean(value: Any) -> bool:
    """Whether an operand is a truth value, or a tensor of them."""
    return value._data.dtype.kind == "b" if isinstance(value, Tensor) else isinstance(value, bool)


def is_complex(value: Any) -> bool:
    """Whether an operand holds complex numbers."""
    return value._data.dtype.kind == "c" if isinstance(value, Tensor) else isinstance(value, complex)


def is_integral(value: Any) -> bool:
    """Whether an operand holds integers or truth values."""
    return value._data.dtype.kind in "biu" if isinstance(value, Tensor) else isinstance(value, int)


def common_type(*operands: Any) -> DType:
    """The type in which tensors and numbers meet."""
    tensors = [each for each in operands if isinstance(each, Tensor)]
    return result_dtype(
        [each.dtype for each in tensors if each.ndim],
        [each.dtype for each in tensors if not each.ndim],
        [each for each in operands if not isinstance(each, Tensor)],
    )


def is_narrow(*operands: Any) -> bool:
    """Whether operands meet in a floating-point type of 16 bits, where PyTorch rounds after each step of some operations."""
    if not any(isinstance(each, Tensor) and each._data.dtype.itemsize == 2 for each in operands):
        return False
    common = common_type(*operands)
    return common.is_floating_point and common.itemsize == 2


def refuse_division(kernel: str, input: Any, other: Any) -> None:
    """Truth values and complex numbers have no rounded quotients; integers none by zero, since they have no infinity."""
    both = (input, other)
    if all(map(is_boolean, both)) or any(map(is_complex, both)):
        title = scalar_type_name(common_type(*both))
        raise NotImplementedError(f"\"{kernel}_cpu\" not implemented for '{title}'")
    if not all(map(is_integral, both)):
        return
    if (other._data == 0).any() if isinstance(other, Tensor) else other == 0:
        raise RuntimeError("ZeroDivisionError\nIntegers cannot be divided by zero: make one of them floating-point.")


def has_no_derivative(function: str) -> Callable[..., NoReturn]:
    """A derivative rule for an operation that PyTorch refuses to differentiate."""

    def refuse(xp: Any, cotangent: Any) -> NoReturn:
        raise RuntimeError(
            f"derivative for aten::{function} is not implemented\n"
            "It is a step function of its operands: detach() them, or write the operation that you mean."
        )

    return refuse


def has_no_tangent(function: str) -> Callable[..., NoReturn]:
    """The rule of forward mode for such an operation."""

    def refuse(xp: Any, tangents: Any) -> NoReturn:
        raise NotImplementedError(
            f"Trying to use forward AD with aten::{function} that does not support it.\n"
            "It is a step function of its operands: detach() them, or write the operation that you mean."
        )

    return refuse


def refuse_complex(function: str, x: Any) -> None:
    """An error in PyTorch's words for a function that is not defined on complex numbers."""
    if isinstance(x, Tensor) and x._data.dtype.kind == "c":
        raise NotImplementedError(f"{function} is not supported for complex inputs")


def not_implemented_for(kernel: str, x: Tensor) -> NotImplementedError:
    """PyTorch's words for a type of numbers that an operation does not take."""
    return NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_type_name(x.dtype)}'")


_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t", "float32": "float",
    "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16", "uint16": "uint16_t", "uint32": "uint32_t",
    "uint64": "uint64_t",
}  # fmt: skip


def converted(number: Any, dtype: DType, name: str | None = None) -> Any:
    """A Python number as one of this type; an error in PyTorch's words where it does not fit. Negative ones wrap."""
    if dtype.rank == BOOL:
        return bool(number)
    if dtype.rank != INTEGER and number.__class__ is not complex:
        return number
    title = name or _C_NAMES.get(dtype.name, dtype.name)
    refusal = RuntimeError(f"value cannot be converted to type {title} without overflow")
    if isinstance(number, complex):
        if dtype.is_complex:
            return number
        if number.imag:
            raise refusal
        number = number.real
    if dtype.rank != INTEGER:
        return number
    limits = np.iinfo(dtype.numpy)
    if number != number or not (-limits.max if limits.min == 0 else limits.min) <= number <= limits.max:
        raise refusal
    return int(number) % (int(limits.max) + 1) if limits.min == 0 else int(number)


def refuse_overlap(out: Tensor | None, *inputs: Tensor, partial: bool = False) -> None:
    """An error where `out` shares memory with an operand; `partial`: unless both show the very same elements."""
    if out is None:
        return
    target = buffer(out)
    if target.size > 1 and any(step == 0 < size - 1 for step, size in zip(target.strides, target.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    for each in inputs:
        array = buffer(each)
        same = (
            array.ctypes.data == target.ctypes.data and array.shape == target.shape and array.strides == target.strides
        )
        if not (partial and same) and is_overlapping(array, target):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single "
                "memory location. Please clone() the tensor before performing the operation."
            )


def is_overlapping(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays share memory, as far as their first and last bytes tell."""
    return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)
