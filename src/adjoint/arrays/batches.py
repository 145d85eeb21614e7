"""Arrays with a hidden axis, the batch: each stands for one example of many.

The verbs on them are in `batched`, which gives them NumPy's methods and operators too. A level is a number; of nested
batches the one with the highest number, the innermost `vmap`, is the outermost wrapper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from adjoint.arrays import namespace_of, numpy

Array = Any


class BatchedArray:
    """One example of many: `array` has the examples along its axis 0, which `shape` does not show."""

    __slots__ = ("array", "level")
    __array_ufunc__ = None  # NumPy's arrays and scalars leave operators to us
    __hash__ = object.__hash__

    def __init__(self, array: Array, level: int) -> None:
        self.array = array
        self.level = level

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape[1:]

    @shape.setter
    def shape(self, shape: tuple[int, ...]) -> None:
        self.array.shape = (self.array.shape[0], *shape)

    @property
    def ndim(self) -> int:
        return self.array.ndim - 1

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def size(self) -> int:
        count = 1
        for length in self.array.shape[1:]:
            count *= length
        return count

    @property
    def itemsize(self) -> int:
        return self.array.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        return self.array.strides[1:]

    @property
    def flags(self) -> Any:
        """How the examples lie in memory; None where that is not known."""
        return getattr(self.array, "flags", None)

    def view(self) -> BatchedArray:
        return BatchedArray(self.array.view(), self.level)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d array")
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<batched {self.dtype}{list(self.shape)} at level {self.level}: {self.array!r}>"

    # --- what one example has and a batch has not: a value ---

    def item(self) -> NoReturn:
        raise RuntimeError(
            "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item() on a "
            "Tensor, please try to rewrite what you're doing with other operations. If error is occurring somewhere "
            "inside PyTorch internals, please file a bug report.\n"
            "There is one value per example: return the tensor from the function, and call .item() on what vmap returns."
        )

    __int__ = __float__ = __complex__ = __index__ = item

    def __bool__(self) -> bool:
        raise RuntimeError(
            "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow. We don't support "
            "that yet, please file an issue at https://github.com/pytorch/pytorch/issues .\n"
            "The examples may differ in their answer: write torch.where(condition, x, y) in place of a branch."
        )

    def _no_memory(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(
            "Cannot access data pointer of Tensor that doesn't have storage\n"
            "Inside vmap a tensor stands for one example of many: return it, and convert what vmap returns."
        )

    __array__ = tolist = tobytes = _no_memory
    ctypes = property(_no_memory)

    def all(self) -> bool:
        return bool(self)

    def any(self) -> bool:
        """Whether some element of some example is true: what a check of numbers asks, since one fails for all."""
        return bool(self.array.any())


# --- levels ------------------------------------------------------------------------------------------------------


def top_level(arrays: Sequence[Any]) -> int:
    """The highest level at which one of these arrays is batched, or 0."""
    level = 0
    for array in arrays:
        if array.__class__ is BatchedArray and array.level > level:
            level = array.level
    return level


def is_at(array: Any, level: int) -> bool:
    return array.__class__ is BatchedArray and array.level == level


def size_at(arrays: Sequence[Any], level: int) -> int:
    """How many examples the batch of this level has."""
    return next(array.array.shape[0] for array in arrays if is_at(array, level))


def space_of(array: Any) -> Any:
    """The namespace of one array."""
    return numpy if array.__class__ is np.ndarray else namespace_of((array,))


def ndim_of(array: Any) -> int:
    return getattr(array, "ndim", 0)


def widened(array: Array, ndim: int) -> Array:
    """The inside of a batched array, with axes of size 1 after the batch until an example has `ndim` axes."""
    missing = ndim + 1 - array.ndim
    if missing <= 0:
        return array
    return space_of(array).reshape(array, (array.shape[0], *(1,) * missing, *array.shape[1:]))


def aligned(operands: Sequence[Any], level: int) -> list[Any]:
    """The operands one level down, such that they broadcast there as they do here."""
    ndim = max(map(ndim_of, operands))
    return [widened(x.array, ndim) if is_at(x, level) else x for x in operands]


def inside(array: Any, level: int, size: int) -> Array:
    """An operand one level down with its batch axis; one that is the same for all examples is repeated, as a view."""
    if is_at(array, level):
        return array.array
    space = space_of(array)
    return space.broadcast_to(array, (size, *getattr(array, "shape", ())))


def shifted(axis: Any, ndim: int) -> Any:
    """Axes of an example as axes of the batch."""
    if isinstance(axis, tuple | list):
        return tuple(each + 1 for each in normalize_axis_tuple(axis, ndim))
    return normalize_axis_index(axis, ndim) + 1
