"""Channels into pixels and back, and channels in another order."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor

# --- the records ---


def _shuffle(xp: Any, x: Any, factor: int) -> Any:
    """Channels that follow each other in squares of pixels."""
    *lead, channels, height, width = x.shape
    count = len(lead)
    parts = xp.reshape(x, (*lead, channels // factor**2, factor, factor, height, width))
    parts = xp.permute_dims(parts, (*range(count), *(count + place for place in (0, 3, 1, 4, 2))))
    return xp.reshape(parts, (*lead, channels // factor**2, height * factor, width * factor))


def _unshuffle(xp: Any, x: Any, factor: int) -> Any:
    *lead, channels, height, width = x.shape
    count = len(lead)
    parts = xp.reshape(x, (*lead, channels, height // factor, factor, width // factor, factor))
    parts = xp.permute_dims(parts, (*range(count), *(count + place for place in (0, 2, 4, 1, 3))))
    return xp.reshape(parts, (*lead, channels * factor**2, height // factor, width // factor))


def _regroup(xp: Any, x: Any, groups: int) -> Any:
    """Channels in turn from each of so many groups."""
    parts = xp.reshape(x, (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:]))
    return xp.reshape(xp.permute_dims(parts, (0, 2, 1, *range(3, len(x.shape) + 1))), x.shape)


_pixel_shuffle = linear(
    "pixel_shuffle",
    lambda xp, x, *, factor: _shuffle(xp, x, factor),
    transpose=lambda xp, g, *, factor: _unshuffle(xp, g, factor),
)
_pixel_unshuffle = linear(
    "pixel_unshuffle",
    lambda xp, x, *, factor: _unshuffle(xp, x, factor),
    transpose=lambda xp, g, *, factor: _shuffle(xp, g, factor),
)
_channel_shuffle = linear(
    "channel_shuffle",
    lambda xp, x, *, groups: _regroup(xp, x, groups),
    transpose=lambda xp, g, *, groups: _regroup(xp, g, g.shape[1] // groups),
)

# --- the functions ---


@public(method=False)
@public(module="nn.functional", method=False)
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Images (..., C * r * r, H, W) as (..., C, H * r, W * r): each r * r channels become a square of pixels.

    >>> import adjoint as torch
    >>> torch.pixel_shuffle(torch.arange(4.).reshape(4, 1, 1), 2)
    tensor([[[0., 1.],
             [2., 3.]]])
    """
    require_tensors("pixel_shuffle", input)
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_shuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if upscale_factor < 1:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {upscale_factor}")
    if input.shape[-3] % upscale_factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but "
            f"input.size(-3)={input.shape[-3]} is not divisible by {upscale_factor**2}"
        )
    return _pixel_shuffle(input, factor=int(upscale_factor))


@public(method=False)
@public(module="nn.functional", method=False)
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Images (..., C, H * r, W * r) as (..., C * r * r, H, W), which undoes `pixel_shuffle`.

    >>> import adjoint as torch
    >>> torch.pixel_unshuffle(torch.arange(4.).reshape(1, 2, 2), 2).flatten()
    tensor([0., 1., 2., 3.])
    """
    require_tensors("pixel_unshuffle", input)
    if input.ndim < 3:
        raise RuntimeError(
            f"pixel_unshuffle expects input to have at least 3 dimensions, but got input with {input.ndim} dimension(s)"
        )
    if downscale_factor < 1:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {downscale_factor}")
    for axis, name in ((-2, "height"), (-1, "width")):
        if input.shape[axis] % downscale_factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({axis})="
                f"{input.shape[axis]} is not divisible by {downscale_factor}"
            )
    return _pixel_unshuffle(input, factor=int(downscale_factor))


@public(method=False)
@public(module="nn.functional", method=False)
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of (N, C, ...), taken in turn from each of `groups` groups that follow each other.

    >>> import adjoint as torch
    >>> torch.channel_shuffle(torch.arange(4.).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    require_tensors("channel_shuffle", input)
    if input.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(input.shape)}")
    if groups < 1:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if input.shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {input.shape[1]} channels and {groups} groups."
        )
    return _channel_shuffle(input, groups=int(groups))


@public(method=False)
@public(module="nn.functional", method=False)
def native_channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """`channel_shuffle`, by the name of PyTorch's kernel.

    >>> import adjoint as torch
    >>> torch.native_channel_shuffle(torch.arange(4.).reshape(1, 4, 1), 2).flatten()
    tensor([0., 2., 1., 3.])
    """
    return channel_shuffle(input, groups)
