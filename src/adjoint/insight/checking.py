"""How `check_gradient` goes about it: the user's own derivative against autograd's, and against differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from adjoint.arrays import notation
from adjoint.autograd.checking.failures import GradcheckError
from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight import numerical
from adjoint.insight.claims import Claim, by_input
from adjoint.insight.comparing import Difference, Tolerance, mistake
from adjoint.insight.links import Chain, Link, is_chain, ratio
from adjoint.insight.point import Point
from adjoint.insight.rendering import chained, formula_text, with_numbers
from adjoint.insight.value import summarise
from adjoint.insight.verdict import Entry, GradientCheck, short

_MOST_PLACES = (
    1000  # elements of an input that differences are taken at: where the derivatives differ most, then others
)
_LONGEST = 60  # parts of a formula that is of use to a reader
METHODS = ("auto", "complex", "differences")


def checked(
    function: Callable[..., Tensor],
    inputs: Any,
    manual: Any,
    gradient: Any,
    method: str,
    rtol: float | None,
    atol: float | None,
    raise_exception: bool,
) -> GradientCheck:
    """The user's derivatives compared with the right ones, entry by entry."""
    if not callable(function):
        raise TypeError(f"check_gradient() needs a function to differentiate, not {type(function).__name__}")
    if method not in METHODS:
        raise ValueError(f"method is one of {', '.join(METHODS)}, and not {method!r}")
    point = Point(function, inputs, gradient)
    _check_repeats(point)
    checker = _Checker(point, method, rtol, atol)
    if is_chain(manual, point):
        result = _chain_checked(Chain(manual, point), checker)
    else:
        top = point.top
        entries = [checker.entry(ratio(top, name), name, given) for name, given in by_input(manual, point).items()]
        result = GradientCheck(top, _at(point), entries)
    if raise_exception and not result:
        raise GradcheckError(str(result))
    return result


def _chain_checked(chain: Chain, checker: _Checker) -> GradientCheck:
    """Each of the user's links, and the derivatives by the inputs that they multiply to."""
    entries = []
    inputs = set()
    for link in chain.links:
        name = chain.link_by_input(link)
        if name is None:
            entries.append(checker.link(link))
        else:
            inputs.add(name)
            title = ratio(chain.called, name) if link.key == name else link.key
            entries.append(checker.entry(title, name, Claim(link.matrix, link.eps), _formula(link)))
    products, missing = chain.products()
    wrong = [each.name for each in entries if each.is_link and not each.agrees]
    for name, product in products.items():
        if name not in inputs:
            entry = checker.entry(ratio(chain.called, name), name, product)
            entries.append(replace(entry, is_product=True, because=tuple(wrong) if entry.verdict == "wrong" else ()))
    unchecked = {ratio(chain.called, name): tuple(needed) for name, needed in missing.items()}
    return GradientCheck(chain.top, _at(chain.point), entries, unchecked)


def _check_repeats(point: Point) -> None:
    """Whether the function gives the same again: else nothing can be said of it by differences."""
    (again,) = point.values()
    first = point.weighed(point.result)
    if not np.allclose(again._data, first._data, rtol=point.eps**0.5, atol=point.eps, equal_nan=True):
        raise RuntimeError(
            "the function gives different results for the same inputs, so its derivative cannot be checked\n"
            "Take random numbers out of it, or seed them inside of it: torch.manual_seed(0)."
        )


def _at(point: Point) -> str:
    return ", ".join(f"{name} = {short(leaf._data)}" for name, leaf in point.leaves.items())


