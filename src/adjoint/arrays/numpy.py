"""The verbs, carried out by NumPy at once.

0-d results are NumPy scalars, on which NumPy computes several times faster than on 0-d arrays. Python's own operators
are the fastest way into NumPy's arithmetic, so the verbs of arithmetic are those.
"""

from __future__ import annotations

import builtins
import math
import operator
import warnings
from functools import lru_cache
from importlib import import_module
from typing import Any

import ml_dtypes
import numpy as np
from numpy.lib.stride_tricks import as_strided

from adjoint.arrays.verbs import KERNELS

# Overflow, division by zero and NaN are results here, as in PyTorch, not events. One filter for the modules in which
# NumPy computes on our behalf costs nothing per operation; a context around each would cost as much as the operation.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"adjoint\.")

# glibc gives memory back to the system the moment that a few megabytes at the end of its heap are free, and pays for it
# anew, page by page, with the next array: several times what computing on it costs. The size of the largest block that
# was ever freed tells it where to stop doing so; this one is never touched, so it costs nothing. Elsewhere it is idle.
np.empty((32 << 20) - (64 << 10), np.uint8)

_SCALARS: frozenset[Any] = frozenset(
    {np.float32, np.float64}
)  # on which Python's comparisons are far quicker than NumPy's functions

_NUMBERS: frozenset[Any] = frozenset({bool, int, float})
_LARGE = 4096  # elements from which on a way that costs more calls and fewer cycles is quicker
_SHORT, _PART = 16, 1024  # rows that a product with ones is worth its call for, and elements of one in a long sum
_LEADING = tuple(range(64))  # as many axes as NumPy has

Array = Any  # np.ndarray, or a NumPy scalar in place of a 0-d array

negative = operator.neg
add = operator.add
subtract = operator.sub
multiply = operator.mul
divide = operator.truediv
floor_divide = operator.floordiv
power = operator.pow
equal = operator.eq
not_equal = operator.ne
less = operator.lt
less_equal = operator.le
greater = operator.gt
greater_equal = operator.ge
bitwise_and, bitwise_or, bitwise_xor, bitwise_invert = operator.and_, operator.or_, operator.xor, operator.invert
bitwise_left_shift, bitwise_right_shift = operator.lshift, operator.rshift

exp, expm1, log, log1p, log2, log10 = np.exp, np.expm1, np.log, np.log1p, np.log2, np.log10
sqrt, square, reciprocal = np.sqrt, np.square, np.reciprocal
sin, cos, tan, asin, acos, atan = np.sin, np.cos, np.tan, np.asin, np.acos, np.atan
sinh, cosh, tanh, asinh, acosh, atanh = np.sinh, np.cosh, np.tanh, np.asinh, np.acosh, np.atanh
floor, ceil, trunc, round = np.floor, np.ceil, np.trunc, np.round
isnan, isinf, isfinite = np.isnan, np.isinf, np.isfinite
logical_not, logical_and, logical_or, logical_xor = np.logical_not, np.logical_and, np.logical_or, np.logical_xor
atan2 = np.atan2
copysign, fmax, fmin, fmod, nextafter = np.copysign, np.fmax, np.fmin, np.fmod, np.nextafter
hypot, logaddexp2, gcd, lcm, frexp = np.hypot, np.logaddexp2, np.gcd, np.lcm, np.frexp
real, imag = np.real, np.imag
abs = operator.abs
conj = operator.methodcaller("conjugate")  # a real array is its own conjugate, and is not copied
permute_dims, expand_dims, squeeze, flip = (
    np.permute_dims,
    np.expand_dims,
    np.squeeze,
    np.flip,
)
zeros, ones, full = np.zeros, np.ones, np.full
argmax, argmin = np.argmax, np.argmin
any, all = np.any, np.all


#: the types of 8 bits
EIGHT_BITS = frozenset(
    np.dtype(getattr(ml_dtypes, f"float8_{name}")) for name in ("e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e8m0fnu")
)


