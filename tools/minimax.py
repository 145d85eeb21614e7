"""Find the polynomial coefficients in `adjoint.native.coefficients`.

Each polynomial minimises the largest weighted error over its interval (Lawson's iteratively reweighted least squares,
in 50 digits). The coefficients are then rounded one after another, the lowest power first, each time fitting the
remaining ones anew, which regains most of what rounding loses. Run as `python tools/minimax.py` (needs mpmath).
"""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np

mp.mp.dps = 50
Function = Callable[[mp.mpf], mp.mpf]
TINY = mp.mpf("1e-12")
HALF_LOG2 = mp.log(2) / 2 * mp.mpf("1.001")
EIGHTH_TURN = mp.pi / 4 * mp.mpf("1.02")
LARGEST_S = 3 - 2 * mp.sqrt(2)  # of log's s = f / (2 + f), at f = sqrt(2) - 1


def at_root(f: Function) -> Function:
    """f(sqrt(t)) / sqrt(t): an odd function divided by its argument, as a function of the square."""
    return lambda t: f(mp.sqrt(t)) / mp.sqrt(t)


@dataclass
class Fit:
    """Approximate `f` on [`low`, `high`] by `count` coefficients; an error e of the polynomial counts `weight` * e."""

    name: str
    f: Function
    weight: Function
    low: mp.mpf
    high: mp.mpf
    count: int
    number: type[np.floating]


def exp_fit(name: str, count: int, number: type[np.floating]) -> Fit:
    f = lambda r: (mp.exp(r) - 1 - r) / r**2  # noqa: E731
    return Fit(name, f, lambda r: r**2 / mp.exp(r), -HALF_LOG2, HALF_LOG2, count, number)


def odd_fit(name: str, f: Function, limit: mp.mpf, count: int, number: type[np.floating], power: int = 1) -> Fit:
    """f(x) = x + x**3 P(x**2), or x + x P(x**2) where `power` is 0."""
    ratio = at_root(f)
    value, weight = lambda t: (ratio(t) - 1) / t**power, lambda t: t**power / ratio(t)
    return Fit(name, value, weight, TINY, limit**2, count, number)


def cos_fit(name: str, count: int, number: type[np.floating]) -> Fit:
    f = lambda t: (mp.cos(mp.sqrt(t)) - 1 + t / 2) / t**2  # noqa: E731
    return Fit(name, f, lambda t: t**2 / mp.cos(mp.sqrt(t)), TINY, EIGHTH_TURN**2, count, number)


def erfc_fit(name: str, high: int, count: int, number: type[np.floating]) -> Fit:
    f = lambda a: -mp.log(mp.erfc(a))  # noqa: E731
    return Fit(name, f, lambda a: mp.erfc(a) / mp.erf(a), mp.mpf(1), mp.mpf(high), count, number)


FITS = [
    exp_fit("EXP", 5, np.float32),
    exp_fit("EXP", 10, np.float64),
    Fit(
        "LOG_F32",
        lambda f: (mp.log(1 + f) - f + f * f / 2) / f**3,
        lambda f: abs(f**3 / mp.log(1 + f)),
        mp.sqrt(0.5) - 1,
        mp.sqrt(2) - 1,
        9,
        np.float32,
    ),
    Fit(
        "LOG_F64",
        lambda z: 2 * (at_root(mp.atanh)(z) - 1) / z,
        lambda z: z / 2,
        TINY,
        LARGEST_S**2 * mp.mpf("1.001"),
        7,
        np.float64,
    ),
    Fit(
        "LOG_TAIL",
        lambda z: ((at_root(mp.atanh)(z) - 1) / z - mp.mpf(1) / 3) / z,
        lambda z: z**2,
        TINY,
        LARGEST_S**2 * mp.mpf("1.001"),
        8,
        np.float64,
    ),
    odd_fit("SIN", mp.sin, EIGHTH_TURN, 3, np.float32),
    odd_fit("SIN", mp.sin, EIGHTH_TURN, 6, np.float64),
    cos_fit("COS", 3, np.float32),
    cos_fit("COS", 6, np.float64),
    odd_fit("ERF", mp.erf, mp.mpf(1), 7, np.float32, power=0),
    odd_fit("ERF", mp.erf, mp.mpf(1), 12, np.float64, power=0),
    erfc_fit("ERFC", 4, 7, np.float32),
    erfc_fit("ERFC", 6, 18, np.float64),
    odd_fit("ATAN", mp.atan, mp.mpf(1), 20, np.float64),
    odd_fit("ASIN", mp.asin, mp.mpf(0.5), 13, np.float64),
]


def rounded(x: mp.mpf, number: type[np.floating]) -> mp.mpf:
    return mp.mpf(float(number(float(x))))


def fit(task: Fit, iterations: int = 25) -> tuple[list[mp.mpf], mp.mpf]:
    """The rounded coefficients, the lowest power first, and the largest weighted error."""
    samples = max(6 * task.count, 60)
    middle, radius = (task.low + task.high) / 2, (task.high - task.low) / 2
    xs = [middle + radius * mp.cos(mp.pi * (2 * k + 1) / (2 * samples)) for k in range(samples)]
    values, weights = [task.f(x) for x in xs], [task.weight(x) for x in xs]
    importance = [mp.mpf(1)] * samples
    fixed: list[mp.mpf] = []

    def solve() -> list[mp.mpf]:
        free = range(len(fixed), task.count)
        matrix, right = mp.matrix(samples, len(free)), mp.matrix(samples, 1)
        for i, x in enumerate(xs):
            scale = mp.sqrt(importance[i]) * weights[i]
            for column, power in enumerate(free):
                matrix[i, column] = scale * x**power
            right[i] = scale * (values[i] - mp.polyval(fixed[::-1] or [0], x))
        return fixed + list(mp.lu_solve(matrix.T * matrix, matrix.T * right))

    def errors(coefficients: list[mp.mpf]) -> list[mp.mpf]:
        return [abs(w * (v - mp.polyval(coefficients[::-1], x))) for x, v, w in zip(xs, values, weights)]

    for _ in range(iterations):
        error = errors(solve())
        importance = [i * (e / max(error) + mp.mpf("1e-6")) for i, e in zip(importance, error)]
        importance = [i / sum(importance) * samples for i in importance]
    while len(fixed) < task.count:
        fixed.append(rounded(solve()[len(fixed)], task.number))
    return fixed, max(errors(fixed))


if __name__ == "__main__":
    for task in FITS:
        coefficients, error = fit(task)
        digits = [f"{task.number(float(c))!s}" for c in coefficients]
        print(f"{task.name} {task.number.__name__}, error 2**{float(mp.log(error, 2)):.1f}:\n    {', '.join(digits)}")
