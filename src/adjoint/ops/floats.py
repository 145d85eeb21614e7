"""Floating-point numbers and their parts: signs, exponents, neighbours, remainders, what is not finite."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.limits import finfo
from adjoint.core.statements import constant, elementwise, general
from adjoint.core.tensor import Tensor
from adjoint.ops.refusals import (
    has_no_derivative,
    has_no_tangent,
    is_complex,
    is_integral,
    is_narrow,
    refuse_division,
)
from adjoint.ops.results import named_result

_FractionAndExponent = named_result("frexp", "mantissa", "exponent")

# --- signs ---


@public()
def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Whether each element has a negative sign, as -0 has.

    >>> import adjoint as torch
    >>> torch.signbit(torch.tensor([-0.0, 0.0, 2.0]))
    tensor([ True, False, False])
    """
    if is_complex(input):
        raise RuntimeError("signbit is not implemented for complex tensors.")
    return _signbit(input, out=out)


_signbit = constant(
    "signbit",
    lambda xp, x: xp.copysign(1.0, x) < 0 if xp.numpy_dtype(x).kind in "fV" else x < 0,
    public=False,
)
_copysign = elementwise(
    "copysign",
    partials=(
        lambda xp, x, out: xp.where(x == 0, 0, out / xp.where(x == 0, 1, x)),
        lambda xp, y: xp.zeros_like(y),
    ),
    promotes="float",
    refuses="c",
    public=False,
)


@public(inplace=True)
def copysign(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The absolute value of `input` with the sign of `other`, a tensor or a number, element by element.

    >>> import adjoint as torch
    >>> torch.copysign(torch.tensor([1., -2.]), -0.0)
    tensor([-1., -2.])
    """
    if not isinstance(input, Tensor):
        raise invalid_combination("copysign", (input, other))
    return _copysign(input, other, out=out)


_heaviside = general(
    "heaviside",
    lambda xp, x, y: xp.where(x == 0, y, xp.astype(x > 0, xp.numpy_dtype(x))),
    vjp=(has_no_derivative("heaviside"), has_no_derivative("heaviside")),
    jvp=has_no_tangent("heaviside"),
    promotes="common",
    node="NotImplemented",
)


@public(inplace=True)
def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The unit step: 0 below 0, 1 above it, and `values` at it. It has no gradient.

    >>> import adjoint as torch
    >>> torch.heaviside(torch.tensor([-1., 0., 2.]), torch.tensor(0.5))
    tensor([0.0000, 0.5000, 1.0000])
    """
    input, values = require_tensors("heaviside", input, values, names=("input", "values"))
    if is_complex(input) or is_complex(values):
        raise RuntimeError("heaviside is not yet implemented for complex tensors.")
    if input.dtype is not values.dtype:
        raise RuntimeError(
            "heaviside is not yet implemented for tensors with different dtypes.\n"
            "Bring both to one type, as in values.to(input.dtype)."
        )
    return _heaviside(input, values, out=out)


# --- remainders with the sign of the dividend ---

_FMOD: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.fmod(x, y),
    "partials": (1, lambda xp, x, y: -xp.trunc(x / y)),
    "public": False,
}
_fmod = elementwise("fmod", **_FMOD, node="FmodBackward1")
_fmod_number = elementwise("fmod_number", **_FMOD, node="FmodBackward0")  # y is a number


@public(inplace=True)
def fmod(input: Tensor, other: Any, *, out: Tensor | None = None) -> Tensor:
    """The remainder of `input / other`, with the sign of `input`, as C's `fmod`; `remainder` is Python's `%`.

    >>> import adjoint as torch
    >>> torch.fmod(torch.tensor([-3., 3.]), 2)
    tensor([-1.,  1.])
    """
    if not isinstance(input, Tensor):
        raise invalid_combination("fmod", (input, other))
    refuse_division("fmod", input, other)
    return (_fmod if isinstance(other, Tensor) else _fmod_number)(input, other, out=out)


# --- the larger and the smaller, of which NaN is neither ---


def _kept(is_first: Callable[[Any, Any], Any]) -> dict[str, Any]:
    """The derivatives of a choice: all of the cotangent goes to the operand that is chosen."""

    def first(xp: Any, x: Any, y: Any) -> Any:
        return xp.logical_or(is_first(x, y), xp.isnan(y))

    return {
        "vjp": (
            lambda xp, g, x, y: xp.where(first(xp, x, y), g, 0),
            lambda xp, g, x, y: xp.where(first(xp, x, y), 0, g),
        ),
        "jvp": "diagonal",
        "promotes": "common",
    }


_fmax = general("fmax", lambda xp, x, y: xp.fmax(x, y), **_kept(lambda x, y: x >= y))
_fmin = general("fmin", lambda xp, x, y: xp.fmin(x, y), **_kept(lambda x, y: x <= y))


def _ordered(function: str, input: Any, other: Any) -> tuple[Tensor, ...]:
    operands = require_tensors(function, input, other)
    if any(map(is_complex, operands)):
        raise RuntimeError(f"{function} not implemented for complex tensors.\nCompare abs(), real or imag.")
    return operands


