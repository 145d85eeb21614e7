"""Losses of numbers that should be near others, and of parameters of distributions."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from adjoint.core import modes
from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.broadcasting import broadcast_tensors
from adjoint.ops.elementary import xlogy
from adjoint.ops.nn.reductions import moved, reduce_loss, reduced, resolved, spread
from adjoint.ops.refusals import not_implemented_for

# --- losses of the difference ---


def _of_difference(name: str, value: Callable[..., Any], slope: Callable[..., Any]) -> Callable:
    """The record of a loss of the difference of two tensors: its value and its slope, by functions of (xp, d, width)."""
    return general(
        name,
        lambda xp, x, y, *, width, reduction: reduced(xp, value(xp, x - y, width), reduction),
        vjp=(
            lambda xp, g, x, y, *, width, reduction: spread(xp, g, x.shape, reduction) * slope(xp, x - y, width),
            lambda xp, g, x, y, *, width, reduction: spread(xp, g, x.shape, reduction) * slope(xp, y - x, width),
        ),
        jvp=lambda xp, tangents, x, y, *, width, reduction: reduced(
            xp, moved(xp, tangents, lambda: slope(xp, x - y, width), lambda: slope(xp, y - x, width)), reduction
        ),
        promotes="common",
    )


_mse_loss = _of_difference("mse_loss", lambda xp, d, width: d * d, lambda xp, d, width: 2 * d)
_smooth_l1_loss = _of_difference(
    "smooth_l1_loss",
    lambda xp, d, width: xp.where(xp.abs(d) < width, d * d / (2 * width), xp.abs(d) - 0.5 * width),
    lambda xp, d, width: xp.where(xp.abs(d) < width, d / width, xp.sign(d)),
)
_huber_loss = _of_difference(
    "huber_loss",
    lambda xp, d, width: xp.where(xp.abs(d) <= width, 0.5 * d * d, width * (xp.abs(d) - 0.5 * width)),
    lambda xp, d, width: xp.where(xp.abs(d) < width, d, width * xp.sign(d)),
)


def _pair(function: str, input: Tensor, target: Tensor) -> tuple[Tensor, ...]:
    """Two tensors of one shape, with a warning where they have to be broadcast to it."""
    x, y = require_tensors(function, input, target, names=("input", "target"))
    if x._data.shape == y._data.shape:
        return x, y
    warnings.warn(
        f"Using a target size ({y.shape}) that is different to the input size ({x.shape}). This will likely lead to "
        "incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=3,
    )
    return broadcast_tensors(x, y)


def _by_record(record: Callable, kernel: str, pair: tuple[Tensor, ...], width: float, reduction: str) -> Tensor:
    for each in pair:
        if each._data.dtype.kind not in "fV":
            raise not_implemented_for(kernel, each)
    return record(*pair, width=width, reduction=reduction)


def _weighted(errors: Tensor, weight: Tensor, input: Tensor, reduction: str) -> Tensor:
    """Errors with weights, and their weighted mean."""
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    values = errors * weight
    return values.sum() / weight.sum() if reduction == "mean" else reduce_loss(values, reduction)


@public(module="nn.functional", method=False)
def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The squared differences; with weights, the mean is the weighted mean.

    >>> import adjoint as torch
    >>> torch.nn.functional.mse_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(2.)
    """
    pair = _pair("mse_loss", input, target)
    reduction = resolved(reduction, size_average, reduce)
    if weight is not None:
        return _weighted((pair[0] - pair[1]) ** 2, weight, input, reduction)
    if pair[0].dtype.itemsize == 2:  # of which PyTorch rounds the differences too
        return reduce_loss((pair[0] - pair[1]) ** 2, reduction)
    return _by_record(_mse_loss, "mse_cpu", pair, 1, reduction)


