"""Elements in order along a dimension: sorting, the largest few, the k-th, the median, the most frequent."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import constant, general
from adjoint.core.tensor import Tensor
from adjoint.ops.along import PICKED, PICKED_ONE, along, one_picked
from adjoint.ops.dimensions import dimension, flag
from adjoint.ops.extremes import EVENLY
from adjoint.ops.refusals import not_implemented_for, refuse_overlap
from adjoint.ops.results import named_result

# --- the records ---


def _sorted(xp: Any, x: Any, *, axis: int, descending: bool, stable: bool) -> tuple:
    order = xp.argsort(x, axis=axis, descending=descending, stable=stable)
    return xp.gather(x, order, axis=axis), order


def _largest(xp: Any, x: Any, *, axis: int, k: int, largest: bool, in_order: bool) -> tuple:
    order = xp.argtopk(x, axis=axis, k=k, largest=largest, in_order=in_order)
    return xp.gather(x, order, axis=axis), order


_sort = general("sort", _sorted, **PICKED)
_sort_stable = general("sort_stable", _sorted, **PICKED, node="SortBackward1")
_topk = general("topk", _largest, **PICKED)
_argsort = constant(
    "argsort",
    lambda xp, x, *, axis, descending, stable: xp.argsort(x, axis=axis, descending=descending, stable=stable),
    promotes=None,
    public=False,
)
_kthvalue = general(
    "kthvalue",
    lambda xp, x, *, axis, keepdims, k: one_picked(xp, x, xp.argkth(x, axis=axis, k=k), axis, keepdims),
    **PICKED_ONE,
)
_mode = general(
    "mode",
    lambda xp, x, *, axis, keepdims: one_picked(xp, x, xp.argmode(x, axis=axis), axis, keepdims),
    **PICKED_ONE,
)


def _median_of_all(xp: Any, x: Any, *, ignore_nan: bool) -> Any:
    if 0 in x.shape:
        return xp.astype(xp.asarray(np.float64(np.nan)), x.dtype)
    every = xp.reshape(x, (-1,))
    return xp.squeeze(xp.gather(every, xp.argmedian(every, axis=0, ignore_nan=ignore_nan), axis=0), 0)


def _median_along(xp: Any, x: Any, *, axis: int, keepdims: bool, ignore_nan: bool) -> tuple:
    return one_picked(xp, x, xp.argmedian(x, axis=axis, ignore_nan=ignore_nan), axis, keepdims)


_median_all = general("median_all", _median_of_all, **EVENLY, node="MedianBackward0")
_median_axis = general("median_axis", _median_along, **PICKED_ONE, node="MedianBackward1")
_nanmedian_all = general("nanmedian_all", _median_of_all, **EVENLY, node="NanmedianBackward0")
_nanmedian_axis = general("nanmedian_axis", _median_along, **PICKED_ONE, node="NanmedianBackward1")

sort_result = named_result("sort", "values", "indices")
topk_result = named_result("topk", "values", "indices")
kthvalue_result = named_result("kthvalue", "values", "indices")
mode_result = named_result("mode", "values", "indices")
median_result = named_result("median", "values", "indices")
nanmedian_result = named_result("nanmedian", "values", "indices")


def _given(result: Any, pair: tuple, out: Any) -> Any:
    named = result(pair)
    return named if out is None else write_out(out, named)


# --- all elements in order ---


@public()
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool | None = None, *, out: Any = None) -> Any:
    """The elements in ascending or `descending` order along `dim`, and the indices at which they stood.

    NaN counts as the largest. With `stable`, equal elements stay in their order.

    >>> import adjoint as torch
    >>> torch.sort(torch.tensor([3., 1., 2.]))
    torch.return_types.sort(
    values=tensor([1., 2., 3.]),
    indices=tensor([1, 2, 0]))
    """
    (input,) = require_tensors("sort", input)
    record = _sort if stable is None else _sort_stable
    given = _orderable("Sort", input)
    return _given(sort_result, along("sort", record, given, dim, descending=bool(descending), stable=bool(stable)), out)


@public()
def argsort(
    input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False, out: Tensor | None = None
) -> Tensor:
    """The indices that put the elements in order along `dim`.

    >>> import adjoint as torch
    >>> torch.argsort(torch.tensor([3., 1., 2.]), descending=True)
    tensor([0, 2, 1])
    """
    (input,) = require_tensors("argsort", input)
    return along(
        "argsort", _argsort, _orderable("Sort", input), dim, out=out, descending=bool(descending), stable=bool(stable)
    )


@public()
def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The elements in ascending order along the first dimension.

    >>> import adjoint as torch
    >>> torch.msort(torch.tensor([[3., 1.], [2., 4.]]))
    tensor([[2., 1.],
            [3., 4.]])
    """
    (input,) = require_tensors("msort", input)
    values = sort(input, 0)[0]
    return values if out is None else write_out(out, values)


