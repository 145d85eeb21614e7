"""Sampling at places given by a grid: each result is a weighted sum of the elements around its place.

Where the taps are, and which weights they have, is computed from the grid by ordinary operations. The sum is linear in the
input and in the weights; its transposes are two more such operations, so that every order follows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from adjoint.arrays.kernels.resampling import cubic_weights
from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import FLOAT, float32, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import multilinear
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import where
from adjoint.ops.joining import stack
from adjoint.ops.ranges import linspace
from adjoint.ops.refusals import not_implemented_for

# --- the records ---

multilinear(
    "sample_taps",
    lambda xp, x, index, weight: xp.sample_taps(x, index, weight),
    transposes=(
        lambda xp, g, index, weight, x_shape: xp.spread_taps(g, index, weight, size=x_shape[2]),
        None,
        lambda xp, g, x, index: xp.match_taps(g, x, index),
    ),
    promotes="common",
    verb="sample_taps",
)
multilinear(
    "spread_taps",
    lambda xp, g, index, weight, *, size: xp.spread_taps(g, index, weight, size=size),
    transposes=(
        lambda xp, c, index, weight: xp.sample_taps(c, index, weight),
        None,
        lambda xp, c, g, index: xp.match_taps(g, c, index),
    ),
    promotes="common",
    verb="spread_taps",
)
multilinear(
    "match_taps",
    lambda xp, g, x, index: xp.match_taps(g, x, index),
    transposes=(
        lambda xp, c, x, index: xp.sample_taps(x, index, c),
        lambda xp, c, g, index, x_shape: xp.spread_taps(g, index, c, size=x_shape[2]),
        None,
    ),
    promotes="common",
    verb="match_taps",
)


#: by the number of axes: the sums, in the shape of the grid
_SAMPLERS: dict[int, Callable] = {
    axes: multilinear(
        f"grid_sampler_{axes}d",
        lambda xp, x, index, weight, *, results: xp.reshape(xp.sample_taps(x, index, weight), (*x.shape[:2], *results)),
        transposes=(
            lambda xp, g, index, weight, x_shape: xp.spread_taps(
                xp.reshape(g, (*g.shape[:2], index.shape[2])), index, weight, size=x_shape[2]
            ),
            None,
            lambda xp, g, x, index: xp.match_taps(xp.reshape(g, (*g.shape[:2], index.shape[2])), x, index),
        ),
        promotes="common",
        node=f"GridSampler{axes}DBackward0",
    )
    for axes in (2, 3)
}


# --- from places to taps ---


def _place(x: Tensor, size: int, align_corners: bool) -> Tensor:
    """Where -1 ... 1 lies on an axis on which the elements are at 0, 1, 2 ..."""
    return (x + 1) / 2 * (size - 1) if align_corners else ((x + 1) * size - 1) / 2


def _clipped(place: Any, size: int) -> Tensor:
    """The nearest place among the elements; it does not move with a place that is outside or at the border."""
    nearest = where(place > 0, place.detach().clamp(max=size - 1), 0.0)
    return where((place > 0) & (place < size - 1), place, nearest)


def _reflected(place: Tensor, size: int, align_corners: bool) -> Tensor:
    """The place, reflected at the first and the last element, or at their outer edges, until it is between them."""
    low, span = (0.0, size - 1) if align_corners else (-0.5, size)
    if not span:
        return place * 0
    distance = (place - low).abs()
    turns = (distance.detach() / span).floor()
    rest = distance - turns * span
    return _clipped(where(turns % 2 == 0, rest, span - rest) + low, size)


def _padded(place: Tensor, size: int, padding_mode: str, align_corners: bool) -> Tensor:
    if padding_mode == "zeros":
        return place
    return _clipped(place, size) if padding_mode == "border" else _reflected(place, size, align_corners)


def _taps(x: Tensor, size: int, mode: str, padding_mode: str, align_corners: bool) -> tuple[Tensor, Tensor]:
    """Along one axis, the index of each tap, -1 where there is none, and its weight: (batch, taps, results)."""
    place = _place(x, size, align_corners)
    if mode == "bicubic":
        low = place.detach().floor()
        weights = cubic_weights(place - low)
        indices = [_padded(low + offset, size, padding_mode, align_corners) for offset in range(-1, 3)]
    else:
        place = _padded(place, size, padding_mode, align_corners)
        low = place.detach().floor()
        if mode == "nearest":
            indices, weights = [place.detach().round()], [place.detach() * 0 + 1]
        else:
            indices, weights = [low, low + 1], [low + 1 - place, place - low]
    index: Any = stack(indices, 1)
    inside = (index >= 0) & (index < size)
    return where(inside, index, -1.0).long(), stack(weights, 1)


def _sample(input: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool) -> Tensor:
    if input.dtype.itemsize == 2:
        wide = _sample(input.to(float32), grid.to(float32), mode, padding_mode, align_corners)
        return wide.to(input.dtype)
    sizes, results = input.shape[2:], grid.shape[1:-1]
    batch, axes = input.shape[0], len(sizes)
    index: Any = None  # of the axes so far
    weight: Any = None
    for axis, size in enumerate(sizes):  # the grid's coordinates are those of the last axis first
        coordinate = grid[..., axes - 1 - axis].reshape(batch, prod(results))
        at, by = _taps(coordinate, size, mode, padding_mode, align_corners)
        if axis:
            at = where((index[:, :, None] >= 0) & (at[:, None] >= 0), index[:, :, None] * size + at[:, None], -1)
            by = weight[:, :, None] * by[:, None]
            taps = at.shape[1] * at.shape[2]
            at, by = (each.reshape(batch, taps, prod(results)) for each in (at, by))
        index, weight = at, by
    elements = input.reshape(batch, input.shape[1], prod(sizes))
    return _SAMPLERS[axes](elements, index, weight, results=tuple(results))


# --- the functions ---

_MODES = ("bilinear", "nearest", "bicubic")
_PADDING_MODES = ("zeros", "border", "reflection")


@public(module="nn.functional", method=False)
def grid_sample(
    input: Tensor, grid: Tensor, mode: str = "bilinear", padding_mode: str = "zeros", align_corners: bool | None = None
) -> Tensor:
    """Images (N, C, H, W) at the places that a grid (N, H', W', 2) gives; or volumes, at those of (N, D', H', W', 3).

    A place is x, y (and z), from -1 to 1, the ends of the input: the centres of its first and last elements with
    `align_corners`, else their outer edges. `mode` is "bilinear", "nearest" or "bicubic"; what is outside is, by
    `padding_mode`, "zeros", the nearest element at the "border", or a "reflection".

    >>> import adjoint as torch
    >>> x = torch.tensor([[[[0., 1.], [2., 3.]]]])
    >>> grid = torch.tensor([[[[0., 0.], [1., 1.]]]])
    >>> torch.nn.functional.grid_sample(x, grid, align_corners=True)
    tensor([[[[1.5000, 3.0000]]]])
    """
    if mode not in _MODES:
        raise ValueError(
            f"nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: '{mode}'"
        )
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: "
            f"'{padding_mode}'"
        )
    return _checked_sample(input, grid, mode, padding_mode, bool(align_corners))


@public(method=False)
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`nn.functional.grid_sample`, with modes as numbers: 0, 1, 2 for bilinear, nearest, bicubic, and zeros, border, reflection.

    >>> import adjoint as torch
    >>> torch.grid_sampler(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 1, 2), 0, 0, False)
    tensor([[[[1.]]]])
    """
    return _checked_sample(input, grid, _MODES[interpolation_mode], _PADDING_MODES[padding_mode], align_corners)


@public(method=False)
def grid_sampler_2d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` for images.

    >>> import adjoint as torch
    >>> torch.grid_sampler_2d(torch.ones(1, 1, 2, 2), torch.zeros(1, 1, 1, 2), 0, 0, False)
    tensor([[[[1.]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


@public(method=False)
def grid_sampler_3d(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """`grid_sampler` for volumes.

    >>> import adjoint as torch
    >>> torch.grid_sampler_3d(torch.ones(1, 1, 2, 2, 2), torch.zeros(1, 1, 1, 1, 3), 0, 0, False)
    tensor([[[[[1.]]]]])
    """
    return grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners)


def _checked_sample(input: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool) -> Tensor:
    input, grid = require_tensors("grid_sampler", input, grid, names=("input", "grid"))
    shapes = f"input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if not input.ndim or not grid.ndim or input.shape[0] != grid.shape[0]:
        raise RuntimeError(f"grid_sampler(): expected grid and input to have same batch size, but got {shapes}")
    axes = input.ndim - 2
    if axes not in _SAMPLERS or grid.ndim != input.ndim:
        raise RuntimeError(
            f"grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but got {shapes}"
        )
    if grid.shape[-1] != axes:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {axes} in last dimension, but got grid with sizes "
            f"{list(grid.shape)}"
        )
    for axis in range(2, input.ndim):
        if not input.shape[axis]:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input has sizes "
                f"{list(input.shape)} with dimension {axis} being empty"
            )
    if mode == "bicubic" and axes != 2:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if grid.dtype != input.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_type_name(input.dtype)} but found {scalar_type_name(grid.dtype)}"
        )
    if input.dtype.rank != FLOAT:
        raise not_implemented_for(f"grid_sampler_{axes}d_cpu", input)
    return _sample(input, grid, mode, padding_mode, align_corners)


@public(module="nn.functional", method=False)
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The grid for `grid_sample` by which affine maps `theta`, (N, 2, 3) or (N, 3, 4), change images or volumes of this size.

    >>> import adjoint as torch
    >>> identity = torch.tensor([[[1., 0., 0.], [0., 1., 0.]]])
    >>> torch.nn.functional.affine_grid(identity, (1, 1, 1, 2))
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    require_tensors("affine_grid", theta, names=("theta",))
    if theta.dtype.rank != FLOAT:
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    axes = len(size) - 2
    if axes not in _SAMPLERS:
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size "
            f"{list(size)}."
        )
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (axes, axes + 1):
        raise ValueError(
            f"Expected a batch of {axes}D affine matrices of shape Nx{axes}x{axes + 1} for size {list(size)}. Got "
            f"{theta.shape}."
        )
    if min(size) < 1:
        raise ValueError(f"Expected non-zero, positive output size. Got {list(size)}")
    return affine_grid_generator(theta, size, bool(align_corners))


@public(method=False)
def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """`nn.functional.affine_grid`, without its checks.

    >>> import adjoint as torch
    >>> torch.affine_grid_generator(torch.zeros(1, 2, 3), (1, 1, 2, 2), False).shape
    torch.Size([1, 2, 2, 2])
    """
    sizes = [int(each) for each in size[2:]]
    axes = len(sizes)
    columns = []
    for axis in reversed(range(axes)):
        count = sizes[axis]
        places = linspace(-1, 1, count, dtype=theta.dtype) if count > 1 else theta.new_zeros(1)
        places = places if align_corners else places * ((count - 1) / count)
        columns.append(places.reshape(*(count if each == axis else 1 for each in range(axes))).expand(*sizes))
    columns.append(theta.new_ones(sizes))
    base = stack(columns, -1).reshape(1, -1, axes + 1)
    return (base @ theta.transpose(1, 2)).reshape(int(size[0]), *sizes, axes)
