"""The verbs, carried out on a batch of examples at once, behind arrays that look like one example.

A batched array hides one axis, the batch. Each verb shifts the axes that it is given past the hidden one, brings the
operands into line, and hands over to the namespace of the arrays inside: NumPy's, a recording one, or this one again
for the next lower level, where calls to `vmap` are nested.

An array without a batch axis is the same for every example. A level is a number; of nested batches the one with the
highest number, the innermost `vmap`, is the outermost wrapper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of, numpy, register_array_type
from adjoint.arrays.batches import (
    Array,
    BatchedArray,
    aligned,
    inside,
    is_at,
    shifted,
    size_at,
    space_of,
    top_level,
    widened,
)
from adjoint.arrays.selection import Selection, addressed, is_array
from adjoint.arrays.verbs import ARG_REDUCTIONS, BINARY, KERNELS, OPERATORS, REDUCTIONS, SPECIAL, STACKED, UNARY

__all__ = ["BatchedArray", "batched"]


# --- verbs by family ---------------------------------------------------------------------------------------------


def _of_one(verb: str) -> Callable[..., Array]:
    """A verb of one array, and of parameters, that takes no note of where the elements stand."""

    def compute(x: Any, *parameters: Any, **named: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(space_of(x), verb)(x, *parameters, **named)
        inner = x.array
        return BatchedArray(getattr(space_of(inner), verb)(inner, *parameters, **named), x.level)

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
    def compute(*operands: Any, **parameters: Any) -> Array:
        level = top_level(operands)
        if not level:
            return getattr(namespace_of(operands), verb)(*operands, **parameters)
        inner = aligned(operands, level)
        return BatchedArray(getattr(namespace_of(inner), verb)(*inner, **parameters), level)

    return compute


def _reduction(verb: str) -> Callable[..., Array]:
    def compute(x: Any, axis: Any = None, keepdims: bool = False) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(space_of(x), verb)(x, axis=axis, keepdims=keepdims)
        inner = x.array
        axes = tuple(range(1, inner.ndim)) if axis is None else shifted(axis, inner.ndim - 1)
        return BatchedArray(getattr(space_of(inner), verb)(inner, axis=axes, keepdims=keepdims), x.level)

    return compute


def _arg_reduction(verb: str) -> Callable[..., Array]:
    def compute(x: Any, axis: int | None = None, keepdims: bool = False) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(space_of(x), verb)(x, axis=axis, keepdims=keepdims)
        inner, ndim = x.array, x.ndim
        space = space_of(inner)
        if axis is not None:
            return BatchedArray(getattr(space, verb)(inner, axis=shifted(axis, ndim), keepdims=keepdims), x.level)
        place = getattr(space, verb)(space.reshape(inner, (inner.shape[0], x.size)), axis=1)
        if keepdims:
            place = space.reshape(place, (inner.shape[0], *(1,) * ndim))
        return BatchedArray(place, x.level)

    return compute


def _along(verb: str, added: bool = False) -> Callable[..., Array]:
    """A verb of one array and of axes, counted in the array, or in the result where axes are `added`."""

    def compute(x: Any, axis: Any = None) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(space_of(x), verb)(x, axis)
        inner, ndim = x.array, x.ndim
        if axis is None:
            axis = tuple(place for place in range(ndim) if verb != "squeeze" or x.shape[place] == 1)
        count = len(axis) if isinstance(axis, tuple | list) else 1
        axes = shifted(axis, ndim + count if added else ndim)
        return BatchedArray(getattr(space_of(inner), verb)(inner, axes), x.level)

    return compute


def _transform(verb: str) -> Callable[..., Array]:
    """A verb of one array, and of axes given by their name: a Fourier transform along them."""

    def compute(x: Any, *, axes: tuple[int, ...], **named: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return getattr(space_of(x), verb)(x, axes=axes, **named)
        inner = x.array
        return BatchedArray(getattr(space_of(inner), verb)(inner, axes=shifted(axes, x.ndim), **named), x.level)

    return compute


def _join(verb: str, added: bool) -> Callable[..., Array]:
    def compute(arrays: Sequence[Any], axis: int = 0) -> Array:
        level = top_level(arrays)
        if not level:
            return getattr(namespace_of(arrays), verb)(arrays, axis)
        size = size_at(arrays, level)
        inner = [inside(array, level, size) for array in arrays]
        return BatchedArray(getattr(namespace_of(inner), verb)(inner, shifted(axis, inner[0].ndim - 1 + added)), level)

    return compute


def _of_matrices(verb: str) -> Callable[..., Any]:
    """A kernel of matrices in the last two axes, which takes a stack of them at once."""

    def compute(*operands: Any, **parameters: Any) -> Any:
        level = top_level(operands)
        inner = aligned(operands, level) if level else operands
        result = getattr(namespace_of(inner), verb)(*inner, **parameters)
        if not level:
            return result
        if isinstance(result, tuple):
            return tuple(BatchedArray(part, level) for part in result)
        return BatchedArray(result, level)

    return compute


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
            return BatchedArray(space_of(inner).copy(inner), x.level)
        order = [0, *sorted(range(1, inner.ndim), key=lambda axis: -abs(inner.strides[axis]))]
        copied = np.array(inner.transpose(order), order="C")
        return BatchedArray(copied.transpose(np.argsort(order)), x.level)

    # --- arrangements ---

    @staticmethod
    def reshape(x: Any, shape: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return space_of(x).reshape(x, shape)
        inner = x.array
        shape = tuple(shape) if isinstance(shape, Sequence) else (shape,)
        if -1 in shape:
            known = 1
            for length in shape:
                known *= 1 if length == -1 else length
            shape = tuple(x.size // max(known, 1) if length == -1 else length for length in shape)
        return BatchedArray(space_of(inner).reshape(inner, (inner.shape[0], *shape)), x.level)

    @staticmethod
    def permute_dims(x: Any, axes: Sequence[int]) -> Array:
        if x.__class__ is not BatchedArray:
            return space_of(x).permute_dims(x, axes)
        inner = x.array
        return BatchedArray(space_of(inner).permute_dims(inner, (0, *shifted(tuple(axes), x.ndim))), x.level)

    @staticmethod
    def broadcast_to(x: Any, shape: Any) -> Array:
        if x.__class__ is not BatchedArray:
            return space_of(x).broadcast_to(x, shape)
        inner = widened(x.array, len(shape))
        return BatchedArray(space_of(inner).broadcast_to(inner, (inner.shape[0], *shape)), x.level)

    # --- parts of arrays ---

    @staticmethod
    def getitem(x: Any, index: Any) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = top_level((x, *parts))
        if not level:
            return namespace_of((x, *parts)).getitem(x, index)
        if not any(map(is_array, parts)):
            return BatchedArray(space_of(x.array).getitem(x.array, (slice(None), *parts)), level)
        size = size_at((x, *parts), level)
        selection = Selection(index, x.ndim, level, size, is_at(x, level))
        inner = x.array if is_at(x, level) else x
        space = namespace_of((inner, *selection.index))
        return BatchedArray(selection.picked(space, space.getitem(inner, selection.index)), level)

    @staticmethod
    def put(x: Any, index: Any, values: Any) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = top_level((x, values, *parts))
        if not level:
            return namespace_of((x, values, *parts)).put(x, index, values)
        size = size_at((x, values, *parts), level)
        inner_index, inner_values = addressed(parts, values, x.ndim, level, size)
        inner = inside(x, level, size)
        return BatchedArray(
            namespace_of((inner, inner_values, *inner_index)).put(inner, inner_index, inner_values), level
        )

    @staticmethod
    def place(values: Any, index: Any, shape: Sequence[int]) -> Array:
        parts = index if isinstance(index, tuple) else (index,)
        level = top_level((values, *parts))
        if not level:
            return namespace_of((values, *parts)).place(values, index, shape)
        size = size_at((values, *parts), level)
        inner_index, inner_values = addressed(parts, values, len(shape), level, size)
        space = namespace_of((inner_values, *inner_index))
        return BatchedArray(space.place(inner_values, inner_index, (size, *shape)), level)

    @staticmethod
    def write(target: Any, values: Any) -> None:
        """Set the elements of an array, in its own memory."""
        level = top_level((target, values))
        if not level:
            namespace_of((target, values)).write(target, values)
        elif not is_at(target, level):
            raise RuntimeError(
                "vmap: inplace arithmetic(self, *extra_args) is not possible because there exists a Tensor `other` in "
                "extra_args that has more elements than `self`. This happened due to `other` being vmapped over but "
                "`self` not being vmapped over in a vmap. Please try to use out-of-place operators instead of inplace "
                "arithmetic. If said operator is being called inside the PyTorch framework, please file a bug report "
                "instead.\n"
                "The tensor written to is one and the same for all examples: compute a new one, as in x = x + y."
            )
        else:
            batched.write(*aligned((target, values), level))

    # --- products ---

    @staticmethod
    def matmul(x: Any, y: Any) -> Array:
        level = top_level((x, y))
        if not level:
            return namespace_of((x, y)).matmul(x, y)
        left, right = (each.array if is_at(each, level) else each for each in (x, y))
        if right is y and y.ndim <= 2:
            return BatchedArray(_rows_times(left, y), level)
        if left is x and x.ndim <= 2 and y.ndim == 1:  # the vectors of the batch are the rows of a matrix
            return BatchedArray(_rows_times(right, _transposed(x)), level)
        space = namespace_of((left, right))
        left = space.expand_dims(left, -2) if x.ndim == 1 else left
        right = space.expand_dims(right, -1) if y.ndim == 1 else right
        ndim = max(x.ndim, y.ndim, 2)
        left = widened(left, ndim) if is_at(x, level) else left
        right = widened(right, ndim) if is_at(y, level) else right
        product = _matrices(left, right)
        gone = (-2,) * (x.ndim == 1) + (-1,) * (y.ndim == 1)
        return BatchedArray(space.squeeze(product, gone) if gone else product, level)

    # --- from one level to another ---

    def enter_batch(self, x: Any, *, level: int, axis: int) -> BatchedArray:
        """Hide an axis of `x`: from here on, at this level, `x` stands for one example."""
        if x.__class__ is BatchedArray and x.level > level:
            return BatchedArray(self.enter_batch(x.array, level=level, axis=axis + 1), x.level)
        if axis:
            x = space_of(x).permute_dims(x, (axis, *(each for each in range(x.ndim) if each != axis)))
        return BatchedArray(x, level)

    def leave_batch(self, x: Any, *, level: int, axis: int, size: int) -> Array:
        """Show the axis that was hidden at this level as `axis`; what is the same for all `size` examples is repeated."""
        if x.__class__ is BatchedArray and x.level > level:
            return BatchedArray(self.leave_batch(x.array, level=level, axis=axis + 1, size=size), x.level)
        if not is_at(x, level):
            space = space_of(x)
            shape = (*x.shape[:axis], size, *x.shape[axis:])
            return space.broadcast_to(space.expand_dims(x, axis), shape)
        inner = x.array
        if axis:
            inner = space_of(inner).permute_dims(inner, (*range(1, axis + 1), 0, *range(axis + 1, inner.ndim)))
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
            return space_of(x.array).sum(x.array, axis=0)
        return BatchedArray(self._total(x.array, level), x.level)

    # --- all others ---

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        if verb.startswith("_"):
            raise AttributeError(verb)

        def one_by_one(*operands: Any, **parameters: Any) -> Any:
            level = top_level(operands)
            if not level:
                return getattr(namespace_of(operands), verb)(*operands, **parameters)
            results = [
                getattr(self, verb)(*(x.array[place] if is_at(x, level) else x for x in operands), **parameters)
                for place in range(size_at(operands, level))
            ]
            if isinstance(results[0], tuple):
                return tuple(BatchedArray(self.stack(list(parts)), level) for parts in zip(*results, strict=True))
            return BatchedArray(self.stack(results), level)

        return one_by_one


def _transposed(x: Array) -> Array:
    """The transpose of a matrix; a vector as it is."""
    return space_of(x).permute_dims(x, (1, 0)) if x.ndim == 2 else x


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
    (("where", *SPECIAL), _elementwise),
    (REDUCTIONS, _reduction),
    (ARG_REDUCTIONS, _arg_reduction),
    (("flip", "squeeze"), _along),
    (KERNELS["fft"], _transform),
    (STACKED, _of_matrices),
    (("expand_dims",), lambda verb: _along(verb, added=True)),
    (("concat",), lambda verb: _join(verb, added=False)),
    (("stack",), lambda verb: _join(verb, added=True)),
)
for _verbs, _carried_out in _FAMILIES:
    for _verb in _verbs:
        setattr(batched, _verb, _carried_out(_verb))

# --- verbs as methods, as NumPy's arrays have them ---------------------------------------------------------------


def _astype(self: BatchedArray, dtype: Any, copy: bool = True) -> BatchedArray:
    return self if not copy and self.dtype == dtype else batched.astype(self, dtype)


def _reshape(self: BatchedArray, *shape: Any) -> BatchedArray:
    return batched.reshape(self, shape[0] if len(shape) == 1 and isinstance(shape[0], Sequence) else shape)


def _setitem(self: BatchedArray, index: Any, values: Any) -> None:
    parts = index if isinstance(index, tuple) else (index,)
    if any(map(is_array, parts)):
        index, values = ..., batched.put(self, index, values)
    batched.write(batched.getitem(self, index), values)


def _operator(verb: str, reflected: bool) -> Callable[..., Array]:
    function = getattr(batched, verb)
    return (lambda self, other: function(other, self)) if reflected else function


_METHODS: dict[str, Any] = {
    "astype": _astype, "reshape": _reshape, "copy": batched.copy, "conjugate": batched.conj,
    "__getitem__": lambda self, index: batched.getitem(self, index), "__setitem__": _setitem,
}  # fmt: skip
for _method, _function in _METHODS.items():
    setattr(BatchedArray, _method, _function)
for _method, _verb in OPERATORS.items():
    setattr(BatchedArray, _method, _operator(_verb, reflected=False))
    setattr(BatchedArray, _method.replace("__", "__r", 1), _operator(_verb, reflected=True))

register_array_type(BatchedArray, batched, 100)
