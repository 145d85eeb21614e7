"""Where elements stand in order along an axis: sorting, the largest few, medians, the most frequent.

NaN counts as larger than all numbers. Each kernel gives indices; those of reductions have the axis with size 1. Which of
equal elements is meant is what PyTorch finds, as far as that can be told at little cost: see `introsort`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.kernels.introsort import SHORT, Row
from adjoint.arrays.numpy import Array

_FOLLOWED = 1 << 15  # so many elements, of rows with equal ones, are followed step by step, which takes 2 us for each


def argsort(x: Array, *, axis: int, descending: bool, stable: bool = True) -> np.ndarray:
    """The indices that sort along an axis. In a `stable` order, and in a long one, equal elements stay as they were."""
    x = _comparable(x)
    size = x.shape[axis]
    if descending:
        order = size - 1 - np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    else:
        order = np.argsort(x, axis, kind="stable")
    if stable or size <= SHORT:
        return order
    ordered = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    tied = (ordered[..., 1:] == ordered[..., :-1]).any(-1) | (ordered[..., -2] != ordered[..., -2])
    return _as_followed(order, x, axis, tied, lambda row, _: row.sorted(), descending)


def argtopk(x: Array, *, axis: int, k: int, largest: bool, in_order: bool) -> np.ndarray:
    """The indices of the `k` largest or smallest, in their order."""
    x = _comparable(x)
    size = x.shape[axis]
    if k * _FEW > size:
        found = np.take(argsort(x, axis=axis, descending=largest), range(k), axis)
    else:
        parted = np.argpartition(x, size - k if largest else k - 1, axis)
        chosen = np.sort(np.take(parted, range(size - k, size) if largest else range(k), axis), axis)
        order = argsort(np.take_along_axis(x, chosen, axis), axis=axis, descending=largest)
        found = np.take_along_axis(chosen, order, axis)
    if not found.size:
        return found
    values = np.take_along_axis(x, found, axis)
    beyond = np.sum(_equal(x, np.take(values, [k - 1], axis)), axis) > np.sum(
        _equal(values, np.take(values, [k - 1], axis)), axis
    )
    within = _equal(np.take(values, range(1, k), axis), np.take(values, range(k - 1), axis)).any(axis)
    tied = beyond | within if in_order else np.ones_like(beyond)
    return _as_followed(found, x, axis, tied, lambda row, _: row.smallest(k, in_order), largest)


_FEW = 2  # of so many elements one is chosen, or fewer, where it is quicker to sort the chosen ones only


def argkth(x: Array, *, axis: int, k: int) -> np.ndarray:
    """The index of the `k`-th smallest, counted from 1."""
    x = _comparable(x)
    found = np.take(np.argpartition(x, k - 1, axis), [k - 1], axis)
    tied = np.sum(_equal(x, np.take_along_axis(x, found, axis)), axis) > 1
    return _as_followed(found, x, axis, tied, lambda row, _: [row.kth(k - 1)])


def argmedian(x: Array, *, axis: int, ignore_nan: bool) -> np.ndarray:
    """The index of the lower of the middle elements; unless they are ignored, of the first NaN where there is one.

    Of equal elements it is the one that comes to the middle when they stay in their order.
    """
    x = _comparable(x)
    missing = x != x
    size = x.shape[axis]
    middle: Any = (size - 1) // 2
    if not missing.any():
        median = np.partition(x, middle, axis).take([middle], axis)
        among = middle - np.sum(x < median, axis, keepdims=True)
        return np.argmax(np.cumsum(x == median, axis) > among, axis, keepdims=True)
    order = argsort(x, axis=axis, descending=False)
    if ignore_nan:
        present = size - np.sum(missing, axis, keepdims=True)
        return np.take_along_axis(order, np.maximum(present - 1, 0) // 2, axis)
    first_missing = np.argmax(missing, axis, keepdims=True)
    return np.where(missing.any(axis, keepdims=True), first_missing, order.take([middle], axis))


def argmode(x: Array, *, axis: int) -> np.ndarray:
    """The index of the most frequent element, of the smallest one where several are: of the last of them in order."""
    x = _comparable(x)
    order = argsort(x, axis=axis, descending=False)
    ordered = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    places = np.arange(x.shape[axis])
    begins = np.ones(ordered.shape, bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    run = places - np.maximum.accumulate(np.where(begins, places, 0), -1)
    last = np.argmax(run, -1, keepdims=True)  # the longest run of equal elements ends here
    found = np.take_along_axis(order, np.moveaxis(last, -1, axis), axis)
    tied = (run.max(-1) > 0) & (x.shape[axis] > SHORT)
    return _as_followed(found, x, axis, tied, lambda row, place: [row.sorted()[int(last[place][0])]])


def _as_followed(
    found: np.ndarray, x: np.ndarray, axis: int, tied: Any, follow: Callable, descending: bool = False
) -> np.ndarray:
    """The indices with those of rows whose equal elements matter found anew, as PyTorch finds them: `follow(row, place)`."""
    tied = np.asarray(tied)
    if not tied.any() or np.count_nonzero(tied) * x.shape[axis] > _FOLLOWED:
        return found
    result = found.copy()
    rows, results = np.moveaxis(x, axis, -1), np.moveaxis(result, axis, -1)
    for place in map(tuple, np.argwhere(tied)):
        keys = np.unique(rows[place], return_inverse=True)[1]
        results[place] = follow(Row(-keys if descending else keys), place)
    return result


def _equal(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Whether two elements are in no order: equal, or both NaN."""
    return (x == y) | ((x != x) & (y != y))


def _comparable(x: Array) -> np.ndarray:
    """The elements in a type that NumPy compares quickly, and right at NaN."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x
