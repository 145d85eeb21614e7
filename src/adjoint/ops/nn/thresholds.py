"""Activations with corners: rectifiers, bounds, and what is cut off below a threshold."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core import inplace as in_place
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.random import Generator, default_generator
from adjoint.core.statements import elementwise, general, multilinear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops import pointwise
from adjoint.ops.nn.activations import activated
from adjoint.ops.refusals import converted

# --- rectifiers ---


@public(module="nn.functional", method=False)
def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element where it is positive, else 0; with `inplace`, written into `input` itself.

    >>> import adjoint as torch
    >>> torch.nn.functional.relu(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return input.relu_() if inplace else pointwise.relu(input)


@public(method=False)
@public(module="nn.functional", method=False)
def relu_(input: Tensor) -> Tensor:
    """In-place form of `relu`."""
    return input.relu_()


_leaky_relu = general(
    "leaky_relu",
    lambda xp, x, *, negative_slope: xp.where(x > 0, x, negative_slope * x),
    vjp=lambda xp, g, x, *, negative_slope: xp.where(x > 0, g, negative_slope * g),
    jvp="diagonal",
    promotes="common",
)


@public(module="nn.functional", method=False)
def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """Each element where it is positive, else `negative_slope` times it.

    >>> import adjoint as torch
    >>> torch.nn.functional.leaky_relu(torch.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return activated(_leaky_relu, input, inplace, negative_slope=negative_slope)


@public(module="nn.functional", method=False)
def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """In-place form of `leaky_relu`."""
    return leaky_relu(input, negative_slope, inplace=True)


_prelu = general(
    "prelu",
    lambda xp, x, weight: xp.where(x > 0, x, weight * x),
    vjp=(
        lambda xp, g, x, weight: xp.where(x > 0, g, weight * g),
        lambda xp, g, x: xp.where(x > 0, 0, x * g),
    ),
    jvp="diagonal",
    promotes="common",
    node="PreluKernelBackward0",
)


@public()
@public(module="nn.functional", method=False)
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """Each element where it is positive, else `weight` times it: one weight for all, or one for each channel, dimension 1.

    >>> import adjoint as torch
    >>> torch.nn.functional.prelu(torch.tensor([[-1.0, -1.0]]), torch.tensor([0.5, 0.1]))
    tensor([[-0.5000, -0.1000]])
    """
    x, w = require_tensors("prelu", input, weight, names=("input", "weight"))
    if x.dtype is not w.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {scalar_type_name(x.dtype)} and {scalar_type_name(w.dtype)}\n"
            "Bring both to one type, as in weight.to(input.dtype)."
        )
    if w.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {w.ndim}")
    if w.numel() != 1:
        if not x.ndim:
            raise RuntimeError("Not allow zero-dim input tensor.")
        channels = x.shape[1] if x.ndim > 1 else 1
        if channels != w.numel():
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {w.numel()} and channel "
                f"size = {channels}."
            )
        w = w.reshape(-1, *(1,) * (x.ndim - 2))
    elif w.ndim > x.ndim:
        w = w.reshape(())
    return activated(lambda old: _prelu(old, w), x, kernel="prelu")


_rrelu = multilinear(
    "rrelu_with_noise",
    lambda xp, x, noise: x * noise,
    transposes=(lambda xp, g, noise: g * xp.conj(noise), lambda xp, g, x: g * xp.conj(x)),
    promotes="common",
)


def _randomly_leaky(
    input: Tensor, lower: float, upper: float, training: bool, inplace: bool, generator: Generator | None = None
) -> Tensor:
    (input,) = require_tensors("rrelu", input)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    data = np.asarray(input.detach()._data)
    slopes = np.ones(data.shape, data.dtype)
    if training:  # PyTorch draws a slope for each element that needs one, in order
        falling = data <= 0
        drawn = (generator or default_generator).uniform(int(falling.sum()), np.float64)
        slopes[falling] = drawn * (upper - lower) + lower
    else:
        slopes[~(data > 0)] = (lower + upper) / 2
    noise = wrap(slopes)
    return activated(lambda old: _rrelu(old, noise), input, inplace, kernel="rrelu_with_noise_out")


@public(module="nn.functional", method=False, name="rrelu")
def functional_rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """Each element where it is positive, else a slope times it: drawn from [lower, upper) in training, else their mean.

    >>> import adjoint as torch
    >>> torch.nn.functional.rrelu(torch.tensor([-1.0, 2.0]), 0.1, 0.3)
    tensor([-0.2000,  2.0000])
    """
    return _randomly_leaky(input, lower, upper, training, inplace)


