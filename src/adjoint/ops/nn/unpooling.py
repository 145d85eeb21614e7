"""Planes of elements addressed by flat indices: what max pooling is undone by, and differentiated by."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.nn.windows import named, pooling_sizes

# --- the records ---


def _gather(xp: Any, g: Any, indices: Any, *, sizes: Any) -> Any:
    return xp.plane_gather(g, indices, axes=len(sizes))


linear(
    "plane_gather",
    lambda xp, x, indices, *, axes: xp.plane_gather(x, indices, axes=axes),
    transpose=(
        lambda xp, g, indices, x_shape, *, axes: xp.plane_add(g, indices, sizes=x_shape[len(x_shape) - axes :]),
        None,
    ),
    promotes="common",
    node="GatherBackward0",
    verb="plane_gather",
)
linear(
    "plane_add",
    lambda xp, x, indices, *, sizes: xp.plane_add(x, indices, sizes=sizes),
    transpose=(_gather, None),
    promotes="common",
    node="ScatterAddBackward0",
    verb="plane_add",
)
#: where windows overlap, several elements go to one place, and each is given the gradient of that place, as in PyTorch
_MAX_UNPOOL = {
    axes: linear(
        f"max_unpool{axes}d",
        lambda xp, x, indices, *, sizes: xp.plane_put(x, indices, sizes=sizes),
        transpose=(_gather, None),
        promotes="common",
        node=node,
    )
    for axes, node in ((1, "SqueezeBackward1"), (2, "MaxUnpool2DBackward0"), (3, "MaxUnpool3DBackward0"))
}


# --- the functions ---


@public(module="nn.functional", method=False)
def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """The signal that `max_pool1d` with these arguments made `input` from, with zeros for what was not kept.

    `indices` are those that the pooling returned; `output_size` the size before it, of the several that are possible.

    >>> import adjoint as torch
    >>> F = torch.nn.functional
    >>> values, indices = F.max_pool1d(torch.tensor([[1., 3., 2., 4.]]), 2, return_indices=True)
    >>> F.max_unpool1d(values, indices, 2)
    tensor([[0., 3., 0., 4.]])
    """
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


@public(module="nn.functional", method=False)
def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """The image that `max_pool2d` with these arguments made `input` from, with zeros for what was not kept.

    >>> import adjoint as torch
    >>> F = torch.nn.functional
    >>> values, indices = F.max_pool2d(torch.tensor([[[1., 3.], [2., 4.]]]), 2, return_indices=True)
    >>> F.max_unpool2d(values, indices, 2)
    tensor([[[0., 0.],
             [0., 4.]]])
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


@public(module="nn.functional", method=False)
def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """The volume that `max_pool3d` with these arguments made `input` from, with zeros for what was not kept.

    >>> import adjoint as torch
    >>> F = torch.nn.functional
    >>> values, indices = F.max_pool3d(torch.rand(1, 1, 4, 4, 4), 2, return_indices=True)
    >>> F.max_unpool3d(values, indices, 2).shape
    torch.Size([1, 1, 4, 4, 4])
    """
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _max_unpool(
    axes: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    function = f"max_unpool{axes}d"
    input, indices = require_tensors(function, input, indices, names=("input", "indices"))
    kernel = pooling_sizes(function, "kernel_size", kernel_size, axes)
    steps = pooling_sizes(function, "stride", stride, axes, kernel)
    pads = pooling_sizes(function, "padding", padding, axes)
    sizes = _sizes(input, kernel, steps, pads, output_size)
    if scalar_type_name(indices.dtype) != "Long":
        raise RuntimeError(f"elements in indices should be type int64 but got: {scalar_type_name(indices.dtype)}")
    if input.ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"Input to {function} should be a {axes + 1}d or {axes + 2}d Tensor, but got a tensor with {input.ndim} "
            "dimensions"
        )
    if indices.shape != input.shape:
        raise RuntimeError(
            f"Expected shape of indices to be same as that of the input tensor ({list(input.shape)}) but got indices "
            f"tensor with shape: {list(indices.shape)}"
        )
    total = 1
    for size in sizes:
        total *= size
    outside = (indices < 0) | (indices >= total)
    if outside.any():
        raise RuntimeError(
            f"Found an invalid max index: {indices[outside][0].item()} (output volumes are of size {named(sizes)})"
        )
    return _MAX_UNPOOL[axes](input, indices, sizes=sizes)


def _sizes(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...], output_size: Any
) -> tuple[int, ...]:
    """The sizes before the pooling: those given, if they are possible, else the smallest that are."""
    axes = len(kernel)
    settings = zip(x.shape[-axes:], kernel, stride, padding, strict=True)
    usual = tuple((count - 1) * step + width - 2 * pad for count, width, step, pad in settings)
    if output_size is None:
        return usual
    given = tuple(output_size)[2:] if len(output_size) == axes + 2 else tuple(output_size)
    if len(given) != axes:
        raise ValueError(
            f"output_size should be a sequence containing {axes} or {axes + 2} elements, but it has a length of "
            f"'{len(given)}'"
        )
    for place, (size, middle, step) in enumerate(zip(given, usual, stride, strict=True)):
        if not middle - step < size < middle + step:
            raise ValueError(
                f'invalid output_size "{output_size}" (dim {place} must be between {middle - step} and {middle + step})'
            )
    return tuple(int(size) for size in given)
