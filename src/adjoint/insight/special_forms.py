"""Special functions as SymPy knows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.lazy import lazy

sympy = lazy("sympy", extra="insight")


def _bessel(kind: str, order: int) -> Callable[[Any], Any]:
    return lambda x: getattr(sympy, f"bessel{kind}")(order, x)


def _decaying(kind: str, order: int, sign: int) -> Callable[[Any], Any]:
    """Times the exponential that takes away its growth or its decay."""
    return lambda x: sympy.exp(sign * (x if kind == "k" else sympy.Abs(x))) * _bessel(kind, order)(x)


#: by verb: of its operands, then of its parameters
FORMS: dict[str, Callable[..., Any]] = {
    "erfcx": lambda x: sympy.exp(x**2) * sympy.erfc(x),
    "ndtr": lambda x: sympy.erfc(-x / sympy.sqrt(2)) / 2,
    "ndtri": lambda x: sympy.sqrt(2) * sympy.erfinv(2 * x - 1),
    "log_ndtr": lambda x: sympy.log(sympy.erfc(-x / sympy.sqrt(2)) / 2),
    "lgamma": lambda x: sympy.log(sympy.Abs(sympy.gamma(x))),
    "polygamma": lambda x, n: sympy.polygamma(n, x),
    "gammainc": lambda a, x: sympy.lowergamma(a, x) / sympy.gamma(a),
    "gammaincc": lambda a, x: sympy.uppergamma(a, x) / sympy.gamma(a),
    "airy_ai": lambda x: sympy.airyai(x),
    **{f"bessel_{kind}{order}": _bessel(kind, order) for kind in "ijky" for order in (0, 1)},
    **{f"bessel_i{order}e": _decaying("i", order, -1) for order in (0, 1)},
    **{f"bessel_k{order}e": _decaying("k", order, 1) for order in (0, 1)},
    "spherical_bessel_j": lambda x, n: sympy.sqrt(sympy.pi / (2 * x)) * sympy.besselj(n + sympy.Rational(1, 2), x),
    "chebyshev_t": lambda x, n: sympy.chebyshevt(n, x),
    "chebyshev_u": lambda x, n: sympy.chebyshevu(n, x),
    "chebyshev_v": lambda x, n: sympy.chebyshevu(n, x) - sympy.chebyshevu(n - 1, x),
    "chebyshev_w": lambda x, n: sympy.chebyshevu(n, x) + sympy.chebyshevu(n - 1, x),
    "hermite_h": lambda x, n: sympy.hermite(n, x),
    "hermite_he": lambda x, n: sympy.hermite(n, x / sympy.sqrt(2)) / sympy.sqrt(2) ** n,
    "laguerre_l": lambda x, n: sympy.laguerre(n, x),
    "legendre_p": lambda x, n: sympy.legendre(n, x),
}
