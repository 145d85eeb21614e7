"""Orthogonal polynomials, by SciPy: functions of a point and of a degree, none of which has a gradient."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import invalid_combination
from adjoint.core.exports import export
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor


def _polynomial(name: str, verb: str, shifted: bool, title: str) -> None:
    record = constant(
        name,
        lambda xp, x, n: getattr(xp, verb)(2 * x - 1 if shifted else x, n),
        promotes="float",
        refuses="c",
        public=False,
    )

    def function(input: Any, n: Any, *, out: Tensor | None = None) -> Tensor:
        if not (isinstance(input, Tensor) or isinstance(n, Tensor)):
            raise invalid_combination(f"special_{name}", (input, n))
        return record(input, n, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"The {title} of degree `n` at `input`, element by element; shapes broadcast, and either may be a number. "
        "It is 0 below degree 0, and has no gradient."
    )
    export(function, module="special", method=False)


for _letter, _kind in {"t": "first", "u": "second", "v": "third", "w": "fourth"}.items():
    _title = f"Chebyshev polynomial of the {_kind} kind"
    _polynomial(f"chebyshev_polynomial_{_letter}", f"chebyshev_{_letter}", False, _title)
    _polynomial(f"shifted_chebyshev_polynomial_{_letter}", f"chebyshev_{_letter}", True, f"{_title}, of `2x - 1`,")
_polynomial("hermite_polynomial_h", "hermite_h", False, "physicist's Hermite polynomial")
_polynomial("hermite_polynomial_he", "hermite_he", False, "probabilist's Hermite polynomial")
_polynomial("laguerre_polynomial_l", "laguerre_l", False, "Laguerre polynomial")
_polynomial("legendre_polynomial_p", "legendre_p", False, "Legendre polynomial")
