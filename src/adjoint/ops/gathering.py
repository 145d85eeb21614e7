"""Picking elements and slices by tensors of indices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign
from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Size, Tensor, wrap
from adjoint.ops.broadcasting import broadcast_shapes, broadcast_tensors, expand
from adjoint.ops.choice import where
from adjoint.ops.comparison import lt
from adjoint.ops.conversion import clone
from adjoint.ops.dimensions import dimension
from adjoint.ops.indexing import narrow, nonzero, pick
from adjoint.ops.refusals import not_implemented_for, refuse_overlap
from adjoint.ops.shape import reshape

# --- the records ---

_gather = linear(
    "gather",
    lambda xp, x, index, *, axis: xp.gather(x, index, axis=axis),
    transpose=(
        lambda xp, g, index, x_shape, *, axis: xp.scatter_add(
            xp.zeros(x_shape, xp.numpy_dtype(g)), index, g, axis=axis
        ),
        None,
    ),
    verb="gather",
)
_index_select = linear(
    "index_select",
    lambda xp, x, index, *, axis: xp.index_select(x, index, axis=axis),
    transpose=(
        lambda xp, g, index, x_shape, *, axis: xp.index_add(xp.zeros(x_shape, xp.numpy_dtype(g)), index, g, axis=axis),
        None,
    ),
    verb="index_select",
)


# --- one element for each index ---


@public()
def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False, out: Tensor | None = None) -> Tensor:
    """The elements that `index` names along a dimension, each at its own place along the others.

    For a matrix and `dim` of 1, `out[i][j] = input[i][index[i][j]]`; the result has the shape of the index, which may be
    smaller than `input` along the other dimensions.

    >>> import adjoint as torch
    >>> torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]]))
    tensor([[1, 1],
            [4, 3]])
    """
    input, index = require_tensors("gather", input, index, names=("input", "index"))
    axis = dimension(dim, input.ndim, "gather")
    check_index_type("gather", index)
    if index.numel():
        if max(index.ndim, 1) != max(input.ndim, 1):
            raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
        if not fits(index, input, axis):
            raise RuntimeError(
                f"Size does not match at dimension {_first_larger(index, input, axis)} expected index {list(index.shape)} to "
                f"be no larger than self {list(input.shape)} apart from dimension {axis}"
            )
    refuse_type("gather", out, input)
    refuse_overlap(out, index, input)
    result = _gather(input, index, axis=axis)
    return result if out is None else write_out(out, result)


def refuse_type(function: str, out: Tensor | None, x: Tensor) -> None:
    """An error where `out` is not of the type of the result, for operations that do not cast."""
    if out is not None and out._data.dtype != x._data.dtype:
        raise RuntimeError(
            f"{function}(): Expected out tensor to have dtype {scalar_type_name(x.dtype)}, but got "
            f"{scalar_type_name(out.dtype)} instead"
        )


def check_index_type(function: str, index: Tensor) -> None:
    """Refuse indices that are not int64 or int32."""
    if index.numel() and index._data.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{function}(): Expected dtype int32/int64 for index")


def fits(index: Tensor, x: Tensor, axis: int | None) -> bool:
    """Whether indices are no more than the elements of `x`, along each dimension but `axis`."""
    sizes = zip(index._data.shape, x._data.shape, strict=False)  # of which one may be 0-d
    return all(place == axis or a <= b for place, (a, b) in enumerate(sizes))


def _first_larger(index: Tensor, x: Tensor, axis: int) -> int:
    return next(place for place in range(index.ndim) if place != axis and index.shape[place] > x.shape[place])


@public()
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The elements that `indices` name along a dimension, or among all of them; the other dimensions broadcast.

    >>> import adjoint as torch
    >>> x = torch.tensor([[10, 30, 20], [60, 40, 50]])
    >>> torch.take_along_dim(x, torch.argmax(x, dim=1, keepdim=True), dim=1)
    tensor([[30],
            [60]])
    """
    input, indices = require_tensors("take_along_dim", input, indices, names=("input", "indices"))
    if indices._data.dtype != np.int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {scalar_type_name(indices.dtype)}"
        )
    if dim is None:
        return gather(reshape(input, -1), 0, reshape(indices, -1), out=out)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    axis = dimension(dim, input.ndim, "take_along_dim")
    if input.ndim:
        parts = [(list(each.shape[:axis]), each.shape[axis], list(each.shape[axis + 1 :])) for each in (input, indices)]
        common = broadcast_shapes(*([*before, 1, *after] for before, _, after in parts))
        input, indices = (
            expand(each, *common[:axis], length, *common[axis + 1 :])
            for each, (_, length, _) in zip((input, indices), parts, strict=True)
        )
        indices = where(lt(indices, 0), indices % max(parts[0][1], 1), indices)
    return gather(input, axis, indices, out=out)


