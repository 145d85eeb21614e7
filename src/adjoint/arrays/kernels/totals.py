"""Reductions that NumPy has no single step for."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array


def bits_xored(x: Array, *, axis: Any, keepdims: bool) -> Array:
    """The exclusive or of the bits of the elements, as float64 or int64."""
    wide = np.int64 if x.dtype.kind in "biu" else np.float64
    return np.bitwise_xor.reduce(np.asarray(x, wide).view(np.uint64), axis, keepdims=keepdims)
