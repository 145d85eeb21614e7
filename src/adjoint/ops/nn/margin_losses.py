"""Losses that ask for a margin: between scores of classes, between distances, between ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import minimum, where
from adjoint.ops.comparison import eq, ne
from adjoint.ops.nn.activations import logsigmoid
from adjoint.ops.nn.distances import pairwise_distance
from adjoint.ops.nn.reductions import reduce_loss, reduced, resolved, spread, weighed

# --- between the scores of classes ---


def _is_class(xp: Any, x_shape: tuple[int, ...], target: Any) -> Any:
    """True at each example's class, for scores of shape (N, C)."""
    return xp.asarray(np.arange(x_shape[1])) == xp.expand_dims(target, 1)


def _shortfall(xp: Any, x: Any, target: Any, margin: float) -> Any:
    """By how much each score comes within the margin of that of the example's class, and 0 for the class itself."""
    own = _is_class(xp, x.shape, target)
    score = xp.sum(xp.where(own, x, 0), axis=1, keepdims=True)
    return xp.where(own, 0, xp.maximum(margin - score + x, 0))


def _class_weights(xp: Any, target: Any, weight: Any) -> Any:
    return weight if weight.__class__ is int else xp.expand_dims(xp.getitem(weight, (target,)), 1)


def _multi_margin(xp: Any, x: Any, target: Any, weight: Any, *, p: int, margin: float, reduction: str) -> Any:
    shortfall = _shortfall(xp, x, target, margin)
    values = weighed(xp, shortfall if p == 1 else shortfall * shortfall, _class_weights(xp, target, weight))
    return reduced(xp, xp.sum(values, axis=1) / x.shape[1], reduction)


def _multi_margin_slope(xp: Any, x: Any, target: Any, weight: Any, p: int, margin: float) -> Any:
    shortfall = _shortfall(xp, x, target, margin)
    steps = xp.astype(shortfall > 0, xp.numpy_dtype(x)) if p == 1 else 2 * shortfall
    steps = weighed(xp, steps, _class_weights(xp, target, weight)) / x.shape[1]
    return steps - xp.where(_is_class(xp, x.shape, target), xp.sum(steps, axis=1, keepdims=True), 0)


def _of_rows(xp: Any, g: Any, slope: Any, reduction: str) -> Any:
    """The gradient of the scores, from the slopes of each row's loss."""
    return xp.expand_dims(spread(xp, g, slope.shape[:1], reduction), 1) * slope


_multi_margin_loss = general(
    "multi_margin_loss",
    _multi_margin,
    vjp=(
        lambda xp, g, x, target, weight, *, p, margin, reduction: _of_rows(
            xp, g, _multi_margin_slope(xp, x, target, weight, p, margin), reduction
        ),
        None,
        None,
    ),
    jvp=lambda xp, tangents, x, target, weight, *, p, margin, reduction: reduced(
        xp, xp.sum(tangents[0] * _multi_margin_slope(xp, x, target, weight, p, margin), axis=1), reduction
    ),
    promotes="common",
)


def _listed(xp: Any, target: Any, like: Any) -> Any:
    """How often each class is among the targets of its row, which end at the first that is negative."""
    classes = np.arange(target.shape[1])
    ends = target < 0
    last = xp.where(xp.any(ends, axis=1, keepdims=True), xp.argmax(ends, axis=1, keepdims=True), target.shape[1])
    counted = xp.logical_and(xp.asarray(classes) < last, xp.logical_not(ends))
    hits = xp.logical_and(
        xp.expand_dims(counted, 2), xp.expand_dims(target, 2) == xp.asarray(classes.reshape(1, 1, -1))
    )
    return xp.sum(xp.astype(hits, xp.numpy_dtype(like)), axis=1)


def _lags(xp: Any, x: Any) -> Any:
    """By how much each score comes within 1 of each other: (N, the class that should win, the other)."""
    return 1 - xp.expand_dims(x, 2) + xp.expand_dims(x, 1)


