"""Searching in sorted boundaries, and the distinct elements of a tensor."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.kernels.ordering import comparable
from adjoint.core.apply import not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import int32, int64, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import to_dtype
from adjoint.ops.data import tensor
from adjoint.ops.dimensions import dimension
from adjoint.ops.gathering import gather
from adjoint.ops.refusals import common_type, not_implemented_for

_searchsorted = constant(
    "searchsorted",
    lambda xp, boundaries, values, *, right: xp.searchsorted(boundaries, values, right=right),
    public=False,
)

# --- in sorted boundaries ---


@public(method=False)
def searchsorted(
    sorted_sequence: Tensor, input: Any, *, out_int32: bool = False, right: bool = False, side: str | None = None,
    sorter: Tensor | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Where values would be put into sorted ones to keep them in order: before equal ones, or for side="right" behind.

    Rows of a sequence are searched for the same rows of `input`. `sorter` holds the indices that sort the sequence.

    >>> import adjoint as torch
    >>> torch.searchsorted(torch.tensor([1., 3., 5.]), torch.tensor([3., 4.]))
    tensor([1, 2])
    """
    sequence = sorted_sequence
    (sequence,) = require_tensors("searchsorted", sequence, names=("sorted_sequence",))
    _check_search(sequence, input, right, side, sorter, out_int32, out)
    if sorter is not None:
        if sorter.numel() and not 0 <= int(sorter.min()) <= int(sorter.max()) < sequence.shape[-1]:
            raise RuntimeError("torch.searchsorted(): sorter index out of range")
        sequence = gather(sequence, -1, sorter)
    values = input if isinstance(input, Tensor) else tensor(input, dtype=common_type(sequence, input))
    if "c" in (sequence._data.dtype.kind, values._data.dtype.kind):
        raise not_implemented_for("searchsorted_out_cpu", values)
    found = to_dtype(_searchsorted(sequence, values, right=right or side == "right"), int32 if out_int32 else int64)
    return found if out is None else write_out(out, found)


def _check_search(
    sequence: Tensor, input: Any, right: bool, side: Any, sorter: Any, out_int32: bool, out: Tensor | None
) -> None:
    problem = ""
    shape, wanted = list(sequence.shape), list(input.shape) if isinstance(input, Tensor) else []
    if side is not None and side not in ("left", "right"):
        problem = f"side can only be 'left' or 'right' but got {side}"
    elif right and side == "left":
        problem = "side and right can't be set to opposites, got side of left while right was True"
    elif not shape:
        problem = "boundaries tensor should have positive dimension, but got 0 dimension"
    elif len(shape) > 1 and not wanted:
        problem = (
            "input value can be a scalar only when boundaries tensor dimension is 1, but we got boundaries tensor "
            f"dim({len(shape)}) and input value's dim(0) numel(1)"
        )
    elif len(shape) > 1 and shape[:-1] != wanted[:-1]:
        problem = (
            "boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value "
            f"tensor must match, but we got boundaries tensor {shape} and input value tensor {wanted}"
        )
    elif sorter is not None and list(sorter.shape) != shape:
        problem = (
            f"boundary and sorter must have the same size, but got boundary tensor {shape}and got sorter tensor "
            f"{list(sorter.shape)}"
        )
    elif sorter is not None and sorter.dtype is not int64:
        problem = f"sorter must be a tensor of long dtype but got dtype {scalar_type_name(sorter.dtype)}"
    elif out is not None and out.dtype is not (int32 if out_int32 else int64):
        problem = (
            "output tensor's dtype is wrong, it can only be Int(int32) or Long(int64) depending on whether out_int32 "
            f"flag is True, but we got output tensor's dtype {scalar_type_name(out.dtype)} and out_int32 flag is "
            f"{bool(out_int32)}"
        )
    if problem:
        raise RuntimeError(f"torch.searchsorted(): {problem}")


@public(method=False)
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False, out: Tensor | None = None
) -> Tensor:
    """The number of the bucket between sorted boundaries that each value falls into.

    A value that is a boundary falls into the bucket below it, or if `right` into that above.

    >>> import adjoint as torch
    >>> torch.bucketize(torch.tensor([0., 3., 4.]), torch.tensor([1., 3., 5.]))
    tensor([0, 1, 2])
    """
    if not isinstance(boundaries, Tensor):
        raise not_a_tensor("bucketize", "boundaries", 2, boundaries)
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


# --- distinct elements ---


@public()
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The distinct elements, or the distinct slices along `dim`, in ascending order.

    With `return_inverse` also which of them stands at each place of the input, and with `return_counts` how often each
    occurs. No NaN is equal to another.

    >>> import adjoint as torch
    >>> torch.unique(torch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    x, axis = _slices("unique", input, dim)
    values, inverse, counts = np.unique(
        comparable(x), return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    return _distinct(x, values, inverse, counts, axis, return_inverse, return_counts)


@public()
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The elements, or the slices along `dim`, without those that repeat the one before them.

    >>> import adjoint as torch
    >>> torch.unique_consecutive(torch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    x, axis = _slices("unique_consecutive", input, dim)
    slices = np.moveaxis(x, axis, 0) if axis is not None else x.reshape(-1)
    count = len(slices)
    begins = np.ones(count, bool)
    begins[1:] = (slices[1:] != slices[:-1]).any(axis=tuple(range(1, slices.ndim)))
    starts = np.flatnonzero(begins)
    values = np.moveaxis(slices[starts], 0, axis or 0)
    inverse, counts = np.cumsum(begins) - 1, np.diff(starts, append=count)
    return _distinct(x, values, inverse, counts, axis, return_inverse, return_counts)


def _slices(name: str, input: Tensor, dim: int | None) -> tuple[np.ndarray, int | None]:
    """The elements, and the axis whose slices are compared; None where single elements are."""
    (input,) = require_tensors(name, input)
    if input._data.dtype.kind == "c":
        raise not_implemented_for("unique", input)
    x = np.asarray(input._data)
    if dim is None:
        return x, None
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = dimension(dim, x.ndim, name)
    if any(not size for place, size in enumerate(x.shape) if place != axis):
        raise RuntimeError("There are 0 sized dimensions, and they aren't selected, so unique cannot be applied")
    return x, axis


def _distinct(
    x: np.ndarray, values: np.ndarray, inverse: np.ndarray, counts: np.ndarray, axis: int | None,
    return_inverse: bool, return_counts: bool,
) -> Any:  # fmt: skip
    parts = [values.astype(x.dtype, copy=False)]
    if return_inverse:
        parts.append(inverse.reshape(x.shape if axis is None else -1))
    if return_counts:
        parts.append(counts)
    found = tuple(wrap(np.array(part, order="C")) for part in parts)
    return found if len(found) > 1 else found[0]
