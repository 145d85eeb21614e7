"""The verbs, carried out on a batch of examples at once, behind arrays that look like one example.

A batched array hides one axis, the batch. Each verb shifts the axes that it is given past the hidden one, brings the
operands into line, and hands over to the namespace of the arrays inside: NumPy's, a recording one, or this one again
for the next lower level, where calls to `vmap` are nested.

An array without a batch axis is the same for every example. A level is a number; of nested batches the one with the
highest number, the innermost `vmap`, is the outermost wrapper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from adjoint.arrays import namespace_of, numpy, register_array_type
from adjoint.arrays.verbs import ARG_REDUCTIONS, BINARY, OPERATORS, REDUCTIONS, UNARY

__all__ = ["BatchedArray", "batched"]

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

    # --- verbs as methods, as NumPy's arrays have them ---

    def astype(self, dtype: Any, copy: bool = True) -> BatchedArray:
        return self if not copy and self.dtype == dtype else batched.astype(self, dtype)

    def copy(self) -> BatchedArray:
        return batched.copy(self)

    def reshape(self, *shape: Any) -> BatchedArray:
        return batched.reshape(self, shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape)

    def conjugate(self) -> BatchedArray:
        return batched.conj(self)

    def __getitem__(self, index: Any) -> BatchedArray:
        return batched.getitem(self, index)

    def __setitem__(self, index: Any, values: Any) -> None:
        parts = index if isinstance(index, tuple) else (index,)
        if any(_is_array(part) for part in parts):
            index, values = ..., batched.put(self, index, values)
        batched.write(batched.getitem(self, index), values)


def _operator(verb: str, reflected: bool) -> Callable[..., Array]:
    function = getattr(batched, verb)
    return (lambda self, other: function(other, self)) if reflected else function


# --- levels ------------------------------------------------------------------------------------------------------


def _top(arrays: Sequence[Any]) -> int:
    """The highest level at which one of these arrays is batched, or 0."""
    level = 0
    for array in arrays:
        if array.__class__ is BatchedArray and array.level > level:
            level = array.level
    return level


def _is_at(array: Any, level: int) -> bool:
    return array.__class__ is BatchedArray and array.level == level


def _size_at(arrays: Sequence[Any], level: int) -> int:
    """How many examples the batch of this level has."""
    return next(array.array.shape[0] for array in arrays if _is_at(array, level))


def _space(array: Any) -> Any:
    """The namespace of one array."""
    return numpy if array.__class__ is np.ndarray else namespace_of((array,))


def _ndim(array: Any) -> int:
    return getattr(array, "ndim", 0)


def _widened(array: Array, ndim: int) -> Array:
    """The inside of a batched array, with axes of size 1 after the batch until an example has `ndim` axes."""
    missing = ndim + 1 - array.ndim
    if missing <= 0:
        return array
    return _space(array).reshape(array, (array.shape[0], *(1,) * missing, *array.shape[1:]))


def _aligned(operands: Sequence[Any], level: int) -> list[Any]:
    """The operands one level down, such that they broadcast there as they do here."""
    ndim = max(map(_ndim, operands))
    return [_widened(x.array, ndim) if _is_at(x, level) else x for x in operands]


def _inside(array: Any, level: int, size: int) -> Array:
    """An operand one level down with its batch axis; one that is the same for all examples is repeated, as a view."""
    if _is_at(array, level):
        return array.array
    space = _space(array)
    return space.broadcast_to(array, (size, *getattr(array, "shape", ())))


def _shifted(axis: Any, ndim: int) -> Any:
    """Axes of an example as axes of the batch."""
    if isinstance(axis, tuple | list):
        return tuple(each + 1 for each in normalize_axis_tuple(axis, ndim))
    return normalize_axis_index(axis, ndim) + 1


# --- verbs by family ---------------------------------------------------------------------------------------------


def _of_one(verb: str) -> Callable[..., Array]:
    """A verb of one array, and of parameters, that takes no note of where the elements stand."""

    def compute(x: Any, *parameters: Any, **named: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(_space(x), verb)(x, *parameters, **named)
        inner = x.array
        return BatchedArray(getattr(_space(inner), verb)(inner, *parameters, **named), x.level)

    return compute


def _binary(verb: str) -> Callable[..., Array]:
    """A verb of two arrays; with a short path for NumPy's arrays inside, of one level and as many axes."""
    on_numpy = getattr(numpy, verb)
    general = _elementwise(verb)

    def compute(x: Any, y: Any) -> Array:
        level = x.level if x.__class__ is BatchedArray else y.level if y.__class__ is BatchedArray else 0
        left = x.array if x.__class__ is BatchedArray else x
        right = y.array if y.__class__ is BatchedArray else y
        if left.__class__ is not np.ndarray:
            short = left.__class__ in _NUMBERS and right.__class__ is np.ndarray
        elif right.__class__ is not np.ndarray:
            short = right.__class__ in _NUMBERS
        elif left is x or right is y:  # the example without a batch must not have more axes
            short = left.ndim < right.ndim if left is x else right.ndim < left.ndim
        else:
            short = left.ndim == right.ndim and y.level == level
        return BatchedArray(on_numpy(left, right), level) if short and level else general(x, y)

    return compute


