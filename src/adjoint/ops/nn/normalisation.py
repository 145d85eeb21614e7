"""Normalisation to mean 0 and variance 1: of layers and of groups of channels; by the root mean square, and by neighbours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.joining import cat
from adjoint.ops.nn.standardising import (
    RECORD,
    Layout,
    check_floating,
    check_several,
    operands_of,
    reduced_shape,
    rounded,
)

_layer_norm = general("native_layer_norm", **RECORD)
_group_norm = general("native_group_norm", **RECORD)

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
    check_floating("LayerNormKernelImpl", x)
    layout = _of_layers(x._data.shape, wanted, weight is not None, bias is not None)
    out, mean, rstd = _layer_norm(*operands_of(x, weight, bias), layout=layout, eps=float(eps))
    return rounded(out, x), mean, rstd


@lru_cache(maxsize=64)
def _of_layers(shape: tuple[int, ...], wanted: tuple[int, ...], scaled: bool, shifted: bool) -> Layout:
    axes = tuple(range(len(shape) - len(wanted), len(shape)))
    return Layout(shape, axes, wanted, wanted, reduced_shape(shape, axes), scaled, shifted)


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
    check_floating("GroupNormKernelImpl", x)
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
    out, mean, rstd = _group_norm(*operands_of(x, weight, bias), layout=layout, eps=float(eps))
    return rounded(out, x), mean, rstd


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
    check_several((input.shape[0] * input.shape[1] // num_groups, num_groups, *input.shape[2:]))
    return group_norm(input, num_groups, weight, bias, eps)


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
