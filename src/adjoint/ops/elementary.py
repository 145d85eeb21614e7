"""Elementary functions of one and several operands, made of exponentials, logarithms, powers and products."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.dtypes import complex128, float64, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import elementwise
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import clamp
from adjoint.ops.conversion import to_dtype
from adjoint.ops.pointwise import log
from adjoint.ops.powers import pow
from adjoint.ops.refusals import is_complex, is_integral, is_narrow

_LOG_2 = math.log(2)

# --- angles ---

deg2rad = elementwise(
    "deg2rad",
    lambda xp, x: x * (math.pi / 180),
    partial=lambda xp: math.pi / 180,
    promotes="float",
    refuses="c",
    node="Deg2RadBackward0",
    doc="Angles in degrees, as radians.",
)
rad2deg = elementwise(
    "rad2deg",
    lambda xp, x: x * (180 / math.pi),
    partial=lambda xp: 180 / math.pi,
    promotes="float",
    refuses="c",
    node="Rad2DegBackward0",
    doc="Angles in radians, as degrees.",
)


def _over_square(xp: Any, part: Any, x: Any, y: Any) -> Any:
    """A part of a point over the square of its distance from the origin, where it is 0."""
    square = x * x + y * y
    origin = square == 0
    return xp.where(origin, 0, part / xp.where(origin, 1, square))


_atan2 = elementwise(
    "atan2",
    partials=(lambda xp, x, y: _over_square(xp, y, x, y), lambda xp, x, y: _over_square(xp, -x, x, y)),
    promotes="float",
    refuses="c",
    public=False,
)
_hypot = elementwise(
    "hypot",
    partials=(lambda xp, x, out: x / out, lambda xp, y, out: y / out),
    refuses="biuc",
    public=False,
)


@public(aliases=("arctan2",), inplace=True)
def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle in radians, from -pi to pi, between the first axis and the point `(other, input)`.

    >>> import adjoint as torch
    >>> torch.atan2(torch.tensor([1., -1.]), torch.tensor([1., -1.]))
    tensor([ 0.7854, -2.3562])
    """
    return _atan2(*require_tensors("atan2", input, other), out=out)


@public(inplace=True)
def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`sqrt(input**2 + other**2)`, element by element, without overflow on the way.

    >>> import adjoint as torch
    >>> torch.hypot(torch.tensor([3.]), torch.tensor([4.]))
    tensor([5.])
    """
    return _hypot(*require_tensors("hypot", input, other), out=out)


# --- sums of exponentials ---

_logaddexp = elementwise(
    "logaddexp",
    partials=(lambda xp, x, y: xp.sigmoid(x - y), lambda xp, x, y: xp.sigmoid(y - x)),
    refuses="biu",
    public=False,
)
_logaddexp2 = elementwise(
    "logaddexp2",
    partials=(
        lambda xp, x, y: xp.sigmoid((x - y) * _LOG_2),
        lambda xp, x, y: xp.sigmoid((y - x) * _LOG_2),
    ),
    refuses="biuc",
    public=False,
)


@public()
def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`log(exp(input) + exp(other))`, element by element, without overflow on the way.

    >>> import adjoint as torch
    >>> torch.logaddexp(torch.tensor([1000.]), torch.tensor([0.]))
    tensor([1000.])
    """
    return _logaddexp(*require_tensors("logaddexp", input, other), out=out)


