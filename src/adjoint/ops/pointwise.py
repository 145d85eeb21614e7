"""Exponentials, logarithms, trigonometric and hyperbolic functions, and the curves made of them."""

from __future__ import annotations

from adjoint.core.statements import elementwise

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
    "relu", lambda xp, x: xp.maximum(x, 0), gate=lambda xp, out: out != 0,
    doc="Each element where it is positive, else 0.",
)  # fmt: skip
