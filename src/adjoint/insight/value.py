"""Values as they are shown: a number, a few elements, or the shape and the range of a larger array."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

SHOWN = 6  # elements; a larger array is summarised


@dataclass(frozen=True, slots=True)
class Value:
    """What is shown of an array. `number` is its only element where it has no dimensions, else None."""

    shape: tuple[int, ...]
    number: Any
    text: str

    def __str__(self) -> str:
        return self.text


def summarise(array: Any) -> Value:
    """What is shown of an array or a number.

    >>> summarise(np.float32(6.7)).text, summarise(np.array([1.0, 2.5])).text
    ('6.7', '[1, 2.5]')
    >>> summarise(np.arange(200.0).reshape(2, 100)).text
    'shape [2, 100], 0 .. 199'
    """
    data = np.asarray(array)
    if data.dtype.kind == "V":  # bfloat16 and its like
        data = data.astype(np.float64)
    if not data.ndim:
        return Value((), data.item(), digits(data.item()))
    if 0 < data.size <= SHOWN:
        return Value(data.shape, None, _nested(data.tolist()))
    return Value(data.shape, None, f"shape {list(data.shape)}{_range(data)}")


def digits(number: Any) -> str:
    """A number with six significant digits."""
    if number == 0:
        return "0"  # a negative zero too
    if isinstance(number, complex):
        return f"{number:.6g}"
    return str(number) if isinstance(number, int) else f"{number:.6g}"


def _nested(values: Any) -> str:
    return f"[{', '.join(map(_nested, values))}]" if isinstance(values, list) else digits(values)


def _range(data: np.ndarray) -> str:
    if not data.size:
        return ""
    if data.dtype.kind == "c":
        return ", complex"
    missing = int(np.isnan(data).sum()) if data.dtype.kind == "f" else 0
    note = f", {missing} of {data.size} NaN" if missing else ""
    if missing == data.size:
        return note
    return f", {digits(np.nanmin(data).item())} .. {digits(np.nanmax(data).item())}{note}"