@public()
def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The larger of the two, element by element; beside NaN, the number.

    >>> import adjoint as torch
    >>> torch.fmax(torch.tensor([1., torch.nan]), torch.tensor([3., 2.]))
    tensor([3., 2.])
    """
    return _fmax(*_ordered("fmax", input, other), out=out)


@public()
def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The smaller of the two, element by element; beside NaN, the number.

    >>> import adjoint as torch
    >>> torch.fmin(torch.tensor([1., torch.nan]), torch.tensor([3., 2.]))
    tensor([1., 2.])
    """
    return _fmin(*_ordered("fmin", input, other), out=out)


# --- mantissas, exponents, neighbours ---


_nextafter = general(
    "nextafter",
    lambda xp, x, y: xp.nextafter(x, y),
    vjp=(lambda xp, g, x, y: xp.where(x == y, 0, g), lambda xp, g: xp.zeros_like(g)),
    jvp="diagonal",
    promotes="common",
    refuses="biuc",
)
#: for types of 16 bits, which the records that have derivatives compute in 32, where the next number is another one
_nextafter_narrow = constant("nextafter_narrow", lambda xp, x, y: xp.nextafter(x, y), public=False)
_ldexp = elementwise(
    "ldexp",
    lambda xp, x, y: x * 2.0**y,
    partials=(lambda xp, y: 2.0**y, lambda xp, out: out * math.log(2)),
    promotes="float",
    public=False,
)


def _shifted(xp: Any, x: Any, exponent: Any) -> Any:
    """`x / 2**exponent`, in the type of `x`."""
    return x * xp.astype(2.0**-exponent, xp.numpy_dtype(x))


_frexp = general(
    "frexp",
    lambda xp, x: xp.frexp(x),
    vjp=lambda xp, g, exponent: _shifted(xp, g, exponent),
    jvp=lambda xp, tangents, exponent: (_shifted(xp, tangents[0], exponent), None),
    outputs=("mantissa", "exponent"),
    differentiable_outputs=1,
    promotes="common",
)


@public(inplace=True)
def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The floating-point number next to `input` in the direction of `other`, element by element.

    >>> import adjoint as torch
    >>> torch.nextafter(torch.tensor([1.]), torch.tensor([2.])) > 1
    tensor([True])
    """
    operands = require_tensors("nextafter", input, other)
    return (_nextafter_narrow if is_narrow(*operands) else _nextafter)(*operands, out=out)


@public(inplace=True)
def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """`input * 2**other`, element by element.

    >>> import adjoint as torch
    >>> torch.ldexp(torch.tensor([1.5]), torch.tensor([3]))
    tensor([12.])
    """
    return _ldexp(*require_tensors("ldexp", input, other), out=out)


@public()
def frexp(input: Tensor, *, out: Any = None) -> Any:
    """Each element as `mantissa * 2**exponent`, with a mantissa of at least 1/2 and less than 1.

    >>> import adjoint as torch
    >>> torch.frexp(torch.tensor([12.]))
    torch.return_types.frexp(
    mantissa=tensor([0.7500]),
    exponent=tensor([4], dtype=torch.int32))
    """
    (input,) = require_tensors("frexp", input)
    if not input.is_floating_point():
        raise RuntimeError("torch.frexp() only supports floating-point dtypes\nCast the tensor first, as in x.float().")
    pair = _FractionAndExponent(_frexp(input))
    return pair if out is None else write_out(out, pair)


# --- what is not finite ---


def _replaced(xp: Any, x: Any, nan: float, posinf: float, neginf: float) -> Any:
    x = xp.where(xp.isnan(x), nan, x)
    return xp.where(x == math.inf, posinf, xp.where(x == -math.inf, neginf, x))


def _finite(xp: Any, x: Any, *, nan: float, posinf: float, neginf: float) -> Any:
    if xp.numpy_dtype(x).kind != "c":
        return _replaced(xp, x, nan, posinf, neginf)
    real, imag = (_replaced(xp, part, nan, posinf, neginf) for part in (xp.real(x), xp.imag(x)))
    return real + 1j * imag


_nan_to_num = elementwise("nan_to_num", _finite, gate=lambda xp, x: xp.isfinite(x), public=False)


@public(inplace=True)
def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """The tensor with numbers in place of NaN and infinities: by default 0, and the largest and least of its type.

    >>> import adjoint as torch
    >>> torch.nan_to_num(torch.tensor([torch.nan, torch.inf, 1.]), posinf=5)
    tensor([0., 5., 1.])
    """
    (input,) = require_tensors("nan_to_num", input)
    if is_integral(input):
        result = input.clone()
    else:
        limits = finfo(input.dtype)
        result = _nan_to_num(
            input,
            nan=0.0 if nan is None else nan,
            posinf=limits.max if posinf is None else posinf,
            neginf=limits.min if neginf is None else neginf,
        )
    return result if out is None else write_out(out, result)
