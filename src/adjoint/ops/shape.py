"""Shapes: views of the same elements in other arrangements, and what joins tensors to larger ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core.apply import write_out
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, buffer
from adjoint.ops.conversion import clone
from adjoint.ops.dimensions import dimension

# --- the records ---


def _unreshape(xp: Any, g: Any, x_shape: Any) -> Any:
    return xp.reshape(g, x_shape)


_view = linear("view", lambda xp, x, *, shape: xp.reshape(x, shape), transpose=_unreshape, view=True)
_unsafe_view = linear("unsafe_view", lambda xp, x, *, shape: xp.reshape(x, shape), transpose=_unreshape)
_permute = linear(
    "permute",
    lambda xp, x, *, axes: xp.permute_dims(x, axes),
    transpose=lambda xp, g, *, axes: xp.permute_dims(g, _inverse(axes)),
    view=True,
)
_TRANSPOSE: dict[str, Any] = {
    "forward": lambda xp, x, *, axes: xp.permute_dims(x, axes),
    "transpose": lambda xp, g, *, axes: xp.permute_dims(g, axes),  # a swap is its own inverse
    "view": True,
}
_transpose = linear("transpose", **_TRANSPOSE)
_t = linear("t", **_TRANSPOSE)
_expand = linear(
    "expand",
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    transpose=lambda xp, g, x_shape: unbroadcast(xp, g, x_shape),
    view=True,
)
_unsqueeze = linear(
    "unsqueeze",
    lambda xp, x, *, axis: xp.expand_dims(x, axis),
    transpose=lambda xp, g, *, axis: xp.squeeze(g, axis),
    view=True,
)
_SQUEEZE: dict[str, Any] = {
    "forward": lambda xp, x, *, axis: xp.squeeze(x, axis),
    "transpose": _unreshape,
    "view": True,
}
_squeeze_all = linear("squeeze_all", **_SQUEEZE, node="SqueezeBackward0")
_squeeze_axis = linear("squeeze_axis", **_SQUEEZE, node="SqueezeBackward1")
_squeeze_axes = linear("squeeze_axes", **_SQUEEZE, node="SqueezeBackward2")
_flip = linear("flip", lambda xp, x, *, axis: xp.flip(x, axis), transpose=lambda xp, g, *, axis: xp.flip(g, axis))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(axes)
    for place, axis in enumerate(axes):
        inverse[axis] = place
    return tuple(inverse)


def _cat_transpose(xp: Any, g: Any, xs_shape: Any, *, axis: int) -> list:
    gradients, start = [], 0
    for shape in xs_shape:
        stop = start + shape[axis]
        gradients.append(xp.getitem(g, (*(slice(None),) * axis, slice(start, stop))))
        start = stop
    return gradients


_cat = linear("cat", lambda xp, *xs, axis: xp.concat(list(xs), axis), transpose=_cat_transpose, promotes="common")
_stack = linear(
    "stack",
    lambda xp, *xs, axis: xp.stack(list(xs), axis),
    transpose=lambda xp, g, xs_shape, *, axis: [
        xp.getitem(g, (*(slice(None),) * axis, place)) for place in range(len(xs_shape))
    ],
    promotes="common",
)

# --- the verbs, on tensors ---


@verb("reshape")
def _reshape_verb(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return reshape(x, shape)


@verb("permute_dims")
def _permute_verb(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return _permute(x, axes=tuple(axes))


@verb("broadcast_to")
def _broadcast_verb(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x._data.shape == shape else _expand(x, shape=tuple(shape))


@verb("expand_dims")
def _expand_dims_verb(x: Tensor, axis: Any) -> Tensor:
    return _unsqueeze(x, axis=axis)


@verb("squeeze")
def _squeeze_verb(x: Tensor, axis: Any) -> Tensor:
    return _squeeze_axes(x, axis=axis)


@verb("flip")
def _flip_verb(x: Tensor, axis: Any) -> Tensor:
    return _flip(x, axis=axis)


@verb("concat")
def _concat_verb(arrays: list[Tensor], axis: int = 0) -> Tensor:
    return _cat(*arrays, axis=axis)


@verb("stack")
def _stack_verb(arrays: list[Tensor], axis: int = 0) -> Tensor:
    return _stack(*arrays, axis=axis)


# --- arguments ---


def sizes(arguments: tuple) -> tuple[int, ...]:
    """A shape given as separate numbers or as one sequence."""
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = tuple(arguments[0])
    return tuple(int(size) for size in arguments)


def _completed(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A shape with its -1, if it has one, worked out."""
    unknown = [place for place, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    known = 1
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size}")
        known *= 1 if size == -1 else size
    if unknown:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            )
        if count % known == 0:
            return tuple(count // known if size == -1 else size for size in shape)
    elif known == count:
        return shape
    raise RuntimeError(
        f"shape '{list(shape)}' is invalid for input of size {count}\n"
        "The product of the new sizes must be the number of elements; one of them may be -1."
    )


# --- views ---


@public()
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape: a view where the memory allows it, else a copy. One size may be -1.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2., 3., 4.]).reshape(2, -1)
    tensor([[1., 2.],
            [3., 4.]])
    """
    target = _completed(sizes(shape), input.numel())
    if is_viewable(input, target):
        return _view(input, shape=target)
    return _unsafe_view(clone(input), shape=target)


@public(on_module=False)
def view(self: Tensor, *shape: Any) -> Tensor:
    """The same elements in another shape, in the same memory; an error where the memory does not allow it."""
    target = _completed(sizes(shape), self.numel())
    if not is_viewable(self, target):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return _view(self, shape=target)


def is_viewable(x: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether an array can take this shape without being copied."""
    data = buffer(x)
    if not isinstance(data, np.ndarray) or data.flags.c_contiguous:
        return True
    alias = data.view()
    try:
        alias.shape = shape
    except AttributeError:
        return False
    return True


