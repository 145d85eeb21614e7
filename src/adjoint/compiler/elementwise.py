"""What each elementwise verb is on lanes: the result of `arrays.numpy`, in its type, also for NaN and infinities."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.program import Operation
from adjoint.native.lanes import Code, Lanes
from adjoint.native.math import FUNCTIONS

__all__ = ["combine", "identity", "is_lowered", "loop_types", "lower"]

BOOL = np.dtype(bool)
Rule = Callable[..., Lanes]
SUPPORTED = {np.dtype(code) for code in "?bhilqBHILQfd"}

# --- types -------------------------------------------------------------------------------------------------------

_UFUNCS = {
    "abs": np.absolute, "round": np.rint, "bitwise_invert": np.invert, "sigmoid": np.exp, "erf": np.exp,
}  # fmt: skip


def _as_type(operand: Any) -> Any:
    """The type of an operand for NumPy's promotion: Python numbers are weak, its truth values are not."""
    return operand.dtype if hasattr(operand, "dtype") else BOOL if isinstance(operand, bool) else type(operand)


def loop_types(operation: Operation) -> tuple[list[np.dtype], np.dtype] | None:
    """The types in which NumPy would compute, and of its result; None where NumPy has no such loop."""
    operands, result = operation.operands, operation.result.dtype
    if operation.verb == "astype":
        return [operands[0].dtype], result
    if operation.verb == "where":
        return [BOOL, result, result], result
    ufunc = _UFUNCS.get(operation.verb) or getattr(np, operation.verb, None)
    if not isinstance(ufunc, np.ufunc):
        return None
    try:
        types = ufunc.resolve_dtypes((*map(_as_type, operands), None))
    except (TypeError, ValueError):
        return None
    return list(types[:-1]), types[-1]


def is_lowered(operation: Operation) -> bool:
    """Whether `lower` can write this operation."""
    types = loop_types(operation)
    if types is None or operation.result.dtype != types[1] or not SUPPORTED.issuperset([*types[0], types[1]]):
        return False
    if {"i", "u"} <= {each.kind for each in types[0]}:
        return False  # NumPy compares such numbers by their values
    for x, loop_type in zip(operation.operands, types[0], strict=True):
        if hasattr(x, "dtype"):
            if x.dtype not in SUPPORTED:
                return False
        elif loop_type.kind in "iu" and not np.iinfo(loop_type).min <= x <= np.iinfo(loop_type).max:
            return False
    return _rule(operation.verb, types[0]) is not None


def lower(operation: Operation, code: Code, operands: list[Any]) -> Lanes:
    """Write the operation on lanes; numbers among the operands become constants."""
    types = loop_types(operation)
    assert types is not None
    inputs, output = types
    lanes = [
        x.astype(t) if isinstance(x, Lanes) else code.constant(x, t) for x, t in zip(operands, inputs, strict=True)
    ]
    rule = _rule(operation.verb, inputs)
    assert rule is not None
    if operation.verb == "astype":
        return lanes[0].astype(output)
    result = rule(*lanes)
    return result.astype(output)


def _rule(verb: str, types: list[np.dtype]) -> Rule | None:
    kind = types[-1].kind
    return RULES["f" if kind == "f" else "b" if kind == "b" else "i"].get(verb)


# --- numbers of any kind -----------------------------------------------------------------------------------------


def _truth(x: Lanes) -> Lanes:
    return x.astype(BOOL)


def _where(condition: Lanes, x: Lanes, y: Lanes) -> Lanes:
    return condition.select(x, y)


def _maximum(x: Lanes, y: Lanes) -> Lanes:
    return ((x >= y) | _isnan(x)).select(x, y)


def _minimum(x: Lanes, y: Lanes) -> Lanes:
    return ((x <= y) | _isnan(x)).select(x, y)


def _isnan(x: Lanes) -> Lanes:
    return x != x if x.dtype.kind == "f" else x.code.constant(False, bool)


def _sign(x: Lanes) -> Lanes:
    one, zero = x.like(1), x.like(0)
    positive = (x > 0).select(one, zero)
    return positive if x.dtype.kind == "u" else (x < 0).select(x.like(-1), positive)


_ANY_KIND: dict[str, Rule] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "negative": lambda x: -x,
    "abs": abs,
    "sign": _sign,
    "maximum": _maximum,
    "minimum": _minimum,
    "equal": lambda x, y: x == y,
    "not_equal": lambda x, y: x != y,
    "less": lambda x, y: x < y,
    "less_equal": lambda x, y: x <= y,
    "greater": lambda x, y: x > y,
    "greater_equal": lambda x, y: x >= y,
    "logical_and": lambda x, y: _truth(x) & _truth(y),
    "logical_or": lambda x, y: _truth(x) | _truth(y),
    "logical_xor": lambda x, y: _truth(x) ^ _truth(y),
    "logical_not": lambda x: ~_truth(x),
    "isnan": _isnan,
    "where": _where,
    "astype": lambda x: x,
}

# --- floating-point numbers --------------------------------------------------------------------------------------


