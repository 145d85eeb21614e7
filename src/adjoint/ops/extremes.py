"""The largest and the smallest elements, and where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.dtypes import c_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, general
from adjoint.core.tensor import Tensor
from adjoint.ops.choice import maximum, minimum
from adjoint.ops.dimensions import dimension, dimensions, flag, restore
from adjoint.ops.refusals import not_implemented_for
from adjoint.ops.results import aminmax_result, max_result, min_result

# --- shared by all elements that attain them ---


def _attained(xp: Any, x: Any, out: Any, like: Any, axis: Any, keepdims: bool) -> Any:
    """1 where an element attains the extreme, else 0, in the type of `like`."""
    return xp.astype(x == restore(xp, out, axis, keepdims), xp.numpy_dtype(like))


def _extreme_vjp(xp: Any, g: Any, x: Any, out: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The cotangent, shared equally among the elements that attain the extreme."""
    attained = _attained(xp, x, out, g, axis, keepdims)
    return restore(xp, g, axis, keepdims) * attained / xp.sum(attained, axis=axis, keepdims=True)


def _extreme_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    attained = _attained(xp, x, out, tangents[0], axis, keepdims)
    total = xp.sum(tangents[0] * attained, axis=axis, keepdims=keepdims)
    return total / xp.sum(attained, axis=axis, keepdims=keepdims)


_EXTREME: dict[str, Any] = {"vjp": _extreme_vjp, "jvp": _extreme_jvp, "promotes": "common"}
_amax = general("amax", lambda xp, x, *, axis, keepdims: xp.max(x, axis=axis, keepdims=keepdims), **_EXTREME)
_amin = general("amin", lambda xp, x, *, axis, keepdims: xp.min(x, axis=axis, keepdims=keepdims), **_EXTREME)


def _both_vjp(xp: Any, g: Any, x: Any, min: Any, max: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    low, high = (_extreme_vjp(xp, *each, axis=axis, keepdims=keepdims) for each in ((g[0], x, min), (g[1], x, max)))
    return low + high


def _both_jvp(xp: Any, tangents: Any, x: Any, min: Any, max: Any, *, axis: tuple[int, ...], keepdims: bool) -> tuple:
    low, high = (_extreme_jvp(xp, tangents, x, out, axis=axis, keepdims=keepdims) for out in (min, max))
    return low, high


_aminmax = general(
    "aminmax",
    lambda xp, x, *, axis, keepdims: (
        xp.min(x, axis=axis, keepdims=keepdims),
        xp.max(x, axis=axis, keepdims=keepdims),
    ),
    vjp=_both_vjp,
    jvp=_both_jvp,
    outputs=("min", "max"),
    promotes="common",
)


def _largest(xp: Any, x: Any, out: Any) -> Any:
    """Which elements attain the extreme of all: those equal to it, or those that are NaN where it is NaN."""
    return xp.where(xp.isnan(out), xp.isnan(x), x == out)


def _whole_vjp(xp: Any, g: Any, x: Any, out: Any) -> Any:
    attained = _largest(xp, x, out)
    return xp.where(attained, g / xp.sum(xp.astype(attained, xp.numpy_dtype(g))), 0)


def _whole_jvp(xp: Any, tangents: Any, x: Any, out: Any) -> Any:
    attained = _largest(xp, x, out)
    count = xp.sum(xp.astype(attained, xp.numpy_dtype(tangents[0])))
    return xp.sum(xp.where(attained, tangents[0], 0)) / count


EVENLY: dict[str, Any] = {"vjp": _whole_vjp, "jvp": _whole_jvp, "promotes": "common"}
_max_all = general("max_all", lambda xp, x: xp.max(x), **EVENLY, node="MaxBackward1")
_min_all = general("min_all", lambda xp, x: xp.min(x), **EVENLY, node="MinBackward1")


# --- the first that attains them, and its index ---


def _chosen(xp: Any, shape: tuple[int, ...], indices: Any, axis: int, keepdims: bool) -> Any:
    """True at the index chosen along an axis, in an array of this shape."""
    places = np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))
    return xp.asarray(places) == restore(xp, indices, axis, keepdims)


