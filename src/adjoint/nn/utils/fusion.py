"""Layers that take in the normalisation after them, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import Parameter
from adjoint.ops.creation import ones_like, zeros_like
from adjoint.ops.powers import rsqrt

__all__ = ["fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights"]


def _fused(layer: Any, norm: Any, fuse: Any, *settings: Any) -> Any:
    """A copy of a layer with the weights that it and the normalisation after it have together."""
    if norm.running_mean is None or norm.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    made = copy.deepcopy(layer)
    statistics = norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    made.weight, made.bias = fuse(made.weight, made.bias, *statistics, *settings)
    return made


def _check_evaluation(*modules: Module) -> None:
    if any(each.training for each in modules):
        raise AssertionError("Fusion only for eval!")


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A convolution that computes what `bn(conv(x))` does in evaluation.

    >>> import adjoint as torch
    >>> conv, norm = torch.nn.Conv1d(2, 3, 1).eval(), torch.nn.BatchNorm1d(3).eval()
    >>> torch.allclose(torch.nn.utils.fuse_conv_bn_eval(conv, norm)(torch.ones(1, 2, 4)), norm(conv(torch.ones(1, 2, 4))))
    True
    """
    _check_evaluation(conv, bn)
    return _fused(conv, bn, fuse_conv_bn_weights, transpose)


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A linear layer that computes what `bn(linear(x))` does in evaluation."""
    _check_evaluation(linear, bn)
    if bn.num_features not in (linear.out_features, 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got linear.out_features="
            f"{linear.out_features} and bn.num_features={bn.num_features}"
        )
    return _fused(linear, bn, fuse_linear_bn_weights)


def _fused_weights(
    weight: Tensor, bias: Tensor | None, mean: Tensor, variance: Tensor, eps: float, scale: Tensor, shift: Tensor,
    shape: list[int],
) -> tuple[Parameter, Parameter]:  # fmt: skip
    kind = weight.dtype if bias is None else bias.dtype
    before = zeros_like(mean) if bias is None else bias
    factor = scale * rsqrt(variance + eps)
    found = (weight * factor.reshape(shape)).to(weight.dtype), ((before - mean) * factor + shift).to(kind)
    return Parameter(found[0], weight.requires_grad), Parameter(found[1], before.requires_grad)


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor | None,
    bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """The weight and bias of a convolution with the normalisation after it; `transpose` for a transposed convolution."""
    scale = ones_like(bn_rm) if bn_w is None else bn_w
    shift = zeros_like(bn_rm) if bn_b is None else bn_b
    shape = ([1, -1] if transpose else [-1, 1]) + [1] * (conv_w.dim() - 2)
    return _fused_weights(conv_w, conv_b, bn_rm, bn_rv, bn_eps, scale, shift, shape)


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float, bn_w: Tensor, bn_b: Tensor
) -> tuple[Parameter, Parameter]:
    """The weight and bias of a linear layer with the normalisation after it."""
    return _fused_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, [-1, 1])
