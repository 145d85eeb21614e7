"""Tensors yet to be written, in an arrangement of memory that is asked for."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from adjoint.arrays.kernels.layout import arranged, span
from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import finished
from adjoint.ops.data import type_of_option


def _in_arrangement(size: Any, stride: Any, dtype: DType) -> np.ndarray:
    sizes, steps = tuple(map(index, size)), tuple(map(index, stride))
    if len(sizes) != len(steps):
        raise RuntimeError(
            f"dimensionality of sizes ({len(sizes)}) must match dimensionality of strides ({len(steps)})"
        )
    for each in sizes:
        if each < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {each}: {list(sizes)}")
    if any(step < 0 for step in steps):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(sizes)} and strides={list(steps)}")
    return arranged(np.zeros(span(sizes, steps), dtype.numpy), sizes, steps)


@public(method=False)
def empty_strided(
    size: Any, stride: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor whose elements have yet to be written, with so many of them from neighbour to neighbour along each dimension.

    >>> import adjoint as torch
    >>> torch.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    wanted = type_of_option("empty_strided", dtype) or dtypes.get_default_dtype()
    return finished("empty_strided", _in_arrangement(size, stride, wanted), device, requires_grad)


@public(on_module=False)
def new_empty_strided(
    self: Tensor, size: Any, stride: Any, dtype: DType | None = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """As `empty_strided`, of this tensor's type unless `dtype` says otherwise.

    >>> import adjoint as torch
    >>> torch.tensor([1]).new_empty_strided((2,), (3,)).dtype
    torch.int64
    """
    wanted = type_of_option("new_empty_strided", dtype) or self.dtype
    return finished("new_empty_strided", _in_arrangement(size, stride, wanted), device, requires_grad)


@public(method=False)
def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor whose elements have yet to be written, without gaps; `physical_layout` orders its dimensions in memory.

    >>> import adjoint as torch
    >>> torch.empty_permuted((2, 3, 5), (2, 0, 1)).stride()
    (3, 1, 6)
    """
    sizes, order = tuple(map(index, size)), tuple(map(index, physical_layout))
    if len(sizes) != len(order):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(sizes)} is not equal to len(physical_layout) = {len(order)}"
        )
    for place, each in enumerate(order):
        if not 0 <= each < len(sizes):
            raise RuntimeError(
                f"Dimension out of range (expected to be between 0 and {len(sizes) - 1}, but got {each} at index {place}).  "
                "NB: negative dims not currently supported; file an issue if you want it."
            )
    if len(set(order)) < len(order):
        raise RuntimeError("Duplicate dim not allowed")
    behind = {axis: math.prod(max(sizes[each], 1) for each in order[place + 1 :]) for place, axis in enumerate(order)}
    wanted = type_of_option("empty_permuted", dtype) or dtypes.get_default_dtype()
    array = _in_arrangement(sizes, [behind[axis] for axis in range(len(sizes))], wanted)
    return finished("empty_permuted", array, device, requires_grad)
