"""The user's own derivatives in whatever form they come: numbers, arrays, functions, formulas as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from adjoint.core.callers import caller
from adjoint.core.dtypes import complex128, float64
from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor
from adjoint.insight.expression import parse
from adjoint.insight.point import Point
from adjoint.ops.conversion import detach


@dataclass(frozen=True)
class Claim:
    """A derivative that the user gives, and the precision of its numbers."""

    value: np.ndarray
    eps: float


def claim(value: Any, point: Point, name: str) -> Claim:
    """A derivative as an array. Numbers without a type of their own are as precise as the inputs."""
    if isinstance(value, str):
        return claim(formula_value(value, point), point, name)
    if isinstance(value, Tensor):
        eps = finfo(value.dtype).eps if value.is_floating_point() or value.is_complex() else 0.0
        data = np.asarray(detach(value)._data)
    else:
        try:
            data = np.asarray(_joined(value))
        except (TypeError, ValueError):
            data = np.asarray(None)
        own = isinstance(value, np.ndarray | np.generic) and data.dtype.kind in "fc"
        eps = float(np.finfo(data.dtype).eps) if own else point.precision
    if data.dtype.kind == "V":  # bfloat16 and its like
        data = data.astype(np.float64)
    if data.dtype.kind not in "biufc":
        raise TypeError(
            f"the derivative {name} is no number and no array: {type(value).__name__}\n"
            "Give a number, a tensor, an array, a formula as text, or a function of the variables."
        )
    return Claim(data.astype(np.complex128 if data.dtype.kind == "c" else np.float64), max(eps, point.eps))


def _joined(value: Any) -> Any:
    """The numbers and tensors in nested lists as one array."""
    if isinstance(value, Tensor):
        return detach(value)._data
    return np.array([_joined(each) for each in value]) if isinstance(value, list | tuple) else value


# --- a derivative per input ----------------------------------------------------------------------------------------


def by_input(manual: Any, point: Point) -> dict[str, Claim]:
    """The derivatives by the inputs, by their names; without those that are None."""
    if callable(manual):
        manual = point.at(manual, **{name: detach(leaf) for name, leaf in point.leaves.items()})
    if isinstance(manual, Mapping):
        given = dict(manual)
        for name in given:
            if name not in point.leaves:
                raise unknown(name, point.leaves, "input")
        values = {name: _called(value, point) for name, value in given.items()}
    else:
        values = dict(zip(point.leaves, _each(manual, point), strict=True))
    claims = {name: claim(value, point, f"by {name}") for name, value in values.items() if value is not None}
    for name, each in claims.items():
        _check(each.value, point, name)
    return claims


def _each(manual: Any, point: Point) -> list[Any]:
    """One derivative for each input that is differentiated by."""
    count = len(point.leaves)
    if count == 1 and not (isinstance(manual, tuple) and len(manual) == 1):
        return [manual]
    if not isinstance(manual, tuple | list) or (isinstance(manual, tuple | list) and len(manual) != count):
        found = len(manual) if isinstance(manual, tuple | list) else 1
        raise ValueError(
            f"the function is differentiated by {_listed(point.leaves)}, and {found} "
            f"{'derivative is' if found == 1 else 'derivatives are'} given\n"
            "Give one for each, in this order, with None for those that are not to be checked; or a dict by name."
        )
    return list(manual)


def _called(value: Any, point: Point) -> Any:
    return called(value, Variables(point)) if callable(value) else value


def _check(value: np.ndarray, point: Point, name: str) -> None:
    """The shape of a derivative, and that a real input has a real one."""
    shape = tuple(point.leaves[name].shape)
    expected = (*point.lead, *shape)
    if value.shape != expected:
        raise ValueError(
            f"the derivative by {name} has shape {list(value.shape)} and should have {list(expected)}\n"
            f"{_advice(value.shape, expected, point)}"
        )
    if value.dtype.kind == "c" and not point.leaves[name].is_complex() and value.imag.any():
        raise ValueError(f"the derivative by {name} is complex, and {name} is real\nIts gradient is the real part.")


def _advice(shape: tuple[int, ...], expected: tuple[int, ...], point: Point) -> str:
    if point.is_jacobian:
        return (
            "The result of the function is no single number, so its derivative is a Jacobian: the result's dimensions, then "
            "the input's.\nFor the gradient of the sum, say: gradient=torch.ones_like(y)."
        )
    if len(shape) >= 2 and (*shape[:-2], shape[-1], shape[-2]) == expected:
        return "A gradient has its input's shape. The transpose of what you give has it."
    try:
        is_broadcast = np.broadcast_shapes(shape, expected) == shape
    except ValueError:
        is_broadcast = False
    if is_broadcast:
        return "A gradient has its input's shape. Sum yours over the dimensions along which the input was broadcast."
    return "A gradient has its input's shape."


# --- the variables that a function or a formula names --------------------------------------------------------------


class Variables(Mapping[str, Any]):
    """The values of variables by name: those of the function while it ran, the caller's, and `more`."""

    def __init__(self, point: Point, more: Mapping[str, Any] | None = None) -> None:
        frame = caller()
        inside = dict(point.run.names.tensors.values())
        scopes = (inside, _free(point.function), frame.f_locals, frame.f_globals, more or {})
        self._values: dict[str, Any] = {}
        for name, value in (pair for scope in scopes for pair in _usable(scope)):
            self._values.setdefault(name, point.as_precise(value))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def _usable(scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The numbers and tensors of a scope."""
    for name, value in list(scope.items()):
        if isinstance(value, Tensor):
            yield name, detach(value)
        elif isinstance(value, int | float | complex) and not isinstance(value, bool):
            yield name, value


def _free(function: Callable[..., Any]) -> dict[str, Any]:
    """The variables that a function has from around it."""
    try:
        free = inspect.getclosurevars(function)
    except TypeError:
        return {}
    return {**free.globals, **free.nonlocals}


def called(function: Callable[..., Any], variables: Mapping[str, Any]) -> Any:
    """A function of variables, called with those that it names."""
    parameters = inspect.signature(function).parameters.values()
    values = {}
    for parameter in parameters:
        if parameter.name in variables:
            values[parameter.name] = variables[parameter.name]
        elif parameter.default is parameter.empty:
            raise unknown(parameter.name, variables, "variable")
    return function(**values)


def formula_value(text: str, point: Point, variables: Mapping[str, Any] | None = None) -> Any:
    """The value of a formula of the variables."""
    known = variables if variables is not None else Variables(point)
    return parse(text).evaluate(known, most_elements=None, precise=point.result.dtype in (float64, complex128))


def unknown(name: str, known: Iterable[str], what: str) -> ValueError:
    """The error for a name that nothing has."""
    known = [each for each in known if each[:1] != "_"]
    close = get_close_matches(name, known, 1)
    advice = f"Did you mean {close[0]}?" if close else f"There are {_listed(known[:20])}." if known else ""
    return ValueError(f"there is no {what} {name}\n{advice}".rstrip())


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
