"""The same elements in another order: rolled, rotated and mirrored."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, dimension_out_of_range
from adjoint.ops.conversion import clone
from adjoint.ops.dimensions import dimension
from adjoint.ops.shape import flip, reshape, sizes, transpose


def _rolled(xp: Any, x: Any, *, shifts: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    for shift, axis in zip(shifts, axes, strict=True):
        size = x.shape[axis]
        if size and shift % size:
            before = (slice(None),) * axis
            start = size - shift % size
            x = xp.concat(
                [xp.getitem(x, (*before, slice(start, None))), xp.getitem(x, (*before, slice(0, start)))], axis
            )
    return xp.copy(x)


_roll = linear(
    "roll",
    _rolled,
    transpose=lambda xp, g, *, shifts, axes: _rolled(xp, g, shifts=tuple(-shift for shift in shifts), axes=axes),
)


@public()
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """The elements moved on along dimensions; what leaves at one end enters at the other. Without `dims`, in all of them in order.

    >>> import adjoint as torch
    >>> torch.roll(torch.tensor([1, 2, 3, 4]), 1)
    tensor([4, 1, 2, 3])
    """
    (input,) = require_tensors("roll", input)
    steps = sizes((shifts,), "roll", "shifts")
    axes = () if dims is None else sizes((dims,), "roll", "dims")
    if not steps:
        raise RuntimeError("`shifts` required")
    if not axes and len(steps) == 1:
        return reshape(_roll(reshape(input, -1), shifts=steps, axes=(0,)), input.shape)
    if len(axes) != len(steps):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(steps)}, dims:{len(axes)}")
    if not input.ndim:
        raise IndexError(dimension_out_of_range(axes[0], 0))
    return _roll(input, shifts=steps, axes=tuple(dimension(each, input.ndim, "roll") for each in axes))


@public()
def rot90(input: Tensor, k: int = 1, dims: Any = (0, 1)) -> Tensor:
    """The tensor turned `k` times by 90 degrees in the plane of two dimensions, from the first towards the second.

    >>> import adjoint as torch
    >>> torch.rot90(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    (input,) = require_tensors("rot90", input)
    plane = tuple(dims)
    if len(plane) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(plane)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    if plane[0] == plane[1] or abs(plane[0] - plane[1]) == input.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {plane[0]} and dim1 = {plane[1]}")
    first, second = (dimension(each, input.ndim, "rot90") for each in plane)
    turns = k % 4
    if turns == 0:
        return clone(input)
    if turns == 2:
        return flip(input, (first, second))
    return transpose(flip(input, (second if turns == 1 else first,)), first, second)


@public()
def fliplr(input: Tensor) -> Tensor:
    """A copy with the order of the columns reversed.

    >>> import adjoint as torch
    >>> torch.fliplr(torch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 1],
            [4, 3]])
    """
    (input,) = require_tensors("fliplr", input)
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


@public()
def flipud(input: Tensor) -> Tensor:
    """A copy with the order of the rows reversed.

    >>> import adjoint as torch
    >>> torch.flipud(torch.tensor([[1, 2], [3, 4]]))
    tensor([[3, 4],
            [1, 2]])
    """
    (input,) = require_tensors("flipud", input)
    if not input.ndim:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))
