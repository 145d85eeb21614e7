"""The order of memory of the weights of convolutions."""

from __future__ import annotations

from typing import TypeVar

from adjoint.core.formats import contiguous_format, preserve_format
from adjoint.core.formats import memory_format as MemoryFormat
from adjoint.core.tensor import Tensor
from adjoint.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from adjoint.nn.modules.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]

M = TypeVar("M", bound=Module)


def _laid_out(weight: Tensor, memory_format: MemoryFormat) -> Tensor:
    """A copy in this order of memory: row by row, or with the channels last."""
    if memory_format in (contiguous_format, preserve_format):
        return weight.clone(memory_format=memory_format)
    return weight.movedim(1, -1).clone(memory_format=contiguous_format).movedim(-1, 1)


def _converted(module: M, kinds: tuple[type[Module], ...], memory_format: MemoryFormat) -> M:
    for each in module.modules():
        if isinstance(each, kinds):
            each.weight.data = _laid_out(each.weight.detach(), memory_format)
    return module


def convert_conv2d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Lay out the weights of all two-dimensional convolutions in a module so.

    >>> import adjoint as torch
    >>> conv = torch.nn.utils.convert_conv2d_weight_memory_format(torch.nn.Conv2d(2, 3, 2), torch.channels_last)
    >>> conv.weight.stride()
    (8, 1, 4, 2)
    """
    return _converted(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: M, memory_format: MemoryFormat) -> M:
    """Lay out the weights of all three-dimensional convolutions in a module so."""
    return _converted(module, (Conv3d, ConvTranspose3d), memory_format)
