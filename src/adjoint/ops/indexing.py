"""Indexing: what stands behind `x[...]`, and picking by index. What writes to `x[...]` is in `writing`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.aliasing import alias
from adjoint.ops.dimensions import dimension
from adjoint.ops.splitting import unbind

# --- the records ---


def _at(axis: int, part: Any) -> tuple:
    return (*(slice(None),) * axis, part)


_select = linear(
    "select",
    lambda xp, x, *, axis, index: xp.getitem(x, _at(axis, index)),
    transpose=lambda xp, g, x_shape, *, axis, index: xp.place(g, _at(axis, index), x_shape),
    view=True,
)
_slice = linear(
    "slice",
    lambda xp, x, *, axis, part: xp.getitem(x, _at(axis, part)),
    transpose=lambda xp, g, x_shape, *, axis, part: xp.place(g, _at(axis, part), x_shape),
    view=True,
)


def filled(template: tuple, arrays: tuple) -> tuple:
    """An index template with its places for arrays, marked by None, filled in order."""
    rest = iter(arrays)
    return tuple(next(rest) if part is None else part for part in template)


_index = linear(
    "index",
    lambda xp, x, *indices, template: xp.getitem(x, filled(template, indices)),
    transpose=lambda xp, g, x_shape, indices, *, template: (
        xp.place(g, filled(template, indices), x_shape),
        *(None for _ in indices),
    ),
)
place = linear(
    "place",
    lambda xp, values, *indices, template, shape: xp.place(values, filled(template, indices), shape),
    transpose=lambda xp, g, indices, *, template: (
        xp.getitem(g, filled(template, indices)),
        *(None for _ in indices),
    ),
    node="IndexPutBackward0",
)


# --- reading ---

_SCALAR_INDEX = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor "
    "to a number"
)


def getitem(x: Tensor, index: Any) -> Tensor:
    """`x[index]`: a view for integers, slices, None and ...; a copy where tensors or lists pick elements.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> x[1], x[:, 0], x[x > 2]
    (tensor([3., 4.]), tensor([1., 3.]), tensor([3., 4.]))
    """
    if index.__class__ is int and x._data.shape and -x._data.shape[0] <= index < x._data.shape[0]:
        return _select(x, axis=0, index=index % x._data.shape[0])
    part, pickers = taken_apart(x, index)
    if pickers is None:
        if part is not x:
            return part
        return _slice(x, axis=0, part=slice(None)) if index.__class__ is slice else alias(x)
    return pick(part, pickers)


def taken_apart(x: Tensor, index: Any) -> tuple[Tensor, tuple | None]:
    """The view of `x` that the integers, slices and Nones of an index lead to, and what is left to pick from it.

    What is left has an entry for each dimension of the view: a tensor that picks, or a full slice; None for no pickers.
    """
    parts = _completed(x, index)
    axis, source, some = 0, 0, False
    pickers: list[Any] = []
    for part in parts:
        if part is None:
            x = x.unsqueeze(axis)
        elif part.__class__ is slice:
            x = _sliced(x, axis, part)
        elif _is_integer(part):
            number, size = int(part), x._data.shape[axis]
            if not -size <= number < size:
                raise IndexError(f"index {number} is out of bounds for dimension {source} with size {size}")
            x = _select(x, axis=axis, index=number % size)
            source += 1
            continue
        else:
            some = True
            pickers.append(part)
            _check_mask(x, part, axis)
            axis += _width(part)
            source += _width(part)
            continue
        pickers.append(slice(None))
        axis += 1
        source += part is not None
    return x, tuple(pickers) if some else None


def _completed(x: Tensor, index: Any) -> list[Any]:
    """The parts of an index, with pickers as tensors, and ... as so many full slices."""
    parts = [_part(each) for each in (index if _is_several(index) else (index,))]
    consumed = sum(_width(part) for part in parts if part is not None and part is not Ellipsis)
    if consumed > x.ndim:
        if x.ndim or len(parts) > 1:
            raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
        raise IndexError(
            "slice() cannot be applied to a 0-dim tensor." if parts[0].__class__ is slice else _SCALAR_INDEX
        )
    dots = [place for place, part in enumerate(parts) if part is Ellipsis]
    for place in reversed(dots):
        parts[place : place + 1] = [slice(None)] * (x.ndim - consumed if place == dots[0] else 0)
    return parts


def _is_several(index: Any) -> bool:
    """Whether an index has a part for each dimension: as a tuple, or as a short list of more than plain numbers."""
    if not isinstance(index, list):
        return isinstance(index, tuple)
    return len(index) < _FEW and any(
        part is None or part is Ellipsis or isinstance(part, Tensor | slice | list | tuple | range | np.ndarray)
        for part in index
    )


_FEW = 32  # PyTorch's limit


def _part(part: Any) -> Any:
    """One part of an index: an integer, a slice, None, ..., or a tensor of integers or truth values that picks."""
    if part is None or part is Ellipsis or part.__class__ is int or part.__class__ is slice or _is_integer(part):
        return part
    if isinstance(part, str):
        raise TypeError(f"new(): invalid data type '{type(part).__name__}'")
    if not isinstance(part, Tensor):
        if not isinstance(part, list | tuple | range | np.ndarray | bool):
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
                f"(got {type(part).__name__})"
            )
        array = np.asarray(
            [int(each) if isinstance(each, Tensor) else each for each in part]
            if isinstance(part, list | tuple)
            else part
        )
        part = wrap(array.astype(np.int64) if not array.size and array.dtype.kind == "f" else array)
    if part._data.dtype == np.uint8:  # the truth values of older programs
        part = part != 0
    if part._data.dtype.kind not in "biu":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return part


def _width(part: Any) -> int:
    """How many dimensions a part of an index takes up."""
    return part.ndim if isinstance(part, Tensor) and part._data.dtype.kind == "b" else 1


def _check_mask(x: Tensor, mask: Tensor, axis: int) -> None:
    """Refuse truth values that are not in the shape of the dimensions from `axis` on. NumPy lets some pass."""
    if mask._data.dtype.kind != "b" or mask.shape == x.shape[axis : axis + mask.ndim]:
        return
    wrong = next(place for place in range(mask.ndim) if mask.shape[place] != x.shape[axis + place])
    raise IndexError(
        f"The shape of the mask {list(mask.shape)} at index {wrong} does not match the shape of the indexed tensor "
        f"{list(x.shape)} at index {axis + wrong}"
    )


def _is_integer(part: Any) -> bool:
    if isinstance(part, int | np.integer):
        return not isinstance(part, bool)
    return (
        isinstance(part, Tensor)
        and not part.ndim
        and part._data.dtype.kind in "iu"
        and isinstance(part._data, np.ndarray | np.generic)
    )


def _sliced(x: Tensor, axis: int, part: slice) -> Tensor:
    try:
        start, stop, step = (None if each is None else each.__index__() for each in (part.start, part.stop, part.step))
    except (AttributeError, TypeError):
        raise TypeError("slice indices must be integers or None or have an __index__ method") from None
    if step == 0:
        raise ValueError("slice step cannot be zero")
    if step is not None and step < 0:
        raise ValueError("step must be greater than zero\nUse flip() to reverse the order.")
    if not start and step in (None, 1) and (stop is None or stop >= x._data.shape[axis]):
        return x
    return _slice(x, axis=axis, part=slice(start or None, stop, None if step == 1 else step))


def pick(x: Tensor, pickers: tuple) -> Tensor:
    """The elements of `x` that tensors of indices or truth values pick, as new memory."""
    arrays, template = apart(pickers if x.numel() else pickers_of_nothing(x, pickers))
    try:
        return _index(x, *arrays, template=template)
    except IndexError as error:
        raise index_error(x, pickers, error) from None


def pickers_of_nothing(x: Tensor, pickers: tuple) -> tuple:
    """Pickers from a tensor without elements: PyTorch minds only those that pick along a dimension of size 0."""
    axis, changed = 0, []
    for part in pickers:
        is_index = isinstance(part, Tensor) and part._data.dtype.kind != "b" and part.numel()
        if is_index and not x.shape[axis]:
            raise IndexError("index is out of bounds for dimension with size 0")
        changed.append(wrap(np.zeros(part.shape, np.int64)) if is_index else part)
        axis += _width(part)
    return tuple(changed)


def apart(index: Sequence[Any]) -> tuple[list[Tensor], tuple]:
    """The tensors in an index, and a template with None in their places, as records take them."""
    arrays = [part for part in index if isinstance(part, Tensor)]
    return arrays, tuple(None if isinstance(part, Tensor) else part for part in index)


def index_error(x: Tensor, pickers: tuple, error: IndexError) -> IndexError:
    """PyTorch's words for indices that do not fit. It counts the dimensions that are picked from, and no others."""
    axis = picked = 0
    for part in pickers:
        if not isinstance(part, Tensor):
            axis += 1
            continue
        width = _width(part)
        if part._data.dtype.kind != "b":
            size = x.shape[axis]
            outside = part._data[(part._data < -size) | (part._data >= size)]
            if outside.size:
                return IndexError(
                    f"index {int(outside.flat[0])} is out of bounds for dimension {picked} with size {size}\n"
                    f"It is in the index of dimension {axis}."
                )
        axis, picked = axis + width, picked + width
    if "broadcast" in str(error):
        shapes = ", ".join(str(list(_indices_shape(part))) for part in pickers if isinstance(part, Tensor))
        return IndexError(f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}")
    return error


