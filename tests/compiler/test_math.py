"""The math functions of compiled code: exact to a few units in the last place, everywhere."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.testing import assert_array_equal

mpmath.mp.prec = 200
Run = Callable[..., list[Any]]

REFERENCES: dict[str, Callable[..., Any]] = {
    "exp": mpmath.exp, "expm1": mpmath.expm1, "log": mpmath.log, "log1p": mpmath.log1p,
    "log2": lambda x: mpmath.log(x, 2), "log10": mpmath.log10, "sqrt": mpmath.sqrt,
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "asin": mpmath.asin, "acos": mpmath.acos, "atan": mpmath.atan,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh,
    "asinh": mpmath.asinh, "acosh": mpmath.acosh, "atanh": mpmath.atanh,
    "erf": mpmath.erf, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "atan2": mpmath.atan2, "power": mpmath.power,
}  # fmt: skip
NUMPY = {name: getattr(np, name) for name in REFERENCES if hasattr(np, name)}
# Units in the last place. The rest is within 2.5.
BOUNDS = {("tan", "float64"): 3.5}
TYPES = ["float32", "float64"]


def samples(dtype: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of all magnitudes, and many where the functions are interesting."""
    kind = np.dtype(dtype)
    integer = np.dtype(f"i{kind.itemsize}")
    limits = np.iinfo(integer)
    patterns = rng.integers(limits.min, limits.max, count, dtype=integer).view(kind)
    with np.errstate(over="ignore"):
        parts = [
            patterns[np.isfinite(patterns)],
            rng.normal(size=count),
            rng.normal(size=count) * 30,
            rng.uniform(-1, 1, count),
            rng.uniform(0.4, 2.2, count),
            rng.choice([-1, 1], count) * 10.0 ** rng.uniform(-8, 9, count),
        ]
    return np.concatenate([part.astype(kind) for part in parts])


def specials(dtype: str) -> np.ndarray:
    limits = np.finfo(dtype)
    positive = [0, limits.smallest_subnormal, limits.tiny, 0.5, 1, 2, 3, 1e5, limits.max, np.inf]
    return np.array([*positive, *(-x for x in positive), np.nan], dtype)


def error(got: np.ndarray, operands: tuple[np.ndarray, ...], reference: Callable) -> float:
    """The largest error in units in the last place, where the true result is a real number in range."""
    limits = np.finfo(got.dtype)
    worst = 0.0
    for value, *xs in zip(got.tolist(), *(x.tolist() for x in operands), strict=True):
        true = reference(*map(mpmath.mpf, xs))
        if not isinstance(true, mpmath.mpf) or not mpmath.isfinite(true) or abs(true) > float(limits.max):
            continue
        unit = float(np.spacing(np.abs(got.dtype.type(float(true)))))
        worst = max(worst, float(abs(mpmath.mpf(value) - true) / unit))
    return worst


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", [name for name in REFERENCES if name not in ("atan2", "power")])
def test_accuracy(run: Run, name: str, dtype: str, rng: np.random.Generator) -> None:
    x = samples(dtype, 100, rng)
    with np.errstate(all="ignore"):
        x = x[np.isfinite(NUMPY[name](x))] if name in NUMPY else x
    (got,) = run(lambda xp, x: getattr(xp, name)(x), x)
    assert got.dtype == x.dtype
    assert error(got, (x,), REFERENCES[name]) <= BOUNDS.get((name, dtype), 2.5)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["atan2", "power"])
def test_accuracy_of_two_operands(run: Run, name: str, dtype: str, rng: np.random.Generator) -> None:
    x, y = samples(dtype, 200, rng), rng.permutation(samples(dtype, 200, rng))
    count = min(len(x), len(y))
    x, y = x[:count], y[:count]
    if name == "power":
        y[::2] = np.rint(np.clip(y[::2], -100, 100))
    with np.errstate(all="ignore"):
        finite = np.isfinite(NUMPY[name](x, y))
    x, y = x[finite], y[finite]
    (got,) = run(lambda xp, x, y: getattr(xp, name)(x, y), x, y)
    assert error(got, (x, y), REFERENCES[name]) <= 2.5


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", [name for name in NUMPY if name not in ("atan2", "power")])
def test_special_values(run: Run, name: str, dtype: str) -> None:
    x = specials(dtype)
    with np.errstate(all="ignore"):
        expected = NUMPY[name](x)
    (got,) = run(lambda xp, x: getattr(xp, name)(x), x)
    exact = ~np.isfinite(expected) | (expected == 0)
    assert_array_equal(got[exact], expected[exact])
    assert_array_equal(np.signbit(got[exact & ~np.isnan(expected)]), np.signbit(expected[exact & ~np.isnan(expected)]))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ["atan2", "power"])
def test_special_values_of_two_operands(run: Run, name: str, dtype: str) -> None:
    x, y = (part.ravel() for part in np.meshgrid(specials(dtype), specials(dtype)))
    with np.errstate(all="ignore"):
        expected = NUMPY[name](x, y)
    (got,) = run(lambda xp, x, y: getattr(xp, name)(x, y), x, y)
    exact = ~np.isfinite(expected) | (expected == 0) | (expected == 1)
    assert_array_equal(got[exact], expected[exact])


def test_sigmoid_and_erf_at_the_ends(run: Run) -> None:
    x = np.array([-np.inf, np.inf, np.nan, -0.0, 0.0], np.float32)
    sigmoid, erf = run(lambda xp, x: (xp.sigmoid(x), xp.erf(x)), x)
    assert_array_equal(sigmoid, np.array([0, 1, np.nan, 0.5, 0.5], np.float32))
    assert_array_equal(erf, np.array([-1, 1, np.nan, -0.0, 0.0], np.float32))
    assert_array_equal(np.signbit(erf[3:]), [True, False])


@pytest.mark.parametrize("dtype", TYPES)
def test_large_angles_beside_small_ones(run: Run, dtype: str, rng: np.random.Generator) -> None:
    """One large angle sends its step of the loop to the C library; its neighbours stay right."""
    x = rng.normal(size=1000).astype(dtype)
    x[[0, 17, 500, 999]] = [1e6, -1e20, 3e9, 1e38]
    sine, cosine, tangent = run(lambda xp, x: (xp.sin(x), xp.cos(x), xp.tan(x)), x)
    for got, reference in ((sine, mpmath.sin), (cosine, mpmath.cos), (tangent, mpmath.tan)):
        assert error(got, (x,), reference) <= 3.5