def astype(x: Array, dtype: np.dtype) -> Array:
    return x.astype(dtype) if dtype not in EIGHT_BITS or x.dtype == dtype else _to_eight_bits(x, np.dtype(dtype))


def _to_eight_bits(x: Array, dtype: np.dtype) -> Array:
    """Casts in which PyTorch goes another way than NumPy: what is too large for e4m3fn becomes its largest number, and
    e8m0fnu, which has neither signs nor 0, takes magnitudes, and its smallest number for 0."""
    x = x.real.astype(np.float32) if x.dtype != np.float64 else x
    if dtype == ml_dtypes.float8_e4m3fn:
        x = np.clip(x, -448, 448)
    elif dtype == ml_dtypes.float8_e8m0fnu:
        x = np.maximum(np.abs(x), 2.0**-127)
    return x.astype(dtype)


def where(condition: Array, x: Array, y: Array) -> Array:
    if condition.__class__ is np.bool_ and x.__class__ in _SCALARS and y.__class__ is int:
        return x if condition else x.dtype.type(y)
    if condition.__class__ is np.ndarray and condition.size >= _LARGE and condition.flags.c_contiguous:
        like = y if x.__class__ in _NUMBERS else x
        if _fits(condition, x, like) and _fits(condition, y, like):
            return _blended(condition, x, y, like.dtype)
    result = np.where(condition, x, y)
    return result if result.ndim else result[()]


def _fits(condition: Array, x: Array, like: Array) -> bool:
    """Whether `x`, beside an array `like` it, can be picked by its bits: a number, or as many numbers of one type."""
    if x.__class__ in _NUMBERS:
        return like.__class__ is np.ndarray and like.dtype.type in _SCALARS
    return (
        x.__class__ is np.ndarray
        and x.dtype.type in _SCALARS
        and x.dtype == like.dtype
        and x.shape == condition.shape
        and x.flags.c_contiguous
    )


def _blended(condition: Array, x: Array, y: Array, dtype: np.dtype) -> Array:
    """`np.where` by way of the bits, without branches, which cost several times as much where they cannot be foretold."""
    bits = np.dtype(f"i{dtype.itemsize}")
    mask = np.negative(condition.view(np.int8)).astype(bits)  # all bits of an element, or none
    x, y = (np.asarray(each, dtype).view(bits) for each in (x, y))
    if y.ndim or y != 0:
        np.bitwise_and(x ^ y, mask, out=mask)
        return np.bitwise_xor(mask, y, out=mask).view(dtype)
    return np.bitwise_and(mask, x, out=mask).view(dtype)


def sign(x: Array) -> Array:
    """-1, 0 or 1, and 0 for NaN; a complex number divided by its absolute value."""
    if x.dtype.kind == "c":
        return np.sign(x)
    return x.copy() if x.dtype.kind == "b" else np.subtract(x > 0, x < 0, dtype=x.dtype)


def remainder(x: Array, y: Array) -> Array:
    """The remainder with the sign of `y`; where it is zero, with that of `x`."""
    result = np.remainder(x, y)
    return result if result.dtype.kind in "biu" else np.where(result == 0, np.copysign(result, x), result)[()]


def logaddexp(x: Array, y: Array) -> Array:
    """`log(exp(x) + exp(y))`, without overflow on the way."""
    if np.result_type(x, y).kind != "c":
        return np.logaddexp(x, y)
    swapped = x.real < y.real
    high, low = np.where(swapped, y, x), np.where(swapped, x, y)
    return np.where(x == y, x + np.log(2), high + np.log1p(np.exp(low - high)))[()]


def matmul(x: Array, y: Array) -> Array:
    result = x @ y
    return result if x.dtype.kind != "V" else result.astype(x.dtype)  # NumPy gives float32 for bfloat16


