"""Special functions, by SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy

special = lazy("scipy.special")

#: the kernels that are functions of SciPy's under another name, or its own
_SAME = {
    "erf": "erf", "erfc": "erfc", "erfcx": "erfcx", "erfinv": "erfinv", "ndtr": "ndtr", "ndtri": "ndtri",
    "log_ndtr": "log_ndtr", "lgamma": "gammaln", "digamma": "psi", "zeta": "zeta", "gammainc": "gammainc",
    "gammaincc": "gammaincc", "bessel_i0": "i0", "bessel_i0e": "i0e", "bessel_i1": "i1", "bessel_i1e": "i1e",
    "bessel_j0": "j0", "bessel_j1": "j1", "bessel_k0": "k0", "bessel_k0e": "k0e", "bessel_k1": "k1", "bessel_k1e": "k1e",
    "bessel_y0": "y0", "bessel_y1": "y1",
}  # fmt: skip


def __getattr__(kernel: str) -> Any:
    if kernel not in _SAME:
        raise AttributeError(f"module {__name__!r} has no attribute {kernel!r}", name=kernel)
    return getattr(special, _SAME[kernel])


def airy_ai(x: Array) -> Array:
    return special.airy(x)[0]


def polygamma(x: Array, *, n: int) -> Array:
    """The derivative of order `n`, from 1 on, of digamma."""
    value = special.zeta(n + 1.0, x) * (special.gamma(n + 1.0) * (-1) ** (n + 1))
    if n > 1:
        return value.astype(x.dtype)
    # SciPy's zeta has no value at great negative numbers; the reflection formula has
    mirrored = (np.pi / np.sin(np.pi * x)) ** 2 - special.zeta(2.0, 1 - x)
    return np.where(x < 0.5, mirrored, value).astype(x.dtype)[()]


def spherical_bessel_j(x: Array, *, n: int) -> Array:
    return special.spherical_jn(n, x).astype(x.dtype)


# --- polynomials -------------------------------------------------------------------------------------------------


def _polynomial(values: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[Any, Any], Array]:
    """The kernel of a family: of a degree that is not whole, the whole part counts; below 0 there is none."""

    def kernel(x: Any, n: Any) -> Array:
        degree = np.asarray(n).astype(np.int64)
        result = np.where(degree > 0, values(degree, np.asarray(x, np.float64)), degree == 0)
        return result.astype(np.result_type(x, n))[()]

    return kernel


chebyshev_t = _polynomial(lambda n, x: special.eval_chebyt(n, x))
chebyshev_u = _polynomial(lambda n, x: special.eval_chebyu(n, x))
chebyshev_v = _polynomial(lambda n, x: special.eval_chebyu(n, x) - special.eval_chebyu(n - 1, x))
chebyshev_w = _polynomial(lambda n, x: special.eval_chebyu(n, x) + special.eval_chebyu(n - 1, x))
hermite_h = _polynomial(lambda n, x: special.eval_hermite(n, x))
hermite_he = _polynomial(lambda n, x: special.eval_hermitenorm(n, x))
laguerre_l = _polynomial(lambda n, x: special.eval_laguerre(n, x))
legendre_p = _polynomial(lambda n, x: special.eval_legendre(n, x))
