"""The argument `reduction` of the losses: all values, their sum, or their mean."""

from __future__ import annotations

import math
import warnings
from typing import Any

from adjoint.core.tensor import Tensor

_NAMES = ("none", "mean", "sum")


def resolved(reduction: str, size_average: bool | None = None, reduce: bool | None = None) -> str:
    """The reduction that is asked for, be it by the two older arguments; an error where there is no such reduction."""
    if size_average is not None or reduce is not None:
        averaged = size_average is None or size_average
        reduction = "none" if reduce is False else "mean" if averaged else "sum"
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
            stacklevel=3,
        )
    if reduction not in _NAMES:
        raise ValueError(f"{reduction} is not a valid value for reduction\nIt is one of 'none', 'mean' and 'sum'.")
    return reduction


def reduce_loss(loss: Tensor, reduction: str) -> Tensor:
    """The values of a loss, as a composed function returns them."""
    return loss if reduction == "none" else loss.mean() if reduction == "mean" else loss.sum()


def reduced(xp: Any, values: Any, reduction: str) -> Any:
    """The values of a loss, as a record returns them."""
    if reduction == "none":
        return values
    total = xp.sum(values)
    return total / math.prod(values.shape) if reduction == "mean" else total


def spread(xp: Any, g: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """The cotangents of the values, of this shape, whose reduction has the cotangent `g`."""
    if reduction == "none":
        return g
    return xp.broadcast_to(g / math.prod(shape) if reduction == "mean" else g, shape)


def moved(xp: Any, tangents: Any, *slopes: Any) -> Any:
    """The tangent of the values: the tangents of the operands times their slopes, which are made where one is needed."""
    parts = [slope() * tangent for tangent, slope in zip(tangents, slopes, strict=False) if tangent is not None]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


def weighed(xp: Any, values: Any, weight: Any) -> Any:
    """Values with weights, in the type of the values; without weights, which is the number 1, as they are."""
    if weight.__class__ is int:
        return values
    dtype = xp.numpy_dtype(values)
    return values * (weight if xp.numpy_dtype(weight) == dtype else xp.astype(weight, dtype))
