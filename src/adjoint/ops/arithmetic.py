"""Arithmetic: sums, differences, products, quotients, remainders."""

from __future__ import annotations

from numbers import Number
from typing import Any

from adjoint.core.apply import binary, checked, invalid_combination, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.statements import elementwise, general
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.refusals import (
    common_type,
    has_no_derivative,
    has_no_tangent,
    is_boolean,
    is_integral,
    is_narrow,
    refuse_division,
)
from adjoint.ops.rounding import trunc

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
_RSUB: dict[str, Any] = {
    "forward": lambda xp, x, y, *, alpha: y - alpha * x,
    "partials": (lambda xp, *, alpha: -alpha, 1),
    "public": False,
}
_rsub_scaled = elementwise("rsub_scaled", **_RSUB, node="RsubBackward0")
_rsub_scalar_scaled = elementwise("rsub_scalar_scaled", **_RSUB, node="RsubBackward1")


@public(inplace=True)
def add(input: Tensor, other: Any, *, alpha: complex = 1, out: Tensor | None = None) -> Tensor:
    """`input + alpha * other`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.add(torch.tensor([1., 2.]), 10, alpha=2)
    tensor([21., 22.])
    """
    if alpha == 1:
        return _add(input, other, out=out)
    input, other = _scalable("add", input, other, alpha)
    if is_narrow(input, other):
        result = _add(input, _scaled(other, alpha, common_type(input, other)))
    else:
        result = _add_scaled(input, other, alpha=_fitting(alpha, input, other))
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
    input, other = _scalable("sub", input, other, alpha)
    if is_narrow(input, other):
        result = _sub(input, _scaled(other, alpha, common_type(input, other)))
    else:
        result = _sub_scaled(input, other, alpha=alpha)
    return result if out is None else write_out(out, result)


@public(method=False)
def rsub(input: Tensor, other: Any, *, alpha: complex = 1) -> Tensor:
    """`other - alpha * input`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.rsub(torch.tensor([1., 2.]), 10)
    tensor([9., 8.])
    """
    if not isinstance(input, Tensor):
        raise invalid_combination("rsub", (input, other))
    _refuse_bool(input, other)
    record = _rsub_scaled if isinstance(other, Tensor) else _rsub_scalar_scaled
    return record(*_scalable("rsub", input, other, alpha), alpha=alpha)


def _scalable(name: str, input: Any, other: Any, alpha: Any) -> list[Any]:
    """The operands of a sum in which the second is multiplied by `alpha`; PyTorch's errors where it cannot be."""
    operands = checked(name, (input, other))
    if not isinstance(alpha, Number):
        raise TypeError(f"{name}(): argument 'alpha' must be Number, not {type(alpha).__name__}")
    if all(map(is_boolean, operands)):
        pass
    elif isinstance(alpha, bool):
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    elif all(map(is_integral, operands)) and not isinstance(alpha, int):
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return operands


def _scaled(other: Any, alpha: Any, dtype: DType) -> Any:
    """A scaled operand of a sum in 16 bits, rounded before it is added."""
    return mul(to_dtype(other, dtype), alpha) if isinstance(other, Tensor) else alpha * other


def _fitting(alpha: Any, input: Any, other: Any) -> Any:
    """A factor of truth values is one itself."""
    return bool(alpha) if is_boolean(input) and is_boolean(other) else alpha


def _refuse_bool(input: Any, other: Any) -> None:
    booleans = [is_boolean(input), is_boolean(other)]
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
    eight_bits=True,
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


def _truncated(xp: Any, x: Any, y: Any) -> Any:
    """The quotient rounded towards zero; that of integers without a detour through floating point."""
    if xp.numpy_dtype(x if hasattr(x, "dtype") else y).kind not in "iu":
        return xp.trunc(x / y)
    floor = xp.floor_divide(x, y)
    return xp.where(xp.logical_and(floor < 0, floor * y != x), floor + 1, floor)


