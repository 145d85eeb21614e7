"""Rows of a table, picked by index, and bags of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from adjoint.core import dtypes, modes
from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.choice import where
from adjoint.ops.comparison import gt
from adjoint.ops.conversion import to_dtype

_MODES = ("sum", "mean", "max")


def _table_gradient(xp: Any, g: Any, table_shape: Any, indices: Any, *, padding: int, by_frequency: bool) -> Any:
    """The sums of the rows' cotangents for each row of the table; of the row `padding` it is 0."""
    flat = xp.reshape(indices, (-1,))
    rows = xp.reshape(g, (*flat.shape, *table_shape[1:]))
    if padding >= 0:
        rows = xp.where(xp.expand_dims(flat == padding, 1), 0, rows)
    dtype = xp.numpy_dtype(g)
    if by_frequency:
        counts = xp.index_add(xp.zeros(table_shape[:1], dtype), flat, xp.ones(flat.shape, dtype), axis=0)
        rows = rows / xp.expand_dims(xp.index_select(counts, flat, axis=0), 1)
    return xp.index_add(xp.zeros(table_shape, dtype), flat, rows, axis=0)


_embedding = linear(
    "embedding",
    lambda xp, table, indices, *, padding, by_frequency: xp.reshape(
        xp.index_select(table, xp.reshape(indices, (-1,)), axis=0), (*indices.shape, *table.shape[1:])
    ),
    transpose=(_table_gradient, None),
    promotes="common",
)


def _check_table(weight: Tensor, indices: Tensor) -> None:
    if weight.ndim != 2:
        raise RuntimeError("'weight' must be 2-D")
    if indices._data.dtype.name not in ("int64", "int32"):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"torch.{indices.dtype.name} instead (while checking arguments for embedding)"
        )


@public(method=False, name="embedding")
def table_rows(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False, sparse: bool = False
) -> Tensor:
    """The rows of a table that an array of indices names; gradients are dense.

    >>> import adjoint as torch
    >>> torch.embedding(torch.tensor([[0.0, 1.0], [2.0, 3.0]]), torch.tensor([1, 0]))
    tensor([[2., 3.],
            [0., 1.]])
    """
    table, places = require_tensors("embedding", weight, indices, names=("weight", "indices"))
    _check_table(table, places)
    return _embedding(table, places, padding=padding_idx, by_frequency=bool(scale_grad_by_freq))


@public(method=False)
def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Scale down, in place, those of the rows that are named whose norm is larger than `max_norm`.

    >>> import adjoint as torch
    >>> torch.embedding_renorm_(torch.tensor([[3.0, 4.0], [6.0, 8.0]]), torch.tensor([0]), 1.0, 2.0)
    tensor([[0.6000, 0.8000],
            [6.0000, 8.0000]])
    """
    rows = wrap(np.unique(np.asarray(indices.detach()._data)))
    if rows.numel():
        found = input[rows]
        lengths = to_dtype(found.norm(norm_type, 1, keepdim=True), dtypes.float64)
        scale = where(gt(lengths, max_norm), max_norm / (lengths + 1e-7), 1.0)
        input[rows] = to_dtype(to_dtype(found, dtypes.float64) * scale, input.dtype)
    return input


def _renormed(weight: Tensor, indices: Tensor, max_norm: float | None, norm_type: float) -> None:
    if max_norm is not None:
        with modes.mode(grad_enabled=False):
            embedding_renorm_(weight, indices, max_norm, norm_type)


@public(module="nn.functional", method=False)
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of the table `weight` that the indices `input` name, of shape (..., columns).

    The row `padding_idx` gets no gradient. With `max_norm`, rows that are longer are first scaled down, in the table.

    >>> import adjoint as torch
    >>> torch.nn.functional.embedding(torch.tensor([1, 0]), torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    tensor([[2., 3.],
            [0., 1.]])
    """
    places, table = require_tensors("embedding", input, weight, names=("input", "weight"))
    if padding_idx is not None:
        if not -table.shape[0] <= padding_idx < table.shape[0]:
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= table.shape[0]
    _check_table(table, places)
    _renormed(table, places, max_norm, norm_type)
    return table_rows(table, places, -1 if padding_idx is None else padding_idx, scale_grad_by_freq)


# --- bags ---


def _sizes(count: int, starts: np.ndarray, include_last: bool) -> np.ndarray:
    """How many indices are in each bag, of which the first places are given."""
    if include_last:
        starts = starts[:-1]
    return np.diff(np.append(starts, count))


