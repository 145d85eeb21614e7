"""Normalisation of each channel over a batch, or by running statistics; and of each channel of each example."""

from __future__ import annotations

import math
from typing import Any

from adjoint.core import modes
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.standardising import (
    RECORD,
    Layout,
    affine,
    by_channel,
    check_floating,
    check_several,
    operands_of,
    reduced_shape,
    rounded,
)

# --- the records ---

_batch_norm = general("native_batch_norm", **RECORD)


def _unit_by_running(xp: Any, x: Any, mean: Any, var: Any, layout: Layout, eps: float) -> Any:
    return (x - xp.reshape(mean, layout.channels)) * _running_rstd(xp, var, layout, eps)


def _running_rstd(xp: Any, var: Any, layout: Layout, eps: float) -> Any:
    return xp.reshape(1 / xp.sqrt(var + eps), layout.channels)


def _by_running_vjp(
    xp: Any, g: Any, x: Any, weight: Any, mean: Any, var: Any, *, layout: Layout, eps: float
) -> tuple[Any, ...]:
    by_unit = g * xp.reshape(weight, layout.channels) if layout.scaled else g
    by_weight = None
    if layout.scaled:
        by_weight = by_channel(xp, g * _unit_by_running(xp, x, mean, var, layout, eps), layout)
    by_bias = by_channel(xp, g, layout) if layout.shifted else None
    return by_unit * _running_rstd(xp, var, layout, eps), by_weight, by_bias, None, None


def _by_running_jvp(
    xp: Any, tangents: Any, x: Any, weight: Any, mean: Any, var: Any, *, layout: Layout, eps: float
) -> Any:
    by_x, by_weight, by_bias, *_ = tangents
    moved = xp.zeros_like(x)
    if by_x is not None:
        moved = by_x * _running_rstd(xp, var, layout, eps)
        moved = moved * xp.reshape(weight, layout.channels) if layout.scaled else moved
    if by_weight is not None:
        unit = _unit_by_running(xp, x, mean, var, layout, eps)
        moved = moved + unit * xp.reshape(by_weight, layout.channels)
    return moved if by_bias is None else moved + xp.reshape(by_bias, layout.channels)


_batch_norm_by_running = general(
    "batch_norm_by_running",
    lambda xp, x, weight, bias, mean, var, *, layout, eps: affine(
        xp, _unit_by_running(xp, x, mean, var, layout, eps), weight, bias, layout
    ),
    vjp=_by_running_vjp,
    jvp=_by_running_jvp,
    promotes="common",
    node="NativeBatchNormBackward0",
)


# --- batches ---


