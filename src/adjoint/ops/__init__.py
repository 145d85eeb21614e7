"""The operations: one file per family, one record per operation, beside what is composed of them."""

from adjoint.ops import (
    arithmetic,
    comparison,
    complex,
    conversion,
    creation,
    filling,
    indexing,
    matrix,
    methods,
    pointwise,
    reduction,
    shape,
)

methods.install(
    operators={**arithmetic.OPERATORS, **comparison.OPERATORS, **indexing.OPERATORS, **matrix.OPERATORS},
    properties={**shape.PROPERTIES, **complex.PROPERTIES},
)

__all__ = [
    "arithmetic", "comparison", "complex", "conversion", "creation", "filling", "indexing", "matrix", "pointwise", "reduction", "shape",
]  # fmt: skip
