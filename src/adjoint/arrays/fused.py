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
_WORTH = 4096  # elements from which on passes over memory cost more than calls


def fused(kernel: str) -> Callable[[Callable], Callable]:
    """Decorator: where a rule `rule(xp, *operands, **params)` meets large real arrays of NumPy's, a kernel carries it out."""

    def with_kernel(composed: Callable) -> Callable:
        def rule(xp: Any, first: Any, *operands: Any, **params: Any) -> Any:
            if xp is numpy and first.size >= _WORTH and first.dtype.type in _FLOATING:
                return getattr(numpy, kernel)(first, *operands, **params)
            return composed(xp, first, *operands, **params)

        return rule

    return with_kernel