@public(method=False)
def rrelu(
    input: Tensor,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Each element where it is positive, else a slope times it: drawn from [lower, upper) in training, else their mean."""
    return _randomly_leaky(input, lower, upper, training, False, generator)


@public(method=False)
@public(module="nn.functional", method=False)
def rrelu_(
    input: Tensor,
    lower: float = 0.125,
    upper: float = 0.3333333333333333,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """In-place form of `rrelu`."""
    return _randomly_leaky(input, lower, upper, training, True, generator)


# --- bounds ---

_hardtanh = elementwise(
    "hardtanh",
    lambda xp, x, *, min, max: xp.minimum(xp.maximum(x, min), max),
    gate=lambda xp, x, *, min, max: xp.logical_and(x > min, x < max),
    public=False,
)
_hardsigmoid = general(
    "hardsigmoid",
    lambda xp, x: xp.minimum(xp.maximum(x + 3, 0), 6) / 6,
    vjp=lambda xp, g, x: xp.where(xp.logical_and(x > -3, x < 3), g / 6, 0),
    jvp="diagonal",
    promotes="common",
)
_hardswish = general(
    "hardswish",
    lambda xp, x: x * xp.minimum(xp.maximum(x + 3, 0), 6) / 6,
    vjp=lambda xp, g, x: xp.where(x <= -3, 0, xp.where(x >= 3, g, g * (x / 3 + 0.5))),
    jvp="diagonal",
    promotes="common",
)


@public(module="nn.functional", method=False)
def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """Each element, held between `min_val` and `max_val`; at the bounds its gradient is 0.

    >>> import adjoint as torch
    >>> torch.nn.functional.hardtanh(torch.tensor([-3.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    (input,) = require_tensors("hardtanh", input)
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if input._data.dtype.kind in "iu":
        low, high = converted(min_val, input.dtype), converted(max_val, input.dtype)
        return input.clamp_(low, high) if inplace else input.clamp(low, high)
    if input._data.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh")
    return activated(_hardtanh, input, inplace, min=min_val, max=max_val)


@public(module="nn.functional", method=False)
def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """In-place form of `hardtanh`."""
    return hardtanh(input, min_val, max_val, inplace=True)


@public(module="nn.functional", method=False)
def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element, held between 0 and 6.

    >>> import adjoint as torch
    >>> torch.nn.functional.relu6(torch.tensor([-1.0, 8.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@public(module="nn.functional", method=False)
def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """`relu6(x + 3) / 6`: three straight lines in the place of the logistic function.

    >>> import adjoint as torch
    >>> torch.nn.functional.hardsigmoid(torch.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return activated(_hardsigmoid, input, inplace)


@public(module="nn.functional", method=False)
def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """Each element times its `hardsigmoid`.

    >>> import adjoint as torch
    >>> torch.nn.functional.hardswish(torch.tensor([-4.0, 1.0, 4.0]))
    tensor([-0.0000, 0.6667, 4.0000])
    """
    return activated(_hardswish, input, inplace)


# --- what is cut off ---

_SHRUNK: dict[str, Any] = {
    "gate": lambda xp, x, *, lambd: xp.logical_or(x < -lambd, x > lambd),
    "public": False,
}
_hardshrink = elementwise(
    "hardshrink",
    lambda xp, x, *, lambd: xp.where(xp.logical_and(x >= -lambd, x <= lambd), 0, x),
    **_SHRUNK,
)
_softshrink = elementwise(
    "softshrink",
    lambda xp, x, *, lambd: xp.where(xp.abs(x) <= lambd, 0, x - lambd * xp.sign(x)),
    **_SHRUNK,
)
_threshold = elementwise(
    "threshold",
    lambda xp, x, *, threshold, value: xp.where(x <= threshold, value, x),
    gate=lambda xp, x, *, threshold: xp.logical_not(x <= threshold),
    public=False,
)


@public()
@public(module="nn.functional", method=False)
def hardshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Each element, or 0 where it lies between `-lambd` and `lambd`.

    >>> import adjoint as torch
    >>> torch.nn.functional.hardshrink(torch.tensor([-2.0, 0.3, 1.0]))
    tensor([-2.,  0.,  1.])
    """
    return activated(_hardshrink, input, lambd=lambd, out=out)


@public(module="nn.functional", method=False)
def softshrink(input: Tensor, lambd: float = 0.5, *, out: Tensor | None = None) -> Tensor:
    """Each element, moved towards 0 by `lambd`, and 0 where that is farther than it has to go.

    >>> import adjoint as torch
    >>> torch.nn.functional.softshrink(torch.tensor([-2.0, 0.3, 1.0]))
    tensor([-1.5000,  0.0000,  0.5000])
    """
    if not lambd >= 0:
        raise RuntimeError(f"lambda must be greater or equal to 0, but found to be {lambd}.")
    return activated(_softshrink, input, lambd=lambd, out=out)


def _above(input: Tensor, threshold: float, value: float, inplace: bool) -> Tensor:
    (input,) = require_tensors("threshold", input)
    if input._data.dtype.kind in "iu":
        params = {"threshold": converted(threshold, input.dtype), "value": converted(value, input.dtype)}
        if inplace:
            return in_place.update(input, lambda old: _threshold(old, **params), "threshold_")
        return _threshold(input, **params)
    return activated(_threshold, input, inplace, threshold=threshold, value=value)


@public(module="nn.functional", method=False, name="threshold")
def functional_threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """Each element where it is greater than `threshold`, else `value`.

    >>> import adjoint as torch
    >>> torch.nn.functional.threshold(torch.tensor([0.5, 2.0]), 1, -1)
    tensor([-1.,  2.])
    """
    return _above(input, threshold, value, inplace)


@public(method=False)
def threshold(input: Tensor, threshold: float, value: float, *, out: Tensor | None = None) -> Tensor:
    """Each element where it is greater than `threshold`, else `value`."""
    result = _above(input, threshold, value, False)
    return result if out is None else write_out(out, result)


@public(method=False)
@public(module="nn.functional", method=False)
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """In-place form of `threshold`."""
    return _above(input, threshold, value, True)
