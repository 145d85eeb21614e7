"""Tensors joined to larger ones, and repeated."""

from __future__ import annotations

from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core.apply import write_out
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.dimensions import dimension
from adjoint.ops.refusals import refuse_overlap
from adjoint.ops.shape import sizes

# --- the records ---


def _cat_transpose(xp: Any, g: Any, xs_shape: Any, *, axis: int) -> list:
    gradients, start = [], 0
    for shape in xs_shape:
        stop = start + shape[axis]
        gradients.append(xp.getitem(g, (*(slice(None),) * axis, slice(start, stop))))
        start = stop
    return gradients


_cat = linear(
    "cat",
    lambda xp, *xs, axis: xp.concat(list(xs), axis),
    transpose=_cat_transpose,
    promotes="common",
    eight_bits=True,
)
_stack = linear(
    "stack",
    lambda xp, *xs, axis: xp.stack(list(xs), axis),
    transpose=lambda xp, g, xs_shape, *, axis: [
        xp.getitem(g, (*(slice(None),) * axis, place)) for place in range(len(xs_shape))
    ],
    promotes="common",
    eight_bits=True,
)


def _interleaved(counts: tuple[int, ...], shape: tuple[int, ...]) -> tuple[int, ...]:
    """Each count, followed by the size that is repeated so often."""
    padded = (1,) * (len(counts) - len(shape)) + tuple(shape)
    return tuple(each for pair in zip(counts, padded, strict=True) for each in pair)


def _repeated(xp: Any, x: Any, *, counts: tuple[int, ...]) -> Any:
    ones = _interleaved((1,) * len(counts), x.shape)
    blocks = xp.copy(xp.broadcast_to(xp.reshape(x, ones), _interleaved(counts, x.shape)))
    return xp.reshape(blocks, tuple(count * size for count, size in zip(counts, ones[1::2], strict=True)))


def _repeated_transpose(xp: Any, g: Any, x_shape: Any, *, counts: tuple[int, ...]) -> Any:
    blocks = xp.reshape(g, _interleaved(counts, x_shape))
    return xp.reshape(xp.sum(blocks, axis=tuple(range(0, 2 * len(counts), 2))), x_shape)


_repeat = linear("repeat", _repeated, transpose=_repeated_transpose)


@verb("concat")
def _concat_verb(arrays: list[Tensor], axis: int = 0) -> Tensor:
    return _cat(*arrays, axis=axis % arrays[0].ndim)


@verb("stack")
def _stack_verb(arrays: list[Tensor], axis: int = 0) -> Tensor:
    return _stack(*arrays, axis=axis % (arrays[0].ndim + 1))


# --- the functions ---


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
    refuse_overlap(out, *kept)
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
    refuse_overlap(out, *parts)
    result = _stack(*parts, axis=dimension(dim, parts[0].ndim + 1))
    return result if out is None else write_out(out, result)


def _sequence(function: str, values: Any) -> list[Tensor]:
    if isinstance(values, Tensor):
        raise TypeError(f"{function}(): argument 'tensors' (position 1) must be tuple of Tensors, not Tensor")
    for place, value in enumerate(values := list(values)):
        if not isinstance(value, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(value).__name__}")
    return values


@public(on_module=False)
def repeat(self: Tensor, *args: Any, repeats: Any = None) -> Tensor:
    """The tensor repeated so many times along each dimension; further counts in front add dimensions.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).repeat(2, 2)
    tensor([[1., 2., 1., 2.],
            [1., 2., 1., 2.]])
    """
    counts = sizes(args, "repeat", "repeats", repeats)
    shape = self._data.shape
    if len(counts) < len(shape):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor\n"
            f"The tensor has {len(shape)}: give as many counts, or use tile()."
        )
    padded = (1,) * (len(counts) - len(shape)) + shape
    target = [count * size for count, size in zip(counts, padded, strict=True)]
    for size in target:
        if size < 0:
            raise RuntimeError(f"Trying to create tensor with negative dimension {size}: {target}")
    return _repeat(self, counts=counts)


@public()
def tile(input: Tensor, *args: Any, dims: Any = None) -> Tensor:
    """The tensor repeated so many times along its last dimensions.

    >>> import adjoint as torch
    >>> torch.tile(torch.tensor([1., 2.]), (2,))
    tensor([1., 2., 1., 2.])
    """
    counts = sizes(args, "tile", "dims", dims)
    return repeat(input, *(1,) * (input.ndim - len(counts)), *counts)