@public()
def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements that `index` names, counted through all of them in order; negative indices count from the end.

    >>> import adjoint as torch
    >>> torch.take(torch.tensor([[4, 3, 5], [6, 7, 8]]), torch.tensor([0, 2, -1]))
    tensor([4, 5, 8])
    """
    input, index = require_tensors("take", input, index, names=("input", "index"))
    places = flat_places("take", index, input.numel())
    refuse_overlap(out, input, index)
    result = reshape(_index_select(reshape(input, -1), reshape(places, -1), axis=0), index.shape)
    return result if out is None else write_out(out, result)


def flat_places(function: str, index: Tensor, count: int) -> Tensor:
    """Indices into so many elements, of which negative ones count from the end, as indices from the start."""
    if index._data.dtype != np.int64:
        raise RuntimeError(f"{function}(): Expected a long tensor for index, but got {scalar_type_name(index.dtype)}")
    if not count and index.numel():
        raise IndexError(f"{function}(): tried to take from an empty tensor")
    if not is_foreign(index._data):
        outside = np.asarray(index._data)[(index._data < -count) | (index._data >= count)]
        if outside.size:
            raise IndexError(f"out of range: tried to access index {outside.flat[0]} on a tensor of {count} elements.")
    return where(lt(index, 0), index + count, index)


# --- slices ---


@public()
def index_select(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The slices along a dimension that a vector of indices names, as new memory.

    >>> import adjoint as torch
    >>> torch.index_select(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([1, 1, 0]))
    tensor([[2, 2, 1],
            [4, 4, 3]])
    """
    input, index = require_tensors("index_select", input, index, names=("input", "index"))
    axis = dimension(dim, input.ndim, "index_select")
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if not input.ndim and index.numel() != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {index.numel()} value(s)")
    if index._data.dtype not in (np.int64, np.int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    refuse_type("index_select", out, input)
    refuse_overlap(out, input, index)
    result = _index_select(input, reshape(index, -1), axis=axis)
    return result if out is None else write_out(out, result)


@public()
def narrow_copy(input: Tensor, dim: int, start: int, length: int, *, out: Tensor | None = None) -> Tensor:
    """As `narrow`, but new memory in place of a view.

    >>> import adjoint as torch
    >>> torch.narrow_copy(torch.tensor([1, 2, 3]), 0, 1, 2)
    tensor([2, 3])
    """
    if dim >= max(input.ndim, 1):
        raise RuntimeError(f"narrow_copy(): there is no dimension {dim} in a tensor of {input.ndim}")
    result = clone(narrow(input, dim, start, length))
    return result if out is None else write_out(out, result)


@public()
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element, or each slice along a dimension, so many times: one number for all, or one for each in a tensor.

    With a tensor of numbers alone, the index of each of them so many times.

    >>> import adjoint as torch
    >>> torch.repeat_interleave(torch.tensor([[1, 2], [3, 4]]), torch.tensor([1, 2]), dim=0)
    tensor([[1, 2],
            [3, 4],
            [3, 4]])
    >>> torch.repeat_interleave(torch.tensor([2, 0, 1]))
    tensor([0, 0, 2])
    """
    (input,) = require_tensors("repeat_interleave", input)
    if repeats is None:
        return wrap(_repeated_places(input, output_size))
    if not isinstance(repeats, Tensor) and (not hasattr(repeats, "__index__") or isinstance(repeats, bool)):
        raise invalid_combination("repeat_interleave", (input, repeats))
    if dim is None:
        input, dim = reshape(input, -1), 0
    elif not input.ndim:
        input = reshape(input, 1)
    axis = dimension(dim, input.ndim, "repeat_interleave")
    size = input._data.shape[axis]
    if not isinstance(repeats, Tensor):
        if repeats < 0:
            raise RuntimeError("Repeats must be non-negative")
        counts: Any = np.full(size, repeats)
    else:
        if repeats.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
        if repeats.numel() != 1 and repeats.numel() != size:
            raise RuntimeError(
                f"repeats must have the same size as input along dim, but got repeats.size(0) = {repeats.numel()} and "
                f"input.size({axis}) = {size}"
            )
        counts = expand(reshape(repeats, -1), size)
    return _index_select(input, wrap(_repeated_places(counts, output_size)), axis=axis)


def _repeated_places(repeats: Tensor | np.ndarray, output_size: int | None) -> np.ndarray:
    """The places of a vector's elements, each as often as the element says."""
    counts: Any = repeats
    if isinstance(repeats, Tensor):
        if repeats.ndim != 1:
            raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
        if repeats._data.dtype not in (np.int64, np.int32):
            raise not_implemented_for("repeat_interleave_cpu", repeats)
        counts = repeats._data
    if (counts < 0).any():
        raise RuntimeError("repeats can not be negative")
    places = np.repeat(np.arange(counts.size), counts)
    if output_size is not None and places.size != output_size:
        raise RuntimeError("allocated size does not match required size")
    return places.astype(counts.dtype, copy=False)


# --- by truth ---


@public()
def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements at which a mask is true, as a vector; both broadcast.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., -2., 3.])
    >>> torch.masked_select(x, x > 0)
    tensor([1., 3.])
    """
    input, mask = require_tensors("masked_select", input, mask, names=("input", "mask"))
    if mask._data.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    refuse_type("masked_select", out, input)
    refuse_overlap(out, input, mask)
    input, mask = broadcast_tensors(input, mask)
    result = pick(reshape(input, -1), (reshape(mask, -1),))
    return result if out is None else write_out(out, result)


@public()
def argwhere(input: Tensor) -> Tensor:
    """The indices of the elements that are not zero, one row for each.

    >>> import adjoint as torch
    >>> torch.argwhere(torch.tensor([[0, 1], [2, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    (input,) = require_tensors("argwhere", input)
    return nonzero(input)


@public()
def nonzero_static(input: Tensor, *, size: int, fill_value: int = -1, out: Tensor | None = None) -> Tensor:
    """The indices of the first `size` elements that are not zero, one row for each; missing rows are filled up.

    >>> import adjoint as torch
    >>> torch.nonzero_static(torch.tensor([1, 0, 2]), size=3)
    tensor([[ 0],
            [ 2],
            [-1]])
    """
    (input,) = require_tensors("nonzero_static", input)
    if size < 0:
        raise RuntimeError("nonzero_static: 'size' must be an non-negative integer")
    found = nonzero(input)._data
    rows = np.full((size, input.ndim), fill_value, np.int64)
    rows[: len(found)] = found[:size]
    return wrap(rows) if out is None else write_out(out, wrap(rows))


@public(method=False)
def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """The index along each dimension of a shape that indices counted through all elements stand for.

    >>> import adjoint as torch
    >>> torch.unravel_index(torch.tensor([1, 5]), (2, 3))
    (tensor([0, 1]), tensor([1, 2]))
    """
    (indices,) = require_tensors("unravel_index", indices, names=("indices",))
    if indices._data.dtype.kind not in "iu":
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if not isinstance(shape, int | tuple | list):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    sizes = Size((shape,) if isinstance(shape, int) else shape)
    for each in sizes:
        if not isinstance(each, int) or isinstance(each, bool):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(each)}")
    if any(each < 0 for each in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    return tuple(indices // math.prod(sizes[place + 1 :]) % size for place, size in enumerate(sizes))