def _largest(rows: np.ndarray, bags: np.ndarray, kept: np.ndarray, count: int) -> np.ndarray:
    """For each bag and column, which row has the largest element; -1 for a bag without rows."""
    places = np.full((count, rows.shape[1]), -1, np.int64)
    for bag in range(count):
        own = np.flatnonzero((bags == bag) & kept)
        if own.size:
            places[bag] = own[np.argmax(rows[own], axis=0)]
    return places


@public(method=False, name="embedding_bag")
def bags_of_rows(
    weight: Tensor,
    indices: Tensor,
    offsets: Tensor,
    scale_grad_by_freq: bool = False,
    mode: int = 0,
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The sums (mode 0), means (1) or maxima (2) of the rows in each bag, of which the bags' first places are `offsets`.

    Beside them: the bag of each index, how many indices are in each bag, and, for maxima, the rows that attain them.

    >>> import adjoint as torch
    >>> table = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> torch.embedding_bag(table, torch.tensor([0, 1, 1]), torch.tensor([0, 2]))[0]
    tensor([[2., 4.],
            [2., 3.]])
    """
    table, places, starts = require_tensors(
        "embedding_bag", weight, indices, offsets, names=("weight", "indices", "offsets")
    )
    named, first = np.asarray(places._data), np.asarray(starts._data)
    sizes = _sizes(named.size, first, include_last_offset)
    bags = np.repeat(np.arange(len(sizes)), sizes)
    padding = -1 if padding_idx is None else padding_idx % table.shape[0]
    kept = named != padding
    counts = np.bincount(bags[kept], minlength=len(sizes))
    rows = table_rows(table, places, padding, scale_grad_by_freq)
    chosen = np.zeros((0,), np.int64)
    if _MODES[mode] == "max":
        largest = _largest(np.asarray(rows.detach()._data), bags, kept, len(sizes))
        found = rows.gather(0, wrap(np.maximum(largest, 0))) if rows.shape[0] else rows.new_zeros(largest.shape)
        out = where(wrap(largest >= 0), found, 0)
        chosen = np.where(largest >= 0, named[np.maximum(largest, 0)] if named.size else 0, 0)
    else:
        if table.dtype.itemsize == 2:  # PyTorch sums these in 32 bits
            rows = to_dtype(rows, dtypes.float32)
        if per_sample_weights is not None:
            rows = rows * to_dtype(per_sample_weights, rows.dtype).unsqueeze(1)
        if not kept.all():
            rows = rows.masked_fill(wrap(~kept).unsqueeze(1), 0)
        out = rows.new_zeros(len(sizes), table.shape[1]).index_add(0, wrap(bags), rows)
        if _MODES[mode] == "mean":
            out = out / to_dtype(wrap(np.maximum(counts, 1)), out.dtype).unsqueeze(1)
        out = to_dtype(out, table.dtype)
    return out, wrap(bags), wrap(counts), wrap(chosen)


def _bags(input: Tensor, offsets: Tensor | None) -> tuple[Tensor, Tensor]:
    """The indices in one row, and the first place of each bag."""
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences. "
                f"However, found offsets of type {type(offsets)}"
            )
        rows, columns = input.shape
        return input.reshape(-1), wrap(np.arange(rows) * columns)
    if input.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    return input, offsets


@public(module="nn.functional", method=False)
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of `weight` in each bag: a row of `input`, or its part from an offset on.

    >>> import adjoint as torch
    >>> table = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> torch.nn.functional.embedding_bag(torch.tensor([[0, 1], [1, 1]]), table)
    tensor([[1., 2.],
            [2., 3.]])
    """
    if weight._data.dtype == np.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the same shape "
            f"as the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    include_last_offset = include_last_offset and input.ndim == 1
    indices, starts = _bags(input, offsets)
    if mode not in _MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and (scale_grad_by_freq or sparse):
        raise ValueError(
            "max mode does not support scaling the gradient by the frequency"
            if scale_grad_by_freq
            else "max mode does not support sparse weights"
        )
    _renormed(weight, indices, max_norm, norm_type)
    if per_sample_weights is not None:
        if mode != "sum":
            raise NotImplementedError(
                "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' "
                f"(got mode='{mode}'). Please open a feature request on GitHub."
            )
        if per_sample_weights.dtype is not weight.dtype:
            raise RuntimeError(
                f"expected scalar type {scalar_type_name(weight.dtype)} but found {scalar_type_name(per_sample_weights.dtype)}"
            )
        per_sample_weights = per_sample_weights.reshape(-1)
    return bags_of_rows(
        weight,
        indices,
        starts,
        scale_grad_by_freq,
        _MODES.index(mode),
        sparse,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )[0]
