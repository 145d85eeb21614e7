"""Searching in sorted boundaries, and counting."""

from __future__ import annotations

import numpy as np

from adjoint.arrays.kernels.ordering import comparable
from adjoint.arrays.numpy import Array


def searchsorted(boundaries: Array, values: Array, *, right: bool) -> np.ndarray:
    """Where values would be put into boundaries to keep them in order: behind equal ones, where `right` says so.

    The boundaries are a vector, or rows of them, each with its row of values.
    """
    side = "right" if right else "left"
    boundaries, values = comparable(boundaries), comparable(values)
    if boundaries.ndim == 1:
        return np.searchsorted(boundaries, values, side)
    found = np.empty(values.shape, np.int64)
    for place in np.ndindex(values.shape[:-1]):
        found[place] = np.searchsorted(boundaries[place], values[place], side)
    return found


def count_evenly(x: Array, *, bins: int, low: float, high: float) -> np.ndarray:
    """How many elements lie in each of the bins of equal width between two bounds; the last has its upper bound too."""
    number = x.dtype.type  # PyTorch rounds to the type of the elements after each step
    low, high = number(low), number(high)
    elements = x.reshape(-1)
    elements = elements[(elements >= low) & (elements <= high)]
    places = ((elements - low) * number(bins) / (high - low)).astype(np.int64)
    return np.bincount(np.minimum(places, bins - 1), minlength=bins).astype(x.dtype)
