"""Comparisons, logic, and kinds of numbers."""

from __future__ import annotations

import math
from typing import Any

from adjoint.core.apply import binary, require_tensors
from adjoint.core.dtypes import get_default_dtype, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import detach, to_dtype
from adjoint.ops.refusals import is_integral

# --- one operand with another ---

eq = constant(
    "eq", lambda xp, x, y: x == y, verb="equal", inplace=True, eight_bits=True,
    doc="`input == other`, element by element.",
)  # fmt: skip
ne = constant(
    "ne", lambda xp, x, y: x != y, verb="not_equal", aliases=("not_equal",), inplace=True, eight_bits=True,
    doc="`input != other`, element by element.",
)  # fmt: skip
lt = constant(
    "lt", lambda xp, x, y: x < y, verb="less", aliases=("less",), refuses="c", inplace=True,
    doc="`input < other`, element by element.",
)  # fmt: skip
le = constant(
    "le", lambda xp, x, y: x <= y, verb="less_equal", aliases=("less_equal",), refuses="c", inplace=True,
    doc="`input <= other`, element by element.",
)  # fmt: skip
gt = constant(
    "gt", lambda xp, x, y: x > y, verb="greater", aliases=("greater",), refuses="c", inplace=True,
    doc="`input > other`, element by element.",
)  # fmt: skip
ge = constant(
    "ge", lambda xp, x, y: x >= y, verb="greater_equal", aliases=("greater_equal",), refuses="c", inplace=True,
    doc="`input >= other`, element by element.",
)  # fmt: skip

# --- logic ---

_and = constant("logical_and", lambda xp, x, y: xp.logical_and(x, y), public=False)
_or = constant("logical_or", lambda xp, x, y: xp.logical_or(x, y), public=False)
_xor = constant("logical_xor", lambda xp, x, y: xp.logical_xor(x, y), public=False)
logical_not = constant(
    "logical_not", lambda xp, x: xp.logical_not(x), inplace=True, doc="Whether each element is zero."
)


@public(inplace=True)
def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether both are nonzero, element by element.

    >>> import adjoint as torch
    >>> torch.logical_and(torch.tensor([True, True]), torch.tensor([1, 0]))
    tensor([ True, False])
    """
    return _and(*require_tensors("logical_and", input, other), out=out)


@public(inplace=True)
def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether one or both are nonzero, element by element."""
    return _or(*require_tensors("logical_or", input, other), out=out)


@public(inplace=True)
def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether exactly one is nonzero, element by element."""
    return _xor(*require_tensors("logical_xor", input, other), out=out)


# --- kinds of numbers ---

isnan = constant("isnan", lambda xp, x: xp.isnan(x), eight_bits=True, doc="Whether each element is not a number.")
isinf = constant("isinf", lambda xp, x: xp.isinf(x), eight_bits=True, doc="Whether each element is infinite.")
isfinite = constant(
    "isfinite", lambda xp, x: xp.isfinite(x), eight_bits=True, doc="Whether each element is a finite number."
)
isposinf = constant("isposinf", lambda xp, x: x == math.inf, doc="Whether each element is plus infinity.")
isneginf = constant("isneginf", lambda xp, x: x == -math.inf, doc="Whether each element is minus infinity.")

# --- whole tensors ---


@public()
def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements.

    >>> import adjoint as torch
    >>> torch.equal(torch.tensor([1., 2.]), torch.tensor([1., 2.]))
    True
    """
    x, y = require_tensors("equal", input, other)
    return x._data.shape == y._data.shape and bool(eq(detach(x), detach(y))._data.all())


@public()
def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether each element of `input` is within `atol + rtol * abs(other)` of that of `other`.

    >>> import adjoint as torch
    >>> torch.isclose(torch.tensor([1., 2.]), torch.tensor([1.0000001, 2.1]))
    tensor([ True, False])
    """
    x, y = map(detach, require_tensors("isclose", input, other))
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(
            f"{scalar_type_name(x.dtype)} did not match {scalar_type_name(y.dtype)}\n"
            "Bring both to one type, as in other.to(input.dtype)."
        )
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value}")
    close = eq(x, y)
    if equal_nan and not is_integral(x):
        close = close | (isnan(x) & isnan(y))
    if is_integral(x):
        x, y = to_dtype(x, get_default_dtype()), to_dtype(y, get_default_dtype())
    distance = (x - y).abs()
    return close | (isfinite(distance) & le(distance, atol + (rtol * y).abs()))


@public()
def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements of two tensors are close, as `isclose` says.

    >>> import adjoint as torch
    >>> torch.allclose(torch.tensor([1.]), torch.tensor([1.0000001]))
    True
    """
    require_tensors("allclose", input, other)
    return bool(isclose(input, other, rtol, atol, equal_nan)._data.all())


OPERATORS: dict[str, Any] = {
    "__lt__": binary(lt.primitive, operator=True),
    "__le__": binary(le.primitive, operator=True),
    "__gt__": binary(gt.primitive, operator=True),
    "__ge__": binary(ge.primitive, operator=True),
    "__eq__": binary(eq.primitive, operator=True, arrays=True),  # in this comparison alone PyTorch takes part
    "__ne__": binary(ne.primitive, operator=True),
}
