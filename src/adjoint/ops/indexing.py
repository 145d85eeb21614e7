"""Indexing: what stands behind `x[...]`, read and written."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core import inplace
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimension
from adjoint.ops.shape import expand
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
_place = linear(
    "place",
    lambda xp, values, *indices, template, shape: xp.place(values, filled(template, indices), shape),
    transpose=lambda xp, g, indices, *, template: (
        xp.getitem(g, filled(template, indices)),
        *(None for _ in indices),
    ),
    node="IndexPutBackward0",
)


# --- reading ---


def getitem(x: Tensor, index: Any) -> Tensor:
    """`x[index]`: a view for integers, slices, None and ...; a copy where tensors or lists pick elements.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> x[1], x[:, 0], x[x > 2]
    (tensor([3., 4.]), tensor([1., 3.]), tensor([3., 4.]))
    """
    if index.__class__ is int and x._data.shape and -x._data.shape[0] <= index < x._data.shape[0]:
        return _select(x, axis=0, index=index % x._data.shape[0])
    basic, advanced = _split(x, index)
    for kind, axis, part in basic:
        if kind == "select":
            x = _select(x, axis=axis, index=part % x._data.shape[axis])
        elif kind == "slice":
            x = _slice(x, axis=axis, part=part)
        else:
            x = x.unsqueeze(axis)
    if advanced is None:
        return x if basic else _alias(x)
    arrays = [part for part in advanced if isinstance(part, Tensor)]
    template = tuple(None if isinstance(part, Tensor) else part for part in advanced)
    try:
        return _index(x, *arrays, template=template)
    except IndexError as error:
        raise IndexError(_index_message(x, advanced, error)) from None


def _alias(x: Tensor) -> Tensor:
    return _slice(x, axis=0, part=slice(None)) if x.ndim else x.view(())


def _split(x: Tensor, index: Any) -> tuple[list[tuple[str, int, Any]], tuple | None]:
    """An index as steps that make views one after the other, and what is left for one step of advanced indexing."""
    parts = list(index) if isinstance(index, tuple) else [index]
    consumed = 0
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, bool):
            continue
        consumed += part.ndim if isinstance(part, Tensor) and part._data.dtype.kind == "b" else 1
    if consumed > x.ndim:
        if x.ndim == 0:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a "
                "0-dim tensor to a number"
            )
        raise IndexError(f"too many indices for tensor of dimension {x.ndim}")
    if Ellipsis in [part for part in parts if part is Ellipsis]:
        place = next(i for i, part in enumerate(parts) if part is Ellipsis)
        parts[place : place + 1] = [slice(None)] * (x.ndim - consumed)
    steps: list[tuple[str, int, Any]] = []
    advanced: list[Any] = []
    axis, is_advanced, source = 0, False, 0
    for part in parts:
        if part is None:
            steps.append(("unsqueeze", axis, None))
            advanced.append(slice(None))
            axis += 1
        elif isinstance(part, slice):
            step = _slice_step(part)
            if step != slice(None):
                steps.append(("slice", axis, step))
            advanced.append(slice(None))
            axis += 1
            source += 1
        elif _is_integer(part):
            number = int(part)
            size = x._data.shape[source]
            if not -size <= number < size:
                raise IndexError(f"index {number} is out of bounds for dimension {source} with size {size}")
            steps.append(("select", axis, number))
            source += 1
        else:
            picker = _picker(part)
            is_advanced = True
            advanced.append(picker)
            width = picker.ndim if picker._data.dtype.kind == "b" else 1
            axis += width
            source += width
    return steps, tuple(advanced) if is_advanced else None


def _is_integer(part: Any) -> bool:
    if isinstance(part, bool):
        return False
    if isinstance(part, (int, np.integer)):
        return True
    return (
        isinstance(part, Tensor)
        and not part.ndim
        and part._data.dtype.kind in "iu"
        and isinstance(part._data, (np.ndarray, np.generic))
    )


def _slice_step(part: slice) -> slice:
    start, stop, step = (None if each is None else each.__index__() for each in (part.start, part.stop, part.step))
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero\nUse flip() to reverse the order.")
    return slice(None if start == 0 else start, stop, None if step == 1 else step)


def _picker(part: Any) -> Tensor:
    """A tensor, list or array that picks elements, as a tensor of integers or booleans."""
    if isinstance(part, Tensor):
        picker = part
    elif isinstance(part, (list, tuple, np.ndarray, bool)):
        array = np.asarray(part)
        picker = wrap(array.astype(np.int64) if not array.size else array)
    else:
        raise IndexError(
            "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
            f"(got {type(part).__name__})"
        )
    if picker._data.dtype.kind not in "biu":
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    return picker


def _index_message(x: Tensor, parts: tuple, error: IndexError) -> str:
    axis = 0
    for part in parts:
        if isinstance(part, Tensor):
            if part._data.dtype.kind == "b":
                if part.shape != x.shape[axis : axis + part.ndim]:
                    wrong = next(i for i in range(part.ndim) if part.shape[i] != x.shape[axis + i])
                    return (
                        f"The shape of the mask {list(part.shape)} at index {wrong} does not match the shape of the "
                        f"indexed tensor {list(x.shape)} at index {axis + wrong}"
                    )
                axis += part.ndim
                continue
            size = x.shape[axis]
            outside = part._data[(part._data < -size) | (part._data >= size)]
            if outside.size:
                return f"index {int(outside.flat[0])} is out of bounds for dimension {axis} with size {size}"
        axis += 1
    if "broadcast" in str(error):
        shapes = ", ".join(str(list(part.shape)) for part in parts if isinstance(part, Tensor))
        return f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
    return str(error)


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
def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The `length` elements from `start` on along `dim`, as a view."""
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = dimension(dim, input.ndim, "narrow")
    size = input.shape[axis]
    start = int(start)
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(f"start out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return _slice(input, axis=axis, part=slice(start, start + length))


@verb("getitem")
def _getitem_verb(x: Tensor, index: Any) -> Tensor:
    return getitem(x, index)


@verb("place")
def _place_verb(values: Tensor, index: Any, shape: tuple[int, ...]) -> Tensor:
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part for part in parts if isinstance(part, Tensor)]
    return _place(
        values, *arrays, template=tuple(None if isinstance(part, Tensor) else part for part in parts), shape=shape
    )


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


