"""Tensors filled with one value, or not yet filled: by a shape, or in the shape of another tensor."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of
from adjoint.arrays.tensor import verb
from adjoint.core import dtypes
from adjoint.core.apply import not_a_tensor, write_out
from adjoint.core.device import check_device
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, created, wrap
from adjoint.ops.data import type_of_option
from adjoint.ops.refusals import converted
from adjoint.ops.shape import sizes

_REFUSED = "{}(): argument '{}' must be {}, not {}"


def finished(function: str, array: Any, device: Any, requires_grad: bool, out: Tensor | None = None) -> Tensor:
    """The tensor that a function of this name returns, with the options that they all have."""
    if device is not None:
        check_device(device, function)
    if requires_grad.__class__ is not bool:
        raise TypeError(_REFUSED.format(function, "requires_grad", "bool", type(requires_grad).__name__))
    if out is None:
        return created(array, requires_grad)
    if not isinstance(out, Tensor):
        raise TypeError(_REFUSED.format(function, "out", "Tensor", type(out).__name__))
    return write_out(out, wrap(array))


def shape_of(function: str, arguments: tuple, size: Any = None) -> tuple[int, ...]:
    """The shape that a tensor is to be made in."""
    if size is None and not arguments:
        raise TypeError(f'{function}() missing 1 required positional arguments: "size"')
    shape = sizes(arguments, function, "size", size)
    for each in shape:
        if each < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {each}: {list(shape)}")
    return shape


def _number(function: str, value: Any) -> Any:
    if isinstance(value, Tensor):
        value = value.item()
    if not isinstance(value, Number):
        raise TypeError(f"{function}(): argument 'fill_value' (position 2) must be Number, not {type(value).__name__}")
    return value


@public(method=False)
def zeros(
    *args: Any, size: Any = None, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros.

    >>> import adjoint as torch
    >>> torch.zeros(2, dtype=torch.int64)
    tensor([0, 0])
    """
    wanted = type_of_option("zeros", dtype) or dtypes.get_default_dtype()
    return finished("zeros", np.zeros(shape_of("zeros", args, size), wanted.numpy), device, requires_grad, out)


@public(method=False)
def ones(
    *args: Any, size: Any = None, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of ones.

    >>> import adjoint as torch
    >>> torch.ones(2)
    tensor([1., 1.])
    """
    wanted = type_of_option("ones", dtype) or dtypes.get_default_dtype()
    return finished("ones", np.ones(shape_of("ones", args, size), wanted.numpy), device, requires_grad, out)


@public(method=False)
def empty(
    *args: Any, size: Any = None, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor whose elements have yet to be written; here they are zeros."""
    wanted = type_of_option("empty", dtype) or dtypes.get_default_dtype()
    return finished("empty", np.zeros(shape_of("empty", args, size), wanted.numpy), device, requires_grad, out)


@public(method=False)
def full(
    size: Any, fill_value: Any, *, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor filled with one value.

    >>> import adjoint as torch
    >>> torch.full((2,), 3.)
    tensor([3., 3.])
    """
    if not isinstance(size, tuple | list):
        raise TypeError(f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}")
    value = _number("full", fill_value)
    wanted = type_of_option("full", dtype) or dtypes.of_number(value)
    array = np.full(shape_of("full", (size,)), converted(value, wanted), wanted.numpy)
    return finished("full", array, device, requires_grad, out)


# --- like another tensor ---


def _like(function: str, input: Tensor, value: Any, dtype: Any, device: Any, requires_grad: bool) -> Tensor:
    if not isinstance(input, Tensor):
        raise not_a_tensor(function, "input", 1, input)
    wanted = type_of_option(function, dtype)
    data = input._data
    xp = namespace_of((data,))
    array = xp.full_like(
        data if wanted is None else xp.astype(data, wanted.numpy), converted(value, wanted or input.dtype)
    )
    return finished(function, array, device, requires_grad)


@verb("zeros_like")
@public(method=False)
def zeros_like(
    input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like("zeros_like", input, 0, dtype, device, requires_grad)


@verb("ones_like")
@public(method=False)
def ones_like(
    input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Ones in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like("ones_like", input, 1, dtype, device, requires_grad)


@public(method=False)
def empty_like(
    input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """A tensor of the shape and type of another whose elements have yet to be written; here they are zeros."""
    return _like("empty_like", input, 0, dtype, device, requires_grad)


@verb("full_like")
@public(method=False)
def full_like(
    input: Tensor, fill_value: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One value in the shape, and unless `dtype` says otherwise the type, of another tensor."""
    return _like("full_like", input, _number("full_like", fill_value), dtype, device, requires_grad)


# --- of the type of another tensor ---


@public(on_module=False)
def new_zeros(
    self: Tensor, *args: Any, size: Any = None, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros, of this tensor's type unless `dtype` says otherwise."""
    wanted = type_of_option("new_zeros", dtype) or self.dtype
    array = np.zeros(shape_of("new_zeros", args, size), wanted.numpy)
    return finished("new_zeros", array, device, requires_grad)


@public(on_module=False)
def new_ones(
    self: Tensor, *args: Any, size: Any = None, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones, of this tensor's type unless `dtype` says otherwise."""
    wanted = type_of_option("new_ones", dtype) or self.dtype
    return finished("new_ones", np.ones(shape_of("new_ones", args, size), wanted.numpy), device, requires_grad)


@public(on_module=False)
def new_empty(
    self: Tensor, *args: Any, size: Any = None, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of this one's type whose elements have yet to be written; here they are zeros."""
    wanted = type_of_option("new_empty", dtype) or self.dtype
    array = np.zeros(shape_of("new_empty", args, size), wanted.numpy)
    return finished("new_empty", array, device, requires_grad)


@public(on_module=False)
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """One value, of this tensor's type unless `dtype` says otherwise."""
    wanted = type_of_option("new_full", dtype) or self.dtype
    value = converted(_number("new_full", fill_value), wanted)
    array = np.full(shape_of("new_full", (size,)), value, wanted.numpy)
    return finished("new_full", array, device, requires_grad)


@verb("zeros")
def _zeros_verb(shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    return wrap(np.zeros(shape, dtype))


@verb("ones")
def _ones_verb(shape: tuple[int, ...], dtype: np.dtype) -> Tensor:
    return wrap(np.ones(shape, dtype))
