"""Views of memory by strides, and of overlapping windows; memory taken as another type."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from adjoint.arrays.kernels.layout import arranged, memory_of, span
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, buffer
from adjoint.ops.dimensions import dimension as numbered
from adjoint.ops.indexing import narrow
from adjoint.ops.shape import reshape

# --- the records ---


def _addresses(size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> np.ndarray:
    """Where the elements of an arrangement lie in memory, in order."""
    reach = span(size, stride)
    return (arranged(np.arange(reach), size, stride) if reach else np.zeros(size, np.int64)).reshape(-1) + offset


def _unstrided(
    xp: Any, g: Any, x_shape: Any, *, size: tuple[int, ...], stride: tuple[int, ...], offset: int, of: tuple[int, ...]
) -> Any:
    """What arrives at each element of memory, seen as `x` sees it; elements of `x` that share memory share that too."""
    before = max(-offset, 0)  # the view may begin before `x` does
    own, other = _addresses(tuple(x_shape), of, before), _addresses(size, stride, before + offset)
    count = max(before + span(tuple(x_shape), of), before + offset + span(size, stride))
    memory = xp.scatter_add(xp.zeros((count,), xp.numpy_dtype(g)), xp.asarray(other), xp.reshape(g, (-1,)), axis=0)
    result = xp.gather(memory, xp.asarray(own), axis=0)
    shared = np.bincount(own, minlength=1)[own]
    return xp.reshape(result if (shared == 1).all() else result / xp.asarray(shared), x_shape)


_strided = linear(
    "strided",
    lambda xp, x, *, size, stride, offset, of: xp.strided(x, size=size, stride=stride, offset=offset, of=of),
    transpose=_unstrided,
    view=True,
    node="AsStridedBackward0",
)


def _unwindowed(xp: Any, g: Any, x_shape: Any, *, axis: int, size: int, step: int) -> Any:
    """Each element receives what arrives in all the windows that it is in."""
    count = g.shape[axis]
    places = (np.arange(count)[:, None] * step + np.arange(size)).reshape(-1)
    order = (*range(axis + 1), len(x_shape), *range(axis + 1, len(x_shape)))
    values = xp.reshape(xp.permute_dims(g, order), (*x_shape[:axis], count * size, *x_shape[axis + 1 :]))
    return xp.index_add(xp.zeros(tuple(x_shape), xp.numpy_dtype(g)), xp.asarray(places), values, axis=axis)


_unfold = linear(
    "unfold",
    lambda xp, x, *, axis, size, step: xp.windows(x, axis=axis, size=size, step=step),
    transpose=_unwindowed,
    view=True,
)


# --- the functions ---


@public()
def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the tensor's memory in any shape, with so many elements from neighbour to neighbour along each dimension.

    `storage_offset` is where the first element lies; without it, where that of `input` does. Elements may be shared.

    >>> import adjoint as torch
    >>> torch.as_strided(torch.arange(4), (3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    (input,) = require_tensors("as_strided", input)
    return _strided(input, **arrangement(input, size, stride, storage_offset))


def arrangement(input: Tensor, size: Any, stride: Any, storage_offset: int | None) -> dict[str, Any]:
    """The parameters of the record, once they are seen to stay within the tensor's memory."""
    size, stride = tuple(map(index, size)), tuple(map(index, stride))
    if len(size) != len(stride):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided: Negative strides are not supported at the moment, got strides: {list(stride)}")
    if any(each < 0 for each in size):
        raise RuntimeError(f"Storage size calculation overflowed with sizes={list(size)} and strides={list(stride)}")
    own = input.storage_offset()
    start = own if storage_offset is None else index(storage_offset)
    if start < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {start}")
    array = buffer(input)
    memory = memory_of(array)
    first = (array.ctypes.data - memory.ctypes.data) // array.itemsize + start - own
    if math.prod(size) and not 0 <= first <= first + span(size, stride) <= memory.size:
        needed = (start + span(size, stride)) * array.itemsize
        raise RuntimeError(
            f"setStorage: sizes {list(size)}, strides {list(stride)}, storage offset {start}, and itemsize {array.itemsize} "
            f"requiring a storage size of {needed} are out of bounds for storage of size {memory.nbytes}"
        )
    of = tuple(step // array.itemsize for step in array.strides)
    return {"size": size, "stride": stride, "offset": start - own, "of": of}


@public(on_module=False)
def unfold(self: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of a size along a dimension, `step` apart, as a view: the elements of a window are its last dimension.

    >>> import adjoint as torch
    >>> torch.arange(5).unfold(0, 3, 1)
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    return windows_of(self, dimension, size, step)


def windows_of(input: Tensor, dim: int, size: int, step: int) -> Tensor:
    """`unfold`."""
    axis = numbered(dim, input.ndim, "unfold")
    length = input.shape[axis] if input.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(f"maximum size for tensor at dimension {axis} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not input.ndim:
        return narrow(reshape(input, 1), 0, 0, size)
    return _unfold(input, axis=axis, size=size, step=step)
