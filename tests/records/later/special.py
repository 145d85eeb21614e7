import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
ROW = np.array([0.77, 1.62, 1.31])
SHARES = abs(X) / 3
DEGREES = np.array([0.0, 3.0, 4.0])

_REAL = ["erf", "erfc", "ndtr", "log_ndtr", "i0", "i0e", "i1", "i1e", "spherical_bessel_j0", "airy_ai"]
_POSITIVE = ["entr", "lgamma", "digamma"]
_POLYNOMIALS = [
    *(f"{prefix}chebyshev_polynomial_{kind}" for prefix in ("", "shifted_") for kind in "tuvw"),
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
]  # fmt: skip
_KINDS = {"bessel": "jy", "modified_bessel": "ik", "scaled_modified_bessel": "k"}
_BESSEL = [f"{kind}_{letter}{order}" for kind, letters in _KINDS.items() for letter in letters for order in "01"]

SAMPLES = {
    **{name: [((X,), {})] for name in _REAL},
    **{name: [((abs(X),), {})] for name in (*_POSITIVE, *_BESSEL)},
    **{name: [((SHARES * 2 - 1,), {})] for name in ("erfinv",)},
    **{name: [((X, DEGREES), {}), ((X, 3), {}), ((0.4, DEGREES), {})] for name in _POLYNOMIALS},
    "erfcx": [((X / 3,), {})],
    "ndtri": [((SHARES,), {})],
    "polygamma": [((abs(X),), {"n": 1}), ((abs(X),), {"n": 3})],
    "mvlgamma": [((abs(X) + 1,), {"p": 3})],
    "igamma": [((np.array(2), abs(X)), {})],
    "igammac": [((np.array(2), abs(X)), {})],
    "zeta": [((np.array(3), abs(X)), {}), ((2.5, abs(X)), {})],
    "spherical_bessel_j": [((X,), {"n": 0}), ((X,), {"n": 1}), ((X,), {"n": 2})],
}
REAL_ONLY = set(SAMPLES)
