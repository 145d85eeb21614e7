"""Normalisation to mean 0 and variance 1: of layers, of groups of channels, of batches; and by the root mean square."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from adjoint.arrays.fused import fused
from adjoint.core import dtypes, modes
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.joining import cat
from adjoint.ops.refusals import not_implemented_for

# --- the records ---


class Layout(NamedTuple):
    """How `x` is normalised: taken in another shape, over some axes.

    Weight and bias have the shape `scalars`, and `channels` when they are laid beside x; the statistics have the shape
    `kept`. Whether there is a weight, and a bias, is said here: a missing operand is the number 1, or 0.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    channels: tuple[int, ...]
    scalars: tuple[int, ...]
    kept: tuple[int, ...]
    scaled: bool
    shifted: bool
    held: Any = None  # the type of 16 bits in which PyTorch holds a batch's statistics, and so do we

    @property
    def elements(self) -> int:
        """How many elements each statistic is of."""
        return math.prod(self.shape[axis] for axis in self.axes)

    @property
    def reduced(self) -> tuple[int, ...]:
        """The shape of the statistics beside x."""
        return _reduced(self.shape, self.axes)


def _reduced(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def _mean(xp: Any, x: Any, layout: Layout) -> Any:
    total = xp.sum(x, axis=layout.axes, keepdims=True)
    return total / layout.elements if layout.elements else total * math.nan


def _affine(xp: Any, x: Any, weight: Any, bias: Any, layout: Layout) -> Any:
    x = x * xp.reshape(weight, layout.channels) if layout.scaled else x
    return x + xp.reshape(bias, layout.channels) if layout.shifted else x


def _by_channel(xp: Any, values: Any, layout: Layout) -> Any:
    """The sums for each channel, in the shape of the weight."""
    lead = len(layout.shape) - len(layout.channels)
    repeated = [axis for axis, size in enumerate(layout.channels, lead) if size != layout.shape[axis]]
    summed = xp.sum(values, axis=(*range(lead), *repeated)) if lead or repeated else values
    return xp.reshape(summed, layout.scalars)


@fused("normalised")
def _normalised(xp: Any, x: Any, weight: Any, bias: Any, *, layout: Layout, eps: float) -> tuple[Any, Any, Any]:
    inner = xp.reshape(x, layout.shape)
    mean = _mean(xp, inner, layout)
    centred = inner - mean
    rstd = 1 / xp.sqrt(_mean(xp, centred * centred, layout) + eps)
    if layout.held is not None:
        wide = xp.numpy_dtype(x)
        mean, rstd = (xp.astype(xp.astype(each, layout.held), wide) for each in (mean, rstd))
        centred = inner - mean
    out = _affine(xp, centred * rstd, weight, bias, layout)
    return xp.reshape(out, x.shape), xp.reshape(mean, layout.kept), xp.reshape(rstd, layout.kept)


@fused("normalised_vjp")
def _normalised_vjp(
    xp: Any, g: Any, by_mean: Any, by_rstd: Any, x: Any, weight: Any, mean: Any, rstd: Any, *, layout: Layout
) -> tuple[Any, Any, Any]:
    mean, rstd, by_mean, by_rstd = (xp.reshape(each, layout.reduced) for each in (mean, rstd, by_mean, by_rstd))
    by_out = xp.reshape(g, layout.shape)
    unit = (xp.reshape(x, layout.shape) - mean) * rstd
    by_unit = by_out * xp.reshape(weight, layout.channels) if layout.scaled else by_out
    products = by_out * unit
    by_weight = _by_channel(xp, products, layout) if layout.scaled else None
    products = by_unit * unit if layout.scaled else products
    level = by_mean / max(layout.elements, 1) - rstd * _mean(xp, by_unit, layout)
    stretch = rstd * _mean(xp, products, layout) + by_rstd * rstd * rstd / max(layout.elements, 1)
    by_x = rstd * by_unit + level - unit * stretch
    by_bias = _by_channel(xp, by_out, layout) if layout.shifted else None
    return xp.reshape(by_x, x.shape), by_weight, by_bias


def _normalised_jvp(
    xp: Any, tangents: Any, x: Any, weight: Any, mean: Any, rstd: Any, *, layout: Layout
) -> tuple[Any, Any, Any]:
    mean, rstd = xp.reshape(mean, layout.reduced), xp.reshape(rstd, layout.reduced)
    unit = (xp.reshape(x, layout.shape) - mean) * rstd
    by_x, by_weight, by_bias = tangents
    moved = xp.zeros_like(unit)
    level, stretch = xp.zeros_like(mean), xp.zeros_like(rstd)
    if by_x is not None:
        change = xp.reshape(by_x, layout.shape)
        level, stretch = _mean(xp, change, layout), rstd * _mean(xp, change * unit, layout)
        moved = rstd * (change - level) - unit * stretch
        moved = moved * xp.reshape(weight, layout.channels) if layout.scaled else moved
    if by_weight is not None:
        moved = moved + unit * xp.reshape(by_weight, layout.channels)
    if by_bias is not None:
        moved = moved + xp.reshape(by_bias, layout.channels)
    return xp.reshape(moved, x.shape), xp.reshape(level, layout.kept), xp.reshape(-rstd * stretch, layout.kept)


_RECORD: dict[str, Any] = {
    "forward": lambda xp, x, weight, bias, *, layout, eps: _normalised(xp, x, weight, bias, layout=layout, eps=eps),
    "vjp": lambda xp, g, x, weight, mean, rstd, *, layout: _normalised_vjp(
        xp, *g, x, weight, mean, rstd, layout=layout
    ),
    "jvp": _normalised_jvp,
    "promotes": "common",
    "outputs": ("out", "mean", "rstd"),
}
_layer_norm = general("native_layer_norm", **_RECORD)
_group_norm = general("native_group_norm", **_RECORD)
_batch_norm = general("native_batch_norm", **_RECORD)


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
        by_weight = _by_channel(xp, g * _unit_by_running(xp, x, mean, var, layout, eps), layout)
    by_bias = _by_channel(xp, g, layout) if layout.shifted else None
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
    lambda xp, x, weight, bias, mean, var, *, layout, eps: _affine(
        xp, _unit_by_running(xp, x, mean, var, layout, eps), weight, bias, layout
    ),
    vjp=_by_running_vjp,
    jvp=_by_running_jvp,
    promotes="common",
    node="NativeBatchNormBackward0",
)