@public(on_module=False)
def view_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor, viewed in the shape of another."""
    return view(self, other.shape)


@public(on_module=False)
def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the shape of another."""
    return reshape(self, other.shape)


@public()
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The dimensions from `start_dim` to `end_dim` as one.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3, 4).flatten(1).shape
    torch.Size([2, 12])
    """
    shape = input._data.shape
    if not shape:
        return reshape(input, 1)
    start, end = dimension(start_dim, len(shape)), dimension(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    count = 1
    for size in shape[start : end + 1]:
        count *= size
    return reshape(input, *shape[:start], count, *shape[end + 1 :])


@public()
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The dimensions in another order, as a view.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3, 5).permute(2, 0, 1).shape
    torch.Size([5, 2, 3])
    """
    order = sizes(dims)
    if len(order) != input.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired "
            f"ordering of dimensions i.e. input.dim() = {input.ndim} is not equal to len(dims) = {len(order)}"
        )
    axes = tuple(dimension(each, input.ndim) for each in order)
    if len(set(axes)) != len(axes):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return _permute(input, axes=axes)


@public(aliases=("swapaxes", "swapdims"))
def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions swapped, as a view.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3).transpose(0, 1).shape
    torch.Size([3, 2])
    """
    axes = list(range(input.ndim))
    first, second = dimension(dim0, input.ndim), dimension(dim1, input.ndim)
    if axes:
        axes[first], axes[second] = axes[second], axes[first]
    return _transpose(input, axes=tuple(axes))


@public()
def t(input: Tensor) -> Tensor:
    """The transpose of a matrix, as a view; vectors and 0-d tensors as they are."""
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return _t(input, axes=(1, 0) if input.ndim == 2 else tuple(range(input.ndim)))


def _reversed(self: Tensor) -> Tensor:
    """The dimensions in reverse order, as a view."""
    return _permute(self, axes=tuple(reversed(range(self.ndim))))


def _matrices_transposed(self: Tensor) -> Tensor:
    """The last two dimensions swapped, as a view."""
    return transpose(self, -2, -1)


@public(on_module=False)
def expand(self: Tensor, *shape: Any) -> Tensor:
    """The tensor repeated along dimensions of size 1, as a view without copies; -1 keeps a size.

    >>> import adjoint as torch
    >>> torch.tensor([[1.], [2.]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    target, have = list(sizes(shape)), self._data.shape
    lead = len(target) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(have)}}}, size={target}): the number of sizes provided ({len(target)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    for axis, size in enumerate(target):
        existing = have[axis - lead] if axis >= lead else 1
        if size == -1:
            if axis < lead:
                raise RuntimeError(
                    f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {axis}"
                )
            target[axis] = existing
        elif size != existing and existing != 1:
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({existing}) at non-singleton "
                f"dimension {axis}.  Target sizes: {target}.  Tensor sizes: {list(have)}"
            )
    return _expand(self, shape=tuple(target))


@public(on_module=False)
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor, expanded to the shape of another."""
    return expand(self, *other.shape)


@public()
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """The tensor expanded to a shape, as a view."""
    return expand(input, *size)


@public()
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """A view with a dimension of size 1 inserted at `dim`."""
    return _unsqueeze(input, axis=dimension(dim, input.ndim + 1))


@public()
def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """A view without its dimensions of size 1, or without those of them that `dim` names."""
    shape = input._data.shape
    if dim is None:
        return _squeeze_all(input, axis=tuple(axis for axis, size in enumerate(shape) if size == 1))
    several = isinstance(dim, (tuple, list))
    axes = tuple(dimension(each, len(shape)) for each in (dim if several else (dim,)))
    record = _squeeze_axes if several else _squeeze_axis
    return record(input, axis=tuple(axis for axis in axes if shape and shape[axis] == 1))


@public()
def flip(input: Tensor, *dims: Any) -> Tensor:
    """A copy with the order of the elements reversed along the dimensions `dims`."""
    return _flip(input, axis=tuple(dimension(each, input.ndim) for each in sizes(dims)))


@public(on_module=False)
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor, copied where its elements do not lie in memory in C order."""
    return self if self.is_contiguous() else clone(self)


@public(method=False)
def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


# --- joining ---


@public(method=False, aliases=("concat", "concatenate"))
def cat(tensors: Any, dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors one after the other along a dimension that they have.

    >>> import adjoint as torch
    >>> torch.cat([torch.tensor([1., 2.]), torch.tensor([3.])])
    tensor([1., 2., 3.])
    """
    parts = _sequence("cat", tensors)
    if not parts:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    for place, part in enumerate(parts):
        if not part.ndim:
            raise RuntimeError(f"zero-dimensional tensor (at position {place}) cannot be concatenated")
    kept = [part for part in parts if part._data.shape != (0,)] or parts  # PyTorch passes over empty vectors
    ndim = kept[0].ndim
    axis = dimension(dim, ndim)
    for place, part in enumerate(kept):
        if part.ndim != ndim:
            raise RuntimeError(f"Tensors must have same number of dimensions: got {ndim} and {part.ndim}")
        for each in range(ndim):
            if each != axis and part.shape[each] != kept[0].shape[each]:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {kept[0].shape[each]} but "
                    f"got size {part.shape[each]} for tensor number {place} in the list."
                )
    result = _cat(*kept, axis=axis)
    return result if out is None else write_out(out, result)


@public(method=False)
def stack(tensors: Any, dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Tensors of one shape side by side along a new dimension.

    >>> import adjoint as torch
    >>> torch.stack([torch.tensor(1.), torch.tensor(2.)])
    tensor([1., 2.])
    """
    parts = _sequence("stack", tensors)
    if not parts:
        raise RuntimeError("stack expects a non-empty TensorList")
    for place, part in enumerate(parts):
        if part.shape != parts[0].shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(parts[0].shape)} at entry 0 and "
                f"{list(part.shape)} at entry {place}"
            )
    result = _stack(*parts, axis=dimension(dim, parts[0].ndim + 1))
    return result if out is None else write_out(out, result)


def _sequence(function: str, values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        raise TypeError(f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    for place, value in enumerate(values := list(values)):
        if not isinstance(value, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(value).__name__}")
    return values


PROPERTIES: dict[str, Any] = {"T": _reversed, "mT": _matrices_transposed}