_NUMBERS = frozenset({bool, int, float, complex, np.float32, np.float64})


def _elementwise(verb: str) -> Callable[..., Array]:
    def compute(*operands: Any) -> Array:
        level = _top(operands)
        if not level:
            return getattr(namespace_of(operands), verb)(*operands)
        inner = _aligned(operands, level)
        return BatchedArray(getattr(namespace_of(inner), verb)(*inner), level)

    return compute


def _reduction(verb: str) -> Callable[..., Array]:
    def compute(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(_space(x), verb)(x, axis=axis, keepdims=keepdims)
        inner = x.array
        axes = tuple(range(1, inner.ndim)) if axis is None else _shifted(axis, inner.ndim - 1)
        return BatchedArray(getattr(_space(inner), verb)(inner, axis=axes, keepdims=keepdims), x.level)

    return compute


def _arg_reduction(verb: str) -> Callable[..., Array]:
    def compute(x: Any, axis: int | None = None, keepdims: bool = False) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(_space(x), verb)(x, axis=axis, keepdims=keepdims)
        inner, ndim = x.array, x.ndim
        space = _space(inner)
        if axis is not None:
            return BatchedArray(getattr(space, verb)(inner, axis=_shifted(axis, ndim), keepdims=keepdims), x.level)
        place = getattr(space, verb)(space.reshape(inner, (inner.shape[0], x.size)), axis=1)
        if keepdims:
            place = space.reshape(place, (inner.shape[0], *(1,) * ndim))
        return BatchedArray(place, x.level)

    return compute


def _along(verb: str, added: bool = False) -> Callable[..., Array]:
    """A verb of one array and of axes, counted in the array, or in the result where axes are `added`."""

    def compute(x: Any, axis: Any = None) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(_space(x), verb)(x, axis)
        inner, ndim = x.array, x.ndim
        if axis is None:
            axis = tuple(place for place in range(ndim) if verb != "squeeze" or x.shape[place] == 1)
        count = len(axis) if isinstance(axis, tuple | list) else 1
        axes = _shifted(axis, ndim + count if added else ndim)
        return BatchedArray(getattr(_space(inner), verb)(inner, axes), x.level)

    return compute


def _join(verb: str, added: bool) -> Callable[..., Array]:
    def compute(arrays: Sequence[Any], axis: int = 0) -> Array:
        level = _top(arrays)
        if not level:
            return getattr(namespace_of(arrays), verb)(arrays, axis)
        size = _size_at(arrays, level)
        inner = [_inside(array, level, size) for array in arrays]
        return BatchedArray(getattr(namespace_of(inner), verb)(inner, _shifted(axis, inner[0].ndim - 1 + added)), level)

    return compute


# --- indices -----------------------------------------------------------------------------------------------------


def _is_array(part: Any) -> bool:
    return hasattr(part, "shape") or isinstance(part, list)


def _index_parts(index: Any, ndim: int) -> list[Any]:
    """An index of an array of `ndim` axes with one part per axis or new axis, masks and integers as arrays of places."""
    parts: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        array = np.asarray(part) if isinstance(part, list | bool | np.bool_) else part
        if not _is_array(array) or array.dtype.kind != "b" or not array.ndim:
            parts.append(np.asarray(array) if isinstance(array, int | np.integer) else array)
        elif array.__class__ is BatchedArray:
            raise RuntimeError(
                "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
                "indexing with a boolean mask.\n"
                "Each example would pick another number of elements: keep the shape, as in torch.where(mask, x, 0)."
            )
        else:
            parts += np.nonzero(array)
    used = sum(part is not None and part is not Ellipsis and not _is_switch(part) for part in parts)
    rest = [slice(None)] * (ndim - used)
    if any(part is Ellipsis for part in parts):
        place = next(place for place, part in enumerate(parts) if part is Ellipsis)
        return [*parts[:place], *rest, *parts[place + 1 :]]
    return [*parts, *rest]


def _is_switch(part: Any) -> bool:
    """Whether a part of an index is one truth value, which stands for no axis and makes one of size 1 or 0."""
    return _is_array(part) and part.dtype.kind == "b"


class _Selection:
    """Where an index with arrays in it puts the axes of what it picks: here, and one level down.

    NumPy puts the axes of the index arrays in the place of the arrays, if these stand side by side, else in front. The
    hidden axis, and a counter of the examples beside the index arrays, change which of the two it is.
    """

    def __init__(self, index: Any, ndim: int, level: int, size: int, target_is_batched: bool) -> None:
        parts = _index_parts(index, ndim)
        places = [place for place, part in enumerate(parts) if _is_array(part)]
        # how many axes the index arrays make
        self.width = max(1 if _is_switch(parts[place]) else _ndim(parts[place]) for place in places)
        self.ndim = len(parts) - len(places) + self.width  # and how many there are in all
        adjoining = places[-1] - places[0] + 1 == len(places)
        before = places[0] if adjoining else 0  # axes in front of those of the index arrays
        per_example = any(_is_at(part, level) for part in parts)
        inner = [_widened(part.array, self.width) if _is_at(part, level) else part for part in parts]
        order = list(range(self.ndim + 1))
        if not target_is_batched:
            self.index = tuple(inner)
            order.insert(0, order.pop(before))
        elif per_example:
            self.index = (np.arange(size).reshape(size, *(1,) * self.width), *inner)
            order = [0, *order[1 + self.width : 1 + self.width + before], *order[1 : 1 + self.width]]
            order += range(len(order), self.ndim + 1)
        else:
            self.index = (slice(None), *inner)
            if not adjoining:
                order.insert(0, order.pop(self.width))
        #: the axes of the result one level down, in the order in which the batch comes first
        self.order = None if order == list(range(self.ndim + 1)) else order

    def picked(self, space: Any, array: Array) -> Array:
        """What was picked one level down, with the batch in front and the axes as they are here."""
        return array if self.order is None else space.permute_dims(array, self.order)

    def fitted(self, values: Any, level: int) -> Any:
        """Values to be written, given as they are here, as they must be one level down."""
        if _is_at(values, level):
            values = _widened(values.array, self.ndim)
        elif self.order is not None and _ndim(values):
            space = _space(values)
            values = space.reshape(values, (1,) * (self.ndim + 1 - values.ndim) + tuple(values.shape))
        if self.order is None or not _ndim(values):
            return values
        return _space(values).permute_dims(values, np.argsort(self.order).tolist())


# --- the namespace -----------------------------------------------------------------------------------------------


class BatchedNamespace:
    """The verbs as attributes. One that is not treated here is carried out on one example after the other."""

    __name__ = "batched"

    # --- types and creation: what is made anew is the same for all examples ---

    zeros, ones, full = staticmethod(numpy.zeros), staticmethod(numpy.ones), staticmethod(numpy.full)

    @staticmethod
    def numpy_dtype(x: Any) -> np.dtype:
        return x.dtype

    @staticmethod
    def asarray(x: Any) -> Array:
        return x

    @staticmethod
    def copy(x: Any) -> Array:
        """A copy, with each example laid out in memory as NumPy's copy of it would be."""
        if x.__class__ is not BatchedArray:
            return namespace_of((x,)).copy(x)
        inner = x.array
        if inner.__class__ is not np.ndarray or inner.flags.c_contiguous:
            return BatchedArray(_space(inner).copy(inner), x.level)
        order = [0, *sorted(range(1, inner.ndim), key=lambda axis: -abs(inner.strides[axis]))]
        copied = np.array(inner.transpose(order), order="C")
        return BatchedArray(copied.transpose(np.argsort(order)), x.level)

    # --- arrangements ---

    @staticmethod
    def reshape(x: Any, shape: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return _space(x).reshape(x, shape)
        inner = x.array
        shape = tuple(shape) if isinstance(shape, Sequence) else (shape,)
        if -1 in shape:
            known = 1
            for length in shape:
                known *= 1 if length == -1 else length
            shape = tuple(x.size // max(known, 1) if length == -1 else length for length in shape)
        return BatchedArray(_space(inner).reshape(inner, (inner.shape[0], *shape)), x.level)

    @staticmethod
    def permute_dims(x: Any, axes: Sequence[int]) -> Array:
        if x.__class__ is not BatchedArray:
            return _space(x).permute_dims(x, axes)
        inner = x.array
        return BatchedArray(_space(inner).permute_dims(inner, (0, *_shifted(tuple(axes), x.ndim))), x.level)

    @staticmethod
    def broadcast_to(x: Any, shape: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return _space(x).broadcast_to(x, shape)
        inner = _widened(x.array, len(shape))
        return BatchedArray(_space(inner).broadcast_to(inner, (inner.shape[0], *shape)), x.level)

    # --- parts of arrays ---

    @staticmethod
    def getitem(x: Any, index: Any) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = _top((x, *parts))
        if not level:
            return namespace_of((x, *parts)).getitem(x, index)
        if not any(map(_is_array, parts)):
            return BatchedArray(_space(x.array).getitem(x.array, (slice(None), *parts)), level)
        size = _size_at((x, *parts), level)
        selection = _Selection(index, x.ndim, level, size, _is_at(x, level))
        inner = x.array if _is_at(x, level) else x
        space = namespace_of((inner, *selection.index))
        return BatchedArray(selection.picked(space, space.getitem(inner, selection.index)), level)

    @staticmethod
    def put(x: Any, index: Any, values: Any) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = _top((x, values, *parts))
        if not level:
            return namespace_of((x, values, *parts)).put(x, index, values)
        size = _size_at((x, values, *parts), level)
        inner_index, inner_values = _addressed(parts, values, x.ndim, level, size)
        inner = _inside(x, level, size)
        return BatchedArray(
            namespace_of((inner, inner_values, *inner_index)).put(inner, inner_index, inner_values), level
        )

    @staticmethod
    def place(values: Any, index: Any, shape: Sequence[int]) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = _top((values, *parts))
        if not level:
            return namespace_of((values, *parts)).place(values, index, shape)
        size = _size_at((values, *parts), level)
        inner_index, inner_values = _addressed(parts, values, len(shape), level, size)
        space = namespace_of((inner_values, *inner_index))
        return BatchedArray(space.place(inner_values, inner_index, (size, *shape)), level)

    @staticmethod
    def write(target: Any, values: Any) -> None:
        """Set the elements of an array, in its own memory."""
        level = _top((target, values))
        if not level:
            namespace_of((target, values)).write(target, values)
        elif not _is_at(target, level):
            raise RuntimeError(
                "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in "
                "extra_args that has more elements than `self`. This happened due to `other` being vmapped over but "
                "`self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of inplace "
                "arithmetic. If said operator is being called inside the PyTorch framework, please file a bug report "
                "instead.\n"
                "The tensor written to is one and the same for all examples: compute a new one, as in x = x + y."
            )
        else:
            batched.write(*_aligned((target, values), level))

    # --- products ---

    @staticmethod
    def matmul(x: Any, y: Any) -> Array:
        level = _top((x, y))
        if not level:
            return namespace_of((x, y)).matmul(x, y)
        left, right = (each.array if _is_at(each, level) else each for each in (x, y))
        if right is y and y.ndim <= 2:
            return BatchedArray(_rows_times(left, y), level)
        if left is x and x.ndim <= 2 and y.ndim == 1:  # the vectors of the batch are the rows of a matrix
            return BatchedArray(_rows_times(right, _transposed(x)), level)
        space = namespace_of((left, right))
        left = space.expand_dims(left, -2) if x.ndim == 1 else left
        right = space.expand_dims(right, -1) if y.ndim == 1 else right
        ndim = max(x.ndim, y.ndim, 2)
        left = _widened(left, ndim) if _is_at(x, level) else left
        right = _widened(right, ndim) if _is_at(y, level) else right
        product = _matrices(left, right)
        gone = (-2,) * (x.ndim == 1) + (-1,) * (y.ndim == 1)
        return BatchedArray(space.squeeze(product, gone) if gone else product, level)

    # --- from one level to another ---

    def enter_batch(self, x: Any, *, level: int, axis: int) -> BatchedArray:
        """Hide an axis of `x`: from here on, at this level, `x` stands for one example."""
        if x.__class__ is BatchedArray and x.level > level:
            return BatchedArray(self.enter_batch(x.array, level=level, axis=axis + 1), x.level)
        if axis:
            x = _space(x).permute_dims(x, (axis, *(each for each in range(x.ndim) if each != axis)))
        return BatchedArray(x, level)

    def leave_batch(self, x: Any, *, level: int, axis: int, size: int) -> Array:
        """Show the axis that was hidden at this level as `axis`; what is the same for all `size` examples is repeated."""
        if x.__class__ is BatchedArray and x.level > level:
            return BatchedArray(self.leave_batch(x.array, level=level, axis=axis + 1, size=size), x.level)
        if not _is_at(x, level):
            space = _space(x)
            shape = (*x.shape[:axis], size, *x.shape[axis:])
            return space.broadcast_to(space.expand_dims(x, axis), shape)
        inner = x.array
        if axis:
            inner = _space(inner).permute_dims(inner, (*range(1, axis + 1), 0, *range(axis + 1, inner.ndim)))
        return inner

    def share_batch(self, x: Any, *, levels: Sequence[int]) -> Array:
        """`x`, which is the same for all examples of these levels."""
        return x

    def total_batch(self, x: Any, *, levels: Sequence[int]) -> Array:
        """The sum of `x` over the examples of these levels."""
        for level in levels:
            x = self._total(x, level)
        return x

    def _total(self, x: Any, level: int) -> Array:
        if x.__class__ is not BatchedArray or x.level < level:
            return x
        if x.level == level:
            return _space(x.array).sum(x.array, axis=0)
        return BatchedArray(self._total(x.array, level), x.level)

    # --- all others ---

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb.startswith("_"):
            raise AttributeError(verb)

        def one_by_one(*operands: Any, **parameters: Any) -> Any:
            level = _top(operands)
            if not level:
                return getattr(namespace_of(operands), verb)(*operands, **parameters)
            results = [
                getattr(self, verb)(*(x.array[place] if _is_at(x, level) else x for x in operands), **parameters)
                for place in range(_size_at(operands, level))
            ]
            if isinstance(results[0], tuple):
                return tuple(BatchedArray(self.stack(list(parts)), level) for parts in zip(*results, strict=True))
            return BatchedArray(self.stack(results), level)

        return one_by_one


def _addressed(parts: Sequence[Any], values: Any, ndim: int, level: int, size: int) -> tuple[tuple, Any]:
    """Where and what to write one level down, into an array that is batched at this level."""
    if any(map(_is_array, parts)):
        selection = _Selection(tuple(parts), ndim, level, size, target_is_batched=True)
        return selection.index, selection.fitted(values, level)
    if _is_at(values, level):
        picked = np.broadcast_to(np.empty(()), (1,) * ndim)[tuple(_unsized(part) for part in parts)]
        values = _widened(values.array, picked.ndim)
    return (slice(None), *parts), values


def _unsized(part: Any) -> Any:
    """A part of an index that picks the same axes from an array of size 1 along each."""
    return 0 if isinstance(part, int | np.integer) else slice(None) if isinstance(part, slice) else part


def _transposed(x: Array) -> Array:
    """The transpose of a matrix; a vector as it is."""
    return _space(x).permute_dims(x, (1, 0)) if x.ndim == 2 else x


def _rows_times(x: Array, y: Array) -> Array:
    """`x @ y` for a matrix or a vector `y`, with all the rows of a batch of matrices `x` in one product."""
    space = namespace_of((x, y))
    if x.ndim <= 2:
        return space.matmul(x, y)
    rows = 1
    for length in x.shape[:-1]:
        rows *= length
    product = space.matmul(space.reshape(x, (rows, x.shape[-1])), y)
    return space.reshape(product, (*x.shape[:-1], *y.shape[1:]))


def _matrices(x: Array, y: Array) -> Array:
    """Products of batches of matrices; of columns by rows, element by element, which is what they are."""
    space = namespace_of((x, y))
    return space.multiply(x, y) if x.shape[-1] == 1 == y.shape[-2] else space.matmul(x, y)


batched: Any = BatchedNamespace()

_FAMILIES: tuple[tuple[Sequence[str], Callable[[str], Callable]], ...] = (
    ((*UNARY, "astype", "zeros_like", "ones_like", "full_like"), _of_one),
    (BINARY, _binary),
    (("where",), _elementwise),
    (REDUCTIONS, _reduction),
    (ARG_REDUCTIONS, _arg_reduction),
    (("flip", "squeeze"), _along),
    (("expand_dims",), lambda verb: _along(verb, added=True)),
    (("concat",), lambda verb: _join(verb, added=False)),
    (("stack",), lambda verb: _join(verb, added=True)),
)
for _verbs, _carried_out in _FAMILIES:
    for _verb in _verbs:
        setattr(batched, _verb, _carried_out(_verb))

for _method, _verb in OPERATORS.items():
    setattr(BatchedArray, _method, _operator(_verb, reflected=False))
    setattr(BatchedArray, _method.replace("__", "__r", 1), _operator(_verb, reflected=True))

register_array_type(BatchedArray, batched, 100)
