"""Setting all the elements of a tensor, or those under a mask."""

from __future__ import annotations

from numbers import Number
from typing import Any

from adjoint.core import inplace
from adjoint.core.apply import invalid_combination, require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.refusals import converted

_FILL: dict[str, Any] = {
    "forward": lambda xp, x, *, value: xp.full_like(x, value),
    "vjp": lambda xp, g: xp.zeros_like(g),
    "jvp": lambda xp, tangents: xp.zeros_like(tangents[0]),
}
_FILL_TENSOR: dict[str, Any] = {
    "forward": lambda xp, x, value: xp.zeros_like(x) + value,
    "transpose": (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.sum(g)),
}
_zero = general("zero", **_FILL)
_fill = general("fill", **_FILL)
_fill_in_place = general("fill_in_place", **_FILL, node="FillBackward2")
_fill_tensor = linear("fill_tensor", **_FILL_TENSOR, node="FillBackward1")
_fill_tensor_in_place = linear("fill_tensor_in_place", **_FILL_TENSOR, node="FillBackward3")
_assigned = general("assigned", **_FILL, node="FillBackward3")
_MASKED: dict[str, Any] = {
    "forward": lambda xp, x, mask, value: xp.where(mask, value, x),
    "transpose": (
        lambda xp, g, mask: xp.where(mask, 0, g),
        None,
        lambda xp, g, mask: xp.where(mask, g, 0),
    ),
    "promotes": "common",
}
_masked_fill = linear("masked_fill", **_MASKED)
_masked_fill_tensor = linear("masked_fill_tensor", **_MASKED, node="MaskedFillBackward1")


@public()
def zero_(self: Tensor) -> Tensor:
    """Set all elements to 0.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).zero_()
    tensor([0., 0.])
    """
    return inplace.update(self, lambda old: _zero(old, value=0), "zero_", uniform=True)


@public()
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set all elements to one value: a number, or a 0-d tensor, to which gradients flow.

    >>> import adjoint as torch
    >>> torch.zeros(2).fill_(3)
    tensor([3., 3.])
    """
    return _filled_in_place(self, _value("fill_", self, value), (_fill_in_place, _fill_tensor_in_place))


def fill_with(x: Tensor, value: Any) -> Tensor:
    """`x[...] = value` for a number or a 0-d tensor."""
    return _filled_in_place(x, _value("fill_", x, value), (_assigned, _fill_tensor_in_place))


def _filled_in_place(x: Tensor, value: Any, records: tuple[Any, Any]) -> Tensor:
    by_number, by_tensor = records
    if isinstance(value, Tensor):
        return inplace.update(x, lambda old: by_tensor(old, value), "fill_")
    return inplace.update(x, lambda old: by_number(old, value=value), "fill_", uniform=by_number is _fill_in_place)


@public(method=False)
def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor like `input` in which all elements have one value."""
    (input,) = require_tensors("fill", input)
    value = _value("fill", input, value)
    return _fill_tensor(input, value) if isinstance(value, Tensor) else _fill(input, value=value)


def _value(function: str, x: Tensor, value: Any) -> Any:
    """The value that a tensor is to be filled with, in the tensor's type."""
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                f"{function} only supports 0-dimension value tensor but got tensor with {value.ndim} dimensions.\n"
                "Use copy_() to write several values."
            )
        return to_dtype(value, x.dtype)
    if not isinstance(value, Number):
        raise invalid_combination(function, (value,))
    return converted(value, x.dtype)


@public(inplace=True)
def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """The tensor with one value, a number or a 0-d tensor, wherever `mask` is true.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).masked_fill(torch.tensor([True, False]), 0)
    tensor([0., 2.])
    """
    input, mask = require_tensors("masked_fill", input, mask, names=("input", "mask"))
    if mask._data.dtype.kind != "b":
        raise RuntimeError(f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                f"masked_fill_ only supports a 0-dimensional value tensor, but got tensor with {value.ndim} dimension(s)."
            )
        if value._data.dtype.kind == "c":
            converted(value.item(), input.dtype)
        return _masked_fill_tensor(input, mask, to_dtype(value, input.dtype))
    return _masked_fill(input, mask, converted(value, input.dtype))
