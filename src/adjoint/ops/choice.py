"""Choices between elements: `where`, `maximum`, `minimum`, `clamp`."""

from __future__ import annotations

from numbers import Number
from typing import Any

import numpy as np

from adjoint.core.apply import invalid_combination, not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import BOOL, INTEGER, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import elementwise, general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.comparison import ne
from adjoint.ops.conversion import to_dtype
from adjoint.ops.indexing import nonzero
from adjoint.ops.refusals import common_type, converted, not_implemented_for

# --- by a condition ---

_where = linear(
    "where",
    lambda xp, condition, x, y: xp.where(condition, x, y),
    transpose=(
        None,
        lambda xp, g, condition: xp.where(condition, g, 0),
        lambda xp, g, condition: xp.where(condition, 0, g),
    ),
    promotes="common",
    verb="where",
    eight_bits=True,
)


@public(method=False)
def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None) -> Any:
    """`input` where `condition` holds, else `other`, element by element; the three shapes broadcast.

    With a condition alone: the indices at which it holds, one tensor for each dimension.

    >>> import adjoint as torch
    >>> x = torch.tensor([-1., 2.])
    >>> torch.where(x > 0, x, 0.)
    tensor([0., 2.])
    >>> torch.where(x > 0)
    (tensor([1]),)
    """
    given = tuple(each for each in (condition, input, other) if each is not None)
    if (
        not isinstance(condition, Tensor)
        or len(given) == 2
        or not all(isinstance(each, (Tensor, Number)) for each in given)
    ):
        raise invalid_combination("where", given)
    if input is None:
        return nonzero(condition, as_tuple=True)
    if condition._data.dtype == np.uint8:
        condition = ne(condition, 0)
    elif condition._data.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {scalar_type_name(condition.dtype)}\n"
            "Compare it with something, as in x > 0, or make truth values of it with .bool()."
        )
    result = _where(condition, _fitted_choice(input, other), _fitted_choice(other, input))
    return result if out is None else write_out(out, result)


def _fitted_choice(value: Any, beside: Any) -> Any:
    """A number beside integers must fit their type."""
    if isinstance(value, int) and isinstance(beside, Tensor) and beside.dtype.rank == INTEGER:
        return converted(value, beside.dtype)
    return value


@public(on_module=False, name="where")
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The elements of this tensor where `condition` holds, else those of `other`."""
    return where(condition, self, other)


# --- the larger and the smaller ---


def _share(xp: Any, g: Any, loses: Any, ties: Any) -> Any:
    """The cotangent, but half of it where both operands are equal, and 0 where this one loses. NaN is no loss."""
    return xp.where(ties, g / 2, xp.where(loses, 0, g))


_maximum = general(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    vjp=(lambda xp, g, x, y: _share(xp, g, x < y, x == y), lambda xp, g, x, y: _share(xp, g, y < x, x == y)),
    jvp="diagonal",
    promotes="common",
    verb="maximum",
)
_minimum = general(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    vjp=(lambda xp, g, x, y: _share(xp, g, x > y, x == y), lambda xp, g, x, y: _share(xp, g, y > x, x == y)),
    jvp="diagonal",
    promotes="common",
    verb="minimum",
)


def _real(function: str, input: Any, other: Any) -> tuple[Tensor, ...]:
    """Two tensors of real numbers: complex ones have no order."""
    tensors = require_tensors(function, input, other)
    if any(each._data.dtype.kind == "c" for each in tensors):
        raise RuntimeError(f"{function} not implemented for complex tensors.\nCompare abs(), real or imag.")
    return tensors


@public()
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of the two, element by element. Where they are equal, each gets half of the gradient.

    >>> import adjoint as torch
    >>> torch.maximum(torch.tensor([1., 5.]), torch.tensor([3., 2.]))
    tensor([3., 5.])
    """
    return _maximum(*_real("maximum", input, other), out=out)


