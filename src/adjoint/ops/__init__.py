"""The operations: one file per family, one record per operation, beside what is composed of them.

The families that are imported here are those of every program. The others are loaded when one of their names is first
used: see `later`.
"""

from adjoint.ops import (
    arithmetic,
    batching,
    bitwise,
    broadcasting,
    choice,
    comparison,
    complex,
    conversion,
    creation,
    data,
    extremes,
    filling,
    indexing,
    joining,
    later,
    legacy,
    matrix,
    methods,
    pointwise,
    powers,
    protocols,
    random,
    ranges,
    reduction,
    rounding,
    shape,
    splitting,
    writing,
)

FAMILIES = (
    arithmetic, bitwise, broadcasting, choice, comparison, complex, conversion, creation, extremes, filling, indexing, joining, matrix,
    pointwise, powers, protocols, reduction, rounding, shape, splitting, writing,
)  # fmt: skip

methods.install(
    operators={name: function for family in FAMILIES for name, function in getattr(family, "OPERATORS", {}).items()},
    properties={name: function for family in FAMILIES for name, function in getattr(family, "PROPERTIES", {}).items()},
)
later.install()

__all__ = ["FAMILIES", "batching", "data", "later", "legacy", "random", "ranges"]