@public(module="nn.functional", method=False)
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """The absolute differences; with weights, the mean is the weighted mean.

    >>> import adjoint as torch
    >>> torch.nn.functional.l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]), reduction="none")
    tensor([0., 2.])
    """
    x, y = _pair("l1_loss", input, target)
    reduction = resolved(reduction, size_average, reduce)
    errors = (x - y).abs()
    return reduce_loss(errors, reduction) if weight is None else _weighted(errors, weight, input, reduction)


@public(module="nn.functional", method=False)
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """`d * d / (2 * beta)` for differences d below `beta`, and `abs(d) - beta / 2` beyond: `huber_loss / beta`.

    >>> import adjoint as torch
    >>> torch.nn.functional.smooth_l1_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 4.0]), reduction="none")
    tensor([0.1250, 1.5000])
    """
    pair = _pair("smooth_l1_loss", input, target)
    reduction = resolved(reduction, size_average, reduce)
    if beta == 0:
        return reduce_loss((pair[0] - pair[1]).abs(), reduction)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    return _by_record(_smooth_l1_loss, "smooth_l1_cpu", pair, beta, reduction)


@public(module="nn.functional", method=False)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """`d * d / 2` for differences d up to `delta`, and the straight line that goes on from there beyond.

    >>> import adjoint as torch
    >>> torch.nn.functional.huber_loss(torch.tensor([1.0, 2.0]), torch.tensor([1.5, 4.0]), reduction="none")
    tensor([0.1250, 1.5000])
    """
    pair = _pair("huber_loss", input, target)
    reduction = resolved(reduction)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    if weight is None:
        return _by_record(_huber_loss, "huber_cpu", pair, delta, reduction)
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    return reduce_loss(_by_record(_huber_loss, "huber_cpu", pair, delta, "none") * weight, reduction)


# --- likelihoods ---


@public(module="nn.functional", method=False)
def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of `target` under normal distributions with means `input` and variances `var`.

    Variances below `eps` count as `eps`, while their gradients are as if they did not; `full` adds `log(2 pi) / 2`.

    >>> import adjoint as torch
    >>> torch.nn.functional.gaussian_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]), torch.tensor([4.0]))
    tensor(1.1931)
    """
    if isinstance(var, float):
        var = input.detach() * 0 + var
    if (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.shape != input.shape:
        if input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif input.ndim != var.ndim or sum(b for a, b in zip(input.shape, var.shape, strict=True) if a != b) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    var = var.clone()
    with modes.mode(grad_enabled=False):
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss(loss, reduction)


@public(module="nn.functional", method=False)
@one_under_autocast
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-likelihood of counts `target` under Poisson distributions with rates `exp(input)`, or `input`.

    What does not depend on the rates is left out, or, with `full`, approximated by Stirling's formula.

    >>> import adjoint as torch
    >>> torch.nn.functional.poisson_nll_loss(torch.tensor([0.0]), torch.tensor([2.0]))
    tensor(1.)
    """
    reduction = resolved(reduction, size_average, reduce)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        constant = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + constant.masked_fill(target <= 1, 0)
    return reduce_loss(loss, reduction)


@public(module="nn.functional", method=False)
@one_under_autocast
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """`target * (log(target) - input)`: the divergence of probabilities from those whose logarithms are `input`.

    >>> import adjoint as torch
    >>> torch.nn.functional.kl_div(torch.tensor([0.5, 0.5]).log(), torch.tensor([1.0, 0.0]), reduction="sum")
    tensor(0.6931)
    """
    per_example = reduction == "batchmean" and size_average is None and reduce is None
    if reduction == "mean" and size_average is None and reduce is None:
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' divides only by "
            "the batch size, and aligns with the KL div math definition.'mean' will be changed to behave the same as "
            "'batchmean' in the next major release.",
            stacklevel=2,
        )
    values = target.exp() * (target - input) if log_target else xlogy(target, target) - target * input
    loss = reduce_loss(values, "sum" if per_example else resolved(reduction, size_average, reduce))
    return loss / input.shape[0] if per_example and input.ndim else loss
