"""Shapes: views of the same elements in other arrangements."""

from __future__ import annotations

import math
from operator import index
from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, buffer
from adjoint.ops.conversion import clone, contiguous, reinterpreted
from adjoint.ops.dimensions import dimension, dimensions

# --- the records ---


def _unreshape(xp: Any, g: Any, x_shape: Any) -> Any:
    return xp.reshape(g, x_shape)


_view = linear("view", lambda xp, x, *, shape: xp.reshape(x, shape), transpose=_unreshape, view=True)
#: PyTorch's name for the view that `reshape` makes of memory that is not contiguous
_reshape_alias = linear("reshape_alias", lambda xp, x, *, shape: xp.reshape(x, shape), transpose=_unreshape, view=True)
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
_flip = linear(
    "flip", lambda xp, x, *, axis: xp.copy(xp.flip(x, axis)), transpose=lambda xp, g, *, axis: xp.flip(g, axis)
)


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    inverse = [0] * len(axes)
    for place, axis in enumerate(axes):
        inverse[axis] = place
    return tuple(inverse)


# --- the verbs, on tensors ---


@verb("reshape")
def _reshape_verb(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return reshape(x, shape)


@verb("permute_dims")
def _permute_verb(x: Tensor, axes: tuple[int, ...]) -> Tensor:
    return _permute(x, axes=tuple(axes))


@verb("expand_dims")
def _expand_dims_verb(x: Tensor, axis: Any) -> Tensor:
    return _unsqueeze(x, axis=axis)


@verb("squeeze")
def _squeeze_verb(x: Tensor, axis: Any) -> Tensor:
    return _squeeze_axes(x, axis=axis)


@verb("flip")
def _flip_verb(x: Tensor, axis: Any) -> Tensor:
    return _flip(x, axis=axis)


# --- arguments ---


def sizes(arguments: tuple, function: str = "reshape", name: str = "shape", given: Any = None) -> tuple[int, ...]:
    """A shape given as separate numbers or as one sequence, or by the keyword `name`."""
    if given is not None:
        arguments = (given,)
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = tuple(arguments[0])
    try:
        return tuple(map(index, arguments))
    except TypeError:
        wrong = next(place for place, each in enumerate(arguments) if not _is_index(each))
        kind = type(arguments[wrong]).__name__
        if not wrong:
            raise TypeError(f"{function}(): argument '{name}' (position 1) must be tuple of ints, not {kind}") from None
        raise TypeError(
            f"{function}(): argument '{name}' failed to unpack the object at pos {wrong + 1} with error "
            f'"type must be tuple of ints,but got {kind}"'
        ) from None


def _is_index(value: Any) -> bool:
    try:
        index(value)
    except TypeError:
        return False
    return True


def _completed(shape: tuple[int, ...], count: int) -> tuple[int, ...]:
    """A shape with its -1, if it has one, worked out."""
    if math.prod(shape) == count and min(shape, default=0) >= 0:
        return shape
    unknown = [place for place, size in enumerate(shape) if size == -1]
    if len(unknown) > 1:
        raise RuntimeError("only one dimension can be inferred")
    known = 1
    for size in shape:
        if size < -1:
            raise RuntimeError(f"invalid shape dimension {size} at index {shape.index(size)} of shape {list(shape)}")
        known *= 1 if size == -1 else size
    if unknown:
        if known == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the unspecified dimension size "
                "-1 can be any value and is ambiguous"
            )
        if count % known == 0:
            return tuple(count // known if size == -1 else size for size in shape)
    raise RuntimeError(
        f"shape '{list(shape)}' is invalid for input of size {count}\n"
        "The product of the new sizes must be the number of elements; one of them may be -1."
    )


# --- views ---


@public()
def reshape(input: Tensor, *args: Any, shape: Any = None) -> Tensor:
    """The same elements in another shape: a view where the memory allows it, else a copy. One size may be -1.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2., 3., 4.]).reshape(2, -1)
    tensor([[1., 2.],
            [3., 4.]])
    """
    target = _completed(sizes(args, given=shape), input.numel())
    if is_viewable(input, target):
        return (_view if input.is_contiguous() else _reshape_alias)(input, shape=target)
    return _unsafe_view(clone(input), shape=target)


@public(on_module=False)
def view(self: Tensor, *args: Any, size: Any = None, dtype: DType | None = None) -> Tensor:
    """The same elements in another shape, in the same memory; an error where the memory does not allow it.

    With a type in place of a shape, the same memory with its bits taken as elements of that type.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).view(torch.int32)
    tensor([1065353216, 1073741824], dtype=torch.int32)
    """
    if dtype is not None or (args and isinstance(args[0], DType)):
        return reinterpreted(self, dtype or args[0])
    target = _completed(sizes(args, "view", "size", size), self.numel())
    if not is_viewable(self, target):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        )
    return _view(self, shape=target)