@public()
def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`log2(2**input + 2**other)`, element by element, without overflow on the way.

    >>> import adjoint as torch
    >>> torch.logaddexp2(torch.tensor([3.]), torch.tensor([3.]))
    tensor([4.])
    """
    return _logaddexp2(*require_tensors("logaddexp2", input, other), out=out)


# --- products with logarithms, which are 0 where the factor is ---


def _product_with_log(log: Any, xp: Any, x: Any, y: Any) -> Any:
    """`x * log(y)`, which is 0 where `x` is, unless `y` is NaN."""
    y = y if hasattr(y, "dtype") else xp.full_like(x, y)
    none = xp.logical_and(x == 0, xp.logical_not(xp.isnan(y)))
    return xp.where(none, 0, x * log(xp.where(none, 1, y)))


def _log_factor(log: Any, xp: Any, x: Any, y: Any, edge: int) -> Any:
    """`log(y)`, but 0 where `x` is 0 and the logarithm infinite or none, at and below `edge`."""
    y = y if hasattr(y, "dtype") else xp.full_like(x, y)
    none = xp.logical_and(x == 0, y <= edge)
    return xp.where(none, 0, log(xp.where(none, 1, y)))


_xlogy = elementwise(
    "xlogy",
    lambda xp, x, y: _product_with_log(xp.log, xp, x, y),
    partials=(lambda xp, x, y: _log_factor(xp.log, xp, x, y, 0), lambda xp, x, y: x / y),
    promotes="float",
    refuses="c",
    public=False,
)
_xlog1py = elementwise(
    "xlog1py",
    lambda xp, x, y: _product_with_log(xp.log1p, xp, x, y),
    partials=(lambda xp, x, y: _log_factor(xp.log1p, xp, x, y, -1), lambda xp, x, y: x / (y + 1)),
    promotes="float",
    refuses="c",
    node="SpecialXlog1PyBackward0",
    public=False,
)


@public(inplace=True)
def xlogy(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input * log(other)`, element by element, which is 0 where `input` is; either may be a number.

    >>> import adjoint as torch
    >>> torch.xlogy(torch.tensor([0., 2.]), torch.tensor([0., 1.]))
    tensor([0., 0.])
    """
    return _xlogy(*_one_tensor("xlogy", input, other), out=out)


@public(module="special", method=False)
def xlog1py(input: Any, other: Any, *, out: Tensor | None = None) -> Tensor:
    """`input * log1p(other)`, element by element, which is 0 where `input` is; either may be a number.

    >>> import adjoint as torch
    >>> torch.special.xlog1py(torch.tensor([0., 2.]), torch.tensor([-1., 0.]))
    tensor([0., 0.])
    """
    return _xlog1py(*_one_tensor("special_xlog1py", input, other), out=out)


def _one_tensor(function: str, *operands: Any) -> tuple[Any, ...]:
    """The operands, tensors and numbers, of which one at least is a tensor."""
    if not any(isinstance(each, Tensor) for each in operands):
        raise invalid_combination(function, operands)
    return operands


# --- curves ---


def _sinc(xp: Any, x: Any) -> Any:
    angle = math.pi * xp.where(x == 0, 1, x)
    return xp.where(x == 0, 1, xp.sin(angle) / angle)


sinc = elementwise(
    "sinc",
    _sinc,
    partial=lambda xp, x: -math.pi * xp.spherical_bessel_j(math.pi * x, n=1),
    promotes="float",
    doc="`sin(pi x) / (pi x)` for each element, which is 1 at 0.",
)


def _logit(xp: Any, x: Any, *, eps: float | None) -> Any:
    if eps is not None:
        x = xp.minimum(xp.maximum(x, eps), 1 - eps)
    return xp.log(x / (1 - x))


def _logit_partial(xp: Any, x: Any, *, eps: float | None) -> Any:
    """NaN where the function is; with `eps`, 0 where it is held."""
    low, outside = (0, math.nan) if eps is None else (eps, 0)
    inside = xp.logical_and(x >= low, x <= 1 - low)
    held = xp.where(inside, x, 0.5)
    return xp.where(inside, 1 / (held * (1 - held)), outside)


_logit_record = elementwise("logit", _logit, partial=_logit_partial, promotes="float", refuses="c", public=False)


@public(inplace=True)
def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """`log(x / (1 - x))` for each element, the inverse of `sigmoid`; with `eps`, of `x` held between `eps` and `1 - eps`.

    >>> import adjoint as torch
    >>> torch.logit(torch.tensor([0.5, 1.0]), eps=0.01)
    tensor([0.0000, 4.5951])
    """
    if isinstance(input, Tensor) and is_narrow(input):
        held = input if eps is None else clamp(input, eps, 1 - eps)
        result = log(held / (1 - held))
        return result if out is None else write_out(out, result)
    return _logit_record(input, eps=eps, out=out)


# --- several operands ---

_LERP: dict[str, Any] = {
    "promotes": "common",
    "refuses": "biu",
    "public": False,
}


# From the nearer of both ends, so that each end is met exactly.


def _lerp_by_tensor(xp: Any, start: Any, end: Any, weight: Any) -> Any:
    step = end - start
    return xp.where(xp.abs(weight) < 0.5, start + weight * step, end - step * (1 - weight))


def _lerp_by_number(xp: Any, start: Any, end: Any, *, weight: complex) -> Any:
    step = end - start
    return start + weight * step if abs(weight) < 0.5 else end - step * (1 - weight)


