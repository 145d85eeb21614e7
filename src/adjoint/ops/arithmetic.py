"""Arithmetic: the four operations, powers, remainders, absolute values, rounding."""

from __future__ import annotations

from numbers import Number
from typing import Any

from adjoint.core.apply import binary, checked, not_a_tensor, write_out
from adjoint.core.exports import public
from adjoint.core.statements import constant, elementwise
from adjoint.core.tensor import Tensor

# --- sums and differences ---

_add = elementwise("add", partials=(1, 1), public=False)
_add_scaled = elementwise(
    "add_scaled",
    lambda xp, x, y, *, alpha: x + alpha * y,
    partials=(1, lambda xp, *, alpha: alpha),
    node="AddBackward0",
    public=False,
)
_sub = elementwise("sub", partials=(1, -1), verb="subtract", public=False)
_sub_scaled = elementwise(
    "sub_scaled",
    lambda xp, x, y, *, alpha: x - alpha * y,
    partials=(1, lambda xp, *, alpha: -alpha),
    node="SubBackward0",
    public=False,
)
_rsub_scalar = elementwise(
    "rsub_scalar", lambda xp, x, y: y - x, partials=(-1, 1), node="RsubBackward1", public=False
)  # y is a number
_rsub_tensor = elementwise("rsub_tensor", lambda xp, x, y: y - x, partials=(-1, 1), node="RsubBackward0", public=False)


@public(inplace=True)
def add(input: Tensor, other: Any, *, alpha: complex = 1, out: Tensor | None = None) -> Tensor:
    """`input + alpha * other`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
    tensor([21., 22.])
    """
    if alpha == 1:
        return _add(input, other, out=out)
    result = _add_scaled(*checked("add", (input, other)), alpha=alpha)
    return result if out is None else write_out(out, result)


@public(aliases=("subtract",), inplace=True)
def sub(input: Tensor, other: Any, *, alpha: complex = 1, out: Tensor | None = None) -> Tensor:
    """`input - alpha * other`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.sub(torch.tensor([1., 2.]), torch.tensor([3., 1.]))
    tensor([-2.,  1.])
    """
    _refuse_bool(input, other)
    if alpha == 1:
        return _sub(input, other, out=out)
    result = _sub_scaled(*checked("sub", (input, other)), alpha=alpha)
    return result if out is None else write_out(out, result)


@public(method=False)
def rsub(input: Tensor, other: Any, *, alpha: complex = 1) -> Tensor:
    """`other - alpha * input`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.rsub(torch.tensor([1., 2.]), 10)
    tensor([9., 8.])
    """
    _refuse_bool(input, other)
    scaled = input if alpha == 1 else mul(input, alpha)
    return _rsub_tensor(scaled, other) if isinstance(other, Tensor) else _rsub_scalar(scaled, other)


def _refuse_bool(input: Any, other: Any) -> None:
    booleans = [
        isinstance(each, bool) or (isinstance(each, Tensor) and each._data.dtype.kind == "b") for each in (input, other)
    ]
    if not any(booleans):
        return
    if all(booleans):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or `logical_xor()` "
            "operator instead."
        )
    raise RuntimeError(
        "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying to invert a mask, use "
        "the `~` or `logical_not()` operator instead."
    )


# --- products and quotients ---

mul = elementwise(
    "mul",
    partials=(lambda xp, y: y, lambda xp, x: x),
    verb="multiply",
    aliases=("multiply",),
    doc="The product, element by element; shapes broadcast.",
)
_div = elementwise(
    "div",
    partials=(lambda xp, y: 1 / y, lambda xp, x, y: -x / y / y),
    promotes="float",
    verb="divide",
    public=False,
)
reciprocal = elementwise(
    "reciprocal",
    lambda xp, x: 1 / x,
    partial=lambda xp, out: -out * out,
    promotes="float",
    doc="`1 / x` for each element.",
)
_floor_divide = constant("floor_divide", lambda xp, x, y: xp.floor_divide(x, y), public=False)
_remainder = elementwise(
    "remainder",
    lambda xp, x, y: xp.remainder(x, y),
    partials=(1, lambda xp, x, y: -xp.floor(x / y)),
    public=False,
)


@public(aliases=("divide",), inplace=True)
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """`input / other`, element by element; rounded towards zero ("trunc") or down ("floor") where asked.

    >>> import adjoint as torch
    >>> torch.div(torch.tensor([7., -7.]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """
    if rounding_mode is None:
        return _div(input, other, out=out)
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    result = floor_divide(input, other) if rounding_mode == "floor" else trunc(_div(input, other))
    return result if out is None else write_out(out, result)


