"""Windows of images as columns of a matrix, and back."""

from __future__ import annotations

from math import prod
from typing import Any

from adjoint.arrays.kernels.convolution import Geometry
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.windows import integers

_im2col = linear(
    "im2col",
    lambda xp, x, *, kernel, geometry: xp.im2col(x, kernel=kernel, geometry=geometry),
    transpose=lambda xp, g, x_shape, *, kernel, geometry: xp.col2im(
        g, sizes=x_shape[2:], kernel=kernel, geometry=geometry
    ),
    promotes="common",
    node="Im2ColBackward0",
    verb="im2col",
)
_col2im = linear(
    "col2im",
    lambda xp, x, *, sizes, kernel, geometry: xp.col2im(x, sizes=sizes, kernel=kernel, geometry=geometry),
    transpose=lambda xp, g, *, kernel, geometry: xp.im2col(g, kernel=kernel, geometry=geometry),
    promotes="common",
    node="Col2ImBackward0",
    verb="col2im",
)


@public(module="nn.functional", method=False)
def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of images (N, C, H, W) or (C, H, W) as columns: (N, C * KH * KW, windows).

    >>> import adjoint as torch
    >>> torch.nn.functional.unfold(torch.arange(6.).reshape(1, 2, 3), 2)
    tensor([[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]])
    """
    require_tensors("unfold", input)
    kernel, geometry = _geometry("im2col", kernel_size, dilation, padding, stride)
    if input.ndim not in (3, 4) or not all(input.shape[input.ndim - 3 :]):
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but "
            f"got: {list(input.shape)}"
        )
    counts = geometry.counts(input.shape[-2:], kernel)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {tuple(input.shape[-2:])}, kernel_size={kernel}, dilation={geometry.dilation}, "
            f"padding={tuple(low for low, _ in geometry.padding)}, stride={geometry.stride}, calculated shape of the array "
            f"of sliding blocks as {counts}, but its components must be at least one."
        )
    x = input.unsqueeze(0) if input.ndim == 3 else input
    columns = _im2col(x, kernel=kernel, geometry=geometry)
    return columns.squeeze(0) if input.ndim == 3 else columns


@public(module="nn.functional", method=False)
def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """The sum of windows, given as columns (N, C * KH * KW, windows), each laid in its place in images of `output_size`.

    >>> import adjoint as torch
    >>> torch.nn.functional.fold(torch.ones(1, 4, 2), (2, 3), 2)
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    require_tensors("fold", input)
    sizes = _pair("col2im", "output_size", output_size)
    kernel, geometry = _geometry("col2im", kernel_size, dilation, padding, stride)
    if input.ndim not in (2, 3) or not all(input.shape[input.ndim - 2 :]):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, "
            f"but got: {list(input.shape)}"
        )
    if input.shape[-2] % prod(kernel):
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)="
            f"{input.shape[-2]} and kernel_size={kernel}."
        )
    counts = geometry.counts(sizes, kernel)
    if input.shape[-1] != prod(counts) or min(counts) < 1:
        raise RuntimeError(
            f"Given output_size={sizes}, kernel_size={kernel}, dilation={geometry.dilation}, "
            f"padding={tuple(low for low, _ in geometry.padding)}, stride={geometry.stride}, expected size of input's "
            f"dimension 2 to match the calculated number of sliding blocks {' * '.join(map(str, counts))} = {prod(counts)}, "
            f"but got input.size(2)={input.shape[-1]}."
        )
    x = input.unsqueeze(0) if input.ndim == 2 else input
    images = _col2im(x, sizes=sizes, kernel=kernel, geometry=geometry)
    return images.squeeze(0) if input.ndim == 2 else images


def _geometry(
    function: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> tuple[tuple[int, int], Geometry]:
    kernel = _pair(function, "kernel_size", kernel_size)
    wide, steps = _pair(function, "dilation", dilation), _pair(function, "stride", stride)
    for name, given in (("kernel size", kernel), ("dilation", wide), ("stride", steps)):
        if min(given) < 1:
            raise RuntimeError(
                f"{name} should be greater than zero, but got {name.replace(' ', '_')}_height: {given[0]} "
                f"{name.replace(' ', '_')}_width: {given[1]}"
            )
    pads = _pair(function, "padding", padding)
    if min(pads) < 0:
        raise RuntimeError(f"padding should be non-negative, but got pad_height: {pads[0]} pad_width: {pads[1]}")
    return kernel, Geometry(steps, tuple((pad, pad) for pad in pads), wide)


def _pair(function: str, argument: str, value: Any) -> tuple[int, int]:
    given = integers(function, value)
    if len(given) not in (1, 2):
        raise RuntimeError(f"{function}(): It is expected {argument} equals to 2, but got size {len(given)}")
    return given[0], given[-1]