def is_viewable(x: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether an array can take this shape without being copied."""
    data = buffer(x)
    flags = getattr(data, "flags", None)
    if flags is None or flags.c_contiguous:
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
def permute(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """The dimensions in another order, as a view.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3, 5).permute(2, 0, 1).shape
    torch.Size([5, 2, 3])
    """
    order = sizes(args, "permute", "dims", dims)
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
    if self.ndim == 1:
        raise RuntimeError(f"tensor.mT is only supported on matrices or batches of matrices. Got {self.ndim}-D tensor.")
    return transpose(self, -2, -1) if self.ndim else self


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
def flip(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """A copy with the order of the elements reversed along the dimensions `dims`.

    >>> import adjoint as torch
    >>> torch.flip(torch.tensor([1., 2., 3.]), [0])
    tensor([3., 2., 1.])
    """
    named = sizes(args, "flip", "dims", dims)
    return _flip(input, axis=dimensions(named, input.ndim) if named else ())


@public(method=False)
def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


@public()
def ravel(input: Tensor) -> Tensor:
    """The elements in one dimension, as a view where the memory allows it."""
    return view(contiguous(input), -1)


@public()
def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One dimension divided into several, as a view; one of the sizes may be -1.

    >>> import adjoint as torch
    >>> torch.zeros(2, 6).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 2])
    """
    shape = input._data.shape
    axis = dimension(dim, len(shape), "unflatten")
    parts = tuple(sizes)
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    try:
        parts = _completed(parts, shape[axis])
    except RuntimeError as error:
        if parts.count(-1) > 1:
            raise RuntimeError(f"unflatten got an unexpected error:\n{error}") from None
        raise RuntimeError(
            f"unflatten: Provided sizes {list(parts)} don't multiply up to the size of dim {axis} ({shape[axis]}) in the "
            "input tensor"
        ) from None
    return view(input, *shape[:axis], *parts, *shape[axis + 1 :])


@public(aliases=("moveaxis",))
def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Some dimensions moved to other places, the rest in their order, as a view.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3, 5).movedim(0, -1).shape
    torch.Size([3, 5, 2])
    """
    sources, destinations = (list(each) if isinstance(each, tuple | list) else [each] for each in (source, destination))
    if len(sources) != len(destinations):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({sources} dims) should contain the same number of dims "
            f"as destination ({destinations} dims)"
        )
    ndim = input.ndim
    for name, dims in (("source", sources), ("destination", destinations)):
        if len({dimension(each, ndim, "movedim") for each in dims}) < len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({dims})")
    moves = {dimension(to, ndim): dimension(of, ndim) for of, to in zip(sources, destinations, strict=True)}
    rest = (axis for axis in range(ndim) if axis not in moves.values())
    return _permute(input, axes=tuple(moves[place] if place in moves else next(rest) for place in range(ndim)))


PROPERTIES: dict[str, Any] = {"T": _reversed, "mT": _matrices_transposed}
