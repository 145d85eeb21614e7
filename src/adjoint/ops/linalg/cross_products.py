"""The cross product of vectors of three elements."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import multilinear
from adjoint.core.tensor import Tensor
from adjoint.ops.dimensions import dimension
from adjoint.ops.matrix import refuse_bool


def _turned(xp: Any, x: Any, axis: int, by: int) -> Any:
    """The three elements along an axis, the first `by` of them moved to the end."""
    lead = (slice(None),) * (len(x.shape) + axis)
    parts = [xp.getitem(x, (*lead, part)) for part in (slice(by, None), slice(None, by))]
    return xp.concat(parts, axis=len(x.shape) + axis)


def _cross_product(xp: Any, x: Any, y: Any, *, axis: int) -> Any:
    left = _turned(xp, x, axis, 1) * _turned(xp, y, axis, 2)
    return left - _turned(xp, x, axis, 2) * _turned(xp, y, axis, 1)


_cross = multilinear(
    "linalg_cross",
    _cross_product,
    transposes=(  # the triple product g . (x, y) does not change as its factors are turned
        lambda xp, g, y, x_shape, *, axis: unbroadcast(xp, _cross_product(xp, xp.conj(y), g, axis=axis), x_shape),
        lambda xp, g, x, y_shape, *, axis: unbroadcast(xp, _cross_product(xp, g, xp.conj(x), axis=axis), y_shape),
    ),
)


@public(module="linalg", method=False, name="cross")
def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The cross products of the vectors of three elements along a dimension of two tensors that broadcast.

    >>> import adjoint as torch
    >>> torch.linalg.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]))
    tensor([0., 0., 1.])
    """
    x, y = require_tensors("linalg_cross", input, other)
    if x.ndim != y.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = dimension(dim, x.ndim, "linalg_cross")
    if x.shape[axis] != 3 or y.shape[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {x.shape[axis]} and {y.shape[axis]}"
        )
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_type_name(x.dtype)} but found {scalar_type_name(y.dtype)}\n"
            "Bring both to one type, as in y.to(x.dtype)."
        )
    refuse_bool("cross", x)
    result = _cross(x, y, axis=axis - x.ndim)
    return result if out is None else write_out(out, result, "cross")


@public()
def cross(input: Tensor, other: Tensor, dim: int | None = None, *, out: Tensor | None = None) -> Tensor:
    """The cross products along a dimension, by default the first one of size 3; `linalg.cross` takes the last.

    >>> import adjoint as torch
    >>> torch.cross(torch.tensor([1., 0., 0.]), torch.tensor([0., 1., 0.]), dim=0)
    tensor([0., 0., 1.])
    """
    x, y = require_tensors("cross", input, other)
    if dim is None:
        if 3 not in x.shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = list(x.shape).index(3)
    return linalg_cross(x, y, dim=dim, out=out)
