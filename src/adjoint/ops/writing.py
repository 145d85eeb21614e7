"""Writing to parts of a tensor: what stands behind `x[...] = value`, and `copy_`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core import inplace
from adjoint.core.apply import shapes_differ
from adjoint.core.dtypes import c_type_name, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.broadcasting import expand
from adjoint.ops.conversion import to_dtype, type_name
from adjoint.ops.filling import fill_with
from adjoint.ops.indexing import apart, filled, index_error, pickers_of_nothing, taken_apart
from adjoint.ops.refusals import converted

_index_put = linear(
    "index_put",
    lambda xp, x, values, *indices, template: xp.put(x, filled(template, indices), values),
    transpose=lambda xp, g, indices, *, template: (
        xp.put(g, filled(template, indices), 0),
        xp.getitem(g, filled(template, indices)),
        *(None for _ in indices),
    ),
)
#: a tensor that is written over as a whole
overwritten = linear(
    "copy",
    lambda xp, old, value: value,
    transpose=(lambda xp, g: xp.zeros_like(g), lambda xp, g: g),
    node="torch::autograd::CopyBackwards",
)


@verb("put")
def _put_verb(x: Tensor, index: tuple, values: Any) -> Tensor:
    arrays, template = apart(index)
    return _index_put(x, values, *arrays, template=template)


def setitem(x: Tensor, index: Any, value: Any) -> None:
    """`x[index] = value`, in place; gradients flow to `value`, and to what is left of `x`.

    >>> import adjoint as torch
    >>> x = torch.zeros(2, 2)
    >>> x[0, 1] = 5
    >>> x
    tensor([[0., 5.],
            [0., 0.]])
    """
    if not isinstance(value, Tensor):
        value = _number(x, value)
    target, pickers = taken_apart(x, index)
    if pickers is None:
        if (isinstance(value, Tensor) and value.ndim) or not target.ndim:
            if isinstance(value, Tensor) and value._data.shape != target._data.shape:
                value = expand(_without_leading_ones(value, target.ndim), *target._data.shape)
            copy_(target, value)
        else:
            fill_with(target, value)
        return
    value = value if isinstance(value, Tensor) else wrap(x._data.dtype.type(value))
    put = put_at(target, pickers, value)
    inplace.update(target, put, "index_put_")


def put_at(target: Tensor, pickers: tuple, value: Tensor) -> Callable[[Tensor], Tensor]:
    """The function that writes a value into a tensor like `target` where pickers, as of `taken_apart`, say."""
    pickers = pickers if target.numel() else pickers_of_nothing(target, pickers)
    arrays, template = apart(pickers)
    value = fitted_to_picked(target, pickers, value)
    return lambda old: _index_put(old, value, *arrays, template=template)


def put_slices(x: Tensor, value: Tensor, template: tuple) -> Tensor:
    """The tensor with a value in place of what integers and slices lead to."""
    return _index_put(x, value, template=template)


def fitted_to_picked(target: Tensor, pickers: tuple, value: Tensor) -> Tensor:
    """A value to be written where pickers say, in the shape of what they pick, and in the target's type."""
    arrays, template = apart(pickers)
    try:
        shape = target._data[filled(template, tuple(each._data for each in arrays))].shape
    except IndexError as error:
        raise index_error(target, pickers, error) from None
    by_mask = len(arrays) == 1 and arrays[0]._data.dtype.kind == "b" and value.numel() == 1
    if value._data.dtype != target._data.dtype and not by_mask:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {scalar_type_name(target.dtype)} for the "
            f"destination and {scalar_type_name(value.dtype)} for the source.\nBring the value to the type first, as in "
            "value.to(x.dtype)."
        )
    if by_mask and value.is_complex():
        converted(value.item(), target.dtype)
    return _fitted(to_dtype(value, target.dtype), shape)


def _number(x: Tensor, value: Any) -> Any:
    """A number to be written into `x`, in its type; PyTorch's errors for all else."""
    if isinstance(value, np.number | np.bool_):
        value = value.item()
    if not isinstance(value, int | float | complex):
        raise TypeError(
            f"can't assign a {_kind(value)} to a {type_name(x.dtype)}\nMake a tensor of it first, as in torch.tensor(value)."
        )
    if isinstance(value, int) and not -(1 << 63) <= value < 1 << 63:
        raise ValueError("Overflow when unpacking long long")
    return converted(value, x.dtype)


def _kind(value: Any) -> str:
    return "numpy.ndarray" if isinstance(value, np.ndarray) else type(value).__name__


def _without_leading_ones(value: Tensor, ndim: int) -> Tensor:
    while value.ndim > ndim and value.shape[0] == 1:
        value = value.squeeze(0)
    return value


def _fitted(value: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A value to be written, expanded to the shape of where it goes; leading sizes of 1 are dropped."""
    if value._data.shape == shape:
        return value
    value = _without_leading_ones(value, len(shape))
    try:
        return expand(value, *shape)
    except RuntimeError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(value.shape)} cannot be broadcast to indexing result of shape "
            f"{list(shape)}"
        ) from None


@public(on_module=False)
def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the elements of another tensor, or a number, into this one, broadcast and cast as needed.

    >>> import adjoint as torch
    >>> torch.zeros(2, 2).copy_(torch.tensor([1., 2.]))
    tensor([[1., 2.],
            [1., 2.]])
    """
    if isinstance(src, int | float | complex):
        src = wrap(np.asarray(src))
    if not isinstance(src, Tensor):
        raise TypeError(f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}")
    value, shape = to_dtype(src, self.dtype), self._data.shape
    if value._data.shape != shape:
        value = _without_leading_ones(value, len(shape))
        try:
            value = expand(value, *shape)
        except RuntimeError:
            if value.ndim > len(shape):
                raise RuntimeError(
                    f"output with shape {list(shape)} doesn't match the broadcast shape {list(value._data.shape)}"
                ) from None
            raise shapes_differ(shape, value._data.shape) from None
    return inplace.update(self, lambda old: overwritten(old, value), "copy_")


def _no_derivative(xp: Any, g: Any) -> Any:
    raise RuntimeError("derivative for set_ is not implemented\nUse copy_(), through which gradients flow.")


_given_memory = general(
    "set",
    lambda xp, old, value: value,
    vjp=(_no_derivative, _no_derivative),
    node="torch::autograd::NotImplemented",
)


@public(on_module=False)
def set_(self: Tensor, source: Tensor | None = None) -> Tensor:
    """Give this tensor the memory and the shape of another, or no elements at all. No gradient flows through that.

    >>> import adjoint as torch
    >>> x, y = torch.zeros(2), torch.tensor([1., 2., 3.])
    >>> x.set_(y)
    tensor([1., 2., 3.])
    >>> y[0] = 5
    >>> x
    tensor([5., 2., 3.])
    """
    if source is None:
        source = wrap(np.empty(0, self._data.dtype))
    if not isinstance(source, Tensor):
        raise TypeError(
            f"set_() received an invalid combination of arguments - got ({type(source).__name__}), but expected one of:\n"
            " * ()\n * (Tensor source)"
        )
    if source._data.dtype != self._data.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {c_type_name(source.dtype)} to a tensor of type {c_type_name(self.dtype)}"
        )
    return inplace.give_memory(self, source, _given_memory(self, source))


@verb("copied")
def _copied(x: Tensor) -> Tensor:
    """A copy written over new memory, as a leaf's first gradient is."""
    result = overwritten(wrap(x._data), x)
    result._data = result._data.copy()
    return result


OPERATORS: dict[str, Any] = {"__setitem__": setitem}