def _first_vjp(xp: Any, g: Any, x_shape: Any, indices: Any, *, axis: int, keepdims: bool) -> Any:
    return xp.where(_chosen(xp, x_shape, indices, axis, keepdims), restore(xp, g, axis, keepdims), 0)


def _first_jvp(xp: Any, tangents: Any, x_shape: Any, indices: Any, *, axis: int, keepdims: bool) -> Any:
    chosen = _chosen(xp, x_shape, indices, axis, keepdims)
    return xp.sum(xp.where(chosen, tangents[0], 0), axis=axis, keepdims=keepdims), None


_FIRST: dict[str, Any] = {
    "vjp": _first_vjp,
    "jvp": _first_jvp,
    "outputs": ("values", "indices"),
    "differentiable_outputs": 1,
    "promotes": "common",
}
_max_axis = general(
    "max_axis",
    lambda xp, x, *, axis, keepdims: (
        xp.max(x, axis=axis, keepdims=keepdims),
        xp.argmax(x, axis=axis, keepdims=keepdims),
    ),
    **_FIRST,
    node="MaxBackward0",
)
_min_axis = general(
    "min_axis",
    lambda xp, x, *, axis, keepdims: (
        xp.min(x, axis=axis, keepdims=keepdims),
        xp.argmin(x, axis=axis, keepdims=keepdims),
    ),
    **_FIRST,
    node="MinBackward0",
)
_argmax = constant(
    "argmax", lambda xp, x, *, axis, keepdims: xp.argmax(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)
_argmin = constant(
    "argmin", lambda xp, x, *, axis, keepdims: xp.argmin(x, axis=axis, keepdims=keepdims), promotes=None, public=False
)


@verb("max")
def _max_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return amax(x, () if axis is None else axis, keepdims)


@verb("min")
def _min_verb(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    return amin(x, () if axis is None else axis, keepdims)


# --- the functions ---


@public()
def amax(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The largest element along the dimensions `dim`. Equal ones share the gradient.

    >>> import adjoint as torch
    >>> torch.amax(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([5., 3.])
    """
    return _extreme("amax", _amax, input, dim, keepdim, out)


@public()
def amin(input: Tensor, dim: Any = (), keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The smallest element along the dimensions `dim`. Equal ones share the gradient.

    >>> import adjoint as torch
    >>> torch.amin(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([1., 2.])
    """
    return _extreme("amin", _amin, input, dim, keepdim, out)


@public()
def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None) -> Any:
    """The smallest and the largest of all elements, or along a dimension. Equal ones share the gradient.

    >>> import adjoint as torch
    >>> torch.aminmax(torch.tensor([3., 1., 2.]))
    torch.return_types.aminmax(
    min=tensor(1.),
    max=tensor(3.))
    """
    (input,) = require_tensors("aminmax", input)
    _refuse_complex("aminmax_cpu", input)
    axis = dimensions(dim, input.ndim, "aminmax")
    if dim is not None and input.ndim:
        _refuse_empty("aminmax", input, axis[0], brackets="")
    elif not input.numel():
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    for each in out or ():
        if each.dtype is not input.dtype:
            raise RuntimeError(
                f"Expected out tensor to have dtype {c_type_name(input.dtype)}, but got {c_type_name(each.dtype)} instead"
            )
    pair = aminmax_result(_aminmax(input, axis=axis, keepdims=flag("aminmax", keepdim)))
    return pair if out is None else write_out(out, pair)


def _extreme(name: str, record: Any, input: Tensor, dim: Any, keepdim: bool, out: Tensor | None) -> Tensor:
    (input,) = require_tensors(name, input)
    _refuse_complex({"amax": "max_values_cpu", "amin": "min_values_cpu"}[name], input)
    axis = dimensions(dim, input.ndim, name)
    if not input.numel():
        if dim == ():
            raise _no_elements(name, RuntimeError, " Specify the reduction dim with the 'dim' argument.")
        for each in axis:
            _refuse_empty(name, input, each)
    return record(input, axis=axis, keepdims=flag(name, keepdim), out=out)


@public()
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The largest of all elements; or, along a dimension, the largest and their indices; or the larger of two tensors.

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 5.], [3., 2.]])
    >>> torch.max(x)
    tensor(5.)
    >>> torch.max(x, dim=1)
    torch.return_types.max(
    values=tensor([5., 3.]),
    indices=tensor([1, 0]))
    >>> torch.max(x, torch.tensor(2.5))
    tensor([[2.5000, 5.0000],
            [3.0000, 2.5000]])
    """
    return _three_ways("max", (_max_all, _max_axis, maximum, max_result), input, dim, keepdim, other, out)


@public()
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None, out: Any = None) -> Any:
    """The smallest of all elements; or, along a dimension, the smallest and their indices; or the smaller of two tensors.

    >>> import adjoint as torch
    >>> torch.min(torch.tensor([3., 1., 2.]))
    tensor(1.)
    """
    return _three_ways("min", (_min_all, _min_axis, minimum, min_result), input, dim, keepdim, other, out)


def _three_ways(name: str, ways: tuple, input: Tensor, dim: Any, keepdim: Any, other: Any, out: Any) -> Any:
    whole, along, between, result = ways
    (input,) = require_tensors(name, input)
    if other is None and isinstance(dim, Tensor) and keepdim is False:
        other = dim
    if other is not None:
        return between(input, other, out=out)
    if dim is None:
        _refuse_complex(f"{name}_all", input)
        if not input.numel():
            raise _no_elements(name, RuntimeError, " Specify the reduction dim with the 'dim' argument.")
        return whole(input, out=out)
    if not hasattr(dim, "__index__"):
        raise invalid_combination(name, (dim,))
    _refuse_complex(f"{name}_values_cpu", input)
    keepdims = flag(name, keepdim)
    axis = dimension(dim, input.ndim, name)
    if not input.ndim:
        values, indices = along(input.unsqueeze(0), axis=0, keepdims=False)
    else:
        _refuse_empty(name, input, axis)
        values, indices = along(input, axis=axis, keepdims=keepdims)
    pair = result((values, indices))
    return pair if out is None else write_out(out, pair)


@public()
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The index of the largest element, of all in order or along a dimension; the first of equal ones.

    >>> import adjoint as torch
    >>> torch.argmax(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([1, 0])
    """
    return _index_of("argmax", _argmax, input, dim, keepdim, out)


