"""What every normalisation does: its input, less the means over some axes, divided by the standard deviations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from adjoint.arrays.fused import fused
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.refusals import not_implemented_for


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
        return reduced_shape(self.shape, self.axes)


def reduced_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def _mean(xp: Any, x: Any, layout: Layout) -> Any:
    total = xp.sum(x, axis=layout.axes, keepdims=True)
    return total / layout.elements if layout.elements else total * math.nan


def affine(xp: Any, x: Any, weight: Any, bias: Any, layout: Layout) -> Any:
    x = x * xp.reshape(weight, layout.channels) if layout.scaled else x
    return x + xp.reshape(bias, layout.channels) if layout.shifted else x


def by_channel(xp: Any, values: Any, layout: Layout) -> Any:
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
    out = affine(xp, centred * rstd, weight, bias, layout)
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
    by_weight = by_channel(xp, products, layout) if layout.scaled else None
    products = by_unit * unit if layout.scaled else products
    level = by_mean / max(layout.elements, 1) - rstd * _mean(xp, by_unit, layout)
    stretch = rstd * _mean(xp, products, layout) + by_rstd * rstd * rstd / max(layout.elements, 1)
    by_x = rstd * by_unit + level - unit * stretch
    by_bias = by_channel(xp, by_out, layout) if layout.shifted else None
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


RECORD: dict[str, Any] = {
    "forward": lambda xp, x, weight, bias, *, layout, eps: _normalised(xp, x, weight, bias, layout=layout, eps=eps),
    "vjp": lambda xp, g, x, weight, mean, rstd, *, layout: _normalised_vjp(
        xp, *g, x, weight, mean, rstd, layout=layout
    ),
    "jvp": _normalised_jvp,
    "promotes": "common",
    "outputs": ("out", "mean", "rstd"),
}


# --- arguments ---


def operands_of(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> tuple[Any, ...]:
    return x, 1 if weight is None else weight, 0 if bias is None else bias


def rounded(out: Tensor, x: Tensor) -> Tensor:
    """A result in its input's type: of 16 bits also beside parameters of 32."""
    return out if out._data.dtype is x._data.dtype else to_dtype(out, x.dtype)


def check_floating(kernel: str, input: Tensor) -> None:
    if input._data.dtype.kind not in "fV":
        raise not_implemented_for(kernel, input)


def check_several(size: Sequence[int]) -> None:
    if size[0] * math.prod(size[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(size)}")