def _remainder_and_shift(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """C's remainder, and whether Python's, which has the sign of y, differs from it by y."""
    rest = x % y
    return rest, (rest != 0.0) & ((rest < 0.0) != (y < 0.0))


def _float_remainder(x: Lanes, y: Lanes) -> Lanes:
    rest, shifted = _remainder_and_shift(x, y)
    return shifted.select(rest + y, rest)


def _float_floor_divide(x: Lanes, y: Lanes) -> Lanes:
    rest, shifted = _remainder_and_shift(x, y)
    quotient = (x - rest) / y
    quotient = shifted.select(quotient - 1.0, quotient)
    floor = quotient.call("llvm.floor")
    floor = (quotient - floor > 0.5).select(floor + 1.0, floor)
    whole = (quotient == 0.0).select(quotient.like(0.0).copysign(x / y), floor)
    return (y == 0.0).select(x / y, whole)


def _square(x: Lanes) -> Lanes:
    return x * x


_FLOAT: dict[str, Rule] = {
    "divide": lambda x, y: x / y,
    "reciprocal": lambda x: 1.0 / x,
    "square": _square,
    "floor": lambda x: x.call("llvm.floor"),
    "ceil": lambda x: x.call("llvm.ceil"),
    "trunc": lambda x: x.call("llvm.trunc"),
    "round": lambda x: x.call("llvm.rint"),
    "isinf": lambda x: abs(x) == math.inf,
    "isfinite": lambda x: abs(x) < math.inf,
    "remainder": _float_remainder,
    "floor_divide": _float_floor_divide,
    **FUNCTIONS,
}

# --- integers ----------------------------------------------------------------------------------------------------


def _safe_divisor(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """A divisor with which the processor's division cannot fail; where y is 0; and where x / y overflows (y is -1)."""
    zero = y == 0
    overflow = (y == -1) if y.dtype.kind == "i" else x.code.constant(False, bool)
    return (zero | overflow).select(y.like(1), y), zero, overflow


def _int_remainder(x: Lanes, y: Lanes) -> Lanes:
    divisor, zero, overflow = _safe_divisor(x, y)
    rest = x % divisor
    if x.dtype.kind == "i":
        rest = ((rest != 0) & ((rest < 0) != (divisor < 0))).select(rest + divisor, rest)
    return (zero | overflow).select(x.like(0), rest)


def _int_floor_divide(x: Lanes, y: Lanes) -> Lanes:
    divisor, zero, overflow = _safe_divisor(x, y)
    quotient = x / divisor
    if x.dtype.kind == "i":
        rest = x % divisor
        quotient = ((rest != 0) & ((rest < 0) != (divisor < 0))).select(quotient - 1, quotient)
        quotient = overflow.select(-x, quotient)
    return zero.select(x.like(0), quotient)


_INTEGER: dict[str, Rule] = {
    "square": _square,
    "remainder": _int_remainder,
    "floor_divide": _int_floor_divide,
    "bitwise_and": lambda x, y: x & y,
    "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y,
    "bitwise_invert": lambda x: ~x,
}

# --- truth values ------------------------------------------------------------------------------------------------

_BOOL: dict[str, Rule] = {
    "add": lambda x, y: x | y,
    "multiply": lambda x, y: x & y,
    "maximum": lambda x, y: x | y,
    "minimum": lambda x, y: x & y,
    "equal": lambda x, y: ~(x ^ y),
    "not_equal": lambda x, y: x ^ y,
    "less": lambda x, y: ~x & y,
    "less_equal": lambda x, y: ~x | y,
    "greater": lambda x, y: x & ~y,
    "greater_equal": lambda x, y: x | ~y,
    "logical_and": lambda x, y: x & y,
    "logical_or": lambda x, y: x | y,
    "logical_xor": lambda x, y: x ^ y,
    "logical_not": lambda x: ~x,
    "bitwise_and": lambda x, y: x & y,
    "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y,
    "bitwise_invert": lambda x: ~x,
    "where": _where,
    "astype": lambda x: x,
}

RULES: dict[str, dict[str, Rule]] = {"f": _ANY_KIND | _FLOAT, "i": _ANY_KIND | _INTEGER, "b": _BOOL}

# --- reductions: how two partial results become one --------------------------------------------------------------

_COMBINE = {
    "sum": "add",
    "prod": "multiply",
    "max": "maximum",
    "min": "minimum",
    "any": "logical_or",
    "all": "logical_and",
}


def combine(verb: str, x: Lanes, y: Lanes) -> Lanes:
    """Two partial results of a reduction as one."""
    return RULES["f" if x.dtype.kind == "f" else "b" if x.dtype.kind == "b" else "i"][_COMBINE[verb]](x, y)


def identity(verb: str, dtype: np.dtype) -> Any:
    """The result of a reduction over nothing."""
    if verb in ("sum", "any"):
        return 0
    if verb in ("prod", "all"):
        return 1
    if dtype.kind == "f":
        return -math.inf if verb == "max" else math.inf
    if dtype.kind == "b":
        return verb == "min"
    limits = np.iinfo(dtype)
    return limits.min if verb == "max" else limits.max