# --- writing ---

_index_put = linear(
    "index_put",
    lambda xp, x, values, *indices, template: xp.put(x, filled(template, indices), values),
    transpose=lambda xp, g, indices, *, template: (
        xp.put(g, filled(template, indices), 0),
        xp.getitem(g, filled(template, indices)),
        *(None for _ in indices),
    ),
)


@verb("put")
def _put_verb(x: Tensor, index: tuple, values: Any) -> Tensor:
    arrays = [part for part in index if isinstance(part, Tensor)]
    template = tuple(None if isinstance(part, Tensor) else part for part in index)
    return _index_put(x, values, *arrays, template=template)


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`, in place; gradients flow to `value`, and to what is left of `x`."""
    basic, advanced = _split(x, index) if index.__class__ is not int else ([("select", 0, index)], None)
    target = x
    if basic or advanced is None:
        positions = index if advanced is None else tuple(part for part in _basic_part(index))
        target = getitem(x, positions)
    if not isinstance(value, Tensor):
        value = wrap(np.asarray(value, dtype=x._data.dtype))
    value = to_dtype(value, x.dtype)
    if advanced is None:
        copy_(target, value)
        return
    arrays = [part for part in advanced if isinstance(part, Tensor)]
    template = tuple(None if isinstance(part, Tensor) else part for part in advanced)
    picked = target._data[filled(template, tuple(a._data for a in arrays))]
    value = _fitted(value, picked.shape)
    inplace.update(target, lambda old: _index_put(old, value, *arrays, template=template), "index_put_")


def _basic_part(index: Any) -> tuple:
    """An index with its advanced parts replaced by full slices."""
    parts = index if isinstance(index, tuple) else (index,)
    kept: list[Any] = []
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, slice) or _is_integer(part):
            kept.append(part)
        else:
            picker = _picker(part)
            kept += [slice(None)] * (picker.ndim if picker._data.dtype.kind == "b" else 1)
    return tuple(kept)


def _fitted(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A value to be written, expanded to the shape of where it goes; leading sizes of 1 are dropped."""
    if value._data.shape == shape:
        return value
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    try:
        return expand(value, *shape)
    except RuntimeError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        ) from None


overwritten = linear(
    "copy",
    lambda xp, old, value: value,
    transpose=(lambda xp, g: xp.zeros_like(g), lambda xp, g: g),
    node="CopyBackwards",
)


@public(on_module=False)
def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Write the elements of another tensor into this one, broadcast and cast as needed."""
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    value = to_dtype(src, self.dtype) if src._data.dtype != self._data.dtype else src
    if value._data.shape != self._data.shape:
        value = _broadcast_for_copy(value, self._data.shape)
    return inplace.update(self, lambda old: overwritten(old, value), "copy_")


def _broadcast_for_copy(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    while value.ndim > len(shape) and value.shape[0] == 1:
        value = value[0]
    return expand(value, *shape)


OPERATORS: dict[str, Any] = {"__getitem__": getitem, "__setitem__": setitem}
