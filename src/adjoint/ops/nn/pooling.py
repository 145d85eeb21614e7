"""Pooling: the largest element, the mean or the norm of windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays.kernels.pooling import Windows
from adjoint.arrays.kernels.resampling import Map
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import export, public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.nn.maps import MAPS
from adjoint.ops.nn.windows import pooled_counts, pooling_sizes
from adjoint.ops.refusals import not_implemented_for

# --- the records ---

#: how the largest elements of windows are differentiated: the cotangent goes to where each was found
LARGEST: dict[str, Any] = {
    "vjp": lambda xp, g, x_shape, indices, *, windows: xp.plane_add(
        g, indices, sizes=x_shape[len(x_shape) - len(windows) :]
    ),
    "jvp": lambda xp, tangents, indices, *, windows: (
        xp.plane_gather(tangents[0], indices, axes=len(windows)),
        None,
    ),
    "outputs": ("values", "indices"),
    "differentiable_outputs": 1,
    "promotes": "common",
}


def _max_pool(axes: int, node: str) -> Any:
    return general(f"max_pool{axes}d", lambda xp, x, *, windows: xp.max_pool(x, windows=windows), **LARGEST, node=node)


_MAX_POOL = {
    1: _max_pool(1, "SqueezeBackward1"),
    2: _max_pool(2, "MaxPool2DWithIndicesBackward0"),
    3: _max_pool(3, "MaxPool3DWithIndicesBackward0"),
}
_AVG_POOL = {
    1: linear("avg_pool1d", **MAPS, node="SqueezeBackward1"),
    2: linear("avg_pool2d", **MAPS, node="AvgPool2DBackward0"),
    3: linear("avg_pool3d", **MAPS, node="AvgPool3DBackward0"),
}


# --- the largest element ---


@public(method=False)
def max_pool1d_with_indices(
    input: Tensor, kernel_size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
) -> tuple[Tensor, Tensor]:
    """The largest element of each window of signals (N, C, L) or (C, L), and its place in the signal.

    >>> import adjoint as torch
    >>> torch.max_pool1d_with_indices(torch.tensor([[1., 3., 2., 4.]]), 2)
    (tensor([[3., 4.]]), tensor([[1, 3]]))
    """
    return _largest(1, input, kernel_size, stride, padding, dilation, ceil_mode)


@public(method=False)
@public(module="nn.functional", method=False)
def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False
) -> Any:  # fmt: skip
    """The largest element of each window of signals (N, C, L) or (C, L).

    `padding` is added at both ends and never the largest; `ceil_mode` allows a last window that reaches past the end;
    `return_indices` gives the places of the elements too.

    >>> import adjoint as torch
    >>> torch.nn.functional.max_pool1d(torch.tensor([[1., 3., 2., 4., 5.]]), 2, ceil_mode=True)
    tensor([[3., 4., 5.]])
    """
    pair = _largest(1, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pair if return_indices else pair[0]


@public(method=False)
@public(module="nn.functional", method=False)
def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False
) -> Any:  # fmt: skip
    """The largest element of each window of images (N, C, H, W) or (C, H, W); see `max_pool1d`.

    >>> import adjoint as torch
    >>> x = torch.arange(16.).reshape(1, 4, 4)
    >>> torch.nn.functional.max_pool2d(x, 2, return_indices=True)
    (tensor([[[ 5.,  7.],
             [13., 15.]]]), tensor([[[ 5,  7],
             [13, 15]]]))
    """
    pair = _largest(2, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pair if return_indices else pair[0]


@public(method=False)
@public(module="nn.functional", method=False)
def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False
) -> Any:  # fmt: skip
    """The largest element of each window of volumes (N, C, D, H, W) or (C, D, H, W); see `max_pool1d`.

    >>> import adjoint as torch
    >>> torch.nn.functional.max_pool3d(torch.arange(8.).reshape(1, 2, 2, 2), 2)
    tensor([[[[7.]]]])
    """
    pair = _largest(3, input, kernel_size, stride, padding, dilation, ceil_mode)
    return pair if return_indices else pair[0]


def _with_indices(axes: int) -> Any:
    """The form of max pooling that always gives the places too."""

    def function(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, return_indices: bool = False
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        return _largest(axes, input, kernel_size, stride, padding, dilation, ceil_mode)

    function.__name__ = function.__qualname__ = f"max_pool{axes}d_with_indices"
    function.__doc__ = f"`max_pool{axes}d` with `return_indices=True`: the largest elements, and their places."
    return function


for _axes in _MAX_POOL:
    export(_with_indices(_axes), module="nn.functional", method=False)


def _largest(
    axes: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> tuple[Tensor, Tensor]:
    function = f"max_pool{axes}d"
    (input,) = require_tensors(function, input)
    kernel = pooling_sizes(function, "kernel_size", kernel_size, axes)
    steps = pooling_sizes(function, "stride", stride, axes, kernel)
    pads = pooling_sizes(function, "padding", padding, axes)
    wide = pooling_sizes(function, "dilation", dilation, axes)
    counts = pooled_counts(function, input, kernel, steps, pads, wide, bool(ceil_mode))
    if input._data.dtype.kind in ("bc" if axes > 1 else "bciu"):
        raise not_implemented_for(function if axes > 1 else "max_pool1d_impl", input)
    settings = zip(input.shape[-axes:], counts, kernel, steps, pads, wide, strict=True)
    return _MAX_POOL[axes](input, windows=tuple(Windows(*each) for each in settings))


# --- the mean ---


@public(method=False)
@public(module="nn.functional", method=False)
def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True
) -> Tensor:  # fmt: skip
    """The mean of each window of signals (N, C, L) or (C, L).

    The zeros of `padding` count as elements with `count_include_pad`; what `ceil_mode` adds past them never does.

    >>> import adjoint as torch
    >>> torch.avg_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
    tensor([[2., 3.]])
    """
    return _mean(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


@public(module="nn.functional", method=False)
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of images (N, C, H, W) or (C, H, W); with `divisor_override`, the sum divided by that.

    >>> import adjoint as torch
    >>> torch.nn.functional.avg_pool2d(torch.arange(16.).reshape(1, 4, 4), 2)
    tensor([[[ 2.5000,  4.5000],
             [10.5000, 12.5000]]])
    """
    result = _mean(2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return result if out is None else write_out(out, result)


@public(module="nn.functional", method=False)
def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False, count_include_pad: bool = True,
    divisor_override: int | None = None, *, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of volumes (N, C, D, H, W) or (C, D, H, W); see `avg_pool2d`.

    >>> import adjoint as torch
    >>> torch.nn.functional.avg_pool3d(torch.arange(8.).reshape(1, 2, 2, 2), 2)
    tensor([[[[3.5000]]]])
    """
    result = _mean(3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override)
    return result if out is None else write_out(out, result)


def _mean(
    axes: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool, divisor: int | None
) -> Tensor:  # fmt: skip
    function = f"avg_pool{axes}d"
    (input,) = require_tensors(function, input)
    kernel = pooling_sizes(function, "kernel_size", kernel_size, axes)
    steps = pooling_sizes(function, "stride", stride, axes, kernel)
    pads = pooling_sizes(function, "padding", padding, axes)
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    counts = pooled_counts(function, input, kernel, steps, pads, (1,) * axes, bool(ceil_mode))
    if input._data.dtype.kind in "bc":
        raise not_implemented_for(f"avg_pool{max(axes, 2)}d", input)
    settings = list(zip(input.shape[-axes:], counts, kernel, steps, pads, strict=True))
    if input._data.dtype.kind in "iu":
        sums = _AVG_POOL[axes](input, maps=_maps(settings, [""] * axes))
        return _whole_quotients(sums, settings, bool(count_include_pad), divisor)
    if divisor is not None:
        return _AVG_POOL[axes](input, maps=_maps(settings, [float(divisor), *[""] * (axes - 1)]))
    return _AVG_POOL[axes](input, maps=_maps(settings, ["padded" if count_include_pad else "inside"] * axes))


def _maps(settings: Sequence[tuple[int, ...]], divided: Sequence[Any]) -> tuple[Map, ...]:
    return tuple(
        Map("pool", size, count, (*rest, by)) for (size, count, *rest), by in zip(settings, divided, strict=True)
    )


def _whole_quotients(sums: Tensor, settings: Sequence[tuple[int, ...]], padded: bool, divisor: int | None) -> Tensor:
    """Sums of integers, divided by how many there are, as integers rounded towards zero."""
    if divisor is None:
        counts = np.ones((), np.int64)
        for size, count, kernel, step, pad in settings:
            starts = np.arange(count) * step - pad
            ends = np.minimum(starts + kernel, size + pad)
            inside = np.minimum(ends, size) - np.maximum(starts, 0)
            counts = counts[..., None] * (ends - starts if padded else inside)
        return sums.div(wrap(counts), rounding_mode="trunc").to(sums.dtype)
    return sums.div(divisor, rounding_mode="trunc")


# --- the norm ---


@public(module="nn.functional", method=False)
def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`(sum of x ** norm_type) ** (1 / norm_type)` of each window of signals (N, C, L) or (C, L).

    >>> import adjoint as torch
    >>> torch.nn.functional.lp_pool1d(torch.tensor([[3., 4., 6., 8.]]), 2, 2)
    tensor([[ 5., 10.]])
    """
    return _norm(avg_pool1d, 1, input, norm_type, kernel_size, stride, ceil_mode)


@public(module="nn.functional", method=False)
def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`(sum of x ** norm_type) ** (1 / norm_type)` of each window of images (N, C, H, W) or (C, H, W).

    >>> import adjoint as torch
    >>> torch.nn.functional.lp_pool2d(torch.tensor([[[1., 1.], [1., 1.]]]), 2, 2)
    tensor([[[2.]]])
    """
    return _norm(avg_pool2d, 2, input, norm_type, kernel_size, stride, ceil_mode)


@public(module="nn.functional", method=False)
def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """`(sum of x ** norm_type) ** (1 / norm_type)` of each window of volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import adjoint as torch
    >>> torch.nn.functional.lp_pool3d(torch.ones(1, 2, 2, 2), 1, 2)
    tensor([[[[8.]]]])
    """
    return _norm(avg_pool3d, 3, input, norm_type, kernel_size, stride, ceil_mode)


def _norm(mean: Any, axes: int, x: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    kernel = pooling_sizes(f"lp_pool{axes}d", "kernel_size", kernel_size, axes)
    means = mean(x.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    return (means.sign() * means.abs().relu()).mul(math.prod(kernel)).pow(1.0 / norm_type)