def _pair_weights(xp: Any, x: Any, target: Any) -> Any:
    """How often each pair of a class that is listed and one that is not counts."""
    counts = _listed(xp, target, x)
    others = xp.astype(counts == 0, xp.numpy_dtype(x))
    return xp.expand_dims(counts, 2) * xp.expand_dims(others, 1) / x.shape[1]


def _multilabel_margin(xp: Any, x: Any, target: Any, *, reduction: str) -> Any:
    values = _pair_weights(xp, x, target) * xp.maximum(_lags(xp, x), 0)
    return reduced(xp, xp.sum(values, axis=(1, 2)), reduction)


def _multilabel_slope(xp: Any, x: Any, target: Any) -> Any:
    steps = xp.where(_lags(xp, x) > 0, _pair_weights(xp, x, target), 0)
    return xp.sum(steps, axis=1) - xp.sum(steps, axis=2)


_multilabel_margin_loss = general(
    "multilabel_margin_loss",
    _multilabel_margin,
    vjp=(
        lambda xp, g, x, target, *, reduction: _of_rows(xp, g, _multilabel_slope(xp, x, target), reduction),
        None,
    ),
    jvp=lambda xp, tangents, x, target, *, reduction: reduced(
        xp, xp.sum(tangents[0] * _multilabel_slope(xp, x, target), axis=1), reduction
    ),
    promotes="common",
)


def _rows(input: Tensor, target: Tensor) -> Tensor:
    """Scores as rows, of which there may be one without a dimension for it."""
    if input.ndim > 2 or (not input.shape[-1:].numel() and input.ndim):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.shape)}"
        )
    return input if input.ndim == 2 else input.reshape(1, -1)


def _check_integers(target: Tensor) -> None:
    if target._data.dtype != np.int64:
        raise RuntimeError(f"expected scalar type Long but found {scalar_type_name(target.dtype)}")


@public(module="nn.functional", method=False)
def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum of `max(0, margin - x[class] + x[other]) ** p` over the other classes, divided by the number of classes.

    >>> import adjoint as torch
    >>> torch.nn.functional.multi_margin_loss(torch.tensor([[1.0, 0.5, -1.0, 0.0]]), torch.tensor([0]))
    tensor(0.1250)
    """
    x, y = require_tensors("multi_margin_loss", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    rows = _rows(x, y)
    if y.ndim > 1 or y.numel() != rows.shape[0]:
        raise RuntimeError(
            "target tensor should be 1-D with size equal to the batch size of the input. Expected target size "
            f"[{rows.shape[0]}], but got {list(y.shape)}"
        )
    if weight is not None and weight.numel() != rows.shape[1]:
        raise RuntimeError(f"inconsistent weight size, expected {rows.shape[1]} but got {list(weight.shape)}")
    _check_integers(y)
    if y.numel() and not 0 <= y.min().item() <= y.max().item() < rows.shape[1]:
        raise RuntimeError("target out of range")
    weights = 1 if weight is None else weight
    loss = _multi_margin_loss(rows, y.reshape(-1), weights, p=p, margin=margin, reduction=reduction)
    return loss.squeeze(0) if reduction == "none" and y.ndim == 0 else loss


@public(module="nn.functional", method=False)
def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The sum of `max(0, 1 - x[listed] + x[other])` over classes that are listed and others, by the number of classes.

    Each row of `target` lists classes, and ends with -1 where it is not full.

    >>> import adjoint as torch
    >>> torch.nn.functional.multilabel_margin_loss(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    x, y = require_tensors("multilabel_margin_loss", input, target, names=("input", "target"))
    reduction = resolved(reduction, size_average, reduce)
    rows = _rows(x, y)
    if y.shape != x.shape and not (x.ndim < 2 and y.numel() == x.numel() and y.ndim < 2):
        raise RuntimeError(f"inconsistent target size: {list(y.shape)} for input of size: {list(x.shape)}")
    _check_integers(y)
    if y.numel() and not -1 <= y.min().item() <= y.max().item() < rows.shape[1]:
        raise RuntimeError("target out of range")
    loss = _multilabel_margin_loss(rows, y.reshape(rows.shape), reduction=reduction)
    return loss.squeeze(0) if reduction == "none" and x.ndim < 2 else loss


@public(module="nn.functional", method=False)
def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes, which each example has or has not, of `binary_cross_entropy_with_logits`.

    >>> import adjoint as torch
    >>> torch.nn.functional.multilabel_soft_margin_loss(torch.tensor([[0.0, 3.0]]), torch.tensor([[1.0, 1.0]]))
    tensor(0.3709)
    """
    reduction = resolved(reduction, size_average, reduce)
    loss = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return reduce_loss(loss.sum(-1) / input.shape[-1], reduction)


