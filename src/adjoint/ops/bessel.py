"""Bessel functions, and Airy's, by SciPy."""

from __future__ import annotations

from typing import Any

from adjoint.core.exports import export
from adjoint.core.statements import constant, describe, elementwise
from adjoint.ops.special import special

# --- modified ones of the first kind, with derivatives ---


def _first_kind_partial(xp: Any, x: Any, value: Any, before: Any) -> Any:
    """The derivative of the function of order 1, whose `value` is 0 at 0, by that of order 0."""
    zero = x == 0
    return xp.where(zero, 0.5, before - value / xp.where(zero, 1, x))


i0 = elementwise(
    "i0", lambda xp, x: xp.bessel_i0(x), partial=lambda xp, x: xp.bessel_i1(x), promotes="float", refuses="c",
    verb="bessel_i0", doc="The modified Bessel function of the first kind of order 0, of each element.",
)  # fmt: skip
special(
    "i0e", lambda xp, x: xp.bessel_i0e(x), verb="bessel_i0e",
    partial=lambda xp, x, out: xp.bessel_i1e(x) - xp.sign(x) * out,
    node="SpecialI0EBackward0", doc="`exp(-abs(x)) * i0(x)` for each element.",
)  # fmt: skip
special(
    "i1", lambda xp, x: xp.bessel_i1(x), verb="bessel_i1",
    partial=lambda xp, x, out: _first_kind_partial(xp, x, out, xp.bessel_i0(x)),
    node="SpecialI1Backward0", doc="The modified Bessel function of the first kind of order 1, of each element.",
)  # fmt: skip
special(
    "i1e", lambda xp, x: xp.bessel_i1e(x), verb="bessel_i1e",
    partial=lambda xp, x, out: _first_kind_partial(xp, x, out, xp.bessel_i0e(x)) - xp.sign(x) * out,
    node="SpecialI1EBackward0", doc="`exp(-abs(x)) * i1(x)` for each element.",
)  # fmt: skip


def _spherical_partial(xp: Any, x: Any, *, n: int) -> Any:
    """By the functions of the orders next to it, so that it is smooth at 0."""
    above = xp.spherical_bessel_j(x, n=n + 1)
    return -above if n == 0 else (n * xp.spherical_bessel_j(x, n=n - 1) - (n + 1) * above) / (2 * n + 1)


_spherical_bessel_j = elementwise(
    "spherical_bessel_j",
    lambda xp, x, *, n: xp.spherical_bessel_j(x, n=n),
    partial=_spherical_partial,
    promotes="float",
    verb="spherical_bessel_j",
    public=False,
)

# --- those without derivatives ---


def _constant(name: str, verb: str, doc: str, **parameters: int) -> None:
    function = constant(
        name, lambda xp, x: getattr(xp, verb)(x, **parameters), promotes="float", refuses="c", public=False
    )
    function.__doc__ = describe(function.primitive)
    export(function, module="special", method=False)


_KINDS = {
    "j": "The Bessel function of the first kind", "y": "The Bessel function of the second kind",
    "i": "The modified Bessel function of the first kind", "k": "The modified Bessel function of the second kind",
}  # fmt: skip
for _name, _verb in {
    "bessel_j0": "bessel_j0", "bessel_j1": "bessel_j1", "bessel_y0": "bessel_y0", "bessel_y1": "bessel_y1",
    "modified_bessel_i0": "bessel_i0", "modified_bessel_i1": "bessel_i1",
    "modified_bessel_k0": "bessel_k0", "modified_bessel_k1": "bessel_k1",
    "scaled_modified_bessel_k0": "bessel_k0e", "scaled_modified_bessel_k1": "bessel_k1e",
}.items():  # fmt: skip
    _scale = ", times `exp(x)`" if _name.startswith("scaled") else ""
    _constant(_name, _verb, f"{_KINDS[_verb[7]]} of order {_verb[8]}, of each element{_scale}. It has no gradient.")
_constant("spherical_bessel_j0", "spherical_bessel_j", "`sin(x) / x` for each element. It has no gradient.", n=0)
_constant("airy_ai", "airy_ai", "Airy's function Ai of each element. It has no gradient.")
