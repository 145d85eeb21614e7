"""Tensors joined along rows, columns or depth, and divided along them; block matrices, grids and combinations."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from adjoint.core.apply import invalid_combination, require_tensors
from adjoint.core.exports import export, public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.broadcasting import expand
from adjoint.ops.conversion import clone, to_dtype
from adjoint.ops.creation import zeros
from adjoint.ops.dimensions import dimension
from adjoint.ops.gathering import index_select
from adjoint.ops.indexing import narrow
from adjoint.ops.joining import cat, stack
from adjoint.ops.refusals import common_type
from adjoint.ops.shape import reshape, unsqueeze
from adjoint.ops.splitting import chunk, split

# --- at least so many dimensions ---


def _each(function: Callable[[Tensor], Tensor], tensors: tuple[Any, ...]) -> Any:
    """A function of one tensor, on one or on several: given one by one or as a sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], Tensor):
        return function(tensors[0])
    listed = tensors[0] if len(tensors) == 1 else tensors
    return tuple(function(each) for each in listed)


def _with_one(x: Tensor) -> Tensor:
    return reshape(x, 1) if not x.ndim else x


def _with_two(x: Tensor) -> Tensor:
    return reshape(x, 1, 1) if not x.ndim else unsqueeze(x, 0) if x.ndim == 1 else x


def _with_three(x: Tensor) -> Tensor:
    return unsqueeze(_with_two(x), -1) if x.ndim < 3 else x


@public(method=False)
def atleast_1d(*tensors: Any) -> Any:
    """The tensors, with a dimension added to 0-d ones; several are given one by one or in a sequence.

    >>> import adjoint as torch
    >>> torch.atleast_1d(torch.tensor(1))
    tensor([1])
    """
    return _each(_with_one, tensors)


@public(method=False)
def atleast_2d(*tensors: Any) -> Any:
    """The tensors with at least two dimensions: vectors become rows.

    >>> import adjoint as torch
    >>> torch.atleast_2d(torch.tensor([1, 2]))
    tensor([[1, 2]])
    """
    return _each(_with_two, tensors)


@public(method=False)
def atleast_3d(*tensors: Any) -> Any:
    """The tensors with at least three dimensions: the last is added to matrices, the first and the last to vectors.

    >>> import adjoint as torch
    >>> torch.atleast_3d(torch.tensor([1, 2])).shape
    torch.Size([1, 2, 1])
    """
    return _each(_with_three, tensors)


# --- joined ---


def _several(function: str, tensors: Sequence[Tensor]) -> list[Tensor]:
    listed = list(tensors)
    if not listed:
        raise RuntimeError(f"{function} expects a non-empty TensorList")
    for place, each in enumerate(listed):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {place} in argument 0, but got {type(each).__name__}")
    return listed


@public(method=False)
def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors side by side: vectors one after the other, others along the second dimension.

    >>> import adjoint as torch
    >>> torch.hstack((torch.tensor([1, 2]), torch.tensor([3])))
    tensor([1, 2, 3])
    """
    parts = [_with_one(each) for each in _several("hstack", tensors)]
    return cat(parts, 0 if parts[0].ndim == 1 else 1, out=out)


@public(method=False, aliases=("row_stack",))
def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors on top of each other: vectors as rows, others along the first dimension.

    >>> import adjoint as torch
    >>> torch.vstack((torch.tensor([1, 2]), torch.tensor([3, 4])))
    tensor([[1, 2],
            [3, 4]])
    """
    return cat([_with_two(each) for each in _several("vstack", tensors)], 0, out=out)


@public(method=False)
def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors behind each other, along the third dimension.

    >>> import adjoint as torch
    >>> torch.dstack((torch.tensor([1, 2]), torch.tensor([3, 4])))
    tensor([[[1, 3],
             [2, 4]]])
    """
    return cat([_with_three(each) for each in _several("dstack", tensors)], 2, out=out)


@public(method=False)
def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Tensors side by side along the second dimension: vectors as columns.

    >>> import adjoint as torch
    >>> torch.column_stack((torch.tensor([1, 2]), torch.tensor([3, 4])))
    tensor([[1, 3],
            [2, 4]])
    """
    listed = _several("column_stack", tensors)
    return cat([reshape(each, -1, 1) if each.ndim < 2 else each for each in listed], 1, out=out)


@public(method=False)
def block_diag(*tensors: Tensor) -> Tensor:
    """The matrix with matrices along its diagonal, zero elsewhere; vectors count as rows.

    >>> import adjoint as torch
    >>> torch.block_diag(torch.tensor([[1, 2]]), torch.tensor(3))
    tensor([[1, 2, 0],
            [0, 0, 3]])
    """
    if not tensors:
        return zeros(1, 0)
    blocks = _several("block_diag", tensors)
    for place, each in enumerate(blocks):
        if each.ndim > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {place} has {each.ndim} dimensions"
            )
    dtype = common_type(*(_with_one(each) for each in blocks))
    matrices = [to_dtype(_with_two(each), dtype) for each in blocks]
    width, before, rows = sum(each.shape[1] for each in matrices), 0, []
    for each in matrices:
        height, own = each.shape
        after = width - before - own
        rows.append(cat([zeros(height, before, dtype=dtype), each, zeros(height, after, dtype=dtype)], 1))
        before += own
    return cat(rows, 0)


# --- divided ---


