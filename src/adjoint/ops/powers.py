"""Powers and roots."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

from adjoint.core.apply import invalid_combination, write_out
from adjoint.core.dtypes import get_default_dtype
from adjoint.core.exports import public
from adjoint.core.statements import elementwise
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import clamp, where
from adjoint.ops.comparison import eq, lt
from adjoint.ops.conversion import to_dtype
from adjoint.ops.refusals import converted, is_boolean, is_integral, not_implemented_for


def _partial_by_number(xp: Any, x: Any, y: Any) -> Any:
    if y == 2:
        return x + x  # quicker than 2 * x, and the same
    return 0.5 / xp.sqrt(x) if y == 0.5 else y * x ** (y - 1)


# No branch of these is infinite where it is not taken: the derivative of such a branch would be NaN.


def _partial_by_base(xp: Any, x: Any, y: Any) -> Any:
    return y * xp.where(y == 0, 1, x) ** (y - 1)


def _partial_by_exponent(xp: Any, x: Any, y: Any, out: Any) -> Any:
    zero = x == 0
    infinite = xp.logical_and(zero, xp.logical_not(xp.real(y) >= 0))
    return xp.where(infinite, _infinite(xp, out, infinite), out * xp.log(xp.where(zero, 1, x)))


def _partial_of_number(xp: Any, x: Any, y: Any, out: Any) -> Any:
    if x != 0:
        return out * xp.log(xp.full_like(out, x))
    infinite = xp.logical_not(xp.real(y) >= 0)
    return xp.where(infinite, _infinite(xp, out, infinite), 0)


def _infinite(xp: Any, out: Any, infinite: Any) -> Any:
    """A power of 0 times the logarithm of 0, where that is not 0."""
    return xp.where(infinite, out, 1) * -math.inf


_pow_scalar = elementwise(
    "pow_scalar",
    lambda xp, x, y: x**y,
    partials=(lambda xp, x, y: _partial_by_number(xp, x, y), None),
    node="PowBackward0",
    public=False,
)  # y is a number, and not 0
_pow_zero = elementwise(
    "pow_zero",
    lambda xp, x: xp.ones_like(x),
    gate=lambda xp, x_shape: xp.zeros(x_shape, dtype=bool),
    node="PowBackward0",
    public=False,
)
_pow_tensor = elementwise(
    "pow_tensor",
    lambda xp, x, y: x**y,
    partials=(_partial_by_base, _partial_by_exponent),
    node="PowBackward1",
    verb="power",
    public=False,
)
_pow_base = elementwise(
    "pow_base",
    lambda xp, x, y: x**y,
    partials=(None, _partial_of_number),
    node="PowBackward2",
    public=False,
)  # x is a number

for _record in (_pow_scalar, _pow_tensor, _pow_base):
    _record.primitive.saved_as = {"y": "exponent"}


@public(inplace=True)
def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """`input` to the power `exponent`, element by element; either may be a number.

    >>> import adjoint as torch
    >>> torch.pow(torch.tensor([1., 2., 3.]), 2)
    tensor([1., 4., 9.])
    """
    both = isinstance(input, Tensor) and isinstance(exponent, Tensor)
    if not (
        both
        or (isinstance(input, Tensor) and isinstance(exponent, Number))
        or (isinstance(input, Number) and isinstance(exponent, Tensor))
    ):
        raise invalid_combination("pow", (input, exponent))
    if is_boolean(input) and is_boolean(exponent) and isinstance(exponent, Tensor):
        raise not_implemented_for("pow", input if isinstance(input, Tensor) else exponent)
    if is_integral(input) and is_integral(exponent):
        result = _integer_power(input, exponent)
    elif both:
        result = _pow_tensor(input, exponent)
    elif isinstance(exponent, Tensor):
        result = _pow_base(input, exponent)
    elif exponent == 0:
        result = _pow_zero(_raised(input, exponent))
    else:
        result = _pow_scalar(input, exponent)
    return result if out is None else write_out(out, result)


def _raised(x: Tensor, exponent: Any) -> Tensor:
    """Integers become floating-point where the exponent is."""
    return to_dtype(x, get_default_dtype()) if is_integral(x) and not isinstance(exponent, int) else x


def _integer_power(base: Any, exponent: Any) -> Tensor:
    """A power of integers. Of a tensor of negative exponents what is left is the integer part: 0 except for 1 and -1."""
    if not isinstance(exponent, Tensor):
        if exponent < 0:
            raise RuntimeError(
                "Integers to negative integer powers are not allowed.\nMake them floating-point, as in x.float()."
            )
        if is_boolean(base) and is_boolean(exponent):
            return to_dtype(_pow_scalar(base, int(exponent)), base.dtype)
        if not is_boolean(base):
            converted(exponent, base.dtype)
        return _pow_zero(base) if exponent == 0 and not is_boolean(base) else _pow_scalar(base, exponent)
    negative = lt(exponent, 0)
    record = _pow_tensor if isinstance(base, Tensor) else _pow_base
    if not negative._data.any():
        return record(base, exponent)
    whole = record(base, clamp(exponent, min=0))
    sign = 1 - 2 * (exponent % 2)
    unit = where(eq(whole * 0 + base, 1), 1, where(eq(whole * 0 + base, -1), sign, 0))
    return where(negative, unit, whole)


@public(inplace=True)
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square of each element.

    >>> import adjoint as torch
    >>> torch.square(torch.tensor([1., 2., 3.]))
    tensor([1., 4., 9.])
    """
    return pow(input, 2, out=out)


sqrt = elementwise(
    "sqrt", partial=lambda xp, out: 1 / (2 * out), promotes="float",
    doc="The square root of each element.",
)  # fmt: skip
rsqrt = elementwise(
    "rsqrt", lambda xp, x: 1 / xp.sqrt(x), partial=lambda xp, out: -0.5 * out**3, promotes="float",
    doc="`1 / sqrt(x)` for each element.",
)  # fmt: skip


def _operator_pow(self: Tensor, other: Any) -> Any:
    if (other.__class__ is float or other.__class__ is int) and other > 0:
        return _pow_scalar(self, other)
    return pow(self, other) if isinstance(other, (Tensor, Number)) else NotImplemented


def _operator_rpow(self: Tensor, other: Any) -> Any:
    return pow(other, self) if isinstance(other, (Tensor, Number)) else NotImplemented


OPERATORS: dict[str, Any] = {"__pow__": _operator_pow, "__rpow__": _operator_rpow}
