"""Losses of classes: cross-entropies, from indices of classes or from probabilities."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import int64, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.statements import linear as linear_record
from adjoint.core.tensor import Tensor
from adjoint.ops.broadcasting import broadcast_shapes
from adjoint.ops.comparison import eq
from adjoint.ops.nn.activations import logsigmoid
from adjoint.ops.nn.linear import linear
from adjoint.ops.nn.reductions import moved, reduce_loss, reduced, resolved, spread, weighed
from adjoint.ops.nn.softmax import log_softmax

# --- two classes ---


def _log_of_share(xp: Any, x: Any) -> Any:
    """A logarithm, held above -100."""
    return xp.maximum(xp.log(x), -100)


def _bce(xp: Any, x: Any, target: Any, weight: Any, *, reduction: str) -> Any:
    likelihood = target * _log_of_share(xp, x) + (1 - target) * xp.maximum(xp.log1p(-x), -100)
    return reduced(xp, weighed(xp, -likelihood, weight), reduction)


def _bce_slope(xp: Any, x: Any, target: Any, weight: Any) -> Any:
    return weighed(xp, (x - target) / xp.maximum((1 - x) * x, 1e-12), weight)


def _bce_target_slope(xp: Any, x: Any, weight: Any) -> Any:
    return weighed(xp, xp.maximum(xp.log1p(-x), -100) - _log_of_share(xp, x), weight)


_binary_cross_entropy = general(
    "binary_cross_entropy",
    _bce,
    vjp=(
        lambda xp, g, x, target, weight, *, reduction: (
            spread(xp, g, x.shape, reduction) * _bce_slope(xp, x, target, weight)
        ),
        lambda xp, g, x, weight, *, reduction: spread(xp, g, x.shape, reduction) * _bce_target_slope(xp, x, weight),
        None,
    ),
    jvp=lambda xp, tangents, x, target, weight, *, reduction: reduced(
        xp,
        moved(xp, tangents, lambda: _bce_slope(xp, x, target, weight), lambda: _bce_target_slope(xp, x, weight)),
        reduction,
    ),
    promotes="common",
)


def _log_sigmoid(xp: Any, x: Any) -> Any:
    return xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))


def _logits_loss(xp: Any, x: Any, target: Any, weight: Any, pos_weight: Any, *, reduction: str) -> Any:
    likelihood = _log_sigmoid(xp, x)
    if pos_weight.__class__ is not int:
        likelihood = likelihood * (1 - target) + weighed(xp, likelihood * target, pos_weight)
    return reduced(xp, weighed(xp, (1 - target) * x - likelihood, weight), reduction)


def _logits_slope(xp: Any, x: Any, target: Any, weight: Any, pos_weight: Any) -> Any:
    share, positive = xp.sigmoid(x), weighed(xp, target, pos_weight)
    slope = share - target if positive is target else (positive + 1 - target) * share - positive
    return weighed(xp, slope, weight)


def _logits_target_slope(xp: Any, x: Any, weight: Any, pos_weight: Any) -> Any:
    plain = pos_weight.__class__ is int
    slope = -x if plain else _log_sigmoid(xp, -x) - weighed(xp, _log_sigmoid(xp, x), pos_weight)
    return weighed(xp, slope, weight)


_with_logits = general(
    "binary_cross_entropy_with_logits",
    _logits_loss,
    vjp=(
        lambda xp, g, x, target, weight, pos_weight, *, reduction: (
            spread(xp, g, x.shape, reduction) * _logits_slope(xp, x, target, weight, pos_weight)
        ),
        lambda xp, g, x, weight, pos_weight, *, reduction: (
            spread(xp, g, x.shape, reduction) * _logits_target_slope(xp, x, weight, pos_weight)
        ),
        None,
        None,
    ),
    jvp=lambda xp, tangents, x, target, weight, pos_weight, *, reduction: reduced(
        xp,
        moved(
            xp,
            tangents,
            lambda: _logits_slope(xp, x, target, weight, pos_weight),
            lambda: _logits_target_slope(xp, x, weight, pos_weight),
        ),
        reduction,
    ),
    promotes="common",
)


@public(module="nn.functional", method=False)
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`-target * log(input) - (1 - target) * log(1 - input)`, with logarithms held above -100.

    >>> import adjoint as torch
    >>> torch.nn.functional.binary_cross_entropy(torch.tensor([0.5, 0.9]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.1054])
    """
    x, y = require_tensors("binary_cross_entropy", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    if x._data.shape != y._data.shape:
        raise ValueError(
            f"Using a target size ({y.shape}) that is different to the input size ({x.shape}) is deprecated. "
            "Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(*broadcast_shapes(y.shape, weight.shape))
    data = np.asarray(x.detach()._data)
    if data.dtype.kind in "fV" and not np.all((data >= 0) & (data <= 1)):
        raise RuntimeError(
            "all elements of input should be between 0 and 1\nThey are probabilities: of scores, take "
            "binary_cross_entropy_with_logits()."
        )
    return _binary_cross_entropy(x, y, 1 if weight is None else weight, reduction=reduction)


@public(module="nn.functional", method=False)
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of `sigmoid(input)`, computed without loss of digits; `pos_weight` weighs positive examples.

    >>> import adjoint as torch
    >>> torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.0, 99.0]), torch.tensor([1.0, 0.0]))
    tensor(49.8466)
    """
    x, y = require_tensors("binary_cross_entropy_with_logits", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    if x._data.shape != y._data.shape:
        raise ValueError(f"Target size ({y.shape}) must be the same as input size ({x.shape})")
    if x.dtype.itemsize == 2:
        return reduce_loss(_logits_loss_by_steps(x, y, weight, pos_weight), reduction)
    weights = (1 if each is None else each for each in (weight, pos_weight))
    return _with_logits(x, y, *weights, reduction=reduction)


def _logits_loss_by_steps(x: Tensor, target: Tensor, weight: Tensor | None, pos_weight: Tensor | None) -> Tensor:
    """The loss of 16-bit numbers, of which PyTorch rounds each step."""
    likelihood = logsigmoid(x)
    if pos_weight is not None:
        likelihood = likelihood * ((pos_weight - 1) * target + 1)
    loss = (1 - target) * x - likelihood
    return loss if weight is None else loss * weight


def _wrong_side(xp: Any, x: Any, target: Any) -> Any:
    """Minus the logarithm of the probability that the logistic function gives to the sign `target`."""
    return -_log_sigmoid(xp, target * x)


_soft_margin_loss = general(
    "soft_margin_loss",
    lambda xp, x, target, *, reduction: reduced(xp, _wrong_side(xp, x, target), reduction),
    vjp=(
        lambda xp, g, x, target, *, reduction: spread(xp, g, x.shape, reduction) * -target * xp.sigmoid(-target * x),
        lambda xp, g, x, target, *, reduction: spread(xp, g, x.shape, reduction) * -x * xp.sigmoid(-target * x),
    ),
    jvp=lambda xp, tangents, x, target, *, reduction: reduced(
        xp,
        moved(xp, tangents, lambda: -target * xp.sigmoid(-target * x), lambda: -x * xp.sigmoid(-target * x)),
        reduction,
    ),
    promotes="common",
)


@public(module="nn.functional", method=False)
def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`log(1 + exp(-target * input))`, for targets 1 and -1.

    >>> import adjoint as torch
    >>> torch.nn.functional.soft_margin_loss(torch.tensor([0.0, 3.0]), torch.tensor([1.0, 1.0]), reduction="none")
    tensor([0.6931, 0.0486])
    """
    x, y = require_tensors("soft_margin_loss", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    if x.shape != y.shape:
        shape = broadcast_shapes(x.shape, y.shape)
        x, y = x.expand(*shape), y.expand(*shape)
    if x.dtype.itemsize == 2:  # of which PyTorch rounds each step
        return reduce_loss((-x * y).exp().log1p(), reduction)
    return _soft_margin_loss(x, y, reduction=reduction)


# --- many classes ---


def _chosen(xp: Any, target: Any, ignore_index: int) -> tuple:
    """The index that picks each example's class out of scores of shape (N, C, ...); class 0 where it is to be ignored."""
    shape = target.shape
    classes = xp.where(target == ignore_index, 0, target)
    if not shape:
        return (classes,)
    first, *rest = (
        xp.asarray(np.arange(size).reshape(-1, *(1,) * (len(shape) - axis - 1))) for axis, size in enumerate(shape)
    )
    return first, classes, *rest


def _example_weights(xp: Any, like: Any, target: Any, weight: Any, ignore_index: int) -> Any:
    """Each example's weight, which is that of its class; 0 where it is to be ignored."""
    counts = xp.astype(target != ignore_index, xp.numpy_dtype(like))
    return weighed(
        xp, counts, 1 if weight.__class__ is int else xp.getitem(weight, (xp.where(target == ignore_index, 0, target),))
    )


def _nll(xp: Any, x: Any, target: Any, weight: Any, *, reduction: str, ignore_index: int) -> Any:
    weights = _example_weights(xp, x, target, weight, ignore_index)
    values = -xp.getitem(x, _chosen(xp, target, ignore_index))
    values = xp.where(weights == 0, 0, values * weights)  # an ignored score may be infinite
    if reduction == "none":
        return values
    return xp.sum(values) / xp.sum(weights) if reduction == "mean" else xp.sum(values)


def _nll_transpose(
    xp: Any, g: Any, x_shape: Any, target: Any, weight: Any, *, reduction: str, ignore_index: int
) -> Any:
    weights = _example_weights(xp, g, target, weight, ignore_index)
    g = g / xp.sum(weights) if reduction == "mean" else g
    return xp.place(xp.where(weights == 0, 0, -g * weights), _chosen(xp, target, ignore_index), x_shape)


_NLL: dict[str, Any] = {"forward": _nll, "transpose": (_nll_transpose, None, None), "promotes": "common"}
_nll_loss = linear_record("nll_loss", **_NLL)
_nll_loss_2d = linear_record("nll_loss_2d", **_NLL, node="NllLoss2DBackward0")


def _check_classes(x: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int) -> None:
    """Refuse indices of classes, and weights, that do not fit the scores."""
    shape, wanted = x.shape, target.shape
    if not shape:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if len(shape) > 1 and (not wanted or shape[0] != wanted[0]):
        raise ValueError(
            f"Expected input batch_size ({shape[0]}) to match target batch_size ({wanted[0] if wanted else 0})."
        )
    if (len(shape) == 2 and len(wanted) != 1) or (len(shape) == 1 and wanted not in ((), (1,))):
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported\nThe target has the index of one class per example."
        )
    if len(shape) > 2 and len(wanted) != len(shape) - 1 and len(shape) == 4:
        raise RuntimeError(
            f"only batches of spatial targets supported (3D tensors) but got targets of dimension: {len(wanted)}"
        )
    if len(shape) > 2 and tuple(shape[:1] + shape[2:]) != tuple(wanted):
        raise RuntimeError(f"Expected target size {list(shape[:1] + shape[2:])}, got {list(wanted)}")
    if target._data.dtype.name not in ("int64", "uint8"):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {scalar_type_name(target.dtype)}\n"
            "Indices of classes are integers: target.long()."
        )
    classes = shape[1] if len(shape) > 1 else shape[0]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of "
            f"shape: {list(weight.shape)}"
        )
    if weight is not None and weight.dtype is not x.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_type_name(x.dtype)} but found {scalar_type_name(weight.dtype)}"
        )
    indices = target.detach()._data
    if isinstance(indices, np.ndarray | np.generic):
        wrong = np.asarray(indices)[(indices != ignore_index) & ((indices < 0) | (indices >= classes))]
        if wrong.size:
            raise IndexError(f"Target {int(wrong.flat[0])} is out of bounds.")


