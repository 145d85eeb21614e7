"""Where elements stand in order along an axis: sorting, the largest few, medians, the most frequent.

NaN counts as larger than all numbers. Each kernel gives indices; those of reductions have the axis with size 1. Which
of equal elements is meant is what PyTorch finds, as far as that can be told at little cost: see `introsort`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.kernels.indexing import gather
from adjoint.arrays.kernels.introsort import SHORT, Row
from adjoint.arrays.numpy import Array

_FOLLOWED = 1 << 15  # so many elements, of rows with equal ones, are followed step by step, which takes 2 us for each


def argsort(x: Array, *, axis: int, descending: bool, stable: bool = True) -> np.ndarray:
    """The indices that sort along an axis. In a `stable` order, and in a long one, equal elements stay as they were."""
    x = comparable(x)
    order = _stable_order(x, axis, descending)
    if stable or x.shape[axis] <= SHORT:
        return order
    tied = _has_ties(gather(x, order, axis=axis), axis)
    return _as_followed(order, x, axis, tied, lambda row, _: row.sorted(), descending)


def _stable_order(x: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    if not descending:
        return np.argsort(x, axis, kind="stable")
    backwards = (*(slice(None),) * axis, slice(None, None, -1))
    return x.shape[axis] - 1 - np.argsort(x[backwards], axis, kind="stable")[backwards]


def argtopk(x: Array, *, axis: int, k: int, largest: bool, in_order: bool) -> np.ndarray:
    """The indices of the `k` largest or smallest, in their order."""
    x = comparable(x)
    size = x.shape[axis]
    found: Any
    if not k:
        return np.zeros(_part(x, axis, 0, 0).shape, np.int64)
    if k * 2 > size or size < _LONG:
        order = _stable_order(x, axis, largest)
        found, following = _part(order, axis, 0, k), _part(order, axis, 0, k + 1)
        tied = _has_ties(gather(x, following, axis=axis), axis)
    else:
        found = _shortlisted(x, axis, k, largest) if k * _RARE <= size else None
        if found is None:
            parted = np.argpartition(x, size - k if largest else k - 1, axis)
            chosen = np.sort(_part(parted, axis, size - k, size) if largest else _part(parted, axis, 0, k), axis)
            order = _stable_order(gather(x, chosen, axis=axis), axis, largest)
            found = gather(chosen, order, axis=axis)
        values = gather(x, found, axis=axis)
        last = _part(values, axis, k - 1, k)
        tied = (_count(x, last, axis) > _count(values, last, axis)) | _has_ties(values, axis)
    if not in_order:
        tied = np.ones_like(tied)
    return _as_followed(found, x, axis, tied, lambda row, _: row.smallest(k, in_order), largest)


_LONG = 64  # elements from which on it pays to look for some of them without sorting all
_RARE = 64  # of so many elements one is chosen, or fewer, where it pays to look at the extremes of blocks first


def _shortlisted(x: np.ndarray, axis: int, k: int, largest: bool) -> np.ndarray | None:
    """The indices of the `k` largest or smallest in order, by way of the extremes of blocks; None where one is NaN.

    At least `k` elements reach the k-th extreme of the blocks' extremes, and not many more do: only these are sorted.
    """
    moved = np.moveaxis(x, axis, -1)
    rows = np.ascontiguousarray(moved).reshape(-1, x.shape[axis])
    count, width = 4 * k, x.shape[axis] // (4 * k)
    extreme = np.maximum if largest else np.minimum
    extremes = extreme.reduce(rows[:, : count * width].reshape(-1, width, count), 1)
    rest = rows[:, count * width :]
    extreme(extremes[:, : rest.shape[1]], rest, out=extremes[:, : rest.shape[1]])
    if (extremes != extremes).any():
        return None
    kth = count - k if largest else k - 1
    bound = np.partition(extremes, kth, 1)[:, kth : kth + 1]
    listed = np.flatnonzero(rows >= bound if largest else rows <= bound)
    listed = listed[::-1] if largest else listed  # from the end of the row on, the first of equal ones comes last
    row, place = np.divmod(listed, rows.shape[1])
    order = np.lexsort((rows.reshape(-1)[listed], row))
    ends = np.cumsum(np.bincount(row, minlength=len(rows)))[:, None]
    steps = ends - 1 - np.arange(k) if largest else np.append(0, ends[:-1])[:, None] + np.arange(k)
    return np.moveaxis(place[order[steps]].reshape(*moved.shape[:-1], k), -1, axis)


def argkth(x: Array, *, axis: int, k: int) -> np.ndarray:
    """The index of the `k`-th smallest, counted from 1."""
    x = comparable(x)
    found = _part(np.argpartition(x, k - 1, axis), axis, k - 1, k)
    tied = _count(x, gather(x, found, axis=axis), axis) > 1
    return _as_followed(found, x, axis, tied, lambda row, _: [row.kth(k - 1)])


def argmedian(x: Array, *, axis: int, ignore_nan: bool) -> np.ndarray:
    """The index of the lower of the middle elements; unless they are ignored, of the first NaN where there is one.

    Of equal elements it is the one that comes to the middle when they stay in their order.
    """
    x = comparable(x)
    missing = x != x
    size = x.shape[axis]
    middle = (size - 1) // 2
    if size >= _LONG and not missing.any():
        median = _part(np.partition(x, middle, axis), axis, middle, middle + 1)
        among = middle - np.sum(x < median, axis, keepdims=True)
        return np.argmax(np.cumsum(x == median, axis) > among, axis, keepdims=True)
    order = _stable_order(x, axis, descending=False)
    if ignore_nan:
        present = size - np.sum(missing, axis, keepdims=True)
        return gather(order, np.maximum(present - 1, 0) // 2, axis=axis)
    found = _part(order, axis, middle, middle + 1)
    if not missing.any():
        return found
    return np.where(missing.any(axis, keepdims=True), np.argmax(missing, axis, keepdims=True), found)


def argmode(x: Array, *, axis: int) -> np.ndarray:
    """The index of the most frequent element, of the smallest one where several are: of the last of them in order."""
    x = comparable(x)
    order = _stable_order(x, axis, descending=False)
    ordered = np.moveaxis(gather(x, order, axis=axis), axis, -1)
    places = np.arange(x.shape[axis])
    begins = np.ones(ordered.shape, bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    run = places - np.maximum.accumulate(np.where(begins, places, 0), -1)
    last = np.argmax(run, -1, keepdims=True)  # the longest run of equal elements ends here
    found = gather(order, np.moveaxis(last, -1, axis), axis=axis)
    tied = (run.max(-1) > 0) & (x.shape[axis] > SHORT)
    return _as_followed(found, x, axis, tied, lambda row, place: [row.sorted()[int(last[place][0])]])


def _as_followed(
    found: np.ndarray, x: np.ndarray, axis: int, tied: Any, follow: Callable, descending: bool = False
) -> np.ndarray:
    """The indices, where equal elements of a row matter as PyTorch finds them: by `follow(row, place)`."""
    tied = np.asarray(tied)
    if not tied.any() or np.count_nonzero(tied) * x.shape[axis] > _FOLLOWED:
        return found
    result = found.copy()
    rows, results = np.moveaxis(x, axis, -1), np.moveaxis(result, axis, -1)
    for place in map(tuple, np.argwhere(tied)):
        keys = np.unique(rows[place], return_inverse=True)[1]
        results[place] = follow(Row(-keys if descending else keys), place)
    return result


def _part(x: np.ndarray, axis: int, start: int, stop: int) -> np.ndarray:
    return x[(*(slice(None),) * axis, slice(start, stop))]


def _has_ties(ordered: np.ndarray, axis: int) -> np.ndarray:
    """Whether there are equal elements, for each row of elements in order."""
    size = ordered.shape[axis]
    a, b = _part(ordered, axis, 1, size), _part(ordered, axis, 0, max(size - 1, 0))
    return ((a == b) | ((a != a) & (b != b))).any(axis)


def _count(x: np.ndarray, element: np.ndarray, axis: int) -> np.ndarray:
    """How many elements are equal to one, or, if that is NaN, are NaN."""
    equal = x == element
    return np.count_nonzero(equal | ((x != x) & (element != element)) if (element != element).any() else equal, axis)


def comparable(x: Array) -> np.ndarray:
    """The elements in a type that NumPy compares quickly, and right at NaN."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x
