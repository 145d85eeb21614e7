"""Special functions, by SciPy."""

from __future__ import annotations

from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy

special = lazy("scipy.special")


def erf(x: Array) -> Array:
    return special.erf(x)
