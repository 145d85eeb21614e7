"""Jacobians by finite differences: what a function does when its inputs move by a little."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.core.tensor import Tensor, buffer, wrap

Values = Callable[[], Sequence[Tensor]]  # the outputs of a function for the inputs as they are at the moment


def derivatives(values: Values, point: Tensor, direction: np.ndarray, eps: float, where: str = "") -> list[np.ndarray]:
    """The derivatives of each output as `point` moves along `direction`, flat, by a central difference.

    The tensor's own memory is changed meanwhile, so that also a function that reaches it by another way than as its
    argument sees the change. `where` is said in the error for outputs that change their shape or type.
    """
    memory = buffer(point)
    before = memory.copy()
    step = (eps * direction).astype(memory.dtype)
    try:
        np.copyto(memory, before - step)
        back = [np.array(output._data) for output in values()]
        np.copyto(memory, before + step)
        forth = [np.array(output._data) for output in values()]
    finally:
        np.copyto(memory, before)
    for a, b in zip(back, forth, strict=True):
        for facet in ("shape", "dtype"):
            first, second = (getattr(wrap(array), facet) for array in (a, b))
            if first != second:
                raise AssertionError(
                    f"Expected `func` to return outputs with the same {facet} when inputs are perturbed {where}by {eps}, "
                    f"but got: {facet}s {first} and {second}."
                )
    return [_difference(a, b, eps).reshape(-1) for a, b in zip(back, forth, strict=True)]


def _difference(a: np.ndarray, b: np.ndarray, eps: float) -> np.ndarray:
    if a.dtype.kind == "b":
        a, b = a.astype(np.int64), b.astype(np.int64)
    return (b - a) / (2 * eps)


def pushed_forward(values: Values, point: Tensor, direction: Any, eps: float) -> list[np.ndarray]:
    """The products of the Jacobians of all outputs with one direction.

    For a complex point the direction is a pair, for the real and the imaginary part, and the result is that along the
    first plus i times that along the second: of a real output, its conjugate Wirtinger derivative along a direction.
    """
    shape = point.shape
    if not point.is_complex():
        return derivatives(values, point, direction.reshape(shape), eps)
    real, imaginary = (part.reshape(shape) for part in direction)
    along = zip(derivatives(values, point, real, eps), derivatives(values, point, 1j * imaginary, eps), strict=True)
    return [dx + 1j * dy for dx, dy in along]


def jacobians(values: Values, point: Tensor, eps: float) -> list[np.ndarray]:
    """For each output the matrix of its derivatives: a row for each element of the point, a column for each of the output."""
    rows = []
    for place in np.ndindex(*point.shape):
        unit = np.zeros(point.shape)
        unit[place] = 1
        where = f"on index {place} "
        row = derivatives(values, point, unit, eps, where)
        if point.is_complex():
            turned = derivatives(values, point, 1j * unit, eps, where)
            row = [dx + 1j * dy for dx, dy in zip(row, turned, strict=True)]
        rows.append(row)
    if not rows:
        return [np.zeros((0, output.numel())) for output in values()]
    return [np.stack(columns) for columns in zip(*rows, strict=True)]
