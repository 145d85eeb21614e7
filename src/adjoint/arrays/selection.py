"""Indices with arrays in them, on batched arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays.batches import Array, BatchedArray, is_at, ndim_of, space_of, widened


def is_array(part: Any) -> bool:
    return hasattr(part, "shape") or isinstance(part, list)


def _index_parts(index: Any, ndim: int) -> list[Any]:
    """An index of an array of `ndim` axes with one part per axis or new axis, masks and integers as arrays of places."""
    parts: list[Any] = []
    for part in index if isinstance(index, tuple) else (index,):
        array = np.asarray(part) if isinstance(part, list | bool | np.bool_) else part
        if not is_array(array) or array.dtype.kind != "b" or not array.ndim:
            parts.append(np.asarray(array) if isinstance(array, int | np.integer) else array)
        elif array.__class__ is BatchedArray:
            raise RuntimeError(
                "vmap: We do not support batching operators that can support dynamic shape. Attempting to batch over "
                "indexing with a boolean mask.\n"
                "Each example would pick another number of elements: keep the shape, as in torch.where(mask, x, 0)."
            )
        else:
            parts += np.nonzero(array)
    used = sum(part is not None and part is not Ellipsis and not _is_switch(part) for part in parts)
    rest = [slice(None)] * (ndim - used)
    if any(part is Ellipsis for part in parts):
        place = next(place for place, part in enumerate(parts) if part is Ellipsis)
        return [*parts[:place], *rest, *parts[place + 1 :]]
    return [*parts, *rest]


def _is_switch(part: Any) -> bool:
    """Whether a part of an index is one truth value, which stands for no axis and makes one of size 1 or 0."""
    return is_array(part) and part.dtype.kind == "b"


class Selection:
    """Where an index with arrays in it puts the axes of what it picks: here, and one level down.

    NumPy puts the axes of the index arrays in the place of the arrays, if these stand side by side, else in front. The
    hidden axis, and a counter of the examples beside the index arrays, change which of the two it is.
    """

    def __init__(self, index: Any, ndim: int, level: int, size: int, target_is_batched: bool) -> None:
        parts = _index_parts(index, ndim)
        places = [place for place, part in enumerate(parts) if is_array(part)]
        # how many axes the index arrays make
        self.width = max(1 if _is_switch(parts[place]) else ndim_of(parts[place]) for place in places)
        self.ndim = len(parts) - len(places) + self.width  # and how many there are in all
        adjoining = places[-1] - places[0] + 1 == len(places)
        before = places[0] if adjoining else 0  # axes in front of those of the index arrays
        per_example = any(is_at(part, level) for part in parts)
        inner = [widened(part.array, self.width) if is_at(part, level) else part for part in parts]
        order = list(range(self.ndim + 1))
        if not target_is_batched:
            self.index = tuple(inner)
            order.insert(0, order.pop(before))
        elif per_example:
            self.index = (np.arange(size).reshape(size, *(1,) * self.width), *inner)
            order = [0, *order[1 + self.width : 1 + self.width + before], *order[1 : 1 + self.width]]
            order += range(len(order), self.ndim + 1)
        else:
            self.index = (slice(None), *inner)
            if not adjoining:
                order.insert(0, order.pop(self.width))
        #: the axes of the result one level down, in the order in which the batch comes first
        self.order = None if order == list(range(self.ndim + 1)) else order

    def picked(self, space: Any, array: Array) -> Array:
        """What was picked one level down, with the batch in front and the axes as they are here."""
        return array if self.order is None else space.permute_dims(array, self.order)

    def fitted(self, values: Any, level: int) -> Any:
        """Values to be written, given as they are here, as they must be one level down."""
        if is_at(values, level):
            values = widened(values.array, self.ndim)
        elif self.order is not None and ndim_of(values):
            space = space_of(values)
            values = space.reshape(values, (1,) * (self.ndim + 1 - values.ndim) + tuple(values.shape))
        if self.order is None or not ndim_of(values):
            return values
        return space_of(values).permute_dims(values, np.argsort(self.order).tolist())


def addressed(parts: Sequence[Any], values: Any, ndim: int, level: int, size: int) -> tuple[tuple, Any]:
    """Where and what to write one level down, into an array that is batched at this level."""
    if any(map(is_array, parts)):
        selection = Selection(tuple(parts), ndim, level, size, target_is_batched=True)
        return selection.index, selection.fitted(values, level)
    if is_at(values, level):
        picked = np.broadcast_to(np.empty(()), (1,) * ndim)[tuple(_unsized(part) for part in parts)]
        values = widened(values.array, picked.ndim)
    return (slice(None), *parts), values


def _unsized(part: Any) -> Any:
    """A part of an index that picks the same axes from an array of size 1 along each."""
    return 0 if isinstance(part, int | np.integer) else slice(None) if isinstance(part, slice) else part
