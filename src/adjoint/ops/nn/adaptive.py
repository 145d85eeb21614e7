"""Adaptive pooling, into a given number of windows; and fractional pooling, with windows at random steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.arrays.kernels.pooling import Parts
from adjoint.arrays.kernels.resampling import Map
from adjoint.core.apply import require_tensors
from adjoint.core.exports import export, public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import empty
from adjoint.ops.nn.maps import MAPS
from adjoint.ops.nn.pooling import LARGEST
from adjoint.ops.nn.windows import integers, pooling_sizes
from adjoint.ops.random import rand
from adjoint.ops.refusals import not_implemented_for

# --- the records ---


def _adaptive_max_pool(axes: int, node: str) -> Callable:
    return general(
        f"adaptive_max_pool{axes}d", lambda xp, x, *, windows: xp.max_pool(x, windows=windows), **LARGEST, node=node
    )


def _fractional_max_pool(axes: int) -> Callable:
    return general(
        f"fractional_max_pool{axes}d",
        lambda xp, x, samples, *, kernel, counts: xp.fractional_max_pool(x, samples, kernel=kernel, counts=counts),
        vjp=(
            lambda xp, g, x_shape, indices, *, counts: xp.plane_add(
                g, indices, sizes=x_shape[len(x_shape) - len(counts) :]
            ),
            None,
        ),
        jvp=lambda xp, tangents, indices, *, counts: (
            xp.plane_gather(tangents[0], indices, axes=len(counts)),
            None,
        ),
        outputs=("values", "indices"),
        differentiable_outputs=1,
        promotes="common",
        node=f"FractionalMaxPool{axes}DBackward0",
    )


_ADAPTIVE_MAX = {
    1: _adaptive_max_pool(1, "SqueezeBackward1"),
    2: _adaptive_max_pool(2, "AdaptiveMaxPool2DBackward0"),
    3: _adaptive_max_pool(3, "AdaptiveMaxPool3DBackward0"),
}
_ADAPTIVE_AVG = {
    1: linear("adaptive_avg_pool1d", **MAPS, node="SqueezeBackward1"),
    2: linear("adaptive_avg_pool2d", **MAPS, node="AdaptiveAvgPool2DBackward0"),
    3: linear("adaptive_avg_pool3d", **MAPS, node="AdaptiveAvgPool3DBackward0"),
}
_FRACTIONAL_MAX = {axes: _fractional_max_pool(axes) for axes in (2, 3)}


# --- the mean ---


@public(method=False)
@public(module="nn.functional", method=False)
def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` windows that divide signals (N, C, L) or (C, L) as evenly as can be.

    >>> import adjoint as torch
    >>> torch.adaptive_avg_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
    tensor([[2., 3.]])
    """
    return _mean(1, input, _one("adaptive_avg_pool1d", output_size))


@public(module="nn.functional", method=False)
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that divide images (N, C, H, W) or (C, H, W) into `output_size` parts; None keeps a size.

    >>> import adjoint as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(16.).reshape(1, 4, 4), (1, 2))
    tensor([[[6.5000, 8.5000]]])
    """
    return _mean(2, input, output_size)


@public(module="nn.functional", method=False)
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that divide volumes (N, C, D, H, W) or (C, D, H, W) into `output_size` parts.

    >>> import adjoint as torch
    >>> torch.nn.functional.adaptive_avg_pool3d(torch.arange(8.).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    return _mean(3, input, output_size)


def _mean(axes: int, input: Tensor, output_size: Any) -> Tensor:
    function = f"adaptive_avg_pool{axes}d"
    (input,) = require_tensors(function, input)
    counts = _counts(function, input, output_size, axes)
    if min(counts) < 0:
        raise RuntimeError(
            f"{function}: elements of output_size must be greater than or equal to 0 but received {list(counts)}"
        )
    if axes > 1 and counts == (1,) * axes:
        return input.mean(dim=tuple(range(-axes, 0)), keepdim=True)
    sizes = input.shape[-axes:]
    return _ADAPTIVE_AVG[axes](
        input, maps=tuple(Map("adaptive", size, n) for size, n in zip(sizes, counts, strict=True))
    )


def _one(function: str, output_size: Any) -> Any:
    if isinstance(output_size, tuple | list) and len(output_size) != 1:
        raise RuntimeError(f"{function}() argument 'output_size' should contain one int (got {len(output_size)})")
    return output_size


def _counts(function: str, input: Tensor, output_size: Any, axes: int) -> tuple[int, ...]:
    """How many windows are asked for along each axis; errors in PyTorch's words where the arguments do not fit."""
    if axes > 1 and input.ndim < axes + 1:
        raise ValueError(f"Input dimension should be at least {axes + 1}")
    if input.ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"Expected {axes + 1} to {axes + 2} dimensions, but got {input.ndim}-dimensional tensor for argument #1 'self' "
            f"(while checking arguments for {function})"
        )
    if isinstance(output_size, tuple | list):
        if len(output_size) not in (1, axes):
            raise RuntimeError(f"{function}: output_size must be {axes}")
        given = tuple(output_size) * (axes if len(output_size) == 1 else 1)
        wanted = [size if each is None else each for each, size in zip(given, input.shape[-axes:], strict=True)]
    else:
        wanted = [output_size] * axes
    counts = integers(function, wanted)
    for axis in range(input.ndim - axes, input.ndim):
        if not input.shape[axis]:
            raise RuntimeError(
                f"{function}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {axis} being empty"
            )
    if input._data.dtype.kind not in "fV":
        raise not_implemented_for(function.replace("1d", "2d"), input)
    return counts


# --- the largest element ---