def _normalised_batch(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running: tuple[Tensor | None, Tensor | None],
    training: bool,
    momentum: float,
    eps: float,
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """The result, and the statistics of the batch where these are used; they move the running ones."""
    check_floating("batch_norm", x)
    if not x.numel():
        return _nothing(x, weight, bias), None, None
    shape = tuple(x.shape)
    names = ("running_mean", "running_var", "weight", "bias")
    for name, each in zip(names, (*running, weight, bias), strict=True):
        if each is not None and each.numel() != shape[1]:
            raise RuntimeError(f"{name} should contain {shape[1]} elements not {each.numel()}")
    axes = (0, *range(2, x.ndim))
    scalars = shape[1:2]
    held = None
    if x.dtype.itemsize == 2 and all(each is None or each.dtype is x.dtype for each in (*running, weight, bias)):
        held = x._data.dtype
    layout = Layout(
        shape, axes, reduced_shape(shape, axes), scalars, scalars, weight is not None, bias is not None, held
    )
    operands = operands_of(x, weight, bias)
    if training:
        out, mean, rstd = _batch_norm(*operands, layout=layout, eps=float(eps))
        _move(running, mean, rstd, momentum, eps, layout.elements)
        return rounded(out, x), mean, rstd
    if None in running:
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    out = _batch_norm_by_running(*operands, *running, layout=layout, eps=float(eps))
    return rounded(out, x), None, None


def _nothing(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """What becomes of a batch without elements, with the history that PyTorch gives to it."""
    out = x.clone() if weight is None else x * weight[0]
    return out if bias is None else out + bias[0]


def _move(
    running: tuple[Tensor | None, Tensor | None], mean: Tensor, rstd: Tensor, momentum: float, eps: float, count: int
) -> None:
    """Move the running statistics towards those of a batch; the variance as an estimate for the population."""
    with modes.mode(grad_enabled=False):
        if running[0] is not None:
            running[0].mul_(1 - momentum).add_(mean.detach() * momentum)
        if running[1] is not None:
            var = (rstd.detach() ** -2 - eps).clamp_min(0)
            running[1].mul_(1 - momentum).add_(var * (momentum * count / (count - 1) if count > 1 else math.nan))


@public(method=False)
def native_batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    *,
    out: Any = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_norm`, and the means and the inverses of the standard deviations of the batch, which are empty if not used.

    >>> import adjoint as torch
    >>> torch.native_batch_norm(torch.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0)
    (tensor([[-1.],
            [ 1.]]), tensor([2.]), tensor([1.]))
    """
    (x,) = require_tensors("native_batch_norm", input)
    result, mean, rstd = _normalised_batch(x, weight, bias, (running_mean, running_var), training, momentum, eps)
    if mean is None or rstd is None:
        return result, x.detach().new_zeros(0), x.detach().new_zeros(0)
    return result, mean.detach(), rstd.detach()


@public(method=False)
def batch_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """The input, (N, C, ...), with each channel normalised over the batch, then scaled and shifted.

    In training by the statistics of the batch, which move the running ones; else by the running ones.

    >>> import adjoint as torch
    >>> torch.batch_norm(torch.tensor([[1.0], [3.0]]), None, None, None, None, True, 0.1, 0.0, False)
    tensor([[-1.],
            [ 1.]])
    """
    (x,) = require_tensors("batch_norm", input)
    return _normalised_batch(x, weight, bias, (running_mean, running_var), training, momentum, eps)[0]


@public(module="nn.functional", method=False, name="batch_norm")
def functional_batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """The input, (N, C, ...), with each channel normalised over the batch, then scaled and shifted.

    In training by the statistics of the batch, which move the running ones; else by the running ones.

    >>> import adjoint as torch
    >>> torch.nn.functional.batch_norm(torch.tensor([[1.0], [3.0]]), None, None, training=True, eps=1e-9)
    tensor([[-1.],
            [ 1.]])
    """
    if training:
        check_several(input.shape)
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    elif eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


# --- each example of a batch by itself ---


@public(method=False)
def instance_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    use_input_stats: bool,
    momentum: float,
    eps: float,
    cudnn_enabled: bool,
) -> Tensor:
    """The input, (N, C, ...), with each channel of each example normalised, then scaled and shifted by channel.

    >>> import adjoint as torch
    >>> torch.instance_norm(torch.tensor([[[1.0, 3.0]]]), None, None, None, None, True, 0.1, 0.0, False)
    tensor([[[-1.,  1.]]])
    """
    (x,) = require_tensors("instance_norm", input)
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    count, channels, *rest = x.shape
    scale, shift, mean, var = (
        None if each is None else each.repeat(count) for each in (weight, bias, running_mean, running_var)
    )
    flat = x.reshape(1, count * channels, *rest)
    out = batch_norm(flat, scale, shift, mean, var, use_input_stats, momentum, eps, cudnn_enabled)
    with modes.mode(grad_enabled=False):
        for running, moved in ((running_mean, mean), (running_var, var)):
            if running is not None and moved is not None:
                running.copy_(moved.view(count, channels).mean(0))
    return out.view(*x.shape)


@public(module="nn.functional", method=False, name="instance_norm")
def functional_instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """The input, (N, C, ...), with each channel of each example normalised, then scaled and shifted by channel.

    >>> import adjoint as torch
    >>> torch.nn.functional.instance_norm(torch.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    return instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, False)