def _indices_shape(picker: Tensor) -> Sequence[int]:
    """The shape of a picker's indices: a mask stands for the list of the places where it is true."""
    return (int(np.count_nonzero(picker._data)),) if picker._data.dtype.kind == "b" else picker.shape


@public()
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """The slice at `index` along `dim`, as a view without that dimension.

    >>> import adjoint as torch
    >>> torch.select(torch.tensor([[1., 2.], [3., 4.]]), 1, 0)
    tensor([1., 3.])
    """
    shape = input._data.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = dimension(dim, len(shape), "select")
    if not -shape[axis] <= index < shape[axis]:
        raise IndexError(f"select(): index {index} out of range for tensor of size {list(shape)} at dimension {axis}")
    return _select(input, axis=axis, index=int(index) % shape[axis])


@public()
def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """The `length` elements from `start` on along `dim`, as a view."""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = dimension(dim, input.ndim, "narrow")
    size = input.shape[axis]
    if isinstance(start, Tensor) and (start.ndim or start._data.dtype.kind not in "iu"):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _slice(input, axis=axis, part=slice(start, start + length))


@public()
def nonzero(input: Tensor, *, as_tuple: bool = False, out: Tensor | None = None) -> Any:
    """The indices of the elements that are not zero: one row for each, or a tuple with one tensor for each dimension.

    >>> import adjoint as torch
    >>> torch.nonzero(torch.tensor([[0, 1], [2, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    (input,) = require_tensors("nonzero", input)
    data = np.asarray(input._data)
    if as_tuple:
        return unbind(wrap(np.stack(np.nonzero(np.atleast_1d(data)))))
    result = wrap(np.argwhere(data))
    return result if out is None else write_out(out, result)


# --- the verbs, on tensors ---


@verb("getitem")
def _getitem_verb(x: Tensor, index: Any) -> Tensor:
    return getitem(x, index)


@verb("place")
def _place_verb(values: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    arrays, template = apart(index if isinstance(index, tuple) else (index,))
    return place(values, *arrays, template=template, shape=shape)


OPERATORS: dict[str, Any] = {"__getitem__": getitem}
