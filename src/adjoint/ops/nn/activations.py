"""Smooth activations: exponential and Gaussian units, and the gates made of the logistic function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from adjoint.arrays.fused import fused
from adjoint.core import inplace as in_place
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import elementwise, general
from adjoint.core.tensor import Tensor
from adjoint.ops import pointwise
from adjoint.ops.dimensions import dimension
from adjoint.ops.refusals import not_implemented_for


def activated(
    record: Callable,
    input: Tensor,
    inplace: bool = False,
    *,
    kernel: str = "",
    out: Tensor | None = None,
    **params: Any,
) -> Tensor:
    """A record on floating-point numbers, as a new tensor or written into `input`; `kernel` is PyTorch's name for it."""
    name = kernel or record.primitive.name
    (input,) = require_tensors(name, input)
    if input._data.dtype.kind not in "fV":
        raise not_implemented_for(f"{name}_cpu", input)
    if inplace:
        return in_place.update(input, lambda old: record(old, **params), f"{name}_")
    result = record(input, **params)
    return result if out is None else write_out(out, result, name)


# --- exponential units ---


def _elu(xp: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    """`scale` times x where it is positive, else times `alpha * expm1(input_scale * x)`."""
    return xp.where(x <= 0, alpha * scale * xp.expm1(input_scale * x), scale * x)


def _elu_slope(xp: Any, x: Any, alpha: float, scale: float, input_scale: float) -> Any:
    falling = xp.where(x <= 0, x, 0)  # so that no exponential overflows where it is not wanted
    return xp.where(x <= 0, alpha * scale * input_scale * xp.exp(input_scale * falling), scale)


_elu_record = elementwise(
    "elu",
    lambda xp, x, *, alpha, scale, input_scale: _elu(xp, x, alpha, scale, input_scale),
    partial=lambda xp, x, *, alpha, scale, input_scale: _elu_slope(xp, x, alpha, scale, input_scale),
    public=False,
)
_celu_record = elementwise(
    "celu",
    lambda xp, x, *, alpha: _elu(xp, x, alpha, 1, 1 / alpha),
    partial=lambda xp, x, *, alpha: _elu_slope(xp, x, alpha, 1, 1 / alpha),
    public=False,
)

#: the constants with which layers keep mean 0 and variance 1: https://arxiv.org/abs/1706.02515
_SELU: dict[str, Any] = {
    "alpha": 1.6732632423543772848170429916717,
    "scale": 1.0507009873554804934193349852946,
    "input_scale": 1,
}


@public(module="nn.functional", method=False)
def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Each element where it is positive, else `alpha * (exp(x) - 1)`.

    >>> import adjoint as torch
    >>> torch.nn.functional.elu(torch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return activated(_elu_record, input, inplace, alpha=alpha, scale=1, input_scale=1)


@public(module="nn.functional", method=False)
def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place form of `elu`."""
    return elu(input, alpha, inplace=True)


def _celu(input: Tensor, alpha: float, inplace: bool) -> Tensor:
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return activated(_celu_record, input, inplace, kernel="elu", alpha=alpha)


@public(module="nn.functional", method=False, name="celu")
def functional_celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """Each element where it is positive, else `alpha * (exp(x / alpha) - 1)`.

    >>> import adjoint as torch
    >>> torch.nn.functional.celu(torch.tensor([-1.0, 2.0]), alpha=2)
    tensor([-0.7869,  2.0000])
    """
    return _celu(input, alpha, inplace)


@public(method=False)
def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Each element where it is positive, else `alpha * (exp(x / alpha) - 1)`."""
    return _celu(input, alpha, False)


@public(method=False)
@public(module="nn.functional", method=False)
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """In-place form of `celu`."""
    return _celu(input, alpha, True)


@public(module="nn.functional", method=False, name="selu")
def functional_selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with the two constants that keep the mean 0 and the variance 1 from layer to layer.

    >>> import adjoint as torch
    >>> torch.nn.functional.selu(torch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return activated(_elu_record, input, inplace, **_SELU)


@public(method=False)
def selu(input: Tensor) -> Tensor:
    """`elu` with the two constants that keep the mean 0 and the variance 1 from layer to layer."""
    return activated(_elu_record, input, **_SELU)


@public(method=False)
@public(module="nn.functional", method=False)
def selu_(input: Tensor) -> Tensor:
    """In-place form of `selu`."""
    return activated(_elu_record, input, True, **_SELU)


# --- Gaussian units ---

_CUBE = 0.044715  # of the approximation by tanh: https://arxiv.org/abs/1606.08415


def _normal_cdf(xp: Any, x: Any) -> Any:
    return 0.5 + 0.5 * xp.erf(x * math.sqrt(0.5))


def _gelu_slope(xp: Any, x: Any) -> Any:
    return _normal_cdf(xp, x) + x * xp.exp(-0.5 * x * x) / math.sqrt(2 * math.pi)


@fused("gelu")
def _gelu_and_cdf(xp: Any, x: Any) -> tuple[Any, Any]:
    cdf = _normal_cdf(xp, x)
    return x * cdf, cdf


@fused("gelu_vjp")
def _gelu_vjp(xp: Any, g: Any, x: Any, cdf: Any) -> Any:
    """The cdf is saved for the kernel; a derivative of this one needs to see how it depends on x."""
    return g * _gelu_slope(xp, x)


def _near_normal_cdf(xp: Any, x: Any) -> Any:
    return 0.5 + 0.5 * xp.tanh(math.sqrt(2 / math.pi) * (x + _CUBE * x * x * x))


def _near_gelu_slope(xp: Any, x: Any) -> Any:
    cdf = _near_normal_cdf(xp, x)
    return cdf + 2 * math.sqrt(2 / math.pi) * x * cdf * (1 - cdf) * (1 + 3 * _CUBE * x * x)


_gelu_record = general(
    "gelu",
    lambda xp, x: _gelu_and_cdf(xp, x),
    vjp=lambda xp, g, x, cdf: _gelu_vjp(xp, g, x, cdf),
    jvp=lambda xp, tangents, x: (tangents[0] * _gelu_slope(xp, x), None),
    promotes="common",
    outputs=("out", "cdf"),
    differentiable_outputs=1,
)
_gelu_by_tanh = elementwise(
    "gelu_by_tanh",
    lambda xp, x: x * _near_normal_cdf(xp, x),
    partial=_near_gelu_slope,
    public=False,
    node="GeluBackward0",
)


@public(module="nn.functional", method=False)
def gelu(input: Tensor, *, approximate: str = "none", out: Tensor | None = None) -> Tensor:
    """Each element times the probability that a standard normal number is less; `approximate="tanh"` is nearly that.

    >>> import adjoint as torch
    >>> torch.nn.functional.gelu(torch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return activated(_gelu_by_tanh if approximate == "tanh" else _gelu, input, kernel="gelu", out=out)


def _gelu(input: Tensor) -> Tensor:
    return _gelu_record(input)[0]


# --- gates ---


def _silu_slope(xp: Any, x: Any) -> Any:
    gate = xp.sigmoid(x)
    return gate * (1 + x * (1 - gate))


_silu = elementwise("silu", lambda xp, x: x * xp.sigmoid(x), partial=_silu_slope, public=False)


@public(module="nn.functional", method=False)
def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element times its logistic function: `x * sigmoid(x)`.

    >>> import adjoint as torch
    >>> torch.nn.functional.silu(torch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    if isinstance(input, Tensor) and input._data.dtype.kind == "c":
        return in_place.update(input, _silu, "silu_") if inplace else _silu(input)
    return activated(_silu, input, inplace)


def _mish_gate(xp: Any, x: Any) -> Any:
    """`tanh(log(1 + exp(x)))`, which is 1 to the last digit for large x."""
    small = xp.where(x > 30, 0, x)
    return xp.where(x > 30, 1, xp.tanh(xp.log1p(xp.exp(small))))


def _mish_slope(xp: Any, x: Any) -> Any:
    gate = _mish_gate(xp, x)
    return gate + x * (1 - gate) * (1 + gate) * xp.sigmoid(x)


_mish = elementwise("mish", lambda xp, x: x * _mish_gate(xp, x), partial=_mish_slope, public=False)


@public(module="nn.functional", method=False)
def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element times the hyperbolic tangent of its softplus.

    >>> import adjoint as torch
    >>> torch.nn.functional.mish(torch.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """
    return activated(_mish, input, inplace)


def _halves(xp: Any, x: Any, axis: int) -> tuple[Any, Any]:
    before, middle = (slice(None),) * axis, x.shape[axis] // 2
    return xp.getitem(x, (*before, slice(0, middle))), xp.getitem(x, (*before, slice(middle, 2 * middle)))


def _glu_forward(xp: Any, x: Any, *, axis: int) -> Any:
    value, gate = _halves(xp, x, axis)
    return value * xp.sigmoid(gate)


def _glu_vjp(xp: Any, g: Any, x: Any, *, axis: int) -> Any:
    value, gate = _halves(xp, x, axis)
    share = xp.sigmoid(gate)
    passed = g * share
    return xp.concat([passed, passed * (1 - share) * value], axis)


def _glu_jvp(xp: Any, tangents: Any, x: Any, *, axis: int) -> Any:
    value, gate = _halves(xp, x, axis)
    value_tangent, gate_tangent = _halves(xp, tangents[0], axis)
    share = xp.sigmoid(gate)
    return share * (value_tangent + (1 - share) * value * gate_tangent)


_glu = general("glu", _glu_forward, vjp=_glu_vjp, jvp=_glu_jvp, promotes="common")


@public(module="nn.functional", method=False)
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """The first half of the elements along `dim` times the logistic function of the second half.

    >>> import adjoint as torch
    >>> torch.nn.functional.glu(torch.tensor([1.0, 2.0, 0.0, 0.0]))
    tensor([0.5000, 1.0000])
    """
    (input,) = require_tensors("glu", input)
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    axis = dimension(dim, input.ndim, "glu")
    if input.shape[axis] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {input.shape[axis]}")
    return activated(_glu, input, axis=axis)


# --- curves ---


_softplus = elementwise(
    "softplus",
    lambda xp, x, *, beta, threshold: xp.where(beta * x > threshold, x, xp.log1p(xp.exp(beta * x)) / beta),
    partial=lambda xp, x, *, beta, threshold: xp.where(beta * x > threshold, 1, xp.sigmoid(beta * x)),
    public=False,
)
_log_sigmoid = elementwise(
    "log_sigmoid",
    lambda xp, x: xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x))),
    partial=lambda xp, x: xp.sigmoid(-x),
    public=False,
)


