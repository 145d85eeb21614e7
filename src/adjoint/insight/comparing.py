"""Comparing the user's own derivative with the right one: where they differ, by how much, and by what mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint.insight.value import digits

_ROUNDED = 1e-3  # what differs by less may be rounded
_NICE = 1000  # factors up to here, and their inverses, are told as a mistake's name where there is one number only


@dataclass(frozen=True)
class Tolerance:
    """By how much a derivative may differ: `atol` + `rtol` times the right one's magnitude.

    Of the number type's precision eps, `rtol` is the square root, and `atol` the square root times the largest of the
    derivatives, but at least eps itself.
    """

    rtol: float
    atol: float

    @classmethod
    def of(cls, right: np.ndarray, eps: float, rtol: float | None, atol: float | None) -> Tolerance:
        root = eps**0.5
        if atol is None:
            largest = np.abs(right[np.isfinite(right)]).max(initial=0)
            atol = root * max(root, float(largest))
        return cls(root if rtol is None else rtol, atol)

    def accepts(self, given: Any, right: Any, errors: Any = 0.0) -> np.ndarray:
        """Where `given` is `right`, whose own errors are known; NaN is NaN."""
        with np.errstate(invalid="ignore"):
            near = np.abs(given - right) <= self.atol + self.rtol * np.abs(right) + errors
        return (near & np.isfinite(right)) | (given == right) | (np.isnan(given) & np.isnan(right))


@dataclass(frozen=True)
class Difference:
    """One element in which derivatives differ: its index, what is given, and what autograd and differences find.

    `kind` is "wrong"; or "not smooth", where the derivatives from both sides, `sides`, differ, and what is given lies
    between them; or "autograd", where it is autograd that differences contradict.
    """

    index: tuple[int, ...]
    given: Any
    autograd: Any
    numerical: Any = None
    kind: str = "wrong"
    sides: tuple[float, float] | None = None

    @property
    def size(self) -> float:
        """How large the difference is; NaN counts as infinitely large."""
        size = abs(self.given - (self.numerical if self.kind == "autograd" else self.autograd))
        return float(size) if size == size else float("inf")


def mistake(given: np.ndarray, right: np.ndarray, tolerance: Tolerance) -> str:
    """What a wrong derivative is, where that is seen: the right one with another sign, its transpose, a multiple of it."""

    def is_right(other: np.ndarray) -> bool:
        return other.shape == right.shape and bool(tolerance.accepts(other, right).all())

    if is_right(-given):
        return "the sign is wrong"
    if given.ndim >= 2 and is_right(given.swapaxes(-1, -2)):
        return "this is the transpose of the derivative"
    if given.dtype.kind == "c" and is_right(given.conj()):
        return "this is the complex conjugate of the derivative"
    parts = right != 0
    if not parts.any() or not np.isfinite(given).all() or not np.isfinite(right).all():
        return ""
    rounded = _rounded(given, right)
    if rounded:
        return rounded
    factor = (given[parts] / right[parts])[0]
    if factor == 0 or factor.imag or not is_right(given / factor):
        return ""
    factor = float(factor.real)
    if right.size == 1 and not any(_is_whole(each) for each in (factor, 1 / factor)):
        return ""
    near = round(factor) if _is_whole(factor) else factor
    whole = round(1 / factor)
    told = f"1/{whole}" if _is_whole(1 / factor) and whole > 1 else digits(near)
    return f"this is {told} times the derivative"


def _rounded(given: np.ndarray, right: np.ndarray) -> str:
    """A remark on a difference that may come from numbers being rounded."""
    off = np.abs(given - right).max() / np.abs(right).max()
    if not 0 < off < _ROUNDED:
        return ""
    return f"this is off by {off:.1g} of the derivative: if you rounded, give rtol={10.0 ** np.ceil(np.log10(off)):g}"


def _is_whole(number: float) -> bool:
    return 1 < round(abs(number)) <= _NICE and abs(number - round(number)) < 1e-6 * abs(number)
