"""The verbs that rules are written in, by family: the names and semantics of NumPy 2 and the array API standard.

A namespace carries the verbs out on one kind of arrays. Those that treat a whole family alike go by these lists.
"""

from __future__ import annotations

#: verbs of one operand that act element by element
UNARY = (
    "negative", "abs", "sign", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "square", "reciprocal",
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "erf", "sigmoid",
    "floor", "ceil", "trunc", "round", "isnan", "isinf", "isfinite", "logical_not", "bitwise_invert",
    "conj", "real", "imag",
)  # fmt: skip

#: verbs of two operands, which broadcast
BINARY = (
    "add", "subtract", "multiply", "divide", "floor_divide", "remainder", "power", "maximum", "minimum", "atan2",
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_xor",
    "bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "bitwise_right_shift",
    "copysign", "fmax", "fmin", "fmod", "gcd", "hypot", "lcm", "logaddexp", "logaddexp2", "nextafter",
)  # fmt: skip

#: verbs that act element by element, and broadcast, which SciPy carries out
SPECIAL = (
    "erfc", "erfcx", "erfinv", "ndtr", "ndtri", "log_ndtr", "lgamma", "digamma", "polygamma", "zeta", "gammainc", "gammaincc",
    "airy_ai", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "bessel_j0", "bessel_j1", "bessel_k0", "bessel_k0e",
    "bessel_k1", "bessel_k1e", "bessel_y0", "bessel_y1", "spherical_bessel_j", "chebyshev_t", "chebyshev_u", "chebyshev_v",
    "chebyshev_w", "hermite_h", "hermite_he", "laguerre_l", "legendre_p",
)  # fmt: skip

#: all that act element by element: `where` has three operands, `astype` one and a NumPy dtype
ELEMENTWISE = (*UNARY, *BINARY, "where", "astype")

#: (x, axis=None, keepdims=False): along some axes, given as None, one number or a tuple
REDUCTIONS = ("sum", "prod", "max", "min", "any", "all")

#: (x, axis=None, keepdims=False): along one axis, or over all elements
ARG_REDUCTIONS = ("argmax", "argmin")

#: the same elements in another arrangement: (x, shape), (x, axes) or (x, axis)
ARRANGEMENTS = ("reshape", "permute_dims", "expand_dims", "squeeze", "broadcast_to", "flip")

#: (arrays, axis=0)
JOINS = ("concat", "stack")

#: verbs that are algorithms rather than single steps of NumPy: each a function of the same name in `arrays/kernels/FAMILY.py`,
#: which is loaded when one of its verbs is first used
KERNELS: dict[str, tuple[str, ...]] = {
    "pooling": ("max_pool", "fractional_max_pool", "plane_gather", "plane_add", "plane_put"),
    "resampling": ("resample", "sample_taps", "spread_taps", "match_taps"),
    "convolution": ("conv", "conv_input", "conv_weight", "im2col", "col2im", "constant_pad"),
    "fft": ("fft_c2c", "fft_r2c", "fft_c2r"),
    "layout": ("diagonal", "diagonal_embed", "windows", "strided"),
    "indexing": ("gather", "scatter", "scatter_add", "scatter_reduce", "index_select", "index_add", "index_reduce"),
    "ordering": ("argsort", "argtopk", "argkth", "argmedian", "argmode"),
    "scans": (
        "cumulative_sum", "cumulative_prod", "log_cumulative_sum_exp", "running_argmax", "running_argmin", "recurrence",
    ),
    "linalg": (
        "inv", "inv_ex", "solve", "solve_ex", "solve_triangular", "det", "slogdet", "cofactor", "cholesky", "cholesky_ex",
        "cholesky_solve", "lu_factor", "permutation", "ldl_factor", "ldl_solve", "qr", "qr_triangle", "geqrf", "svd",
        "svdvals", "eigh", "eigvalsh", "eig", "eigvals", "pinv", "lstsq", "matrix_exp", "phase_free",
    ),
    "recurrence": ("lstm", "lstm_backward", "gru", "gru_backward", "rnn", "rnn_backward"),
    "softmax": ("softmax", "log_softmax", "softmax_derivative", "log_softmax_vjp"),
    "attention": ("attention", "attention_vjp"),
    "normalisation": ("normalised", "normalised_vjp"),
    "activations": ("gelu", "gelu_vjp"),
    "pairs": ("as_pairs", "from_pairs"),
    "sets": ("isin",),
    "searching": ("searchsorted", "count_evenly"),
    "totals": ("bits_xored",),
    "sums": ("add_to_new",),
    "special": ("erf", *SPECIAL),
}  # fmt: skip

#: kernels whose operands are all matrices, in the last two axes, or numbers: they take stacks of them
STACKED = tuple(name for name in KERNELS["linalg"] if name not in ("ldl_solve", "permutation", "phase_free", "pinv"))

#: the verb behind each of Python's operators, by its special method
OPERATORS = {
    "__add__": "add", "__sub__": "subtract", "__mul__": "multiply", "__truediv__": "divide",
    "__floordiv__": "floor_divide", "__mod__": "remainder", "__pow__": "power", "__matmul__": "matmul",
    "__and__": "bitwise_and", "__or__": "bitwise_or", "__xor__": "bitwise_xor",
    "__lshift__": "bitwise_left_shift", "__rshift__": "bitwise_right_shift",
    "__eq__": "equal", "__ne__": "not_equal", "__lt__": "less", "__le__": "less_equal", "__gt__": "greater",
    "__ge__": "greater_equal", "__neg__": "negative", "__abs__": "abs", "__invert__": "bitwise_invert",
}  # fmt: skip
