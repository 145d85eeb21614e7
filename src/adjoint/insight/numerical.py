"""Derivatives without autograd: central differences, extrapolated, and complex steps.

All are matrices: a row for each element of an input that was asked for, a column for each element of the result.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from adjoint.autograd.checking.differences import Values, derivatives
from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor, buffer, wrap

Place = tuple[int, ...]

_HALVINGS = 2  # of the first step; each takes away one more power of its square from the error
_SMALLER = 64  # by how much the second of two one-sided differences is closer
_SHARPEST = 1e-3  # of two slopes, by which they must differ to be told from rounding
_COMPLEX_STEP = 1e-30  # nothing is subtracted, so no step is too small


@dataclass(frozen=True)
class Estimate:
    """Derivatives, and how far from the truth they may be; infinitely far where none was found."""

    values: np.ndarray
    errors: np.ndarray


def by_differences(values: Values, point: Tensor, places: Sequence[Place], eps: float, rtol: float) -> Estimate:
    """The derivatives by some elements of a tensor, by central differences at three steps, extrapolated to none.

    `eps` is the precision of what is computed. The step is a part of the element itself. Where that leaves a relative
    error of more than `rtol`, others are tried.
    """
    first_step = eps ** (1 / (2 * _HALVINGS + 3))
    (at_point,) = values()
    noise = eps * np.abs(np.asarray(at_point._data, np.complex128)).reshape(-1)
    rows = [_row(values, point, place, first_step, noise, rtol) for place in places]
    empty = np.zeros((0, at_point.numel()))
    return Estimate(
        np.stack([value for value, _ in rows]) if rows else empty,
        np.stack([error for _, error in rows]) if rows else empty,
    )


def _row(
    values: Values, point: Tensor, place: Place, step: float, noise: np.ndarray, rtol: float
) -> tuple[np.ndarray, np.ndarray]:
    """The derivatives by one element: real ones, or for a complex element dx + i dy as PyTorch has it."""
    best, error = _best(values, point, _unit(point, place), _sizes(point, place), step, noise, rtol)
    if not point.is_complex():
        return best, error
    turned, other = _best(values, point, 1j * _unit(point, place), _sizes(point, place), step, noise, rtol)
    return best + 1j * turned, error + other


def _best(
    values: Values,
    point: Tensor,
    unit: np.ndarray,
    sizes: Sequence[float],
    step: float,
    noise: np.ndarray,
    rtol: float,
) -> tuple[np.ndarray, np.ndarray]:
    best, least = np.zeros(noise.shape), np.full(noise.shape, np.inf)
    for size in sizes:
        value, error = _extrapolated(values, point, unit * size, step)
        value, error = value / size, error / size + noise / (step * size / 2**_HALVINGS)
        error = np.where(np.isfinite(value) & np.isfinite(error), error, np.inf)
        best, least = np.where(error < least, value, best), np.minimum(error, least)
        if (least <= rtol * np.abs(best)).all():
            break
    return best, least


def _extrapolated(values: Values, point: Tensor, direction: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Richardson's extrapolation of central differences: the value, and by how much the last turn changed it."""
    table = [derivatives(values, point, direction, step / 2**turn)[0] for turn in range(_HALVINGS + 1)]
    last = table
    for power in range(1, _HALVINGS + 1):
        last, table = table, [(4**power * b - a) / (4**power - 1) for a, b in pairwise(table)]
    return table[0], np.abs(table[0] - last[-1])


def _sizes(point: Tensor, place: Place) -> list[float]:
    """Sizes that an element's steps are parts of: its own, the common one, and smaller ones."""
    own = abs(complex(point._data[place]))
    largest = float(np.abs(point._data).max())
    size = own or largest or 1.0
    return list(dict.fromkeys([size, max(own, 1.0), size / 32, size / 1024]))


def _unit(point: Tensor, place: Place) -> np.ndarray:
    unit = np.zeros(point.shape)
    unit[place] = 1
    return unit


# --- where a function is not smooth --------------------------------------------------------------------------------


def kink(values: Values, point: Tensor, place: Place, column: int, eps: float) -> tuple[float, float] | None:
    """The derivatives to the left and to the right of a real element, where they are not the same; else None.

    In a smooth place the difference of the two shrinks with the step. Where it does not, there is a kink, or a jump.
    """
    if point.is_complex():
        return None
    size = _sizes(point, place)[0]
    step = eps**0.25 * size
    (at_point,) = values()
    noise = 4 * eps * abs(complex(np.reshape(at_point._data, -1)[column])) / (step / _SMALLER)
    far = _one_sided(values, point, place, step, column)
    near = _one_sided(values, point, place, step / _SMALLER, column)
    gap, near_gap = abs(far[1] - far[0]), abs(near[1] - near[0])
    shows = near_gap > max(noise, _SHARPEST * max(map(abs, near)))
    return near if shows and near_gap > gap / 2 and np.isfinite(near).all() else None


def _one_sided(values: Values, point: Tensor, place: Place, step: float, column: int) -> tuple[float, float]:
    """Differences to the left and to the right: central ones, half a step away."""
    memory = buffer(point)
    before = memory[place]
    found = []
    for shift in (-step / 2, step / 2):
        try:
            memory[place] = before + shift
            found.append(derivatives(values, point, _unit(point, place), step / 2)[0][column])
        finally:
            memory[place] = before
    return float(np.real(found[0])), float(np.real(found[1]))


# --- complex steps -------------------------------------------------------------------------------------------------


def by_complex_steps(
    function: Callable[[Tensor], Any], point: Tensor, places: Sequence[Place], at_point: Tensor
) -> np.ndarray | None:
    """The derivatives of a function by some real elements, as imaginary parts, exact to the last digits.

    None where the function does not take complex numbers, or does not remain itself on them. It may seem to: a
    result has to be compared with another one before it counts.
    """
    memory = np.asarray(point._data)
    rows = []
    for place in places:
        size = abs(float(memory[place])) or 1.0
        moved = memory.astype(np.result_type(memory.dtype, np.complex64))
        moved[place] += 1j * _COMPLEX_STEP * size
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = function(wrap(moved))._data
        except Exception:  # whatever a function does on numbers that it is not made for
            return None
        if result.dtype.kind != "c" or result.shape != at_point._data.shape:
            return None
        if not np.allclose(result.real, at_point._data, rtol=finfo(point.dtype).eps ** 0.5, atol=0, equal_nan=True):
            return None
        rows.append(np.reshape(result.imag, -1) / (_COMPLEX_STEP * size))
    return np.stack(rows) if rows else np.zeros((0, at_point.numel()))
