"""Lines of code of PyTorch's users, by family: what each does in PyTorch is recorded in golden/ops.json."""

from tests.ops.cases import (
    arithmetic,
    bitwise,
    comparison,
    complex_numbers,
    conversion,
    creation,
    errors,
    filling,
    indexing,
    matrix,
    pointwise,
    reduction,
    shape,
    splitting,
)

FAMILIES = {
    module.__name__.rpartition(".")[2]: tuple(case.strip() for case in module.CASES.strip().splitlines() if case.strip() and not case.strip().startswith("#"))
    for module in (
        arithmetic, bitwise, comparison, complex_numbers, conversion, creation, errors, filling, indexing, matrix,
        pointwise, reduction, shape, splitting,
    )
}  # fmt: skip
