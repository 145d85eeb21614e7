"""Writing slices along a dimension where a vector of indices says: over what is there, added to it, or reduced with it."""

from __future__ import annotations

from functools import partial
from numbers import Number
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign
from adjoint.core.apply import invalid_combination, require_tensors
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.dimensions import dimension
from adjoint.ops.filling import masked_fill
from adjoint.ops.refusals import converted, not_implemented_for, refuse_overlap
from adjoint.ops.scattering import Records, reduced, reducing, scatter, written
from adjoint.ops.shape import reshape
from adjoint.ops.writing import put_at

# --- the records ---

_index_add = linear(
    "index_add",
    lambda xp, x, index, values, *, axis: xp.index_add(x, index, values, axis=axis),
    transpose=(
        lambda xp, g: g,
        None,
        lambda xp, g, index, *, axis: xp.index_select(g, index, axis=axis),
    ),
    verb="index_add",
)
_index_reduce = reducing("index_reduce", "index_select", "index_add", promotes=None)


# --- the functions ---


def _aimed_slices(function: str, input: Any, dim: int, index: Any, source: Any) -> tuple[int, Tensor, Tensor]:
    """The axis, and the vector of indices, of an operation that adds or reduces slices, once all is seen to fit."""
    require_tensors(function, input, index, source, names=("input", "index", "source"))
    axis = dimension(dim, input.ndim, function)
    if index.ndim > 1:
        raise IndexError(
            f"{function}_(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
            f"{scalar_type_name(index.dtype)} and size: {list(index.shape)}"
        )
    if index._data.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{function}_(): Expected dtype int32/int64 for index but got: {scalar_type_name(index.dtype)}"
        )
    if input._data.dtype != source._data.dtype:
        raise RuntimeError(
            f"{function}_(): self ({scalar_type_name(input.dtype)}) and source ({scalar_type_name(source.dtype)}) must have "
            "the same scalar type"
        )
    if source.ndim and dim >= source.ndim:
        raise IndexError(
            f"{function}_(): Indexing dim {dim} is out of bounds of the source tensor with dim {source.ndim}"
        )
    count = source.shape[axis] if source.ndim else 1
    if _slice_shape(input, axis) != _slice_shape(source, axis) or input.ndim < source.ndim:
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(input.shape)} source.shape = {list(source.shape)}"
        )
    if index.numel() != count:
        raise RuntimeError(
            f"{function}_(): Number of indices ({index.numel()}) should be equal to source.size(dim): ({count}), for dim: "
            f"{dim}"
        )
    return axis, reshape(index, -1), source if input.ndim else reshape(source, ())


def _slice_shape(x: Tensor, axis: int) -> tuple[int, ...]:
    shape = x._data.shape
    return (*shape[:axis], *shape[axis + 1 :])


@public(inplace=True)
def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1, out: Tensor | None = None
) -> Tensor:
    """The tensor with the slices of `source`, times `alpha`, added to those that `index` names along a dimension.

    >>> import adjoint as torch
    >>> torch.zeros(3).index_add(0, torch.tensor([0, 2, 0]), torch.tensor([1., 2., 3.]))
    tensor([4., 0., 2.])
    """
    axis, index, source = _aimed_slices("index_add", input, dim, index, source)
    refuse_overlap(out, index, source)
    alpha = converted(alpha, input.dtype)
    return written(_index_add(input, index, source if alpha == 1 else source * alpha, axis=axis), out)


