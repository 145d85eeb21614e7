"""Exponentials, logarithms, trigonometric and hyperbolic functions, and the curves made of them."""

from __future__ import annotations

import math
from typing import Any

from adjoint.core.statements import elementwise

_LOG_2, _LOG_10 = math.log(2), math.log(10)

exp = elementwise(
    "exp", partial=lambda xp, out: out, promotes="float",
    doc="The exponential of each element.",
)  # fmt: skip
log = elementwise(
    "log", partial=lambda xp, x: 1 / x, promotes="float",
    doc="The natural logarithm of each element.",
)  # fmt: skip
sin = elementwise(
    "sin", partial=lambda xp, x: xp.cos(x), promotes="float",
    doc="The sine of each element, in radians.",
)  # fmt: skip
cos = elementwise(
    "cos", partial=lambda xp, x: -xp.sin(x), promotes="float",
    doc="The cosine of each element, in radians.",
)  # fmt: skip
tanh = elementwise(
    "tanh", partial=lambda xp, out: (1 - out) * (1 + out), promotes="float",
    doc="The hyperbolic tangent of each element.",
)  # fmt: skip
sigmoid = elementwise(
    "sigmoid", partial=lambda xp, out: (1 - out) * out, promotes="float",
    doc="`1 / (1 + exp(-x))` for each element.",
)  # fmt: skip
relu = elementwise(
    "relu", lambda xp, x: xp.maximum(x, 0), gate=lambda xp, out: out != 0, refuses="c",
    doc="Each element where it is positive, else 0.",
)  # fmt: skip

# --- logarithms and exponentials to other bases, and near 1 and 0 ---

log2 = elementwise(
    "log2", partial=lambda xp, x: 1 / (x * _LOG_2), promotes="float",
    doc="The logarithm to base 2 of each element.",
)  # fmt: skip
log10 = elementwise(
    "log10", partial=lambda xp, x: 1 / (x * _LOG_10), promotes="float",
    doc="The logarithm to base 10 of each element.",
)  # fmt: skip
log1p = elementwise(
    "log1p", partial=lambda xp, x: 1 / (1 + x), promotes="float", node="Log1PBackward0",
    doc="`log(1 + x)` for each element, accurate where `x` is small.",
)  # fmt: skip
exp2 = elementwise(
    "exp2", lambda xp, x: 2**x, partial=lambda xp, out: out * _LOG_2, promotes="float",
    doc="2 to the power of each element.",
)  # fmt: skip
expm1 = elementwise(
    "expm1", partial=lambda xp, out: out + 1, promotes="float",
    doc="`exp(x) - 1` for each element, accurate where `x` is small.",
)  # fmt: skip

# --- trigonometric and hyperbolic functions, and their inverses ---

tan = elementwise(
    "tan", partial=lambda xp, out: 1 + out * out, promotes="float",
    doc="The tangent of each element, in radians.",
)  # fmt: skip
asin = elementwise(
    "asin", partial=lambda xp, x: 1 / xp.sqrt(1 - x * x), promotes="float", aliases=("arcsin",),
    doc="The angle in radians, from -pi/2 to pi/2, whose sine is each element.",
)  # fmt: skip
acos = elementwise(
    "acos", partial=lambda xp, x: -1 / xp.sqrt(1 - x * x), promotes="float", aliases=("arccos",),
    doc="The angle in radians, from 0 to pi, whose cosine is each element.",
)  # fmt: skip
atan = elementwise(
    "atan", partial=lambda xp, x: 1 / (x * x + 1), promotes="float", aliases=("arctan",),
    doc="The angle in radians, from -pi/2 to pi/2, whose tangent is each element.",
)  # fmt: skip
sinh = elementwise(
    "sinh", partial=lambda xp, x: xp.cosh(x), promotes="float",
    doc="The hyperbolic sine of each element.",
)  # fmt: skip
cosh = elementwise(
    "cosh", partial=lambda xp, x: xp.sinh(x), promotes="float",
    doc="The hyperbolic cosine of each element.",
)  # fmt: skip
asinh = elementwise(
    "asinh", partial=lambda xp, x: 1 / xp.sqrt(x * x + 1), promotes="float", aliases=("arcsinh",),
    doc="The number whose hyperbolic sine is each element.",
)  # fmt: skip


def _acosh_partial(xp: Any, x: Any) -> Any:
    if xp.numpy_dtype(x).kind == "c":  # the root of the product is on another branch where the real part is negative
        return 1 / (xp.sqrt(x - 1) * xp.sqrt(x + 1))
    return 1 / xp.sqrt(x * x - 1)


acosh = elementwise(
    "acosh", partial=_acosh_partial, promotes="float", aliases=("arccosh",),
    doc="The number, not negative, whose hyperbolic cosine is each element.",
)  # fmt: skip
atanh = elementwise(
    "atanh", partial=lambda xp, x: 1 / (1 - x * x), promotes="float", aliases=("arctanh",),
    doc="The number whose hyperbolic tangent is each element.",
)  # fmt: skip