def _operands(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> tuple[Any, ...]:
    return x, 1 if weight is None else weight, 0 if bias is None else bias


def _rounded(out: Tensor, x: Tensor) -> Tensor:
    """A result in its input's type: of 16 bits also beside parameters of 32."""
    return out if out._data.dtype is x._data.dtype else to_dtype(out, x.dtype)


def _check_floating(kernel: str, input: Tensor) -> None:
    if input._data.dtype.kind not in "fV":
        raise not_implemented_for(kernel, input)


# --- layers ---


def _check_normalized(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None
) -> tuple[int, ...]:
    """The shape of the last dimensions that are normalised over, all of which must fit."""
    wanted = tuple(normalized_shape)
    if not wanted:
        raise RuntimeError(
            f"Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            f"normalized_shape = {list(wanted)}"
        )
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and each._data.shape != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape {list(each.shape)} and "
                f"normalized_shape = {list(wanted)}"
            )
    if input._data.shape[-len(wanted) :] != wanted:
        raise RuntimeError(
            f"Given normalized_shape={list(wanted)}, expected input with shape [*, {', '.join(map(str, wanted))}], but got "
            f"input of size{list(input.shape)}"
        )
    return wanted


@public(method=False)
def native_layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """`layer_norm`, and the means and the inverses of the standard deviations that it used.

    >>> import adjoint as torch
    >>> torch.native_layer_norm(torch.tensor([[1.0, 3.0]]), [2], None, None, 0.0)
    (tensor([[-1.,  1.]]), tensor([[2.]]), tensor([[1.]]))
    """
    (x,) = require_tensors("native_layer_norm", input)
    out, mean, rstd = _normalised_layers(x, normalized_shape, weight, bias, eps)
    return out, mean.detach(), rstd.detach()


def _normalised_layers(
    x: Tensor, normalized_shape: Sequence[int], weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    wanted = _check_normalized(x, normalized_shape, weight, bias)
    _check_floating("LayerNormKernelImpl", x)
    layout = _of_layers(x._data.shape, wanted, weight is not None, bias is not None)
    out, mean, rstd = _layer_norm(*_operands(x, weight, bias), layout=layout, eps=float(eps))
    return _rounded(out, x), mean, rstd


@lru_cache(maxsize=64)
def _of_layers(shape: tuple[int, ...], wanted: tuple[int, ...], scaled: bool, shifted: bool) -> Layout:
    axes = tuple(range(len(shape) - len(wanted), len(shape)))
    return Layout(shape, axes, wanted, wanted, _reduced(shape, axes), scaled, shifted)


@public(method=False)
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enable: bool = True,
) -> Tensor:
    """The input, normalised over its last dimensions, which have the shape `normalized_shape`, then scaled and shifted.

    >>> import adjoint as torch
    >>> torch.layer_norm(torch.tensor([[1.0, 3.0]]), (2,), eps=0.0)
    tensor([[-1.,  1.]])
    """
    (x,) = require_tensors("layer_norm", input)
    return _normalised_layers(x, normalized_shape, weight, bias, eps)[0]


@public(module="nn.functional", method=False, name="layer_norm")
def functional_layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
) -> Tensor:
    """The input, normalised over its last dimensions, which have the shape `normalized_shape`, then scaled and shifted."""
    return layer_norm(input, normalized_shape, weight, bias, eps)


