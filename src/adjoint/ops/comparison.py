"""Comparisons and logic, and the choices that they steer: `where`, `clamp`, `maximum`, `minimum`."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import binary, not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import get_default_dtype, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, elementwise, general, linear
from adjoint.core.tensor import Tensor, wrap

eq = constant("eq", lambda xp, x, y: x == y, verb="equal", doc="`input == other`, element by element.")
ne = constant(
    "ne", lambda xp, x, y: x != y, verb="not_equal", aliases=("not_equal",), doc="`input != other`, element by element."
)
lt = constant("lt", lambda xp, x, y: x < y, verb="less", aliases=("less",), doc="`input < other`, element by element.")
le = constant(
    "le",
    lambda xp, x, y: x <= y,
    verb="less_equal",
    aliases=("less_equal",),
    doc="`input <= other`, element by element.",
)
gt = constant(
    "gt", lambda xp, x, y: x > y, verb="greater", aliases=("greater",), doc="`input > other`, element by element."
)
ge = constant(
    "ge",
    lambda xp, x, y: x >= y,
    verb="greater_equal",
    aliases=("greater_equal",),
    doc="`input >= other`, element by element.",
)
logical_and = constant("logical_and", lambda xp, x, y: xp.logical_and(x, y), doc="Whether both are nonzero.")
logical_or = constant("logical_or", lambda xp, x, y: xp.logical_or(x, y), doc="Whether one or both are nonzero.")
logical_xor = constant("logical_xor", lambda xp, x, y: xp.logical_xor(x, y), doc="Whether exactly one is nonzero.")
logical_not = constant("logical_not", lambda xp, x: xp.logical_not(x), doc="Whether each element is zero.")
isnan = constant("isnan", lambda xp, x: xp.isnan(x), doc="Whether each element is not a number.")
isinf = constant("isinf", lambda xp, x: xp.isinf(x), doc="Whether each element is infinite.")
isfinite = constant("isfinite", lambda xp, x: xp.isfinite(x), doc="Whether each element is a finite number.")

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
)


@public(method=False)
def where(condition: Tensor, input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input` where `condition` holds, else `other`, element by element; the three shapes broadcast.

    >>> import adjoint as torch
    >>> x = torch.tensor([-1., 2.])
    >>> torch.where(x > 0, x, 0.)
    tensor([0., 2.])
    """
    if condition._data.dtype.kind != "b":
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype {scalar_type_name(condition.dtype)}"
        )
    result = _where(condition, input, other)
    return result if out is None else write_out(out, result)


@public(on_module=False, name="where")
def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The elements of this tensor where `condition` holds, else those of `other`."""
    return where(condition, self, other)


# --- bounds ---


def _share(xp: Any, g: Any, wins: Any, ties: Any) -> Any:
    """The cotangent where an operand wins, half of it where both are equal, 0 elsewhere."""
    return xp.where(ties, g / 2, xp.where(wins, g, 0))


_maximum = general(
    "maximum",
    lambda xp, x, y: xp.maximum(x, y),
    vjp=(lambda xp, g, x, y: _share(xp, g, x > y, x == y), lambda xp, g, x, y: _share(xp, g, y > x, x == y)),
    jvp="diagonal",
    promotes="common",
    verb="maximum",
)
_minimum = general(
    "minimum",
    lambda xp, x, y: xp.minimum(x, y),
    vjp=(lambda xp, g, x, y: _share(xp, g, x < y, x == y), lambda xp, g, x, y: _share(xp, g, y < x, x == y)),
    jvp="diagonal",
    promotes="common",
    verb="minimum",
)
def _bounded(xp: Any, x: Any, *, min: Any, max: Any) -> Any:
    x = x if min is None else xp.maximum(x, min)
    return x if max is None else xp.minimum(x, max)


def _within(xp: Any, x: Any, *, min: Any, max: Any) -> Any:
    if min is None:
        return x <= max
    return x >= min if max is None else (x >= min) & (x <= max)


_clamp_numbers = elementwise(
    "clamp_numbers",
    _bounded,
    gate=_within,
    node="ClampBackward1",
    public=False,
)
_clamp_tensors = general(
    "clamp_tensors",
    lambda xp, x, min, max: _bounded(xp, x, min=min, max=max),
    vjp=(
        lambda xp, g, x, min, max: xp.where(_within(xp, x, min=min, max=max), g, 0),
        lambda xp, g, x, min, max: xp.where(xp.logical_and(x < min, min < max), g, 0),
        lambda xp, g, x, min, max: xp.where(xp.logical_or(x > max, max < min), g, 0),
    ),
    jvp="diagonal",
    promotes="common",
    node="ClampBackward0",
)
_clamp_below = general(
    "clamp_below",
    lambda xp, x, min: xp.maximum(x, min),
    vjp=(lambda xp, g, x, min: xp.where(x >= min, g, 0), lambda xp, g, x, min: xp.where(x < min, g, 0)),
    jvp="diagonal",
    promotes="common",
    node="ClampBackward0",
)
_clamp_above = general(
    "clamp_above",
    lambda xp, x, max: xp.minimum(x, max),
    vjp=(lambda xp, g, x, max: xp.where(x <= max, g, 0), lambda xp, g, x, max: xp.where(x > max, g, 0)),
    jvp="diagonal",
    promotes="common",
    node="ClampBackward0",
)


@public()
def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of the two, element by element. Where they are equal, each gets half of the gradient.

    >>> import adjoint as torch
    >>> torch.maximum(torch.tensor([1., 5.]), torch.tensor([3., 2.]))
    tensor([3., 5.])
    """
    result = _maximum(*require_tensors("maximum", input, other))
    return result if out is None else write_out(out, result)


@public()
def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the two, element by element. Where they are equal, each gets half of the gradient.

    >>> import adjoint as torch
    >>> torch.minimum(torch.tensor([1., 5.]), torch.tensor([3., 2.]))
    tensor([1., 2.])
    """
    result = _minimum(*require_tensors("minimum", input, other))
    return result if out is None else write_out(out, result)


@public(aliases=("clip",), inplace=True)
def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Tensor | None = None) -> Tensor:
    """Each element, held between `min` and `max`; either may be missing, and both be numbers or tensors.

    >>> import adjoint as torch
    >>> torch.clamp(torch.tensor([-1., 0.5, 2.]), 0, 1)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if not isinstance(input, Tensor):
        raise not_a_tensor("clamp", "input", 1, input)
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if not isinstance(min, Tensor) and not isinstance(max, Tensor):
        if input._node is None:
            input = _raised(input, min, max)
        return _clamp_numbers(input, min=min, max=max, out=out)
    elif max is None:
        result = _clamp_below(input, min)
    elif min is None:
        result = _clamp_above(input, max)
    else:
        result = _clamp_tensors(input, min, max)
    return result if out is None else write_out(out, result)


def _raised(input: Tensor, *bounds: Any) -> Tensor:
    """Integers bounded by floating-point numbers become floating-point."""
    if input._data.dtype.kind in "biu" and any(isinstance(bound, float) for bound in bounds):
        return wrap(input._data.astype(get_default_dtype().numpy))
    return input


OPERATORS: dict[str, Any] = {
    "__lt__": binary(lt.primitive, operator=True),
    "__le__": binary(le.primitive, operator=True),
    "__gt__": binary(gt.primitive, operator=True),
    "__ge__": binary(ge.primitive, operator=True),
    "__eq__": binary(eq.primitive, operator=True),
    "__ne__": binary(ne.primitive, operator=True),
}
