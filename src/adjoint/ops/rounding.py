"""Signs, absolute values, and rounding."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import export, public
from adjoint.core.statements import elementwise, general
from adjoint.core.tensor import Tensor
from adjoint.ops.refusals import is_boolean, not_implemented_for, refuse_complex

# --- signs ---

_neg = elementwise("neg", partial=-1, verb="negative", public=False)
_abs = elementwise("abs", partial=lambda xp, x: xp.conj(xp.sign(x)), public=False, eight_bits=True)


def _sgn_rule(xp: Any, moving: Any, x: Any, out: Any) -> Any:
    """What is left of a change of a complex number when its length is held; both modes agree on it."""
    if xp.numpy_dtype(x).kind != "c":
        return xp.zeros_like(moving)
    length = xp.abs(x)
    turned = moving - out * xp.real(xp.conj(out) * moving)
    return xp.where(length == 0, 0, turned / xp.where(length == 0, 1, length))


_sgn = general("sgn", lambda xp, x: xp.sign(x), vjp=_sgn_rule, jvp="diagonal", promotes="common", verb="sign")


def _steps(name: str, forward: Any, **options: Any) -> Any:
    """An operation that is constant between its jumps: its derivative is zero wherever it has one."""
    return elementwise(name, forward, gate=lambda xp, x_shape: xp.zeros(x_shape, dtype=bool), public=False, **options)


_sign = _steps("sign_real", lambda xp, x: xp.sign(x), node="SignBackward0")
_floor = _steps("floor", lambda xp, x: xp.floor(x))
_ceil = _steps("ceil", lambda xp, x: xp.ceil(x))
_trunc = _steps("trunc", lambda xp, x: xp.trunc(x))
_round = _steps("round", lambda xp, x: xp.round(x))
_round_decimals = _steps("round_decimals", lambda xp, x, *, decimals: _rounded(xp, x, decimals), node="RoundBackward1")
frac = elementwise(
    "frac", lambda xp, x: x - xp.trunc(x), partial=1, doc="The part of each element that comes after the point."
)


def _rounded(xp: Any, x: Any, decimals: int) -> Any:
    power = 10.0 ** abs_of(decimals)
    return xp.round(x * power) / power if decimals >= 0 else xp.round(x / power) * power


abs_of = abs


@public(aliases=("negative",), inplace=True)
def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The negative of each element.

    >>> import adjoint as torch
    >>> torch.neg(torch.tensor([1., -2.]))
    tensor([-1.,  2.])
    """
    if is_boolean(input):
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the "
            "`~` or `logical_not()` operator instead."
        )
    return _neg(input, out=out)


@public()
def positive(input: Tensor) -> Tensor:
    """The tensor itself, as the operator `+x` gives."""
    (input,) = require_tensors("positive", input)
    if is_boolean(input):
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@public(name="abs", aliases=("absolute",), inplace=True)
def absolute(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The absolute value of each element.

    >>> import adjoint as torch
    >>> torch.abs(torch.tensor([-1., 2.]))
    tensor([1., 2.])
    """
    if is_boolean(input) and isinstance(input, Tensor):
        raise not_implemented_for("abs_cpu", input)
    return _abs(input, out=out)


@public(inplace=True)
def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """-1, 0 or 1: the sign of each element of a real tensor.

    >>> import adjoint as torch
    >>> torch.sign(torch.tensor([-2., 0., 3.]))
    tensor([-1.,  0.,  1.])
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "c":
        raise RuntimeError(
            "Unlike NumPy, torch.sign doesn't allow input tensors with complex dtypes. Use torch.sgn instead."
        )
    return _sign(input, out=out)


@public(inplace=True)
def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sign of each element; that of a complex number is the number divided by its absolute value."""
    return _sgn(input, out=out)


# --- rounding ---


def _refusing_complex(name: str, record: Any, doc: str) -> Any:
    def function(input: Tensor, *, out: Tensor | None = None) -> Tensor:
        refuse_complex(name, input)
        return record(input, out=out)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return export(function, inplace=True, aliases=("fix",) if name == "trunc" else ())


floor = _refusing_complex("floor", _floor, "The largest integer that is not above each element.")
ceil = _refusing_complex("ceil", _ceil, "The smallest integer that is not below each element.")
trunc = _refusing_complex("trunc", _trunc, "Each element without its fraction.")


@public(inplace=True)
def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """The nearest integer, or the nearest number with so many decimals; halves go to the even one.

    >>> import adjoint as torch
    >>> torch.round(torch.tensor([0.5, 1.5, 2.5]))
    tensor([0., 2., 2.])
    """
    refuse_complex("round", input)
    if not decimals:
        return _round(input, out=out)
    result = _round_decimals(input, decimals=decimals)
    return result if out is None else write_out(out, result)


OPERATORS: dict[str, Any] = {"__neg__": neg, "__pos__": positive, "__abs__": absolute}
