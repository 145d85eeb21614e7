"""Broadcasting: tensors repeated along dimensions of size 1, as views without copies."""

from __future__ import annotations

from typing import Any

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.arrays.tensor import verb
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import linear
from adjoint.core.tensor import Size, Tensor
from adjoint.ops.shape import sizes

_expand = linear(
    "expand",
    lambda xp, x, *, shape: xp.broadcast_to(x, shape),
    transpose=lambda xp, g, x_shape: unbroadcast(xp, g, x_shape),
    view=True,
)


@verb("broadcast_to")
def _broadcast_verb(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    return x if x._data.shape == shape else _expand(x, shape=tuple(shape))


@public(on_module=False)
def expand(self: Tensor, *args: Any, size: Any = None, implicit: bool = False) -> Tensor:
    """The tensor repeated along dimensions of size 1, as a view without copies; -1 keeps a size.

    >>> import adjoint as torch
    >>> torch.tensor([[1.], [2.]]).expand(2, 3)
    tensor([[1., 1., 1.],
            [2., 2., 2.]])
    """
    target, have = list(sizes(args, "expand", "size", size)), self._data.shape
    lead = len(target) - len(have)
    if lead < 0:
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(have)}}}, size={target}): the number of sizes provided ({len(target)}) "
            f"must be greater or equal to the number of dimensions in the tensor ({len(have)})"
        )
    for axis, wanted in enumerate(target):
        existing = have[axis - lead] if axis >= lead else 1
        if wanted == -1:
            if axis < lead:
                raise RuntimeError(
                    f"The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension {axis}"
                )
            target[axis] = existing
        elif existing not in (wanted, 1):
            raise RuntimeError(
                f"The expanded size of the tensor ({wanted}) must match the existing size ({existing}) at non-singleton "
                f"dimension {axis}.  Target sizes: {target}.  Tensor sizes: {list(have)}"
            )
    return _expand(self, shape=tuple(target))


@public(on_module=False)
def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor, expanded to the shape of another."""
    return expand(self, *other.shape)


@public(on_module=False)
def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """The tensor summed along dimensions until it has this shape: what undoes the broadcasting from it.

    >>> import adjoint as torch
    >>> torch.tensor([[1., 2.], [3., 4.]]).sum_to_size(1, 2)
    tensor([[4., 6.]])
    """
    target, have = sizes(size, "sum_to_size", "size"), self._data.shape
    lead = len(have) - len(target)
    if lead < 0 or any(each not in (1, own) for each, own in zip(target, have[lead:], strict=True)):
        raise RuntimeError(f"size {{{list(target)}}} is not expandable to size {{{list(have)}}}.")
    return unbroadcast(tensor_namespace, self, target) if target else tensor_namespace.sum(self)


@public()
def broadcast_to(input: Tensor, size: Any) -> Tensor:
    """The tensor expanded to a shape, as a view."""
    return expand(input, *size)


@public(method=False)
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which all of these shapes broadcast.

    >>> import adjoint as torch
    >>> torch.broadcast_shapes((3,), (2, 1))
    torch.Size([2, 3])
    """
    given = [tuple(shape) if isinstance(shape, tuple | list) else (shape,) for shape in shapes]
    ndim = max((len(shape) for shape in given), default=0)
    result = [1] * ndim
    for place, shape in enumerate(given):
        for axis in range(-1, -len(shape) - 1, -1):
            if shape[axis] != 1 and result[axis] not in (1, shape[axis]):
                raise RuntimeError(
                    f"Attempting to broadcast a dimension of length {shape[axis]} at {axis}! Mismatching argument at index "
                    f"{place} had {shape}; but expected shape should be broadcastable to {result}"
                )
            result[axis] = shape[axis] if shape[axis] != 1 else result[axis]
    return Size(result)


@public(method=False)
def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """The tensors, all expanded to the shape to which they broadcast, as views."""
    shape = broadcast_shapes(*(tensor._data.shape for tensor in tensors))
    return tuple(expand(tensor, *shape) for tensor in tensors)
