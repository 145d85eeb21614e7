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
    "special": ("erf",),
}

#: the verb behind each of Python's operators, by its special method
OPERATORS = {
    "__add__": "add", "__sub__": "subtract", "__mul__": "multiply", "__truediv__": "divide",
    "__floordiv__": "floor_divide", "__mod__": "remainder", "__pow__": "power", "__matmul__": "matmul",
    "__and__": "bitwise_and", "__or__": "bitwise_or", "__xor__": "bitwise_xor",
    "__lshift__": "bitwise_left_shift", "__rshift__": "bitwise_right_shift",
    "__eq__": "equal", "__ne__": "not_equal", "__lt__": "less", "__le__": "less_equal", "__gt__": "greater",
    "__ge__": "greater_equal", "__neg__": "negative", "__abs__": "abs", "__invert__": "bitwise_invert",
}  # fmt: skip
