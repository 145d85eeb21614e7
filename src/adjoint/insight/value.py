"""Values as they are shown: a number, a few elements, or the shape and the range of a larger array."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

SHOWN = 6  # elements; a larger array is summarised
OPENED = 400  # elements that are kept, to be shown when a reader opens a summary


@dataclass(frozen=True, slots=True)
class Value:
    """What is shown of an array. `number` is its only element where it has no dimensions, else None.

    `kept` are its first elements, row by row, as they were; `norm` is the Euclidean length of all.
    """

    shape: tuple[int, ...]
    number: Any
    text: str
    dtype: str = field(default="", compare=False)
    zeros: int = field(default=0, compare=False)
    nans: int = field(default=0, compare=False)
    infinities: int = field(default=0, compare=False)
    norm: float = field(default=0.0, compare=False)
    kept: np.ndarray | None = field(default=None, compare=False, repr=False)

    @property
    def first(self) -> tuple[Any, ...]:
        """The first elements, as Python's numbers."""
        return () if self.kept is None else tuple(self.kept.tolist())

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    def __str__(self) -> str:
        return self.text


def summarise(array: Any) -> Value:
    """What is shown of an array or a number.

    >>> summarise(np.float32(6.7)).text, summarise(np.array([1.0, 2.5])).text
    ('6.7', '[1, 2.5]')
    >>> summarise(np.arange(200.0).reshape(2, 100)).text
    'shape [2, 100], 0 .. 199, 0.5% zeros'
    """
    data = np.asarray(array)
    dtype = _name(data.dtype)
    if data.dtype.kind == "V":  # bfloat16 and its like
        data = data.astype(np.float64)
    if not data.ndim:
        number = data.item()
        return Value((), number, digits(number), dtype, *_counted((number,)), data.reshape(1).copy())
    if 0 < data.size <= SHOWN:
        numbers = tuple(data.ravel().tolist())
        return Value(data.shape, None, _nested(data.tolist()), dtype, *_counted(numbers), data.flatten())
    counts = _counts(data)
    return Value(
        data.shape, None, f"shape {list(data.shape)}{_range(data, *counts[:2])}", dtype, *counts, data.flat[:OPENED]
    )


_name = cache(lambda dtype: dtype.name)  # which NumPy puts together each time


def _counted(numbers: tuple[Any, ...]) -> tuple[int, int, int, float]:
    """The same as `_counts` for a few numbers, for which Python is faster than NumPy."""
    sizes = [abs(number) for number in numbers]
    norm = math.hypot(*sizes)
    if math.isfinite(norm):
        return sizes.count(0), 0, 0, norm
    return sizes.count(0), sum(map(math.isnan, sizes)), sum(map(math.isinf, sizes)), norm


def _counts(data: np.ndarray) -> tuple[int, int, int, float]:
    """How many elements are zero, NaN and infinite, and the norm of all."""
    zeros = data.size - int(np.count_nonzero(data))
    if data.dtype.kind not in "fc":
        return zeros, 0, 0, math.sqrt(float(np.square(data, dtype=np.float64).sum()))
    wide = data.astype(np.result_type(data.dtype, np.float64), copy=False).ravel()
    norm = math.sqrt(abs(np.vdot(wide, wide)))
    if math.isfinite(norm):
        return zeros, 0, 0, norm
    return zeros, int(np.isnan(wide).sum()), int(np.isinf(wide).sum()), norm


def digits(number: Any) -> str:
    """A number with six significant digits."""
    if isinstance(number, bool):
        return str(number)
    if number == 0:
        return "0"  # a negative zero too
    if isinstance(number, complex):
        return f"{number:.6g}"
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _nested(values: Any) -> str:
    return f"[{', '.join(map(_nested, values))}]" if isinstance(values, list) else digits(values)


def _range(data: np.ndarray, zeros: int, missing: int) -> str:
    """The smallest and the largest element, and the share of zeros and NaN."""
    if not data.size:
        return ""
    share = f", {100 * zeros / data.size:.3g}% zeros" if zeros else ""
    note = f"{share}, {missing} of {data.size} NaN" if missing else share
    if data.dtype.kind == "c":
        return f", complex{note}"
    if missing == data.size:
        return note
    low, high = (np.nanmin(data), np.nanmax(data)) if missing else (data.min(), data.max())
    return f", {digits(low.item())} .. {digits(high.item())}{note}"