@public(inplace=True)
def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The tensor with the slices of `source` reduced into those that `index` names: by "prod", "mean", "amax", "amin".

    Without `include_self` what stands in the slices that are written to does not count.

    >>> import adjoint as torch
    >>> x = torch.tensor([2., 3.])
    >>> torch.index_reduce(x, 0, torch.tensor([0, 0, 1]), torch.tensor([5., 3., 4.]), "prod")
    tensor([30., 12.])
    """
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got {reduce}.")
    axis, index, source = _aimed_slices("index_reduce", input, dim, index, source)
    if input._data.dtype.kind in "bc":
        raise not_implemented_for("index_reduce_func_exclude_input_init", input)
    refuse_overlap(out, index, source)
    records = Records(
        lambda x, index, value: index_fill(x, axis, index, value),
        *(partial(record, axis=axis) for record in (_index_add, _index_reduce)),
    )
    return written(reduced(records, input, index, source, reduce, include_self), out)


@public(inplace=True)
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Tensor | None = None) -> Tensor:
    """A copy with the slices of `source` written over those that `index` names along a dimension.

    >>> import adjoint as torch
    >>> torch.zeros(3).index_copy(0, torch.tensor([2, 0]), torch.tensor([1., 2.]))
    tensor([2., 0., 1.])
    """
    input, index, source = require_tensors("index_copy", input, index, source, names=("input", "index", "source"))
    axis = dimension(dim, input.ndim, "index_copy")
    count = index.numel()
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if not source.ndim and count != 1:
        raise IndexError(f"index_copy_(): When source is scalar, index should have one element (got {count})")
    if source.ndim != input.ndim and source.ndim and input.ndim:
        raise IndexError(
            "index_copy_(): When source and destination are not scalars, their dimensionality must match. Source "
            f"dimensionality ({source.ndim}), destination dimensionality ({input.ndim})"
        )
    if index._data.dtype != np.int64:
        raise RuntimeError(f"index_copy_(): Expected a long tensor for index, but got {scalar_type_name(index.dtype)}")
    if input._data.dtype != source._data.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{scalar_type_name(input.dtype)} and (source) {scalar_type_name(source.dtype)}"
        )
    if _slice_shape(input, axis) != _slice_shape(source, axis):
        raise RuntimeError(
            "index_copy_(): Source/destination tensor must have same slice shapes. Destination slice shape: "
            f"{' '.join(map(str, _slice_shape(input, axis)))} at dimension {axis} and source slice shape: "
            f"{' '.join(map(str, _slice_shape(source, axis)))} at dimension 0."
        )
    if source.ndim and count != source.shape[axis]:
        raise IndexError(
            f"index_copy_(): Number of indices ({count}) should be equal to source.size(dim) ({source.shape[axis]})"
        )
    size = input.shape[axis] if input.ndim else 1
    _refuse_outside("index_copy_(): ", index, axis, 0, size)
    refuse_overlap(out, index, source)
    if not input.ndim:
        return written(scatter(input, 0, reshape(index, ()), reshape(source, ())), out)
    pickers = (*(slice(None),) * axis, reshape(index, -1), *(slice(None),) * (input.ndim - axis - 1))
    shape = (*input.shape[:axis], count, *input.shape[axis + 1 :])
    return written(put_at(input, pickers, reshape(source, shape))(input), out)


def _refuse_outside(prefix: str, index: Tensor, axis: int, low: int, high: int) -> None:
    if is_foreign(index._data):
        return
    outside = np.asarray(index._data)[(index._data < low) | (index._data >= high)]
    if outside.size:
        raise IndexError(f"{prefix}index {outside.flat[0]} is out of bounds for dimension {axis} with size {high}")


@public(inplace=True)
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy with one value, a number or a 0-d tensor, in the slices that `index` names along a dimension.

    >>> import adjoint as torch
    >>> torch.zeros(3).index_fill(0, torch.tensor([0, 2]), 7)
    tensor([7., 0., 7.])
    """
    input, index = require_tensors("index_fill", input, index, names=("input", "index"))
    if not isinstance(value, Tensor | Number):
        raise invalid_combination("index_fill", (dim, index, value))
    if isinstance(value, Tensor) and value.ndim:
        raise RuntimeError(
            f"index_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
        )
    axis = dimension(dim, input.ndim, "index_fill")
    if index._data.dtype != np.int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, complex) and input._data.dtype.kind != "c":
        raise RuntimeError("index_fill_(): Converting complex Scalar to non-complex type is not supported")
    size = input.shape[axis] if input.ndim else 1
    _refuse_outside("", index, axis, -size, size)
    reached = np.zeros(size, bool)
    reached[np.asarray(index._data)] = True
    return masked_fill(
        input, wrap(reached.reshape(-1, *(1,) * (input.ndim - axis - 1)) if input.ndim else reached[0]), value
    )
