"""Arrays as sets of their elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array


def isin(x: Any, among: Any) -> Array:
    """Whether each element of `x` is one of those of `among`."""
    return np.isin(x, among)[()]
