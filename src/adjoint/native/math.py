"""exp, log, sin, cos, tanh, erf ... as straight-line code without branches, which runs on all lanes at once.

Each function reduces its argument to a small interval and evaluates a polynomial there, whose coefficients minimise the
largest relative error of the whole function. Results are within 2.5 units in the last place over the whole range (tan in
float64: 3.5); subnormal numbers, infinities, NaN and the sign of zero come out as NumPy's. The rarer functions take
float32 through float64, and are then all but correctly rounded.

The one branch: arguments of sin, cos and tan beyond `ANGLE_LIMIT` need more digits of pi than the fast reduction
carries. When a lane holds one, the C library computes that step of the loop.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.lazy import lazy
from adjoint.native.coefficients import (
    ASIN,
    ATAN,
    COS,
    ERF,
    ERF_IS_ONE,
    ERFC,
    EXP,
    F32,
    F64,
    LOG_F32,
    LOG_F64,
    LOG_TAIL,
    SIN,
)
from adjoint.native.lanes import Code, Lanes, ir_type

__all__ = ["FUNCTIONS", "power"]

ir = lazy("llvmlite.ir", extra="compile")

I32 = np.dtype(np.int32)
BITS: dict[np.dtype, np.dtype] = {F32: I32, F64: np.dtype(np.int64)}  # the integers of the same size
MANTISSA_BITS = {F32: 23, F64: 52}
BIAS = {F32: 127, F64: 1023}
ROOT_HALF_BITS = {F32: 0x3F3504F3, F64: 0x3FE6A09E667F3BCD}  # of sqrt(1/2)
ANGLE_LIMIT = {F32: 2.0**17, F64: 2.0**30}

# Constants in several parts, each holding what the ones before lack.
LOG2 = {
    F32: (0.6931471824645996, -1.904654299957768e-09),
    F64: (0.6931471805599453, 2.3190468138462996e-17),
}
HALF_PI = {
    F32: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    F64: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33),
}
LOG2_E = (1.4426950408889634, 2.0355273740931033e-17)
LOG10_2 = (0.3010299956639812, -2.8037281277851704e-18)
THIRD = (0.3333333333333333, 1.850371707708594e-17)

Pair = tuple[Lanes, Lanes]  # a number as the sum of two, the second far smaller


def polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """The lowest power's coefficient comes first."""
    result = x.like(coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        result = result.fma(x, coefficient)
    return result


def clip_above(x: Lanes, limit: float) -> Lanes:
    return (x > limit).select(x.like(limit), x)  # so written, NaN stays NaN, and it is one instruction


def clip_below(x: Lanes, limit: float) -> Lanes:
    return (x < limit).select(x.like(limit), x)


def rint(x: Lanes) -> Lanes:
    return x.call("llvm.rint")


def sqrt(x: Lanes) -> Lanes:
    return x.call("llvm.sqrt")


def power_of_two(n: Lanes, dtype: np.dtype) -> Lanes:
    """2**n for integers n of `BITS[dtype]` within the normal exponents."""
    return ((n + BIAS[dtype]) << MANTISSA_BITS[dtype]).bits(dtype)


def scale(x: Lanes, n: Lanes) -> Lanes:
    """x * 2**n for integral n, where the result may be subnormal or infinite."""
    n = n.astype(I32)
    if x.code.has_ldexp:
        return x.ldexp(n)
    half = n >> 1
    first, second = (power_of_two(k.astype(BITS[x.dtype]), x.dtype) for k in (half, n - half))
    return x * first * second


def in_float64(function: Callable[..., Lanes]) -> Callable[..., Lanes]:
    """Compute a float32 result in float64, and round it once."""

    def widened(*arguments: Lanes) -> Lanes:
        return function(*(a.astype(F64) for a in arguments)).astype(arguments[0].dtype)

    return widened


# Exponentials


def exp_reduced(x: Lanes) -> Pair:
    """(n, r) with x = n log(2) + r, |r| <= log(2)/2."""
    n = rint(x * LOG2_E[0])
    high, low = LOG2[x.dtype]
    return n, n.fma(-low, n.fma(-high, x))


def expm1_polynomial(r: Lanes) -> Lanes:
    return (r * r).fma(polynomial(r, EXP[r.dtype]), r)


def exp(x: Lanes) -> Lanes:
    low, high = {F32: (-105.0, 90.0), F64: (-747.0, 711.0)}[x.dtype]
    n, r = exp_reduced(clip_above(clip_below(x, low), high))
    return scale(expm1_polynomial(r) + 1.0, n)


def expm1(x: Lanes) -> Lanes:
    low, high = {F32: (-20.0, 89.0), F64: (-40.0, 710.0)}[x.dtype]
    n, r = exp_reduced(clip_above(clip_below(x, low), high))
    # Half of the result, as 2**n itself may overflow.
    half_power = power_of_two(n.astype(I32).astype(BITS[x.dtype]) - 1, x.dtype)
    result = half_power.fma(expm1_polynomial(r), half_power - 0.5) * 2.0
    return (x == 0.0).select(x, result)


def sigmoid(x: Lanes) -> Lanes:
    decay = exp(-abs(x))
    return (x < 0.0).select(decay, 1.0) / (decay + 1.0)


def tanh(x: Lanes) -> Lanes:
    growth = expm1(clip_above(abs(x), {F32: 10.0, F64: 20.0}[x.dtype]) * 2.0)
    return (growth / (growth + 2.0)).copysign(x)


def sinh(x: Lanes) -> Lanes:
    size = abs(x)
    growth = expm1(clip_above(size, 40.0))
    small = (growth + growth / (growth + 1.0)) * 0.5
    return (size > 40.0).select(half_exp(size), small).copysign(x)


def cosh(x: Lanes) -> Lanes:
    half = half_exp(abs(x))
    return half + 0.25 / half


def half_exp(x: Lanes) -> Lanes:
    """exp(x) / 2, which is finite a little longer than exp(x)."""
    n, r = exp_reduced(clip_above(x, 712.0))
    return scale(expm1_polynomial(r) + 1.0, n - 1.0)


def erf(x: Lanes) -> Lanes:
    size = abs(x)
    small = size.fma(polynomial(size * size, ERF[x.dtype]), size)
    tail = exp(-polynomial(clip_above(size, ERF_IS_ONE[x.dtype]), ERFC[x.dtype]))
    return (size < 1.0).select(small, 1.0 - tail).copysign(x)


# Logarithms


def log_reduced(x: Lanes) -> Pair:
    """(e, m) with x = m 2**e, sqrt(1/2) <= m < sqrt(2), for positive finite x."""
    dtype, shift = x.dtype, MANTISSA_BITS[x.dtype]
    subnormal = x < float(np.finfo(dtype).tiny)
    bits = subnormal.select(x * 2.0**shift, x).bits(BITS[dtype])
    e = (bits - ROOT_HALF_BITS[dtype]) >> shift
    m = (bits - (e << shift)).bits(dtype)
    return e.astype(I32).astype(dtype) - subnormal.select(x.like(float(shift)), 0.0), m


def log_special(x: Lanes, result: Lanes) -> Lanes:
    """`result`, but what a logarithm is at and below 0, at infinity and at NaN."""
    finite = (x < math.inf).select(result, x)
    return (x > 0.0).select(finite, (x == 0.0).select(x.like(-math.inf), math.nan))


def log_sum(f: Lanes, e: Lanes) -> Lanes:
    """log(1 + f) + e log(2)."""
    high, low = LOG2[f.dtype]
    square = f * f
    if f.dtype == F32:
        rest = square.fma(-0.5, e.fma(low, f * square * polynomial(f, LOG_F32)))
        return e.fma(high, f + rest)
    s = f / (f + 2.0)
    half, z = square * 0.5, s * s
    rest = s.fma(half + z * polynomial(z, LOG_F64), e * low)
    return e.fma(high, f - (half - rest))


def log(x: Lanes) -> Lanes:
    e, m = log_reduced(x)
    return log_special(x, log_sum(m - 1.0, e))


def log1p(x: Lanes) -> Lanes:
    total = x + 1.0
    carried = total - 1.0
    lost = (1.0 - (total - carried)) + (x - carried)  # total + lost is 1 + x exactly
    e, m = log_reduced(total)
    # What was lost matters while e is small only, and 2**-e is a normal number there.
    small = clip_above(e, 100.0)
    f = (m - 1.0) + lost * power_of_two((-small).astype(I32).astype(BITS[x.dtype]), x.dtype)
    return (x == 0.0).select(x, log_special(total, log_sum(f, e)))


def log2_pair(x: Lanes) -> Pair:
    """log2(x) for positive finite x in float64, to about 65 bits."""
    e, m = log_reduced(x)
    high, low = pair_times(log_pair(m - 1.0), LOG2_E)
    total = e + high
    return total, (high - (total - e)) + low


def log_pair(f: Lanes) -> Pair:
    """log(1 + f), 1 + f between sqrt(1/2) and sqrt(2), in float64 to about 65 bits: 2s (1 + z/3 + z**2 Q(z))."""
    divisor = f + 2.0
    s = f / divisor
    s_low = ((-s).fma(divisor, f) - s * (f - (divisor - 2.0))) / divisor
    z = s * s
    z_low = s.fma(s, -z) + 2.0 * s * s_low
    third, third_low = pair_times((z, z_low), THIRD)
    tail = z * z * polynomial(z, LOG_TAIL)
    u = third + tail
    u_low = (tail - (u - third)) + third_low
    product = s * u
    product_low = s.fma(u, -product) + (s * u_low + s_low * u)
    total = s + product
    return 2.0 * total, 2.0 * ((product - (total - s)) + (product_low + s_low))


def pair_times(x: Pair, factor: tuple[float, float]) -> Pair:
    high, low = x
    product = high * factor[0]
    return product, high.fma(factor[0], -product) + (high * factor[1] + low * factor[0])


def log2(x: Lanes) -> Lanes:
    high, low = log2_pair(x)
    return log_special(x, high + low)


def log10(x: Lanes) -> Lanes:
    high, low = pair_times(log2_pair(x), LOG10_2)
    return log_special(x, high + low)


def asinh(x: Lanes) -> Lanes:
    size = abs(x)
    large = size > 2.0**28
    square = size * size
    small = log1p(size + square / (sqrt(square + 1.0) + 1.0))
    return large.select(log(size) + math.log(2.0), small).copysign(x)


def acosh(x: Lanes) -> Lanes:
    t = x - 1.0
    small = log1p(t + sqrt(t * (t + 2.0)))
    result = (x > 2.0**28).select(log(x) + math.log(2.0), small)
    return (x < 1.0).select(x.like(math.nan), result)


def atanh(x: Lanes) -> Lanes:
    size = abs(x)
    return (log1p(2.0 * size / (1.0 - size)) * 0.5).copysign(x)


# Trigonometry


def angle_reduced(x: Lanes) -> Pair:
    """(r, q) with x = q pi/2 + r, |r| <= pi/4 or slightly more, and q of 32-bit integers."""
    quarter = rint(x * (2.0 / math.pi))
    r = x
    for part in HALF_PI[x.dtype]:
        r = quarter.fma(-part, r)
    r = (quarter == 0.0).select(x, r)  # keeps the sign of 0
    return r, quarter.astype(I32)


def sin_polynomial(r: Lanes, square: Lanes) -> Lanes:
    return (r * square).fma(polynomial(square, SIN[r.dtype]), r)


def cos_polynomial(square: Lanes) -> Lanes:
    return (square * square).fma(polynomial(square, COS[square.dtype]), square.fma(-0.5, 1.0))


def sin_and_cos(x: Lanes) -> Pair:
    r, quarter = angle_reduced(x)
    square = r * r
    sine, cosine = sin_polynomial(r, square), cos_polynomial(square)
    even = (quarter & 1) == 0
    integer = BITS[x.dtype]

    def with_sign(value: Lanes, quarter: Lanes) -> Lanes:
        sign = (quarter & 2).astype(integer) << (8 * integer.itemsize - 2)
        return (value.bits(integer) ^ sign).bits(x.dtype)

    return with_sign(even.select(sine, cosine), quarter), with_sign(even.select(cosine, sine), quarter + 1)


def tangent(x: Lanes) -> tuple[Lanes]:
    r, quarter = angle_reduced(x)
    square = r * r
    sine, cosine = sin_polynomial(r, square), cos_polynomial(square)
    even = (quarter & 1) == 0
    return (even.select(sine, -cosine) / even.select(cosine, sine),)


def any_angle(names: Sequence[str], fast: Callable[[Lanes], Sequence[Lanes]], x: Lanes) -> list[Lanes]:
    """`fast(x)`, but the C library's functions `names` when some lane holds an angle beyond `ANGLE_LIMIT`."""
    builder = x.code.builder
    beyond = (abs(x) > ANGLE_LIMIT[x.dtype]).any()
    quick = fast(x)
    start = builder.block
    with builder.if_then(beyond, likely=False):
        exact = [builder.call(library_loop(x.code, name, x.dtype), [x.value]) for name in names]
        slow = builder.block
    results = []
    for quick_value, exact_value in zip(quick, exact, strict=True):
        result = builder.phi(x.value.type)
        result.add_incoming(quick_value.value, start)
        result.add_incoming(exact_value, slow)
        results.append(x.code.wrap(result, x.dtype))
    return results


def library_loop(code: Code, name: str, dtype: np.dtype) -> Any:
    """A function that applies the C library's function of a double to each lane."""
    kind = ir_type(dtype, code.width)
    own_name = f"{name}_{dtype}_{code.width}"
    function = code.builder.module.globals.get(own_name)
    if function is not None:
        return function
    function = ir.Function(code.builder.module, ir.FunctionType(kind, [kind]), own_name)
    function.linkage = "internal"
    for attribute in ("noinline", "cold", "nounwind"):
        function.attributes.add(attribute)
    start, lanes, end = (function.append_basic_block(part) for part in ("start", "lanes", "end"))
    builder = ir.IRBuilder(start)
    element_type, index_type = ir_type(dtype), ir.IntType(32)
    place = builder.alloca(element_type, size=code.width)
    place.type = ir.PointerType()
    builder.store(function.args[0], place, align=dtype.itemsize)
    builder.branch(lanes)

    builder.position_at_end(lanes)
    scalar = Code(builder, 1)
    lane = builder.phi(index_type)
    element = builder.gep(place, [lane], source_etype=element_type)
    angle = scalar.wrap(builder.load(element, typ=element_type), dtype).astype(F64).value
    value = scalar.wrap(scalar.intrinsic(name, angle.type, angle), F64).astype(dtype)
    builder.store(value.value, element)
    following = builder.add(lane, index_type(1))
    lane.add_incoming(index_type(0), start)
    lane.add_incoming(following, lanes)
    builder.cbranch(builder.icmp_unsigned("<", following, index_type(code.width)), lanes, end)

    builder.position_at_end(end)
    builder.ret(builder.load(place, typ=kind, align=dtype.itemsize))
    return function


def wave(x: Lanes, which: int) -> Lanes:
    """sin (0) or cos (1). Both are written at the first request, and LLVM drops what stays unused."""
    return x.code.once(("wave", x.value), lambda: any_angle(("sin", "cos"), sin_and_cos, x))[which]


def sin(x: Lanes) -> Lanes:
    return wave(x, 0)


def cos(x: Lanes) -> Lanes:
    return wave(x, 1)


def tan(x: Lanes) -> Lanes:
    return any_angle(("tan",), tangent, x)[0]


def atan_unit(x: Lanes) -> Lanes:
    """atan(x) for 0 <= x <= 1."""
    square = x * x
    return (x * square).fma(polynomial(square, ATAN), x)


def atan(x: Lanes) -> Lanes:
    size = abs(x)
    large = size > 1.0
    angle = atan_unit(large.select(1.0 / size, size))
    return large.select(math.pi / 2 - angle, angle).copysign(x)


def atan2(y: Lanes, x: Lanes) -> Lanes:
    rise, run = abs(y), abs(x)
    steep = rise > run
    numerator, denominator = steep.select(run, rise), steep.select(rise, run)
    ratio = (denominator == 0.0).select(denominator, numerator / denominator)
    ratio = (numerator == math.inf).select(x.like(1.0), ratio)
    angle = atan_unit(ratio)
    angle = steep.select(math.pi / 2 - angle, angle)
    angle = (x.bits(BITS[x.dtype]) < 0).select(math.pi - angle, angle)
    return ((x != x) | (y != y)).select(x + y, angle.copysign(y))


def asin_parts(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """(whether |x| <= 1/2, asin(|x|) where it is, acos(|x|)/2 elsewhere)."""
    size = abs(x)
    small = size <= 0.5
    z = small.select(size * size, (1.0 - size) * 0.5)
    base = small.select(size, sqrt(z))
    angle = (base * z).fma(polynomial(z, ASIN), base)
    return small, angle, angle


def asin(x: Lanes) -> Lanes:
    small, angle, half = asin_parts(x)
    return small.select(angle, math.pi / 2 - 2.0 * half).copysign(x)


def acos(x: Lanes) -> Lanes:
    small, angle, half = asin_parts(x)
    near_zero = math.pi / 2 - angle.copysign(x)
    return small.select(near_zero, (x < 0.0).select(math.pi - 2.0 * half, 2.0 * half))


# Powers


def power(x: Lanes, y: Lanes) -> Lanes:
    """x**y in float64, with the special cases of C's pow."""
    size = abs(x)
    high, low = log2_pair(size)
    high = (size == 0.0).select(x.like(-math.inf), (size == math.inf).select(size, high))
    exponent = y * high
    rest = y.fma(high, -exponent) + y * low
    bounded = abs(exponent) < 1100.0
    exponent = clip_above(clip_below(exponent, -1100.0), 1100.0)
    n = rint(exponent)
    r = ((exponent - n) + bounded.select(rest, 0.0)) * math.log(2.0)
    result = scale(expm1_polynomial(r) + 1.0, n)
    result = (size == 1.0).select(size, result)

    whole, half = rint(y) == y, y * 0.5
    odd = whole & (rint(half) != half)
    negative = (x < 0.0) & (x > -math.inf) & ~whole
    result = negative.select(x.like(math.nan), odd.select(result.copysign(x), result))
    result = ((x != x) | (y != y)).select(x + y, result)
    return ((x == 1.0) | (y == 0.0)).select(x.like(1.0), result)


# The verbs of one or two floating-point operands that are computed here.
FUNCTIONS: dict[str, Callable[..., Lanes]] = {
    "exp": exp,
    "expm1": expm1,
    "log": log,
    "log1p": log1p,
    "sin": sin,
    "cos": cos,
    "tanh": tanh,
    "erf": erf,
    "sigmoid": sigmoid,
    "sqrt": sqrt,
    "log2": in_float64(log2),
    "log10": in_float64(log10),
    "tan": in_float64(tan),
    "asin": in_float64(asin),
    "acos": in_float64(acos),
    "atan": in_float64(atan),
    "sinh": in_float64(sinh),
    "cosh": in_float64(cosh),
    "asinh": in_float64(asinh),
    "acosh": in_float64(acosh),
    "atanh": in_float64(atanh),
    "atan2": in_float64(atan2),
    "power": in_float64(power),
}