def _largest(axes: int, input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    function = f"adaptive_max_pool{axes}d"
    (input,) = require_tensors(function, input)
    counts = _counts(function, input, output_size, axes)
    if min(counts) < 0:
        empty(*input.shape[:-axes], *counts)
    sizes = input.shape[-axes:]
    return _ADAPTIVE_MAX[axes](input, windows=tuple(Parts(size, n) for size, n in zip(sizes, counts, strict=True)))


@public(module="nn.functional", method=False)
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows that divide signals (N, C, L) or (C, L) as evenly as can be.

    >>> import adjoint as torch
    >>> torch.nn.functional.adaptive_max_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
    tensor([[3., 4.]])
    """
    pair = _largest(1, input, _one("adaptive_max_pool1d", output_size))
    return pair if return_indices else pair[0]


@public(module="nn.functional", method=False)
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of windows that divide images into `output_size` parts; with `return_indices`, their places.

    >>> import adjoint as torch
    >>> torch.nn.functional.adaptive_max_pool2d(torch.arange(16.).reshape(1, 4, 4), (1, 2))
    tensor([[[13., 15.]]])
    """
    pair = _largest(2, input, output_size)
    return pair if return_indices else pair[0]


@public(module="nn.functional", method=False)
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of windows that divide volumes into `output_size` parts; with `return_indices`, their places.

    >>> import adjoint as torch
    >>> torch.nn.functional.adaptive_max_pool3d(torch.arange(8.).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    pair = _largest(3, input, output_size)
    return pair if return_indices else pair[0]


@public(name="adaptive_max_pool1d", method=False)
def _adaptive_max_pool1d(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """The largest elements of `output_size` windows that divide signals (N, C, L) or (C, L), and their places.

    >>> import adjoint as torch
    >>> torch.adaptive_max_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2)
    (tensor([[3., 4.]]), tensor([[1, 3]]))
    """
    return _largest(1, input, _one("adaptive_max_pool1d", output_size))


# --- windows at random steps ---


def _fractional(
    axes: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Tensor | None
) -> tuple[Tensor, Tensor]:
    function = f"fractional_max_pool{axes}d"
    (input,) = require_tensors(function, input)
    if output_size is None and output_ratio is None:
        raise ValueError(f"{function} requires specifying either an output_size or an output_ratio")
    sizes = input.shape[-axes:]
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, tuple | list) else (output_ratio,) * axes
        output_size = [int(size * ratio) for size, ratio in zip(sizes, ratios, strict=True)]
    kernel = pooling_sizes(function, "kernel_size", kernel_size, axes)
    counts = pooling_sizes(function, "output_size", output_size, axes)
    batch = 1 if input.ndim == axes + 1 else input.shape[0]
    if samples is None:
        samples = rand(batch, input.shape[-axes - 1], axes, dtype=input.dtype)
    if input.ndim not in (axes + 1, axes + 2) or not all(input.shape[input.ndim - axes - 1 :]):
        raise RuntimeError(
            f"{function}(): Expected {axes + 1}D or {axes + 2}D tensor with non-zero size for non-batch dimensions, but got "
            f"{list(input.shape)}"
        )
    for name, size, width, count in zip(("time", "height", "width")[-axes:], sizes, kernel, counts, strict=True):
        if count + width - 1 > size:
            raise RuntimeError(f"{function}(): pool {name} {width} too large relative to input {name} {size}")
    return _FRACTIONAL_MAX[axes](input, samples[:batch], kernel=kernel, counts=counts)  # there may be more


@public(module="nn.functional", method=False)
def fractional_max_pool2d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False, _random_samples: Tensor | None = None
) -> Any:  # fmt: skip
    """The largest elements of `output_size` windows, or a fraction `output_ratio` of as many as there are elements.

    The windows are of size `kernel_size`, and lie at random steps (B. Graham, Fractional max-pooling, 2014).

    >>> import adjoint as torch
    >>> torch.nn.functional.fractional_max_pool2d(torch.rand(1, 3, 9, 9), 2, output_ratio=0.5).shape
    torch.Size([1, 3, 4, 4])
    """
    pair = _fractional(2, input, kernel_size, output_size, output_ratio, _random_samples)
    return pair if return_indices else pair[0]


@public(module="nn.functional", method=False)
def fractional_max_pool3d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False, _random_samples: Tensor | None = None
) -> Any:  # fmt: skip
    """`fractional_max_pool2d` for volumes (N, C, D, H, W) or (C, D, H, W).

    >>> import adjoint as torch
    >>> torch.nn.functional.fractional_max_pool3d(torch.rand(1, 3, 9, 9, 9), 2, output_size=(4, 3, 2)).shape
    torch.Size([1, 3, 4, 3, 2])
    """
    pair = _fractional(3, input, kernel_size, output_size, output_ratio, _random_samples)
    return pair if return_indices else pair[0]


# --- the forms that always give the places too ---


def _with_indices(name: str, largest: Callable, axes: int) -> Callable:
    if name.startswith("fractional"):

        def function(
            input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None, return_indices: bool = False, _random_samples: Tensor | None = None
        ) -> tuple[Tensor, Tensor]:  # fmt: skip
            return largest(axes, input, kernel_size, output_size, output_ratio, _random_samples)

    else:

        def function(  # type: ignore[misc]
            input: Tensor, output_size: Any, return_indices: bool = False
        ) -> tuple[Tensor, Tensor]:
            return largest(axes, input, output_size)

    function.__name__ = function.__qualname__ = f"{name}{axes}d_with_indices"
    function.__doc__ = f"`{name}{axes}d` with `return_indices=True`: the largest elements, and their places."
    return export(function, module="nn.functional", method=False)


for _axes in _ADAPTIVE_MAX:
    _with_indices("adaptive_max_pool", _largest, _axes)
for _axes in _FRACTIONAL_MAX:
    _with_indices("fractional_max_pool", _fractional, _axes)