@public(module="nn.functional", method=False)
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Minus the log-probability of each example's class, out of log-probabilities of shape (N, C), (C,) or (N, C, ...).

    The mean is weighted by the classes' weights. Examples whose class is `ignore_index` do not count.

    >>> import adjoint as torch
    >>> torch.nn.functional.nll_loss(torch.tensor([[-0.1, -2.3], [-1.6, -0.2]]), torch.tensor([0, 1]))
    tensor(0.1500)
    """
    x, y = require_tensors("nll_loss", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    _check_classes(x, y, weight, ignore_index)
    if x.ndim == 1 and y.ndim:
        y = y.squeeze(0)
    record = _nll_loss if x.ndim < 3 else _nll_loss_2d
    return record(x, y, 1 if weight is None else weight, reduction=reduction, ignore_index=ignore_index)


@public(module="nn.functional", method=False)
def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """Minus the log-probability, after softmax, of each example's class; scores are of shape (N, C), (C,) or (N, C, ...).

    `target` holds the indices of the classes, or, in the shape of `input`, their probabilities. With `label_smoothing`
    that share of each example is spread evenly over all classes.

    >>> import adjoint as torch
    >>> torch.nn.functional.cross_entropy(torch.tensor([[2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 1]))
    tensor(0.0878)
    """
    x, y = require_tensors("cross_entropy_loss", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    axis = 0 if x.ndim == 1 else 1
    if x.shape == y.shape and y.is_floating_point():
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is not supported for floating point target")
        return _against_probabilities(x, y, weight, reduction, label_smoothing, axis)
    log_shares = log_softmax(x, axis, x.dtype)
    loss = nll_loss(log_shares, y, weight, ignore_index=ignore_index, reduction=reduction)
    if not label_smoothing:
        return loss
    even = _spread_evenly(log_shares, y, weight, reduction, ignore_index, axis)
    return (1 - label_smoothing) * loss + even * (label_smoothing / x.shape[axis])


def _by_class(weight: Tensor, x: Tensor, axis: int) -> Tensor:
    """The classes' weights, in a shape that broadcasts with the scores."""
    return weight.view(-1, *(1,) * (x.ndim - axis - 1))


def _against_probabilities(
    x: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float, axis: int
) -> Tensor:
    classes = x.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    products = log_softmax(x, axis, x.dtype) * target
    if weight is not None:
        products = products * _by_class(weight, x, axis)
    if reduction == "none":
        return -products.sum(axis)
    total = -products.sum()
    return total if reduction == "sum" else total / (math.prod(x.shape) / classes) if x.numel() else total / 0


def _spread_evenly(
    log_shares: Tensor, target: Tensor, weight: Tensor | None, reduction: str, ignore_index: int, axis: int
) -> Tensor:
    """The loss of all classes together, for label smoothing."""
    weighted = log_shares if weight is None else log_shares * _by_class(weight, log_shares, axis)
    ignored = eq(target.reshape(weighted.shape[:axis] + weighted.shape[axis + 1 :]), ignore_index)
    loss = (-weighted.sum(axis)).masked_fill(ignored, 0)
    if reduction != "mean":
        return reduce_loss(loss, reduction)
    kept = target.reshape(ignored.shape)[~ignored]
    return loss.sum() / (kept.numel() if weight is None else weight[kept].sum())


@public(module="nn.functional", method=False)
def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """`cross_entropy` of the scores that a linear layer computes: weights of shape (C, features), or (C, ..., features).

    `options`, which choose how PyTorch cuts the batch into chunks, change nothing but memory and the last digits.

    >>> import adjoint as torch
    >>> x, layer = torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [0.0, 3.0]])
    >>> torch.nn.functional.linear_cross_entropy(x, layer, torch.tensor([0]))
    tensor(0.1269)
    """
    x, layer, y = require_tensors(
        "linear_cross_entropy", input, linear_weight, target, names=("input", "linear_weight", "target")
    )
    if x.ndim not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {x.ndim}")
    if layer.ndim < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {layer.ndim}")
    classes, *positions, features = layer.shape
    if x.shape[-1] != features:
        raise RuntimeError(
            f"expected equal input and linear_weight last dimensions (in_features), got {x.shape[-1]} and {features}, "
            "respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *positions):
        raise RuntimeError(f"expected linear_bias shape {(classes, *positions)}, got {tuple(linear_bias.shape)}")
    if positions and x.ndim == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(layer.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(x.shape)}"
        )
    shape = (*x.shape[:-1], classes, *positions)
    if tuple(y.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if options is not None and (positions or label_smoothing or y.dtype is not int64):
        bias_shape = None if linear_bias is None else tuple(linear_bias.shape)
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == (). Got "
            f"reduction={reduction!r}, label_smoothing={label_smoothing}, target.dtype={y.dtype}, "
            f"out_features={tuple(positions)}, tracing=False, linear_bias.shape={bias_shape}.",
            stacklevel=2,
        )
    rows = math.prod(positions) * classes
    bias = linear_bias if linear_bias is None else linear_bias.reshape(rows)
    scores = linear(x, layer.reshape(rows, features), bias).reshape(shape)
    return cross_entropy(
        scores,
        y,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )
