"""The arithmetic of random numbers: the Box-Muller transform and its parts, rounded as PyTorch rounds them.

In float32, PyTorch takes the logarithm, the sine and the cosine by the polynomials of the Cephes library (S. L. Moshier,
`logf.c` and `sinf.c`), in which each product is added to the next coefficient with one rounding. In float64 it calls the
C library, as Python's `math` does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_single = np.float32

#: the coefficients of log(1 + x), from the highest power to that of x**3
_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
_SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
_COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
#: log(2) and pi / 4 in parts whose products with small integers are exact
_LOG_2 = (-2.12194440e-4, 0.693359375)
_QUARTER_PI = (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)


def box_muller(uniform: np.ndarray, mean: float = 0.0, std: float = 1.0) -> np.ndarray:
    """Normal numbers from uniform ones, in blocks of 16: eight radii, then eight angles."""
    blocks = uniform.reshape(-1, 2, 8)
    kind = uniform.dtype.type
    log = _log_single if kind is _single else elementwise(math.log)
    radius = np.sqrt(kind(-2) * log(1 - blocks[:, 0]))
    sine, cosine = _sine_and_cosine(kind(2 * math.pi) * blocks[:, 1])
    numbers = np.stack([radius * cosine, radius * sine], axis=1).reshape(-1)
    return multiply_add(numbers, kind(std), kind(mean))


def pairs_of_normals(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Normal numbers from uniform ones of float64, two from each pair, which stand side by side."""
    radius = np.sqrt(-2 * elementwise(math.log1p)(-second))
    sine, cosine = _sine_and_cosine(2 * math.pi * first)
    return np.stack([radius * cosine, radius * sine], axis=1).reshape(-1)


def elementwise(function: Callable[[float], float]) -> Callable[[np.ndarray], np.ndarray]:
    """One of the C library's functions on an array of float64: NumPy's own differ from it in the last place."""
    return lambda x: np.fromiter(map(function, x.reshape(-1).tolist()), np.float64, x.size).reshape(x.shape)


def multiply_add(a: np.ndarray, b: float, c: float) -> np.ndarray:
    """`a * b + c` with one rounding, as processors compute it in one step."""
    if a.dtype == _single:  # whose products are exact in float64
        return (a.astype(np.float64) * np.float64(b) + np.float64(c)).astype(_single)
    if b == 1 or c == 0:
        return a * b + c
    product, error = _exact_product(a, np.float64(b))
    total = product + c
    of_c = total - product
    return total + ((product - (total - of_c)) + (c - of_c) + error)


def _exact_product(a: np.ndarray, b: float) -> tuple[np.ndarray, np.ndarray]:
    """A rounded product and its rounding error, after Dekker (1971): from factors in halves."""
    split = 2.0**27 + 1
    high_a, high_b = ((x * split) - ((x * split) - x) for x in (a, b))
    low_a, low_b = a - high_a, b - high_b
    product = a * b
    return product, low_a * low_b - (((product - high_a * high_b) - low_a * high_b) - high_a * low_b)


def _polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    result = np.full_like(x, coefficients[0])
    for each in coefficients[1:]:
        result = _sum_of_product(result, x, each)
    return result


def _sum_of_product(a: np.ndarray, b: np.ndarray | float, c: np.ndarray | float) -> np.ndarray:
    """`a * b + c` of float32 with one rounding; a number stands for the nearest float32."""
    wide_b, wide_c = (np.asarray(each, _single).astype(np.float64) for each in (b, c))
    return (a.astype(np.float64) * wide_b + wide_c).astype(_single)


def _log_single(x: np.ndarray) -> np.ndarray:
    """The logarithm of positive numbers of float32."""
    fraction, exponent = np.frexp(x)
    low = fraction < _single(math.sqrt(0.5))
    power = (exponent - low).astype(_single)
    x = np.where(low, (fraction - 1) + fraction, fraction - 1)
    square = x * x
    result = _sum_of_product(_polynomial(_LOG, x) * x, square, power * _single(_LOG_2[0]))
    result = x + _sum_of_product(square, -0.5, result)
    return _sum_of_product(power, _LOG_2[1], result)


def _sine_and_cosine(angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both of angles from 0 to 2 pi: by way of the nearest even multiple of pi / 4."""
    if angle.dtype != _single:
        return elementwise(math.sin)(angle), elementwise(math.cos)(angle)
    octant = (angle * _single(4 / math.pi)).astype(np.int32) + 1 & ~1
    x = angle
    for part in _QUARTER_PI:
        x = _sum_of_product(octant.astype(_single), -part, x)
    square = x * x
    cosine = 1 + _sum_of_product(_polynomial(_COSINE, square) * square, square, square * _single(-0.5))
    sine = _sum_of_product(_polynomial(_SINE, square) * square, x, x)
    swapped = (octant & 2).astype(bool)
    sine, cosine = np.where(swapped, cosine, sine), np.where(swapped, sine, cosine)
    return np.where(octant & 4, -sine, sine), np.where((octant + 2) & 4, -cosine, cosine)