@public(inplace=True)
def true_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input / other`, element by element, never rounded; integers give floating-point numbers."""
    return _div(input, other, out=out)


@public(inplace=True)
def floor_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input / other` rounded down, element by element.

    >>> import adjoint as torch
    >>> torch.floor_divide(torch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    if _is_integral(input) and _is_integral(other) and _has_zero(other):
        raise RuntimeError("ZeroDivisionError")
    return _floor_divide(input, other, out=out)


@public(inplace=True)
def remainder(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The remainder of `input / other`, with the sign of `other`, as Python's `%`.

    >>> import adjoint as torch
    >>> torch.remainder(torch.tensor([-3., 3.]), 2)
    tensor([1., 1.])
    """
    if _is_integral(input) and _is_integral(other) and _has_zero(other):
        raise RuntimeError("ZeroDivisionError")
    return _remainder(input, other, out=out)


def _is_integral(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, Tensor) and value._data.dtype.kind in "biu")


def _has_zero(value: Any) -> bool:
    return bool((value._data == 0).any()) if isinstance(value, Tensor) else value == 0


# --- powers ---


def _power_partial_number(xp: Any, x: Any, y: Any) -> Any:
    if y == 2:
        return 2 * x
    return y * x ** (y - 1) if y != 0 else xp.zeros_like(x)


def _power_partial(xp: Any, x: Any, y: Any) -> Any:
    return xp.where(y == 0, 0, y * x ** (y - 1))


_pow_scalar = elementwise(
    "pow_scalar",
    lambda xp, x, y: x**y,
    partials=(lambda xp, x, y: _power_partial_number(xp, x, y), None),
    node="PowBackward0",
    public=False,
)  # y is a number
_pow_tensor = elementwise(
    "pow_tensor",
    lambda xp, x, y: x**y,
    partials=(_power_partial, lambda xp, x, y, out: xp.where(xp.logical_and(x == 0, y >= 0), 0, out * xp.log(x))),
    node="PowBackward1",
    verb="power",
    public=False,
)
_pow_base = elementwise(
    "pow_base",
    lambda xp, x, y: x**y,
    partials=(None, lambda xp, x, y, out: xp.where(y >= 0, 0, out * xp.log(x)) if x == 0 else out * xp.log(x)),
    node="PowBackward2",
    public=False,
)  # x is a number


@public(inplace=True)
def pow(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """`input` to the power `exponent`, element by element; either may be a number.

    >>> import adjoint as torch
    >>> torch.pow(torch.tensor([1., 2., 3.]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(input, Tensor):
        if isinstance(exponent, Tensor):
            result = _pow_tensor(input, exponent)
        elif isinstance(exponent, Number):
            if isinstance(exponent, int) and exponent < 0 and _is_integral(input):
                raise RuntimeError("Integers to negative integer powers are not allowed.")
            result = _pow_scalar(input, exponent)
        else:
            raise not_a_tensor("pow", "exponent", 2, exponent)
    elif isinstance(exponent, Tensor):
        result = _pow_base(input, exponent)
    else:
        raise not_a_tensor("pow", "exponent", 2, exponent)
    return result if out is None else write_out(out, result)


@public(inplace=True)
def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The square of each element.

    >>> import adjoint as torch
    >>> torch.square(torch.tensor([1., 2., 3.]))
    tensor([1., 4., 9.])
    """
    return pow(input, 2, out=out)


sqrt = elementwise(
    "sqrt", partial=lambda xp, out: 1 / (2 * out),
    promotes="float",
    doc="The square root of each element.",
)

# --- signs ---

_neg = elementwise("neg", partial=-1, verb="negative", public=False)
abs = elementwise(
    "abs", partial=lambda xp, x: xp.sign(x),
    aliases=("absolute",),
    doc="The absolute value of each element.",
)


def _steps(name: str, forward: Any, doc: str) -> Any:
    """An operation that is constant between its jumps: its derivative is zero wherever it has one."""
    return elementwise(name, forward, gate=lambda xp, x_shape: xp.zeros(x_shape, dtype=bool), doc=doc)


sign = _steps("sign", lambda xp, x: xp.sign(x), "-1, 0 or 1: the sign of each element.")
floor = _steps("floor", lambda xp, x: xp.floor(x), "The largest integer that is not above each element.")
ceil = _steps("ceil", lambda xp, x: xp.ceil(x), "The smallest integer that is not below each element.")
trunc = _steps("trunc", lambda xp, x: xp.trunc(x), "Each element without its fraction.")


@public(aliases=("negative",), inplace=True)
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative of each element.

    >>> import adjoint as torch
    >>> torch.neg(torch.tensor([1., -2.]))
    tensor([-1.,  2.])
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "b":
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead."
        )
    return _neg(input, out=out)


@public(on_module=True)
def positive(input: Tensor) -> Tensor:
    """The tensor itself, as the operator `+x` gives."""
    if input._data.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


# --- operators: the same records, straight behind Python's syntax ---

_operator_add = binary(_add.primitive, operator=True)
_operator_sub = binary(_sub.primitive, operator=True)
_operator_mul = binary(mul.primitive, operator=True)
_operator_div = binary(_div.primitive, operator=True)
_operator_rsub = binary(_rsub_scalar.primitive, operator=True)


def _operator_sub_checked(self: Tensor, other: Any) -> Any:
    if self._data.dtype.kind == "b" or isinstance(other, bool):
        _refuse_bool(self, other)
    return _operator_sub(self, other)


def _operator_rdiv(self: Tensor, other: Any) -> Any:
    return reciprocal(self) * other if isinstance(other, Number) else NotImplemented


def _operator_pow(self: Tensor, other: Any) -> Any:
    if other.__class__ is float or (other.__class__ is int and other >= 0):
        return _pow_scalar(self, other)
    return pow(self, other) if isinstance(other, (Tensor, Number)) else NotImplemented


def _operator_rpow(self: Tensor, other: Any) -> Any:
    return _pow_base(other, self) if isinstance(other, Number) else NotImplemented


OPERATORS = {
    "__add__": _operator_add, "__radd__": _operator_add,
    "__sub__": _operator_sub_checked, "__rsub__": _operator_rsub,
    "__mul__": _operator_mul, "__rmul__": _operator_mul,
    "__truediv__": _operator_div, "__rtruediv__": _operator_rdiv,
    "__pow__": _operator_pow, "__rpow__": _operator_rpow,
    "__floordiv__": floor_divide, "__mod__": remainder,
    "__neg__": neg, "__pos__": positive, "__abs__": abs,
}  # fmt: skip
