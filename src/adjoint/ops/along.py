"""What operations share that pick elements along one dimension by indices that they find themselves."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import write_out
from adjoint.core.tensor import Tensor
from adjoint.ops.dimensions import dimension, restore


def along(name: str, record: Any, input: Tensor, dim: Any, *, out: Any = None, **params: Any) -> Any:
    """What a record with a parameter `axis` makes of a tensor. A 0-d tensor counts as one of a single element."""
    axis = dimension(dim, input.ndim, name)
    if input.ndim:
        result = record(input, axis=axis, **params)
    else:
        parts = record(input.unsqueeze(0), axis=0, **params)
        result = tuple(each.squeeze(0) for each in parts) if isinstance(parts, tuple) else parts.squeeze(0)
    return result if out is None else write_out(out, result)


def picked_by(kernel: str) -> Any:
    """The forward rule of a record that picks elements along an axis by the indices that a kernel finds."""

    def forward(xp: Any, x: Any, *, axis: int) -> tuple:
        indices = getattr(xp, kernel)(x, axis=axis)
        return xp.gather(x, indices, axis=axis), indices

    return forward


def _returned(xp: Any, g: Any, indices: Any, x_shape: tuple[int, ...], axis: int) -> Any:
    """Cotangents, each added to the element that was picked."""
    return xp.scatter_add(xp.zeros(x_shape, xp.numpy_dtype(g)), indices, g, axis=axis)


PICKED: dict[str, Any] = {
    "vjp": lambda xp, g, x_shape, indices, *, axis: _returned(xp, g, indices, x_shape, axis),
    "jvp": lambda xp, tangents, indices, *, axis: (xp.gather(tangents[0], indices, axis=axis), None),
    "outputs": ("values", "indices"),
    "differentiable_outputs": 1,
    "promotes": "common",
}


def _one_vjp(xp: Any, g: Any, x_shape: Any, indices: Any, *, axis: int, keepdims: bool) -> Any:
    g, indices = (restore(xp, each, axis, keepdims) for each in (g, indices))
    return _returned(xp, g, indices, x_shape, axis)


def _one_jvp(xp: Any, tangents: Any, indices: Any, *, axis: int, keepdims: bool) -> Any:
    tangent = xp.gather(tangents[0], restore(xp, indices, axis, keepdims), axis=axis)
    return tangent if keepdims else xp.squeeze(tangent, axis), None


#: the same where one element is picked along the axis
PICKED_ONE: dict[str, Any] = PICKED | {"vjp": _one_vjp, "jvp": _one_jvp}


def one_picked(xp: Any, x: Any, indices: Any, axis: int, keepdims: bool) -> tuple:
    """The element that is picked along an axis, and its index, given with that axis of size 1."""
    values = xp.gather(x, indices, axis=axis)
    return (values, indices) if keepdims else (xp.squeeze(values, axis), xp.squeeze(indices, axis))
