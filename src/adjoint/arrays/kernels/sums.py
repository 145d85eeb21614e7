"""Sums that need no memory of their own."""

from __future__ import annotations

import numpy as np

from adjoint.arrays.numpy import Array


def add_to_new(new: Array, x: Array) -> Array:
    """`x + new` in the memory of `new`, an array that nobody else has."""
    return np.add(x, new, new)