def maximum(x: Array, y: Array) -> Array:
    if x.__class__ in _SCALARS and (y.__class__ is float or y.__class__ is int):
        return x if x >= y or x != x else x.dtype.type(y)  # NaN stays
    if y.__class__ in _NUMBERS and x.size >= _LARGE and x.dtype.type in _SCALARS:
        y = np.full_like(x, y)  # NumPy takes several times as long beside a number
        return np.maximum(x, y, out=y)
    return np.maximum(x, y)


def minimum(x: Array, y: Array) -> Array:
    if x.__class__ in _SCALARS and (y.__class__ is float or y.__class__ is int):
        return x if x <= y or x != x else x.dtype.type(y)
    if y.__class__ in _NUMBERS and x.size >= _LARGE and x.dtype.type in _SCALARS:
        y = np.full_like(x, y)  # NumPy takes several times as long beside a number
        return np.minimum(x, y, out=y)
    return np.minimum(x, y)


def sigmoid(x: Array) -> Array:
    result = -x
    if result.__class__ is not np.ndarray:
        denominator = np.exp(result) + 1
        return 1 / denominator if denominator.__class__ in _SCALARS else np.reciprocal(denominator)
    np.exp(result, out=result)
    result += 1
    return np.reciprocal(result, out=result)


def sum(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    if x.size >= _LARGE and x.dtype.type in _SCALARS and x.flags.c_contiguous:
        if axis is None:
            total = _total(x.reshape(-1))
            return total.reshape((1,) * x.ndim) if keepdims else total
        axes = axis if axis.__class__ is tuple else (axis,)
        shape, last = x.shape, x.ndim - 1
        if axes in ((-1,), (last,)) and 1 < shape[-1] <= _LARGE:
            totals = (x.reshape(-1, shape[-1]) @ _ones(shape[-1], x.dtype.char)).reshape(shape[:-1])
            return totals[..., None] if keepdims else totals
        lead, count = len(axes), math.prod(shape[: len(axes)])
        if axes == _LEADING[:lead] and lead <= last and count >= _SHORT and not keepdims:
            return (np.ones(count, x.dtype) @ x.reshape(count, -1)).reshape(shape[lead:])
    return np.add.reduce(x, axis, x.dtype, None, keepdims)


@lru_cache(maxsize=64)
def _ones(count: int, dtype: str) -> np.ndarray:
    return np.ones(count, dtype)


def _total(x: np.ndarray) -> Array:
    """The sum of a vector, by products with ones, which BLAS forms at twice the speed of NumPy's sums.

    A product keeps several partial sums; as it is of a part of the vector only, the error stays that of pairwise sums.
    """
    whole = len(x) // _PART * _PART
    parts = np.vecdot(x[:whole].reshape(-1, _PART), _ones(_PART, x.dtype.char))
    return np.add.reduce(parts) + np.add.reduce(x[whole:])


def prod(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return np.multiply.reduce(x, axis, x.dtype, None, keepdims)


def max(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


def min(x: Array, axis: Any = None, keepdims: bool = False) -> Array:
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims)


def broadcast_to(x: Array, shape: tuple[int, ...]) -> Array:
    """`x` repeated to a shape, without copies; several times faster than NumPy's own for the common cases."""
    have = x.shape
    if have == shape:
        return x
    array = np.asarray(x)
    if not have:
        return np.ndarray(shape, array.dtype, array, 0, (0,) * len(shape))
    lead = len(shape) - len(have)
    steps = zip(array.shape, array.strides, shape[lead:], strict=True)
    strides = (0,) * lead + tuple(0 if size == 1 != wanted else stride for size, stride, wanted in steps)
    return (
        np.ndarray(shape, array.dtype, array, 0, strides)
        if array.flags.c_contiguous
        else as_strided(array, shape, strides)
    )


def reshape(x: Array, shape: tuple[int, ...]) -> Array:
    return np.asarray(x).reshape(shape)


def concat(arrays: list[Array], axis: int = 0) -> Array:
    return np.concatenate(arrays, axis=axis)


def stack(arrays: list[Array], axis: int = 0) -> Array:
    return np.stack(arrays, axis=axis)


def getitem(x: Array, index: Any) -> Array:
    """`x[index]`, a view where NumPy gives one, also where a single element is picked; else new memory in C order."""
    if type(index) is not tuple:
        return x[index, ...]
    for part in index:
        if part.__class__ is np.ndarray:
            picked = x[index]
            return np.ascontiguousarray(picked) if picked.ndim else picked
    return x[(*index, ...)]


def place(values: Array, index: Any, shape: tuple[int, ...]) -> Array:
    """Zeros of the given shape with `values` added at `index`; what is indexed twice receives both."""
    result = np.zeros(shape, values.dtype)
    parts = index if type(index) is tuple else (index,)
    pickers = [part for part in parts if isinstance(part, np.ndarray | list)]
    masks = [isinstance(part, np.ndarray) and part.dtype.kind == "b" for part in pickers]
    if builtins.all(masks):
        result[index] = values  # truth values pick nothing twice
    else:  # one vector of places in memory is quicker to follow than an array of indices for each axis
        alone = len(parts) == len(pickers) == len(shape) and not builtins.any(masks)
        places = _places(parts, shape) if alone else np.arange(result.size).reshape(shape)[index]
        np.add.at(result.reshape(-1), places.reshape(-1), np.broadcast_to(values, places.shape).reshape(-1))
    return result


def _places(index: tuple, shape: tuple[int, ...]) -> Array:
    """Where the elements that arrays of integers, one for each axis, pick stand in memory."""
    return np.ravel_multi_index(np.broadcast_arrays(*index), shape, mode="wrap")


def zeros_like(x: Array) -> Array:
    return np.zeros_like(x) if x.shape else x.dtype.type(0)


def ones_like(x: Array) -> Array:
    return np.ones_like(x) if x.shape else x.dtype.type(1)


def numpy_dtype(x: Array) -> np.dtype:
    return x.dtype


def asarray(x: np.ndarray) -> Array:
    """A NumPy array as an array of this namespace."""
    return x


def in_order(x: Array) -> bool:
    """Whether the dimensions follow each other in memory as in C order, though maybe with gaps between elements."""
    if isinstance(x, np.generic) or x.flags.c_contiguous:
        return True
    steps = [step for size, step in zip(x.shape, x.strides, strict=True) if size != 1]
    return steps == sorted(steps, reverse=True)


def copy(x: Array) -> Array:
    """New memory without gaps, in the order of the old; in C order where elements of the old are repeated."""
    return x.copy(_order(x)) if isinstance(x, np.ndarray) else x.copy()  # type: ignore[arg-type]


def full_like(x: Array, value: Any) -> Array:
    return np.full_like(x, value, order=_order(x)) if isinstance(x, np.ndarray) else x.dtype.type(value)


def _order(x: np.ndarray) -> str:
    return "C" if 0 in x.strides else "K"


def put(x: Array, index: Any, values: Array) -> Array:
    """A copy of `x` with `values` at `index`."""
    result = x.copy()
    result[index] = values
    return result


def write(target: np.ndarray, values: Array) -> None:
    """Set the elements of an array, in its own memory."""
    if (
        target.size
        and 0 in target.strides
        and builtins.any(step == 0 < size - 1 for step, size in zip(target.strides, target.shape))
    ):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
            "Please clone() the tensor before performing the operation."
        )
    np.copyto(target, values, casting="unsafe")


_KERNEL_FAMILY = {name: family for family, names in KERNELS.items() for name in names}


def __getattr__(verb: str) -> Any:
    """A verb that a kernel carries out."""
    family = _KERNEL_FAMILY.get(verb)
    if family is None:
        raise AttributeError(f"module {__name__!r} has no attribute {verb!r}", name=verb)
    kernel = globals()[verb] = getattr(import_module(f"adjoint.arrays.kernels.{family}"), verb)
    return kernel