# --- between numbers, and their signs ---


@public(module="nn.functional", method=False)
@one_under_autocast
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`max(0, -target * (input1 - input2) + margin)`, for targets 1 where the first should rank higher, else -1.

    >>> import adjoint as torch
    >>> first, second = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])
    >>> torch.nn.functional.margin_ranking_loss(first, second, torch.tensor([1.0, 1.0]), reduction="none")
    tensor([2., 0.])
    """
    reduction = resolved(reduction, size_average, reduce)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduce_loss((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@public(module="nn.functional", method=False)
@one_under_autocast
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Distances where `target` is 1, and what they lack to `margin` where it is -1.

    >>> import adjoint as torch
    >>> distances = torch.tensor([0.2, 0.2])
    >>> torch.nn.functional.hinge_embedding_loss(distances, torch.tensor([1.0, -1.0]), reduction="none")
    tensor([0.2000, 0.8000])
    """
    reduction = resolved(reduction, size_average, reduce)
    apart = where(ne(target, 1), (margin - input).clamp_min(0), 0)
    return reduce_loss(apart + where(ne(target, -1), input, 0), reduction)


@public(module="nn.functional", method=False)
@one_under_autocast
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`1 - cos` of two vectors where `target` is 1, and `max(0, cos - margin)` where it is -1.

    >>> import adjoint as torch
    >>> first, second = torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])
    >>> torch.nn.functional.cosine_embedding_loss(first, second, torch.tensor([1.0]))
    tensor(0.2929)
    """
    reduction = resolved(reduction, size_average, reduce)
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}."
        )
    tiny = 1e-12
    squares = ((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)
    cosine = (input1 * input2).sum(-1) / squares.sqrt()
    loss = where(eq(target, 1), 1 - cosine, 0) + where(eq(target, -1), (cosine - margin).clamp_min(0), 0)
    return reduce_loss(loss, reduction)


# --- between distances ---


def _triplet(
    distance: Callable[[Tensor, Tensor], Tensor],
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float,
    swap: bool,
    reduction: str,
) -> Tensor:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduce_loss((margin + near - far).clamp_min(0), reduction)


@public(module="nn.functional", method=False)
@one_under_autocast
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`max(0, margin + d(anchor, positive) - d(anchor, negative))`, for the distances of `pairwise_distance`.

    With `swap`, the distance from the positive example to the negative one counts where it is the smaller.

    >>> import adjoint as torch
    >>> anchor, positive, negative = (torch.tensor([[x, 0.0]]) for x in (0.0, 1.0, 1.5))
    >>> torch.nn.functional.triplet_margin_loss(anchor, positive, negative)
    tensor(0.5000)
    """
    reduction = resolved(reduction, size_average, reduce)
    return _triplet(lambda x, y: pairwise_distance(x, y, p, eps), anchor, positive, negative, margin, swap, reduction)


@public(module="nn.functional", method=False)
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` for a distance of one's own.

    >>> import adjoint as torch
    >>> anchor, positive, negative = (torch.tensor([[x, 0.0]]) for x in (0.0, 1.0, 1.5))
    >>> torch.nn.functional.triplet_margin_with_distance_loss(
    ...     anchor, positive, negative, distance_function=lambda x, y: (x - y).abs().sum(-1)
    ... )
    tensor(0.5000)
    """
    return _triplet(
        distance_function or pairwise_distance, anchor, positive, negative, margin, swap, resolved(reduction)
    )