_ROUNDED: dict[str, Any] = {
    "vjp": (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g)),
    "jvp": "diagonal",
    "promotes": "common",
}
_div_floor = general(
    "div_floor", lambda xp, x, y: xp.floor_divide(x, y), **_ROUNDED, node="DivBackward2", verb="floor_divide"
)
_div_trunc = general("div_trunc", _truncated, **_ROUNDED, node="DivBackward2")
_floor_divide = general(
    "floor_divide",
    lambda xp, x, y: xp.floor_divide(x, y),
    vjp=(has_no_derivative("floor_divide"), has_no_derivative("floor_divide")),
    jvp=has_no_tangent("floor_divide"),
    promotes="common",
    node="NotImplemented",
)
_REMAINDER: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.remainder(x, y),
    "partials": (1, lambda xp, x, y: -xp.floor_divide(x, y)),
    "public": False,
}
_remainder = elementwise("remainder", **_REMAINDER, node="RemainderBackward1")
_remainder_scalar = elementwise("remainder_scalar", **_REMAINDER, node="RemainderBackward0")  # y is a number
_remainder_of_scalar = general(
    "remainder_of_scalar",
    lambda xp, x, y: xp.remainder(x, y),
    vjp=(has_no_derivative("remainder"), has_no_derivative("remainder")),
    jvp=has_no_tangent("remainder"),
    promotes="common",
    node="NotImplemented",
)  # x is a number


@public(aliases=("divide",), inplace=True)
def div(input: Tensor, other: Any, *, rounding_mode: str | None = None, out: Tensor | None = None) -> Tensor:
    """`input / other`, element by element; rounded towards zero ("trunc") or down ("floor") where asked.

    >>> import adjoint as torch
    >>> torch.div(torch.tensor([7., -7.]), 2, rounding_mode="floor")
    tensor([ 3., -4.])
    """
    if rounding_mode is None:
        return _div(input, other, out=out)
    if not isinstance(rounding_mode, str):
        raise invalid_combination("div", (input, other), {"rounding_mode": rounding_mode})
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    refuse_division(f"div_{rounding_mode}", input, other)
    if rounding_mode == "trunc" and is_narrow(input, other):
        return trunc(_div(input, other), out=out)
    return (_div_floor if rounding_mode == "floor" else _div_trunc)(input, other, out=out)


@public(inplace=True)
def true_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input / other`, element by element, never rounded; integers give floating-point numbers."""
    return _div(input, other, out=out)


@public(inplace=True)
def floor_divide(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input / other` rounded down, element by element. It has no gradient; `div(rounding_mode="floor")` has.

    >>> import adjoint as torch
    >>> torch.floor_divide(torch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    refuse_division("div_floor", input, other)
    return _floor_divide(input, other, out=out)


@public(inplace=True)
def remainder(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The remainder of `input / other`, with the sign of `other`, as Python's `%`.

    >>> import adjoint as torch
    >>> torch.remainder(torch.tensor([-3., 3.]), 2)
    tensor([1., 1.])
    """
    if not (isinstance(input, Tensor) or isinstance(other, Tensor)):
        raise invalid_combination("remainder", (input, other))
    refuse_division("remainder", input, other)
    if not isinstance(input, Tensor):
        return _remainder_of_scalar(input, other, out=out)
    return (_remainder if isinstance(other, Tensor) else _remainder_scalar)(input, other, out=out)


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


def _operator_rsub_checked(self: Tensor, other: Any) -> Any:
    if self._data.dtype.kind == "b" or isinstance(other, bool):
        _refuse_bool(self, other)
    return _operator_rsub(self, other)


def _operator_rdiv(self: Tensor, other: Any) -> Any:
    return self.reciprocal() * other if isinstance(other, (Tensor, Number)) else NotImplemented


def operator(function: Any) -> Any:
    """A function of two operands, as an operator: NotImplemented where the other is no tensor or number."""
    return lambda self, other: function(self, other) if isinstance(other, (Tensor, Number)) else NotImplemented


def reflected(function: Any) -> Any:
    """The same with the operands exchanged."""
    return lambda self, other: function(other, self) if isinstance(other, (Tensor, Number)) else NotImplemented


OPERATORS: dict[str, Any] = {
    "__add__": _operator_add, "__radd__": _operator_add,
    "__sub__": _operator_sub_checked, "__rsub__": _operator_rsub_checked,
    "__mul__": _operator_mul, "__rmul__": _operator_mul,
    "__truediv__": _operator_div, "__rtruediv__": _operator_rdiv, "__rdiv__": _operator_rdiv,
    "__floordiv__": operator(floor_divide), "__rfloordiv__": reflected(floor_divide),
    "__mod__": operator(remainder), "__rmod__": reflected(remainder),
}  # fmt: skip