@public()
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None) -> Tensor:
    """The index of the smallest element, of all in order or along a dimension; the first of equal ones.

    >>> import adjoint as torch
    >>> torch.argmin(torch.tensor([[1., 5.], [3., 2.]]), dim=1)
    tensor([0, 1])
    """
    return _index_of("argmin", _argmin, input, dim, keepdim, out)


def _index_of(name: str, record: Any, input: Tensor, dim: Any, keepdim: bool, out: Tensor | None) -> Tensor:
    (input,) = require_tensors(name, input)
    kind = input._data.dtype.kind
    if kind in "cb":
        raise RuntimeError(f"{name}(): does not support {'complex' if kind == 'c' else 'bool'} input")
    axis = None if dim is None else dimension(dim, input.ndim, name)
    if axis is None and not input.numel():
        raise _no_elements(name, IndexError)
    if axis is not None and input.ndim:
        _refuse_empty(name, input, axis)
    result = record(input, axis=axis if input.ndim else None, keepdims=flag(name, keepdim) and input.ndim > 0)
    return result if out is None else write_out(out, result)


def _refuse_complex(kernel: str, x: Tensor) -> None:
    if x._data.dtype.kind == "c":
        raise not_implemented_for(kernel, x)


def _refuse_empty(name: str, x: Tensor, axis: int, brackets: str = "()") -> None:
    if not x._data.shape[axis]:
        raise IndexError(f"{name}{brackets}: Expected reduction dim {axis} to have non-zero size.")


def _no_elements(name: str, error: type[Exception], ending: str = "") -> Exception:
    return error(f"{name}(): Expected reduction dim to be specified for input.numel() == 0.{ending}")