class _Checker:
    """Compares derivatives at one point."""

    def __init__(self, point: Point, method: str, rtol: float | None, atol: float | None) -> None:
        self.point = point
        self.method = method
        self.rtol = rtol
        self.atol = atol
        self.gradients = point.gradients()

    def _tolerance(self, right: np.ndarray, eps: float) -> Tolerance:
        return Tolerance.of(right, eps, self.rtol, self.atol)

    # --- links ---

    def link(self, link: Link) -> Entry:
        """One link of a chain, against autograd's derivative between the two variables."""
        tolerance = self._tolerance(link.right, link.eps)
        wrong = np.argwhere(~tolerance.accepts(link.given, link.right))
        differences = [Difference(index, link.given[index], link.right[index]) for index in map(tuple, wrong.tolist())]
        return Entry(
            name=link.key,
            given=link.given,
            autograd=link.right,
            differences=_worst_first(differences),
            mistake=mistake(link.given, link.right, tolerance) if differences else "",
            formula=_formula(link),
            is_link=True,
        )

    # --- derivatives by inputs ---

    def entry(self, title: str, name: str, given: Claim, formula: str = "") -> Entry:
        """The derivative by the input `name`, against autograd and against differences."""
        point = self.point
        right = point.shaped(self.gradients[name], name)
        tolerance = self._tolerance(right, given.eps)
        rows = point.as_rows(given.value, name)
        estimate, method = self._numerical(name, rows, tolerance)
        differences = self._differences(name, rows, estimate, tolerance)
        is_wrong = any(each.kind == "wrong" for each in differences)
        return Entry(
            name=title,
            given=given.value,
            autograd=right,
            numerical=point.shaped(estimate.values, name),
            method=method,
            differences=_worst_first(differences),
            mistake=mistake(given.value, right, tolerance) if is_wrong else "",
            formula=formula,
        )

    def _numerical(self, name: str, given: np.ndarray, tolerance: Tolerance) -> tuple[numerical.Estimate, str]:
        """The derivatives by the elements of an input without autograd; NaN for those that were left out."""
        leaf, right = self.point.leaves[name], self.gradients[name]
        places = self._places(leaf, given, right)
        rows = [int(np.ravel_multi_index(place, leaf.shape)) if place else 0 for place in places]
        values = np.full(right.shape, np.nan, np.result_type(right.dtype, np.float64))
        errors = np.full(right.shape, np.inf)
        method = "differences"
        stepped = None
        if self.method != "differences" and not leaf.is_complex() and not self.point.result.is_complex():
            stepped = self._by_complex_steps(name, leaf, places)
            if stepped is not None and self.method == "auto" and not tolerance.accepts(stepped, right[rows]).all():
                stepped = None  # what abs and its like do on complex numbers is not what they do on real ones
        if stepped is not None:
            values[rows], errors[rows] = stepped, 0.0
            method = "complex steps"
        elif self.method == "complex":
            raise RuntimeError(
                "the function cannot be differentiated by complex steps: it does not take complex numbers, or gives real "
                'ones for them\nUse method="differences".'
            )
        else:
            found = numerical.by_differences(self.point.values, leaf, places, self._eps(leaf), tolerance.rtol)
            values[rows], errors[rows] = found.values, found.errors
        return numerical.Estimate(values, errors), method

    def _by_complex_steps(self, name: str, leaf: Tensor, places: list[numerical.Place]) -> np.ndarray | None:
        point = self.point

        def weighed(value: Tensor) -> Tensor:
            result = point.at(point.function, **{name: value})
            if point.weights is None:
                return result
            return wrap(np.asarray(np.sum(point.weights * result._data)))

        return numerical.by_complex_steps(weighed, leaf, places, point.weighed(point.result))

    def _places(self, leaf: Tensor, given: np.ndarray, right: np.ndarray) -> list[numerical.Place]:
        """The elements of an input that differences are taken at."""
        count = leaf.numel()
        order = np.arange(count)
        if count > _MOST_PLACES:
            off = np.nan_to_num(np.abs(given - right), nan=np.inf).max(axis=1)
            worst = np.argsort(-off, kind="stable")[: _MOST_PLACES // 2]
            order = np.union1d(worst, np.linspace(0, count - 1, _MOST_PLACES // 2).astype(int))
        return [tuple(map(int, np.unravel_index(each, leaf.shape))) for each in order]

    def _differences(
        self, name: str, given: np.ndarray, estimate: numerical.Estimate, tolerance: Tolerance
    ) -> list[Difference]:
        leaf, right = self.point.leaves[name], self.gradients[name]
        eps = self._eps(leaf)
        known = np.isfinite(estimate.errors)
        errors = np.where(known, 10 * estimate.errors, np.inf)
        is_autograds = tolerance.accepts(given, right)
        is_numerical = ~known | tolerance.accepts(given, estimate.values, errors)
        is_autograd_right = ~known | tolerance.accepts(right, estimate.values, errors)
        found = []
        for row, column in np.argwhere(~(is_autograds & is_numerical & is_autograd_right)).tolist():
            place = tuple(map(int, np.unravel_index(row, leaf.shape))) if leaf.shape else ()
            index = self._index(column) + place
            number = estimate.values[row, column].item() if known[row, column] else None
            sides = numerical.kink(self.point.values, leaf, place, column, eps) if known[row, column] else None
            kind = "wrong"
            if sides is not None and _is_between(given[row, column], sides, tolerance):
                kind = "not smooth"
            elif not is_autograd_right[row, column] and (is_numerical[row, column] or is_autograds[row, column]):
                kind = "autograd"
            found.append(Difference(index, given[row, column].item(), right[row, column].item(), number, kind, sides))
        return found

    def _eps(self, leaf: Tensor) -> float:
        """The precision of a computation that starts from an input."""
        return max(finfo(leaf.dtype).eps, self.point.eps)

    def _index(self, column: int) -> tuple[int, ...]:
        lead = self.point.lead
        return tuple(map(int, np.unravel_index(column, lead))) if lead else ()


def _is_between(given: Any, sides: tuple[float, float], tolerance: Tolerance) -> bool:
    room = tolerance.atol + tolerance.rtol * max(map(abs, sides))
    return bool(min(sides) - room <= given <= max(sides) + room)


def _worst_first(differences: list[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(differences, key=lambda each: (each.kind == "not smooth", -each.size)))


def _formula(link: Link) -> str:
    """What a link should be, as an equation."""
    if link.formula is None or link.formula.length > _LONGEST:
        return ""
    text = formula_text(link.formula, notation.OR)
    if link.formula_of != link.name:
        return f"{link.formula_of} = {text}"
    return f"{link.formula_of} = {chained(text, with_numbers(link.formula), summarise(link.right).text)}"
