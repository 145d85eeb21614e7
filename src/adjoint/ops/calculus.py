"""Differences, integrals and derivatives of sampled functions, along a dimension."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.comparison import logical_xor
from adjoint.ops.creation import zeros_like
from adjoint.ops.dimensions import dimension, dimensions
from adjoint.ops.indexing import narrow, select
from adjoint.ops.joining import cat
from adjoint.ops.reduction import sum
from adjoint.ops.scans import cumsum

# --- differences ---


@public()
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """What each element is more than the one before it along `dim`; `n` times over.

    `prepend` and `append` are joined on first.

    >>> import adjoint as torch
    >>> torch.diff(torch.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    (input,) = require_tensors("diff", input)
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = dimension(dim, input.ndim, "diff")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for beside in (prepend, append):
        if beside is not None:
            _check_beside(input, beside, axis)
    parts = [each for each in (prepend, input, append) if each is not None]
    x = cat(parts, axis) if len(parts) > 1 and n else input
    n = min(n, x.shape[axis])
    result = x if n else x.clone()
    for _ in range(n):
        before, after = _neighbours(result, axis)
        result = logical_xor(after, before) if x._data.dtype.kind == "b" else after - before
    return result if out is None else write_out(out, result)


def _check_beside(input: Tensor, beside: Tensor, axis: int) -> None:
    if beside.ndim != input.ndim:
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    for place, (size, found) in enumerate(zip(input.shape, beside.shape, strict=True)):
        if place != axis and size != found:
            raise RuntimeError(
                "diff expects the shape of tensor to prepend or append to match that of input except along the "
                f"differencing dimension; input.size({place}) = {size}, but got tensor.size({place}) = {found}"
            )


def _neighbours(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """All elements along an axis but the last, and all but the first; none of none."""
    count = max(x.shape[axis] - 1, 0)
    return narrow(x, axis, 0, count), narrow(x, axis, min(1, x.shape[axis]), count)


# --- integrals ---


@public(method=False)
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integral along `dim` of a function sampled at equal distances `dx`, or at the points `x`, by trapezia.

    >>> import adjoint as torch
    >>> torch.trapezoid(torch.tensor([1., 2., 4.]))
    tensor(4.5000)
    """
    axis, width = _prepared("trapezoid", y, x, dx, dim)
    if isinstance(width, Tensor):
        before, after = _neighbours(y, axis)
        return sum((before + after) * width, axis) / 2
    if not y.shape[axis]:
        return sum(zeros_like(y), axis)
    return (sum(y, axis) - (select(y, axis, 0) + select(y, axis, -1)) * 0.5) * width


@public(method=False)
def trapz(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The older name of `trapezoid`."""
    return trapezoid(y, x, dim=dim) if x is not None else trapezoid(y, dx=dx, dim=dim)


@public(method=False)
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """The integrals from the first sample to each later one: as `trapezoid`, but up to each point.

    >>> import adjoint as torch
    >>> torch.cumulative_trapezoid(torch.tensor([1., 2., 4.]))
    tensor([1.5000, 4.5000])
    """
    axis, width = _prepared("cumulative_trapezoid", y, x, dx, dim)
    before, after = _neighbours(y, axis)
    if isinstance(width, Tensor):
        return cumsum((before + after) * width, axis) / 2.0
    return (0.5 * width) * cumsum(before + after, axis)


def _prepared(name: str, y: Tensor, x: Any, dx: Any, dim: int) -> tuple[int, Any]:
    """The axis to integrate along, and the distances between the samples: a number, or a tensor that broadcasts."""
    (y,) = require_tensors(name, y, names=("y",))
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = dimension(dim, y.ndim, name)
    if y._data.dtype.kind == "b":
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    if x is None:
        dx = 1 if dx is None else dx
        if isinstance(dx, complex | bool):
            raise RuntimeError(f"{name}: Currently, we only support dx as a real number.")
        return axis, dx
    if dx is not None or not isinstance(x, Tensor):
        raise invalid_combination(name, (y, x), {"dx": dx})
    if x._data.dtype.kind == "b":
        raise RuntimeError(f"{name}: received a bool input for `x`, but bool is not supported")
    if x.ndim == 1:
        if x.shape[0] != y.shape[axis]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = x.reshape(-1, *(1,) * (y.ndim - axis - 1))
    if x.ndim < y.ndim:
        x = x.reshape(*(1,) * (y.ndim - x.ndim), *x.shape)
    before, after = _neighbours(x, axis)
    return axis, after - before


# --- derivatives ---


@public(method=False)
def gradient(input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivatives along each dimension of a sampled function, by differences.

    They are of second order inside, and of `edge_order` at the ends. `spacing` is the distance between samples, one for
    all dimensions or one for each, or a vector of coordinates for each.

    >>> import adjoint as torch
    >>> torch.gradient(torch.tensor([0., 1., 4., 9.]))
    (tensor([1., 2., 4., 5.]),)
    """
    (input,) = require_tensors("gradient", input)
    axes = dimensions(dim, input.ndim, "gradient")
    spacings = _spacings(input, spacing, dim, axes)
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    for axis in axes:
        if input.shape[axis] <= edge_order:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_derivative(input, axis, each, edge_order) for axis, each in zip(axes, spacings, strict=True))


def _spacings(input: Tensor, spacing: Any, dim: Any, axes: tuple[int, ...]) -> list[Any]:
    if isinstance(spacing, Tensor):
        raise invalid_combination("gradient", (input,), {"spacing": spacing})
    if not isinstance(spacing, tuple | list):
        return [1 if spacing is None else spacing] * len(axes)
    if len(spacing) != len(axes):
        if dim is None:
            raise RuntimeError(
                "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to 'self.dim() "
                f"= {input.ndim}', since dim argument was not given, but got a list of length {len(spacing)}"
            )
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
            f"same length, but got a spacing argument of length {len(spacing)} and a dim argument of length "
            f"{len(axes)}."
        )
    kinds = {isinstance(each, Tensor) for each in spacing}
    if len(kinds) > 1:
        raise TypeError("expected Tensor as element 0 in argument 1, but got int")
    for each in spacing:
        if isinstance(each, Tensor) and each.ndim != 1:
            raise RuntimeError(
                "torch.gradient expected each element of spacing to have one dimension, but got an element with "
                f"{each.ndim} dimensions!"
            )
    return list(spacing)


def _derivative(x: Tensor, axis: int, spacing: Any, edge_order: int) -> Tensor:
    """The derivative along one axis. Around each sample a parabola is laid; at the ends a line, or a parabola again."""
    size = x.shape[axis]
    if isinstance(spacing, Tensor):
        first, second = narrow(spacing, 0, 0, size - 1), narrow(spacing, 0, 1, size - 1)
        steps = (second - first).reshape(-1, *(1,) * (x.ndim - axis - 1))
    else:
        steps = None

    def part(start: int, count: int = 1) -> Tensor:
        return narrow(x, axis, start % size, count)

    def step(start: int) -> Any:
        return spacing if steps is None else narrow(steps, 0, start % (size - 1), 1)

    if steps is None:
        inside = (part(2, size - 2) - part(0, size - 2)) / (2 * spacing)
    else:
        inside = _parabola(
            (part(0, size - 2), part(1, size - 2), part(2, size - 2)),
            narrow(steps, 0, 0, size - 2), narrow(steps, 0, 1, size - 2), 1,
        )  # fmt: skip
    if edge_order == 1:
        begin, end = (part(1) - part(0)) / step(0), (part(-1) - part(-2)) / step(-1)
    else:
        begin = _parabola((part(0), part(1), part(2)), step(0), step(1), 0)
        end = _parabola((part(-3), part(-2), part(-1)), step(-2), step(-1), 2)
    return cat([begin, inside, end], axis)


def _parabola(values: tuple[Tensor, Tensor, Tensor], left: Any, right: Any, place: int) -> Tensor:
    """The slope of the parabola through three samples, `left` and `right` apart, at the one of this place."""
    at = (-left, 0, right)[place]  # counted from the middle
    both = left + right
    first, middle, last = values
    return (
        (2 * at - right) / (left * both) * first
        + (right - left - 2 * at) / (left * right) * middle
        + (2 * at + left) / (right * both) * last
    )