@public(module="nn.functional", method=False)
def softplus(input: Tensor, beta: float = 1, threshold: float = 20, *, out: Tensor | None = None) -> Tensor:
    """`log(1 + exp(beta * x)) / beta`: positive, and nearly the element itself, which it is from `threshold / beta` on.

    >>> import adjoint as torch
    >>> torch.nn.functional.softplus(torch.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """
    return activated(_softplus, input, beta=beta, threshold=threshold, out=out)


@public(module="nn.functional", method=False)
def logsigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of the logistic function, without overflow: `-log(1 + exp(-x))`.

    >>> import adjoint as torch
    >>> torch.nn.functional.logsigmoid(torch.tensor([0.0, -200.0]))
    tensor([  -0.6931, -200.0000])
    """
    return activated(_log_sigmoid, input, out=out)


@public(module="nn.functional", method=False)
def softsign(input: Tensor) -> Tensor:
    """`x / (1 + abs(x))` for each element.

    >>> import adjoint as torch
    >>> torch.nn.functional.softsign(torch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """
    return input / (input.abs() + 1)


@public(module="nn.functional", method=False)
def tanhshrink(input: Tensor) -> Tensor:
    """`x - tanh(x)` for each element.

    >>> import adjoint as torch
    >>> torch.nn.functional.tanhshrink(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2384])
    """
    return input - input.tanh()


@public(module="nn.functional", method=False)
def sigmoid(input: Tensor) -> Tensor:
    """`1 / (1 + exp(-x))` for each element."""
    return pointwise.sigmoid(input)


@public(module="nn.functional", method=False)
def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent of each element."""
    return pointwise.tanh(input)
