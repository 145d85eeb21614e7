"""Tensors whose own shape changes in place: rearranged as a view of themselves would be, or given other memory."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.kernels.layout import memory_of
from adjoint.core import modes
from adjoint.core.exports import export, public
from adjoint.core.graph import log_write
from adjoint.core.inplace import check_writable
from adjoint.core.states import check_inference
from adjoint.core.tensor import Tensor, buffer, edge_of, wrap, writes_of
from adjoint.core.views import Path, View, view_of
from adjoint.ops.shape import sizes, squeeze, t, transpose, unsqueeze
from adjoint.ops.strides import as_strided


def _rearrange(tensor: Tensor, view: Callable[[Tensor], Tensor], name: str) -> Tensor:
    """Have a tensor show its memory as a view of it would, with that view's history."""
    check_inference(tensor)
    if modes.recording() and tensor.requires_grad:
        check_writable(tensor)
    old = wrap(buffer(tensor))
    old._node = edge_of(tensor)
    old._writes = writes_of(tensor)
    result = view(old)
    above, step = view_of(tensor), result._view
    if above is not None:
        tensor._view = View(above.base, Path((*above.path, *step.path)), above.made, above.version)
    elif any(each() is not None for each in getattr(tensor, "_views", ())):
        _hand_over(tensor, old)  # its views know their way from the old shape
        tensor._view = step
    tensor._data = result._data
    tensor._node = result._node
    log_write(writes_of(tensor), name)
    return tensor


def _hand_over(tensor: Tensor, base: Tensor) -> None:
    """Make another tensor on the same memory the base of all views of a tensor, and of the tensor itself."""
    views = base._views = tensor._views
    for reference in views:
        each = reference()
        if each is not None and each._view.base is tensor:
            each._view.base = base
    del tensor._views
    views.append(weakref.ref(tensor))


def _in_place(function: Callable, name: str, call: str, shape: str) -> None:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return _rearrange(self, lambda old: function(old, *args, **kwargs), name)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = (
        f"In-place form of `{function.__name__}`: this tensor itself takes that shape, on the memory that it has.\n\n"
        f"    >>> import adjoint as torch\n    >>> torch.zeros(2, 3).{call}.shape\n    torch.Size({shape})\n    "
    )
    export(method, on_module=False)


for _name, _function, _call, _shape in (
    ("t_", t, "t_()", "[3, 2]"),
    ("transpose_", transpose, "transpose_(0, 1)", "[3, 2]"),
    ("swapaxes_", transpose, "swapaxes_(0, 1)", "[3, 2]"),
    ("swapdims_", transpose, "swapdims_(0, 1)", "[3, 2]"),
    ("unsqueeze_", unsqueeze, "unsqueeze_(0)", "[1, 2, 3]"),
    ("squeeze_", squeeze, "squeeze_()", "[2, 3]"),
    ("as_strided_", as_strided, "as_strided_((2, 2), (1, 1))", "[2, 2]"),
):
    _in_place(_function, _name, _call, _shape)


@public(on_module=False)
def resize_(self: Tensor, *args: Any, size: Any = None, memory_format: Any = None) -> Tensor:
    """Give this tensor another shape: in its own memory where that is large enough, else in new memory, zeros at the end.

    >>> import adjoint as torch
    >>> torch.tensor([[1, 2], [3, 4]]).resize_(3)
    tensor([1, 2, 3])
    """
    shape = sizes(args, "resize_", "size", size)
    if any(each < 0 for each in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    if self.requires_grad:
        raise RuntimeError(
            "cannot resize variables that require grad\nResize a detach() of it, or compute a new tensor."
        )
    check_inference(self)
    array = buffer(self)
    if array.shape == shape:
        return self
    memory, count = memory_of(array), math.prod(shape)
    first = (array.ctypes.data - memory.ctypes.data) // max(array.itemsize, 1) if array.size else 0
    flat = memory[first : first + count]
    if flat.size < count:
        grown = np.zeros(count, array.dtype)
        grown[: flat.size] = flat
        flat = grown
    self._data = flat.reshape(shape)
    log_write(writes_of(self), "resize_")
    return self


@public()
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give this tensor the shape of another: see `resize_`.

    >>> import adjoint as torch
    >>> torch.tensor([[1, 2], [3, 4]]).resize_as_(torch.zeros(2))
    tensor([1, 2])
    """
    return resize_(input, the_template.shape)