@public()
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the two, element by element. Where they are equal, each gets half of the gradient.

    >>> import adjoint as torch
    >>> torch.minimum(torch.tensor([1., 5.]), torch.tensor([3., 2.]))
    tensor([1., 2.])
    """
    return _minimum(*_real("minimum", input, other), out=out)


# --- bounds ---


def _bounded(xp: Any, x: Any, low: Any, high: Any) -> Any:
    x = x if low is None else xp.maximum(x, low)
    return x if high is None else xp.minimum(x, high)


def _within(xp: Any, x: Any, low: Any, high: Any) -> Any:
    if low is None:
        return x <= high
    return x >= low if high is None else xp.logical_and(x >= low, x <= high)


_NUMBERS: dict[str, Any] = {
    "forward": lambda xp, x, *, min, max: _bounded(xp, x, min, max),
    "gate": lambda xp, x, *, min, max: _within(xp, x, min, max),
    "public": False,
}
_BELOW: dict[str, Any] = {
    "forward": lambda xp, x, min: xp.maximum(x, min),
    "vjp": (lambda xp, g, x, min: xp.where(x >= min, g, 0), lambda xp, g, x, min: xp.where(x < min, g, 0)),
    "jvp": "diagonal",
    "promotes": "common",
}
_ABOVE: dict[str, Any] = {
    "forward": lambda xp, x, max: xp.minimum(x, max),
    "vjp": (lambda xp, g, x, max: xp.where(x <= max, g, 0), lambda xp, g, x, max: xp.where(x > max, g, 0)),
    "jvp": "diagonal",
    "promotes": "common",
}
_clamp_numbers = elementwise("clamp_numbers", **_NUMBERS, node="ClampBackward1")
_clamp_min_number = elementwise("clamp_min_number", **_NUMBERS, node="ClampMinBackward0")
_clamp_max_number = elementwise("clamp_max_number", **_NUMBERS, node="ClampMaxBackward0")
_clamp_below = general("clamp_below", **_BELOW, node="ClampBackward0")
_clamp_min = general("clamp_min", **_BELOW, node="ClampMinBackward1")
_clamp_above = general("clamp_above", **_ABOVE, node="ClampBackward0")
_clamp_max = general("clamp_max", **_ABOVE, node="ClampMaxBackward1")
_clamp_tensors = general(
    "clamp_tensors",
    lambda xp, x, min, max: _bounded(xp, x, min, max),
    vjp=(
        lambda xp, g, x, min, max: xp.where(_within(xp, x, min, max), g, 0),
        lambda xp, g, x, min, max: xp.where(xp.logical_and(x < min, min < max), g, 0),
        lambda xp, g, x, min, max: xp.where(xp.logical_or(x > max, max < min), g, 0),
    ),
    jvp="diagonal",
    promotes="common",
    node="ClampBackward0",
)


@public(aliases=("clip",), inplace=True)
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Each element, held between `min` and `max`; either may be missing, and both be numbers or tensors.

    >>> import adjoint as torch
    >>> torch.clamp(torch.tensor([-1., 0.5, 2.]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if isinstance(input, Tensor) and not isinstance(min, Tensor) and not isinstance(max, Tensor):
        return _clamp_by_numbers(_clamp_numbers, input, min, max, out)
    if not all(isinstance(each, Tensor) for each in (input, min, max) if each is not None):
        if not isinstance(input, Tensor) or any(isinstance(each, Tensor) and each.ndim for each in (min, max)):
            raise invalid_combination("clamp", tuple(each for each in (input, min, max) if each is not None))
        min, max = (each.item() if isinstance(each, Tensor) else each for each in (min, max))
        return _clamp_by_numbers(_clamp_numbers, input, min, max, out)
    _refuse_complex_bounds(input, min, max)
    if max is None:
        result = _clamp_below(input, min)
    elif min is None:
        result = _clamp_above(input, max)
    else:
        result = _clamp_tensors(input, min, max)
    return result if out is None else write_out(out, result)


@public(inplace=True)
def clamp_min(input: Tensor, min: Any, *, out: Tensor | None = None) -> Tensor:
    """Each element, raised to `min` where it is less."""
    if not isinstance(min, Tensor):
        return _clamp_by_numbers(_clamp_min_number, input, min, None, out)
    if not isinstance(input, Tensor):
        raise invalid_combination("clamp_min", (input, min))
    _refuse_complex_bounds(input, min, None)
    return _clamp_min(input, min, out=out)


@public(inplace=True)
def clamp_max(input: Tensor, max: Any, *, out: Tensor | None = None) -> Tensor:
    """Each element, lowered to `max` where it is more."""
    if not isinstance(max, Tensor):
        return _clamp_by_numbers(_clamp_max_number, input, None, max, out)
    if not isinstance(input, Tensor):
        raise invalid_combination("clamp_max", (input, max))
    _refuse_complex_bounds(input, None, max)
    return _clamp_max(input, max, out=out)


def _refuse_complex_bounds(input: Tensor, low: Any, high: Any) -> None:
    if input._data.dtype.kind == "c":
        raise _no_order()
    for kernel, bound in (("maximum_cpu", low), ("minimum_cpu", high)):
        if isinstance(bound, Tensor) and bound._data.dtype.kind == "c":
            raise NotImplementedError(
                f"\"{kernel}\" not implemented for '{scalar_type_name(common_type(input, bound))}'"
            )


def _no_order() -> NotImplementedError:
    return NotImplementedError("clamp is not supported for complex types\nClamp its parts, as in x.real.clamp(0, 1).")


_PLAIN = frozenset({int, float, type(None)})


def _clamp_by_numbers(record: Any, input: Tensor, low: Any, high: Any, out: Tensor | None) -> Tensor:
    if not isinstance(input, Tensor):
        raise not_a_tensor("clamp", "input", 1, input)
    plain = low.__class__ in _PLAIN and high.__class__ in _PLAIN  # what has a history is floating-point
    if input._node is None or not plain or input._data.dtype.kind == "c":
        input, low, high = _fitted(input, low, high)
    elif low is None and high is None:
        raise _no_bounds()
    return record(input, min=low, max=high, out=out)


def _fitted(input: Tensor, *bounds: Any) -> tuple[Tensor, Any, Any]:
    """The operands of `clamp` in their common type."""
    given = [bound for bound in bounds if bound is not None]
    if not all(isinstance(bound, Number) for bound in given):
        raise invalid_combination("clamp", (input, *given))
    if not given:
        raise _no_bounds()
    common = common_type(input, *given)
    if common.is_complex:
        if input.is_floating_point():
            raise RuntimeError("value cannot be converted to type double without overflow\nBounds are real numbers.")
        raise _no_order()
    if common.rank == BOOL:
        kernel = (
            "clamp"
            if bounds[0] is not None and bounds[1] is not None
            else f"clamp_{'min' if bounds[1] is None else 'max'}"
        )
        raise not_implemented_for(f"{kernel}_scalar_cpu", input)
    input = to_dtype(input, common)
    if common.rank == INTEGER:
        bounds = tuple(bound if bound is None else converted(bound, common) for bound in bounds)
    return input, *bounds


def _no_bounds() -> RuntimeError:
    return RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
