"""Several views of one tensor: unbind, split, chunk, iteration."""

from __future__ import annotations

from collections.abc import Iterator
from operator import index
from typing import Any

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, dimension_out_of_range
from adjoint.ops.dimensions import dimension


def _at(axis: int, part: Any) -> tuple:
    return (*(slice(None),) * axis, part)


_unbind = linear(
    "unbind",
    lambda xp, x, *, axis: tuple(xp.getitem(x, _at(axis, place)) for place in range(x.shape[axis])),
    transpose=lambda xp, g, *, axis: xp.stack(list(g), axis),
    view=True,
    many_outputs=True,
)


def _pieces(xp: Any, x: Any, *, axis: int, sizes: tuple[int, ...]) -> tuple:
    pieces, start = [], 0
    for size in sizes:
        pieces.append(xp.getitem(x, _at(axis, slice(start, start + size))))
        start += size
    return tuple(pieces)


_SPLIT: dict[str, Any] = {
    "forward": _pieces,
    "transpose": lambda xp, g, *, axis, sizes: xp.concat(list(g), axis),
    "view": True,
    "many_outputs": True,
}
_split = linear("split", **_SPLIT)
_split_with_sizes = linear("split_with_sizes", **_SPLIT)


@public()
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dimension, as views without it.

    >>> import adjoint as torch
    >>> torch.unbind(torch.tensor([[1., 2.], [3., 4.]]))
    (tensor([1., 2.]), tensor([3., 4.]))
    """
    (input,) = require_tensors("unbind", input)
    if not input.ndim:
        raise IndexError(dimension_out_of_range(dim, 0))
    axis = dimension(dim, input.ndim, "unbind")
    return _unbind(input, axis=axis) if input._data.shape[axis] else ()


@public()
def split(tensor: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces along a dimension, as views: of one size, where the last may be smaller, or of the sizes in a list.

    >>> import adjoint as torch
    >>> torch.split(torch.tensor([1., 2., 3.]), 2)
    (tensor([1., 2.]), tensor([3.]))
    """
    (tensor,) = require_tensors("split", tensor, names=("tensor",))
    if isinstance(split_size, tuple | list):
        return split_with_sizes(tensor, split_size, dim)
    if not hasattr(split_size, "__index__"):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            f"{type(split_size).__name__}"
        )
    each = index(split_size)
    if not tensor.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    if each < 0:
        raise RuntimeError(f"split expects split_size be non-negative, but got split_size={each}")
    axis = dimension(dim, tensor.ndim, "split")
    size = tensor._data.shape[axis]
    if not each and size:
        raise RuntimeError(f"split_size can only be 0 if dimension size is 0, but got dimension size of {size}")
    starts = range(0, size, each) if size else (0,)
    return _split(tensor, axis=axis, sizes=tuple(min(each, size - start) for start in starts))


@public()
def split_with_sizes(input: Tensor, split_sizes: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along a dimension, as views."""
    (input,) = require_tensors("split_with_sizes", input)
    wanted = tuple(map(index, split_sizes))
    if not input.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = dimension(dim, input.ndim, "split_with_sizes")
    size = input._data.shape[axis]
    if any(each < 0 for each in wanted):
        raise RuntimeError(
            f"split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes={list(wanted)}"
        )
    if sum(wanted) != size:
        raise RuntimeError(
            f"split_with_sizes expects split_sizes to sum exactly to {size} (input tensor's size at dimension {dim}), but "
            f"got split_sizes={list(wanted)}"
        )
    return _split_with_sizes(input, axis=axis, sizes=wanted)


@public()
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most so many pieces of one size along a dimension, as views; the last may be smaller.

    >>> import adjoint as torch
    >>> torch.chunk(torch.arange(5), 3)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    (input,) = require_tensors("chunk", input)
    if not input.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    size = input._data.shape[dimension(dim, input.ndim, "chunk")]
    each = -(-size // chunks)
    if not each:
        return split_with_sizes(input, (0,) * chunks, dim)
    return split(input, each, dim)


# --- Python's own ways through a sequence ---


def _iterate(self: Tensor) -> Iterator[Tensor]:
    if not self.ndim:
        raise TypeError("iteration over a 0-d tensor\nUse item() for its number.")
    return iter(unbind(self))


def _reversed(self: Tensor) -> Tensor:
    return self.flip(0) if self.ndim else self


def _contains(self: Tensor, element: Any) -> bool:
    if not isinstance(element, Tensor | int | float | complex):
        raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {type(element)}.")
    return bool((self.detach() == element).any().item())


OPERATORS: dict[str, Any] = {"__iter__": _iterate, "__reversed__": _reversed, "__contains__": _contains}