def _orderable(function: str, x: Tensor) -> Tensor:
    if x._data.dtype.kind == "c":
        raise RuntimeError(f" {function} does not support complex dtypes on CPU\nOrder abs(), real or imag.")
    return x


# --- some of them ---


@public()
def topk(
    input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True, *, out: Any = None
) -> Any:  # fmt: skip
    """The `k` largest elements along `dim`, or the smallest, and their indices; in order if `sorted`.

    NaN counts as the largest.

    >>> import adjoint as torch
    >>> torch.topk(torch.tensor([3., 1., 2.]), 2)
    torch.return_types.topk(
    values=tensor([3., 2.]),
    indices=tensor([0, 2]))
    """
    (input,) = require_tensors("topk", input)
    _orderable("topk", input)
    if input._data.dtype.kind == "b":
        raise RuntimeError("topk does not support bool dtypes on CPU\nCast the operand, as in x.to(torch.uint8).")
    size = input.shape[dimension(dim, input.ndim, "topk")] if input.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError("selected index k out of range")
    return _given(
        topk_result, along("topk", _topk, input, dim, k=int(k), largest=bool(largest), in_order=bool(sorted)), out
    )


@public()
def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The `k`-th smallest element along `dim`, counted from 1, and its index.

    >>> import adjoint as torch
    >>> torch.kthvalue(torch.tensor([3., 1., 2.]), 2)
    torch.return_types.kthvalue(
    values=tensor(2.),
    indices=tensor(2))
    """
    (input,) = require_tensors("kthvalue", input)
    axis = _not_empty("kthvalue", input, dim)
    if input._data.dtype.kind in "bc":
        raise not_implemented_for("kthvalue_cpu", input)
    if not 1 <= k <= (input.shape[axis] if input.ndim else 1):
        raise RuntimeError("kthvalue(): selected number k out of range for dimension " + str(axis))
    refuse_overlap(out and out[0], input)
    pair = along("kthvalue", _kthvalue, input, dim, k=int(k), keepdims=flag("kthvalue", keepdim))
    return _given(kthvalue_result, pair, out)


@public()
def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, out: Any = None) -> Any:
    """The most frequent element along `dim`, the smallest of several, and the index at which it stands last.

    >>> import adjoint as torch
    >>> torch.mode(torch.tensor([3, 1, 3, 2]))
    torch.return_types.mode(
    values=tensor(3),
    indices=tensor(2))
    """
    (input,) = require_tensors("mode", input)
    _not_empty("mode", input, dim)
    if input._data.dtype.kind == "c":
        raise not_implemented_for("mode_cpu", input)
    return _given(mode_result, along("mode", _mode, input, dim, keepdims=flag("mode", keepdim)), out)


@public()
def median(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of all elements; or, along `dim`, the medians and their indices. The lower of two in the middle.

    NaN where an element is NaN. Of all elements, those equal to the median share the gradient.

    >>> import adjoint as torch
    >>> torch.median(torch.tensor([3., 1., 2., 4.]))
    tensor(2.)
    """
    return _median("median", (_median_all, _median_axis, median_result), input, dim, keepdim, out)


@public()
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Any = None) -> Any:
    """The median of what is not NaN: of all elements, or along `dim`, with indices.

    >>> import adjoint as torch
    >>> torch.nanmedian(torch.tensor([3., float("nan"), 2.]))
    tensor(2.)
    """
    return _median("nanmedian", (_nanmedian_all, _nanmedian_axis, nanmedian_result), input, dim, keepdim, out)


def _median(name: str, ways: tuple, input: Tensor, dim: Any, keepdim: Any, out: Any) -> Any:
    whole, along_axis, result = ways
    (input,) = require_tensors(name, input)
    if input._data.dtype.kind in "bc":
        raise not_implemented_for("median_cpu" if dim is None else "median_out", input)
    ignore_nan = name == "nanmedian"
    if dim is None:
        return whole(input, ignore_nan=ignore_nan, out=out)
    _not_empty(name, input, dim)
    pair = along(name, along_axis, input, dim, keepdims=flag(name, keepdim), ignore_nan=ignore_nan)
    return _given(result, pair, out)


def _not_empty(name: str, x: Tensor, dim: Any) -> int:
    """The axis that is reduced, which must have elements."""
    axis = dimension(dim, x.ndim, name)
    if x.ndim and not x._data.shape[axis]:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
    return axis
