"""Rules that have two forms: a composition of verbs, and a kernel that does the same in fewer passes over memory.

The composition is what the rule means: it is what derivatives of higher order, batches, recorded programs and formulas
are made of. NumPy carries out each verb on its own, with a new array for each; there the kernel takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays import numpy

_FLOATING = frozenset({np.float32, np.float64})


def fused(kernel: str) -> Callable[[Callable], Callable]:
    """Decorator: where this rule, `rule(xp, *operands, **params)`, meets NumPy's real arrays the kernel carries it out."""

    def with_kernel(composed: Callable) -> Callable:
        def rule(xp: Any, first: Any, *operands: Any, **params: Any) -> Any:
            if (
                xp is numpy
                and first.__class__ is np.ndarray
                and first.dtype.type in _FLOATING
                and first.ndim
                and first.size
            ):
                return getattr(numpy, kernel)(first, *operands, **params)
            return composed(xp, first, *operands, **params)

        return rule

    return with_kernel
