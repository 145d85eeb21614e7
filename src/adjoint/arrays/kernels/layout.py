"""Views that NumPy's indexing cannot make: diagonals, windows, and any arrangement of memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adjoint.arrays.numpy import Array


def diagonal(x: Array, *, offset: int, axis1: int, axis2: int) -> Array:
    """The diagonal between two axes as the last axis, a view that can be written to."""
    view = np.diagonal(x, offset, axis1, axis2)
    view.setflags(write=x.flags.writeable)
    return view


def diagonal_embed(values: Array, *, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Array:
    """Zeros of the given shape with `values`, of which the last axis runs along it, on the diagonal between two axes."""
    result = np.zeros(shape, values.dtype)
    diagonal(result, offset=offset, axis1=axis1, axis2=axis2)[...] = values
    return result


def windows(x: Array, *, axis: int, size: int, step: int) -> Array:
    """All windows of a size along an axis, `step` apart, as a view: the axis counts them, a new last one is within them."""
    count = (x.shape[axis] - size) // step + 1
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :], size)
    strides = (*x.strides[:axis], x.strides[axis] * step, *x.strides[axis + 1 :], x.strides[axis])
    return as_strided(x, shape, strides)


def strided(x: Array, *, size: tuple[int, ...], stride: tuple[int, ...], offset: int, of: tuple[int, ...]) -> Array:
    """The memory of `x` in another arrangement, from `offset` elements after its first on: a view.

    `of` are the strides, in elements, of the array that this is written for. One that lies otherwise in memory, as a
    tangent may, is laid out like that first.
    """
    x = np.asarray(x)
    if lies_so(x, of):
        memory = memory_of(x)
        start = (x.ctypes.data - memory.ctypes.data) // x.itemsize + offset
    else:
        memory, start = np.zeros(max(span(x.shape, of), offset + span(size, stride)), x.dtype), max(offset, 0)
        arranged(memory, x.shape, of)[...] = x
    return arranged(memory[start:], size, stride)


def arranged(memory: np.ndarray, size: tuple[int, ...], stride: tuple[int, ...]) -> np.ndarray:
    """A vector of memory in this arrangement; strides count elements."""
    return as_strided(memory, size, tuple(step * memory.itemsize for step in stride))


def lies_so(x: np.ndarray, strides: tuple[int, ...]) -> bool:
    """Whether the elements lie in memory at these strides, counted in elements."""
    steps = zip(x.shape, x.strides, strides, strict=True)
    return all(size <= 1 or have == step * x.itemsize for size, have, step in steps)


def memory_of(x: np.ndarray) -> np.ndarray:
    """All the memory that `x` is a part of, as a vector of elements of its type."""
    root: Any = x
    while hasattr(getattr(root, "base", None), "__array_interface__"):
        root = root.base
    if not (isinstance(root, np.ndarray) and (root.flags.c_contiguous or root.flags.f_contiguous)):
        root = x
    return root.reshape(-1, order="A").view(x.dtype)


def span(size: tuple[int, ...], stride: tuple[int, ...]) -> int:
    """How many elements of memory an arrangement reaches over."""
    return 1 + sum((n - 1) * step for n, step in zip(size, stride, strict=True)) if math.prod(size) else 0
