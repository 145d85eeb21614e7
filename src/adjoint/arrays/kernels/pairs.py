"""Complex numbers seen as pairs of real ones, in the same memory."""

from __future__ import annotations

import numpy as np

from adjoint.arrays.numpy import Array


def as_pairs(x: Array) -> Array:
    array = np.asarray(x)
    return array[..., None].view(array.real.dtype)


def from_pairs(x: Array) -> Array:
    """The complex numbers, a copy where the parts of one do not lie side by side."""
    if x.strides[-1] != x.itemsize and x.size:
        x = np.ascontiguousarray(x)
    return x.view(np.result_type(x.dtype, np.complex64))[..., 0]
