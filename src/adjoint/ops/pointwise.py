"""Exponentials, logarithms, trigonometric and hyperbolic functions, and the curves made of them."""

from __future__ import annotations

from adjoint.core.statements import elementwise

exp = elementwise(
    "exp", lambda xp, x: xp.exp(x), partial=lambda xp, out: out, promotes="float",
    doc="The exponential of each element.",
)  # fmt: skip
log = elementwise(
    "log", lambda xp, x: xp.log(x), partial=lambda xp, x: 1 / x, promotes="float",
    doc="The natural logarithm of each element.",
)  # fmt: skip
sin = elementwise(
    "sin", lambda xp, x: xp.sin(x), partial=lambda xp, x: xp.cos(x), promotes="float",
    doc="The sine of each element, in radians.",
)  # fmt: skip
cos = elementwise(
    "cos", lambda xp, x: xp.cos(x), partial=lambda xp, x: -xp.sin(x), promotes="float",
    doc="The cosine of each element, in radians.",
)  # fmt: skip
tanh = elementwise(
    "tanh", lambda xp, x: xp.tanh(x), partial=lambda xp, out: 1 - out * out, promotes="float",
    doc="The hyperbolic tangent of each element.",
)  # fmt: skip
sigmoid = elementwise(
    "sigmoid", lambda xp, x: xp.sigmoid(x), partial=lambda xp, out: (1 - out) * out, promotes="float",
    doc="`1 / (1 + exp(-x))` for each element.",
)  # fmt: skip
relu = elementwise(
    "relu", lambda xp, x: xp.maximum(x, 0), gate=lambda xp, out: out > 0,
    doc="Each element where it is positive, else 0.",
)  # fmt: skip