@public(method=False)
@public(module="nn.functional", method=False)
def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """The input, divided by its root mean square over the last dimensions, then scaled.

    >>> import adjoint as torch
    >>> torch.nn.functional.rms_norm(torch.tensor([[1.0, 7.0]]), (2,))
    tensor([[0.2000, 1.4000]])
    """
    (x,) = require_tensors("rms_norm", input)
    wanted = _check_normalized(x, normalized_shape, weight, None)
    axes = list(range(x.ndim - len(wanted), x.ndim))
    wide = to_dtype(x, dtypes.float32) if x.dtype.itemsize == 2 else x
    if eps is None:
        eps = float(np.finfo(wide._data.dtype).eps)
    out = wide * ((wide**2).mean(axes, keepdim=True) + eps).rsqrt()
    return to_dtype(out if weight is None else out * weight, x.dtype)


# --- groups of channels ---


@public(method=False)
def native_group_norm(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    N: int,
    C: int,
    HxW: int,
    group: int,
    eps: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """`group_norm` of N examples of C channels of HxW elements, and the means and inverse deviations that it used.

    >>> import adjoint as torch
    >>> torch.native_group_norm(torch.tensor([[1.0, 3.0]]), None, None, 1, 2, 1, 1, 0.0)
    (tensor([[-1.,  1.]]), tensor([[2.]]), tensor([[1.]]))
    """
    (x,) = require_tensors("native_group_norm", input)
    _check_floating("GroupNormKernelImpl", x)
    if C % group:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={group}"
        )
    for name, each in (("weight", weight), ("bias", bias)):
        if each is not None and tuple(each.shape) != (C,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, but got {name} of shape "
                f"{list(each.shape)} and input of shape {list(x.shape)}"
            )
    shape, channels = (N, group, C // group, HxW), (1, group, C // group, 1)
    layout = Layout(shape, (2, 3), channels, (C,), (N, group), weight is not None, bias is not None)
    out, mean, rstd = _group_norm(*_operands(x, weight, bias), layout=layout, eps=float(eps))
    return _rounded(out, x), mean, rstd


@public(method=False)
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-05,
    cudnn_enabled: bool = True,
) -> Tensor:
    """The input, (N, C, ...), with its channels in groups of which each is normalised, then scaled and shifted by channel.

    >>> import adjoint as torch
    >>> torch.group_norm(torch.tensor([[1.0, 3.0, 5.0, 5.0]]), 2)
    tensor([[-1.0000,  1.0000,  0.0000,  0.0000]])
    """
    (x,) = require_tensors("group_norm", input)
    count, channels = x.shape[:2]
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    return native_group_norm(x, weight, bias, count, channels, math.prod(x.shape[2:]), num_groups, eps)[0]


@public(module="nn.functional", method=False, name="group_norm")
def functional_group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-05
) -> Tensor:
    """The input, (N, C, ...), with its channels in groups of which each is normalised, then scaled and shifted by channel."""
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    _check_several((input.shape[0] * input.shape[1] // num_groups, num_groups, *input.shape[2:]))
    return group_norm(input, num_groups, weight, bias, eps)


# --- batches ---


def _check_several(size: Sequence[int]) -> None:
    if size[0] * math.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(size)}")


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
    _check_floating("batch_norm", x)
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
    layout = Layout(shape, axes, _reduced(shape, axes), scalars, scalars, weight is not None, bias is not None, held)
    operands = _operands(x, weight, bias)
    if training:
        out, mean, rstd = _batch_norm(*operands, layout=layout, eps=float(eps))
        _move(running, mean, rstd, momentum, eps, layout.elements)
        return _rounded(out, x), mean, rstd
    if None in running:
        raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
    out = _batch_norm_by_running(*operands, *running, layout=layout, eps=float(eps))
    return _rounded(out, x), None, None


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
        _check_several(input.shape)
        if eps <= 0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    elif eps < 0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


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


# --- across channels ---


@public(module="nn.functional", method=False)
def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """Each element divided by `(k + alpha * m) ** beta`, for the mean m of the squares in `size` neighbouring channels.

    >>> import adjoint as torch
    >>> torch.nn.functional.local_response_norm(torch.tensor([[[1.0], [2.0]]]), size=2, alpha=2.0, beta=1.0)
    tensor([[[0.5000],
             [0.3333]]])
    """
    (x,) = require_tensors("local_response_norm", input)
    if x.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {x.ndim} dimensions)"
        )
    if not x.numel():
        return x
    squares, channels = x * x, x.shape[1]
    before, after = (squares.new_zeros(x.shape[0], width, *x.shape[2:]) for width in (size // 2, (size - 1) // 2))
    padded = cat([before, squares, after], 1)
    total = sum((padded.narrow(1, start, channels) for start in range(1, size)), padded.narrow(1, 0, channels))
    mean = total // size if x._data.dtype.kind in "iu" else total / size
    return x / (mean * alpha + k) ** beta