_lerp_tensor = elementwise(
    "lerp_tensor",
    _lerp_by_tensor,
    partials=(
        lambda xp, weight: 1 - weight,
        lambda xp, weight: weight,
        lambda xp, start, end: end - start,
    ),
    node="LerpBackward1",
    **_LERP,
)
_lerp_number = elementwise(
    "lerp_number",
    _lerp_by_number,
    partials=(lambda xp, *, weight: 1 - weight, lambda xp, *, weight: weight),
    node="LerpBackward0",
    **_LERP,
)


@public(inplace=True)
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Tensor | None = None) -> Tensor:
    """The point between `input` and `end` that `weight`, a number or a tensor, says: `input + weight * (end - input)`.

    >>> import adjoint as torch
    >>> torch.lerp(torch.tensor([0., 10.]), torch.tensor([10., 20.]), 0.25)
    tensor([ 2.5000, 12.5000])
    """
    input, end = require_tensors("lerp", input, end, names=("input", "end"))
    for name, each in (("end", end), ("weight", weight)):
        if isinstance(each, Tensor) and each.dtype is not input.dtype:
            raise RuntimeError(
                f"expected dtype {input.dtype.name} for `{name}` but got dtype {each.dtype.name}\n"
                f"Bring both to one type, as in {name}.to(input.dtype)."
            )
    if isinstance(weight, Tensor):
        result = _lerp_tensor(input, end, weight)
    elif isinstance(weight, Number):
        result = _lerp_number(input, end, weight=weight)
    else:
        raise invalid_combination("lerp", (input, end, weight))
    return result if out is None else write_out(out, result)


_addcmul = elementwise(
    "addcmul",
    lambda xp, x, y, z, *, value: x + value * y * z,
    partials=(1, lambda xp, z, *, value: value * z, lambda xp, y, *, value: value * y),
    public=False,
)
_addcdiv = elementwise(
    "addcdiv",
    lambda xp, x, y, z, *, value: x + value * y / z,
    partials=(1, lambda xp, z, *, value: value / z, lambda xp, y, z, *, value: -value * y / z / z),
    public=False,
)


@public(inplace=True)
def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`input + value * tensor1 * tensor2`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.addcmul(torch.tensor([1.]), torch.tensor([2.]), torch.tensor([3.]), value=10)
    tensor([61.])
    """
    operands = require_tensors("addcmul", input, tensor1, tensor2, names=("input", "tensor1", "tensor2"))
    result = _addcmul(*operands, value=_factor(value, *operands))
    return result if out is None else write_out(out, result)


@public(inplace=True)
def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`input + value * tensor1 / tensor2`, element by element; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.addcdiv(torch.tensor([1.]), torch.tensor([2.]), torch.tensor([4.]), value=10)
    tensor([6.])
    """
    operands = require_tensors("addcdiv", input, tensor1, tensor2, names=("input", "tensor1", "tensor2"))
    if is_integral(tensor1) and is_integral(tensor2):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a true "
            "division of tensor1 and tensor2.\nMake one of them floating-point, as in tensor1.float()."
        )
    result = _addcdiv(*operands, value=value)
    return result if out is None else write_out(out, result)


def _factor(value: Any, *operands: Tensor) -> Any:
    """A factor of a product of integers is one itself."""
    if isinstance(value, float) and all(map(is_integral, operands)):
        if value != int(value):
            raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
        return int(value)
    return value


# --- powers in double precision ---


@public(inplace=True)
def float_power(input: Any, exponent: Any, *, out: Tensor | None = None) -> Tensor:
    """`input` to the power `exponent`, element by element, in float64 or complex128; either may be a number.

    >>> import adjoint as torch
    >>> torch.float_power(torch.tensor([2, 3]), 2)
    tensor([4., 9.], dtype=torch.float64)
    """
    operands = _one_tensor("float_power", input, exponent)
    dtype = complex128 if any(map(is_complex, operands)) else float64
    base, power = (to_dtype(each, dtype) if isinstance(each, Tensor) else each for each in operands)
    if out is not None and isinstance(out, Tensor) and out.dtype is not dtype:
        raise RuntimeError(
            f"the output given to float_power has dtype {scalar_type_name(out.dtype)} but the operation's result "
            f"requires dtype {scalar_type_name(dtype)}"
        )
    return pow(base, power if isinstance(power, Tensor) else _as_float(power), out=out)


def _as_float(number: Any) -> Any:
    return number if isinstance(number, complex) else float(number)
