"""Where elements stand in order along an axis: sorting, the largest few, medians, the most frequent.

NaN counts as larger than all numbers. Each kernel gives indices; those of reductions have the axis with size 1.
"""

from __future__ import annotations

import numpy as np

from adjoint.arrays.numpy import Array


def argsort(x: Array, *, axis: int, descending: bool) -> np.ndarray:
    """The indices that sort along an axis; equal elements stay in their order."""
    x = _comparable(x)
    if not descending:
        return np.argsort(x, axis, kind="stable")
    order = np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    return x.shape[axis] - 1 - order


def argtopk(x: Array, *, axis: int, k: int, largest: bool) -> np.ndarray:
    """The indices of the `k` largest or smallest, in their order."""
    x = _comparable(x)
    size = x.shape[axis]
    if k * _FEW > size:
        return np.take(argsort(x, axis=axis, descending=largest), range(k), axis)
    parted = np.argpartition(x, size - k if largest else k - 1, axis)
    chosen = np.sort(np.take(parted, range(size - k, size) if largest else range(k), axis), axis)
    order = argsort(np.take_along_axis(x, chosen, axis), axis=axis, descending=largest)
    return np.take_along_axis(chosen, order, axis)


_FEW = 4  # of so many elements one is chosen, or fewer, where it is quicker to sort the chosen ones only


def argkth(x: Array, *, axis: int, k: int) -> np.ndarray:
    """The index of the `k`-th smallest, counted from 1."""
    return np.take(np.argpartition(_comparable(x), k - 1, axis), [k - 1], axis)


def argmedian(x: Array, *, axis: int, ignore_nan: bool) -> np.ndarray:
    """The index of the lower of the middle elements; unless they are ignored, of the first NaN where there is one."""
    x = _comparable(x)
    missing = x != x
    size = x.shape[axis]
    if not missing.any():
        return np.take(np.argpartition(x, (size - 1) // 2, axis), [(size - 1) // 2], axis)
    if ignore_nan:
        present = size - np.sum(missing, axis, keepdims=True)
        order = argsort(x, axis=axis, descending=False)
        return np.take_along_axis(order, np.maximum(present - 1, 0) // 2, axis)
    median = np.take(np.argpartition(x, (size - 1) // 2, axis), [(size - 1) // 2], axis)
    return np.where(missing.any(axis, keepdims=True), np.argmax(missing, axis, keepdims=True), median)


def argmode(x: Array, *, axis: int) -> np.ndarray:
    """The last index of the most frequent element; of the smallest one where several are."""
    x = _comparable(x)
    order = argsort(x, axis=axis, descending=False)
    ordered = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    places = np.arange(x.shape[axis])
    begins = np.ones(ordered.shape, bool)
    begins[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    beginning = np.maximum.accumulate(np.where(begins, places, 0), -1)
    last = np.argmax(places - beginning, -1, keepdims=True)  # the longest run of equal elements ends here
    return np.take_along_axis(order, np.moveaxis(last, -1, axis), axis)


def _comparable(x: Array) -> np.ndarray:
    """The elements in a type that NumPy compares quickly, and right at NaN."""
    return x.astype(np.float32) if x.dtype.kind == "V" else x