@public()
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of a tensor divided along a dimension: into so many parts, as equal as can be, or at the indices given.

    >>> import adjoint as torch
    >>> torch.tensor_split(torch.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    """
    (input,) = require_tensors("tensor_split", input)
    if not input.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    axis = dimension(dim, input.ndim, "tensor_split")
    where = _indices_or_sections("tensor_split", input, indices_or_sections)
    size = input.shape[axis]
    if isinstance(where, int):
        if where <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {where}")
        each, longer = divmod(size, where)
        stops = list(itertools.accumulate(each + (place < longer) for place in range(where)))
    else:
        stops = [*where, size]
    starts = [0, *stops[:-1]]
    spans = [slice(start, stop).indices(size)[:2] for start, stop in zip(starts, stops, strict=True)]
    return tuple(narrow(input, axis, start, max(stop - start, 0)) for start, stop in spans)


def _indices_or_sections(function: str, input: Tensor, given: Any) -> int | tuple[int, ...]:
    if isinstance(given, Tensor):
        if given.ndim > 1:
            raise RuntimeError(
                f"{function} expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got "
                f"a tensor with {given.ndim} dims"
            )
        if given._data.dtype != np.int64:
            raise RuntimeError(
                f"{function} expected tensor_indices_or_sections to have dtype of long, but got {given.dtype}"
            )
        given = given.tolist()
    if isinstance(given, tuple | list):
        return tuple(map(index, given))
    if not hasattr(given, "__index__"):
        raise invalid_combination(function, (input, given))
    return index(given)


def _splitter(name: str, least: int, doc: str) -> None:
    def divided(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
        (input,) = require_tensors(name, input)
        if input.ndim < least:
            raise RuntimeError(
                f"torch.{name} requires a tensor with at least {least} dimension, but got a tensor with {input.ndim} "
                "dimensions!"
            )
        axis = {"vsplit": 0, "dsplit": 2}.get(name, min(1, input.ndim - 1))
        where = _indices_or_sections(name, input, indices_or_sections)
        if isinstance(where, int) and (where <= 0 or input.shape[axis] % where):
            raise RuntimeError(
                f"torch.{name} attempted to split along dimension {axis}, but the size of the dimension "
                f"{input.shape[axis]} is not divisible by the split_size {where}!"
            )
        return tensor_split(input, where, axis)

    divided.__name__ = divided.__qualname__ = name
    divided.__doc__ = doc
    export(divided)


_splitter(
    "hsplit",
    1,
    """Views of a tensor divided along its second dimension, a vector along its only one, as `tensor_split` divides.

    >>> import adjoint as torch
    >>> torch.hsplit(torch.tensor([[1, 2], [3, 4]]), 2)[0]
    tensor([[1],
            [3]])
    """,
)
_splitter(
    "vsplit",
    2,
    """Views of a tensor divided along its first dimension, as `tensor_split` divides.

    >>> import adjoint as torch
    >>> torch.vsplit(torch.tensor([[1, 2], [3, 4]]), 2)[0]
    tensor([[1, 2]])
    """,
)
_splitter(
    "dsplit",
    3,
    """Views of a tensor divided along its third dimension, as `tensor_split` divides.

    >>> import adjoint as torch
    >>> torch.dsplit(torch.tensor([[[1, 2]]]), 2)[0]
    tensor([[[1]]])
    """,
)


@public()
def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As `chunk`, but each piece may be written to in place: here they are copies.

    >>> import adjoint as torch
    >>> torch.unsafe_chunk(torch.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    """
    return tuple(map(clone, chunk(input, chunks, dim)))


@public()
def unsafe_split(tensor: Tensor, split_size: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """As `split`, but each piece may be written to in place: here they are copies.

    >>> import adjoint as torch
    >>> torch.unsafe_split(torch.tensor([1, 2, 3]), 2)
    (tensor([1, 2]), tensor([3]))
    """
    return tuple(map(clone, split(tensor, split_size, dim)))


# --- grids ---


@public(method=False)
def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of all points of a grid: for each vector a tensor in which it runs along its own dimension.

    With `indexing="xy"` the first two dimensions change places.

    >>> import adjoint as torch
    >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="ij")
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    listed = list(tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors)
    if not listed:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    for each in listed:
        if each.ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {each}")
        if each._data.dtype != listed[0]._data.dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    swapped = indexing == "xy" and len(listed) > 1
    if swapped:
        listed[:2] = listed[1::-1]
    shape = [each.numel() for each in listed]
    grids = [
        expand(reshape(each, *(-1 if place == axis else 1 for axis in range(len(shape)))), *shape)
        for place, each in enumerate(listed)
    ]
    if swapped:
        grids[:2] = grids[1::-1]
    return tuple(grids)


@public(method=False)
def cartesian_prod(*tensors: Any) -> Tensor:
    """All ways of taking one element of each vector, one row for each; a single vector as it is.

    >>> import adjoint as torch
    >>> torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4]))
    tensor([[1, 3],
            [1, 4],
            [2, 3],
            [2, 4]])
    """
    listed = list(tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], Tensor) else tensors)
    for each in listed:
        if each.ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(each.shape)}")
    if len(listed) == 1:
        return listed[0]
    return stack([reshape(each, -1) for each in meshgrid(*listed, indexing="ij")], 1)


@public()
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways of picking `r` elements of a vector in order, one row for each.

    >>> import adjoint as torch
    >>> torch.combinations(torch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    (input,) = require_tensors("combinations", input)
    if input.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if not r:
        return wrap(np.empty(0, input._data.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = np.array(list(choose(range(input.numel()), r)), np.int64).reshape(-1, r)
    return reshape(index_select(input, 0, wrap(rows.reshape(-1))), rows.shape)
