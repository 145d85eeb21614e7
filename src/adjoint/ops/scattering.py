"""Writing elements where tensors of indices say: over what is there, added to it, or reduced with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.arithmetic import add, div
from adjoint.ops.broadcasting import broadcast_tensors
from adjoint.ops.creation import ones_like
from adjoint.ops.dimensions import dimension
from adjoint.ops.filling import masked_fill
from adjoint.ops.gathering import check_index_type, fits, flat_places
from adjoint.ops.indexing import apart, narrow, place, taken_apart
from adjoint.ops.refusals import converted, not_implemented_for, refuse_overlap
from adjoint.ops.shape import reshape
from adjoint.ops.writing import fitted_to_picked, put_at

# --- the records ---

_scatter = linear(
    "scatter",
    lambda xp, x, index, values, *, axis: xp.scatter(x, index, values, axis=axis),
    transpose=(
        lambda xp, g, index, *, axis: xp.scatter(g, index, 0, axis=axis),
        None,
        lambda xp, g, index, *, axis: xp.gather(g, index, axis=axis),
    ),
    verb="scatter",
)
_scatter_add = linear(
    "scatter_add",
    lambda xp, x, index, values, *, axis: xp.scatter_add(x, index, values, axis=axis),
    transpose=(
        lambda xp, g: g,
        None,
        lambda xp, g, index, *, axis: xp.gather(g, index, axis=axis),
    ),
    promotes="common",
    verb="scatter_add",
)


class _Way(NamedTuple):
    """The verbs of one namespace, all along one axis: with an index for each element, or one for each slice."""

    pick: Callable
    add: Callable
    reduce: Callable


def _extreme_weights(xp: Any, way: _Way, x: Any, index: Any, values: Any, out: Any) -> tuple[Any, Any]:
    """Equal ones share: 1 / (how many there are) for each that attains the extreme, else 0."""
    dtype = xp.numpy_dtype(out)
    attained = xp.astype(x == out, dtype)
    attained_values = xp.astype(values == way.pick(out, index), dtype)
    count = way.add(attained, index, attained_values)
    return attained / count, attained_values / way.pick(count, index)


def _product_weights(xp: Any, way: _Way, x: Any, index: Any, values: Any, out: Any) -> tuple[Any, Any]:
    """The product of all others: by division, but where the element itself is zero by leaving it out."""
    nonzero = xp.where(x == 0, 1, x)
    others = way.reduce(nonzero, index, values) / nonzero
    zero = values == 0
    zeros = way.add(xp.zeros_like(x), index, xp.astype(zero, xp.numpy_dtype(x)))
    only = zero & (way.pick(zeros, index) == 1)
    without = way.reduce(x, index, xp.where(only, 1, values))
    return others, xp.where(only, way.pick(without, index), way.pick(out, index) / xp.where(zero, 1, values))


_WEIGHTS: dict[str, Callable] = {"amax": _extreme_weights, "amin": _extreme_weights, "prod": _product_weights}


def reducing(name: str, pick: str, add: str, promotes: str | None) -> Callable:
    """The record of a verb that reduces what is there with all that is written there, by a product or an extreme."""

    def way(xp: Any, axis: int, reduce: str = "sum") -> _Way:
        picking, adding = (partial(getattr(xp, verb), axis=axis) for verb in (pick, add))
        return _Way(picking, adding, partial(getattr(xp, name), axis=axis, reduce=reduce))

    def weights(xp: Any, x: Any, index: Any, values: Any, out: Any, axis: int, reduce: str) -> tuple[Any, Any]:
        return _WEIGHTS[reduce](xp, way(xp, axis, reduce), x, index, values, out)

    def vjp_x(xp: Any, g: Any, x: Any, index: Any, values: Any, out: Any, *, axis: int, reduce: str) -> Any:
        return g * xp.conj(weights(xp, x, index, values, out, axis, reduce)[0])

    def vjp_values(xp: Any, g: Any, x: Any, index: Any, values: Any, out: Any, *, axis: int, reduce: str) -> Any:
        weight = weights(xp, x, index, values, out, axis, reduce)[1]
        return way(xp, axis).pick(g, index) * xp.conj(weight)

    def jvp(xp: Any, tangents: Any, x: Any, index: Any, values: Any, out: Any, *, axis: int, reduce: str) -> Any:
        of_x, of_values = weights(xp, x, index, values, out, axis, reduce)
        result = xp.zeros_like(out) if tangents[0] is None else tangents[0] * of_x
        return result if tangents[2] is None else way(xp, axis).add(result, index, tangents[2] * of_values)

    return general(
        name,
        lambda xp, x, index, values, *, axis, reduce: getattr(xp, name)(x, index, values, axis=axis, reduce=reduce),
        vjp=(vjp_x, None, vjp_values),
        jvp=jvp,
        promotes=promotes,
        verb=name,
    )


_scatter_reduce = reducing("scatter_reduce", "gather", "scatter_add", promotes="common")


# --- one element for each index ---


def _aimed(function: str, input: Any, dim: int, index: Any, src: Any, out: Tensor | None) -> tuple[int, Any]:
    """The axis and the values of a scatter, once all is seen to fit."""
    input, index = require_tensors(function, input, index, names=("input", "index"))
    axis = dimension(dim, input.ndim, function)
    check_index_type(function, index)
    operands = [input]
    if isinstance(src, Tensor):
        operands.append(src)
        if src._data.dtype != input._data.dtype:
            raise RuntimeError(f"{function}(): Expected self.dtype to be equal to src.dtype")
    refuse_overlap(out, index, *operands[1:])
    if not index.numel():  # whatever its shape, it leads nowhere: values are cut to none, so that they have gradients
        return axis, narrow(reshape(src, -1), 0, 0, 0).reshape(index.shape) if isinstance(src, Tensor) else src
    for each, name in zip(operands, ("self", "src"), strict=False):
        if max(index.ndim, 1) != max(each.ndim, 1):
            raise RuntimeError(f"Index tensor must have the same number of dimensions as {name} tensor")
    if not fits(index, input, axis) or not (len(operands) == 1 or fits(index, src, None)):
        beyond = f" and to be no larger size than src {list(src.shape)}" if len(operands) == 2 else ""
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(input.shape)} apart from dimension {axis}"
            f"{beyond}"
        )
    if len(operands) == 2 and src._data.shape != index._data.shape:
        if src.ndim != index.ndim:
            src = reshape(src, index.shape)
        for other, size in enumerate(index.shape):
            src = src if src.shape[other] == size else narrow(src, other, 0, size)
    return axis, src


def written(result: Tensor, out: Tensor | None) -> Tensor:
    return result if out is None else write_out(out, result)


@public(inplace=True)
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """A copy with the elements of `src`, or a number, written where `index` says along a dimension.

    For a matrix and `dim` of 1, `out[i][index[i][j]] = src[i][j]`. Where several are written to one place, the last stays;
    with `reduce="add"` or "multiply" they are added to what is there, or multiplied with it.

    >>> import adjoint as torch
    >>> torch.zeros(2, 3).scatter(1, torch.tensor([[2], [0]]), torch.tensor([[5.], [6.]]))
    tensor([[0., 0., 5.],
            [6., 0., 0.]])
    """
    given = value if src is None else src
    if not isinstance(given, Tensor | Number):
        raise invalid_combination("scatter", (dim, index, given))
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    axis, values = _aimed("scatter", input, dim, index, given, out)
    if not isinstance(values, Tensor):
        values = converted(values, input.dtype)
    if reduce is None:
        return written(_scatter(input, index, values, axis=axis), out)
    if not isinstance(values, Tensor):
        values = wrap(np.full(index.shape, values, input._data.dtype))
    if reduce == "add":
        return written(_scatter_add(input, index, values, axis=axis), out)
    return written(_scatter_reduce(input, index, values, axis=axis, reduce="prod"), out)


@public(inplace=True)
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The tensor with the elements of `src` added where `index` says along a dimension.

    For a matrix and `dim` of 1, `out[i][index[i][j]] += src[i][j]`.

    >>> import adjoint as torch
    >>> torch.zeros(3).scatter_add(0, torch.tensor([0, 2, 0]), torch.tensor([1., 2., 3.]))
    tensor([4., 0., 2.])
    """
    require_tensors("scatter_add", input, index, src, names=("input", "index", "src"))
    axis, values = _aimed("scatter_add", input, dim, index, src, out)
    return written(_scatter_add(input, index, values, axis=axis), out)


@public(inplace=True)
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The tensor with the elements of `src` reduced into it where `index` says: by "sum", "prod", "mean", "amax", "amin".

    Without `include_self` what stands at the places that are written to does not count.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.])
    >>> torch.scatter_reduce(x, 0, torch.tensor([0, 0, 1]), torch.tensor([5., 3., 0.]), "amax")
    tensor([5., 2.])
    """
    require_tensors("scatter_reduce", input, index, src, names=("input", "index", "src"))
    if reduce not in _NEUTRAL:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    kind = input._data.dtype.kind
    if (kind == "c" and reduce in ("amax", "amin")) or (kind == "b" and reduce == "mean"):
        raise not_implemented_for(f"scatter_gather_tensor_cpu_reduce_{reduce}", input)
    axis, values = _aimed("scatter_reduce", input, dim, index, src, out)
    records = Records(*(partial(record, axis=axis) for record in (_scatter, _scatter_add, _scatter_reduce)))
    return written(reduced(records, input, index, values, reduce, include_self), out)


#: what changes nothing: a number, or a limit of the type
_NEUTRAL: dict[str, Any] = {"sum": 0, "mean": 0, "prod": 1, "amax": "min", "amin": "max"}


def _neutral(reduce: str, dtype: np.dtype) -> Any:
    neutral = _NEUTRAL[reduce]
    if not isinstance(neutral, str) or dtype.kind == "b":
        return neutral == "max" if isinstance(neutral, str) else neutral
    if dtype.kind in "iu":
        return int(getattr(np.iinfo(dtype), neutral))
    return -np.inf if neutral == "min" else np.inf


class Records(NamedTuple):
    """What reduces by all ways: the records, all along one axis."""

    write: Callable
    add: Callable
    reduce: Callable


def reduced(records: Records, x: Tensor, index: Tensor, values: Tensor, reduce: str, include_self: bool) -> Tensor:
    start = x if include_self else records.write(x, index, _neutral(reduce, x._data.dtype))
    if reduce in _WEIGHTS:
        return records.reduce(start, index, values, reduce=reduce)
    total = records.add(start, index, values)
    if reduce == "sum":
        return total
    counted = ones_like(x) if include_self else records.write(ones_like(x), index, 0)
    count = records.add(counted, index, ones_like(values))
    return div(total, masked_fill(count, count == 0, 1), rounding_mode="floor" if x._data.dtype.kind in "iu" else None)


# --- anywhere ---


@public(inplace=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `values` written, or with `accumulate` added, at `input[indices]`.

    >>> import adjoint as torch
    >>> torch.zeros(3).index_put((torch.tensor([0, 0]),), torch.tensor([1., 2.]), accumulate=True)
    tensor([3., 0., 0.])
    """
    input, values = require_tensors("index_put", input, values, names=("input", "values"))
    if not isinstance(indices, tuple | list):
        raise TypeError(
            f"index_put(): argument 'indices' (position 1) must be tuple of Tensors, not {type(indices).__name__}"
        )
    for position, each in enumerate(indices):
        if not isinstance(each, Tensor):
            raise TypeError(f"expected Tensor as element {position} in argument 0, but got {type(each).__name__}")
    vectors = tuple(reshape(each, 1) if not each.ndim else each for each in indices)  # a 0-d one picks no view here
    target, pickers = taken_apart(input, vectors)
    if pickers is None:
        raise IndexError("at least one index must be given")
    if not accumulate:
        return put_at(target, pickers, values)(input)
    arrays, template = apart(pickers)
    fitted = fitted_to_picked(target, pickers, values)
    return add(input, place(fitted, *arrays, template=template, shape=input._data.shape))


@public(inplace=True)
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with the elements of `source` written, or added, where `index` says, counted through all elements in order.

    >>> import adjoint as torch
    >>> torch.zeros(2, 2).put(torch.tensor([1, -1]), torch.tensor([5., 6.]))
    tensor([[0., 5.],
            [0., 6.]])
    """
    require_tensors("put", input, index, source, names=("input", "index", "source"))
    if index._data.dtype != np.int64:
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {scalar_type_name(index.dtype)}")
    if input._data.dtype != source._data.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = {scalar_type_name(input.dtype)} "
            f"and source.dtype = {scalar_type_name(source.dtype)}"
        )
    if source.numel() != index.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{source.numel()}, index.numel() = {index.numel()}"
        )
    if index.numel() and not input.numel():
        raise IndexError("put_(): Tried to put elements into an empty tensor")
    places = reshape(flat_places("put_", index, input.numel()), -1)
    record = _scatter_add if accumulate else _scatter
    return reshape(record(reshape(input, -1), places, reshape(source, -1), axis=0), input.shape)


@public(inplace=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """A copy with the first elements of `source`, in order, written where a mask is true.

    >>> import adjoint as torch
    >>> mask = torch.tensor([True, False, True])
    >>> torch.zeros(3).masked_scatter(mask, torch.tensor([1., 2., 3.]))
    tensor([1., 0., 2.])
    """
    require_tensors("masked_scatter", input, mask, source, names=("input", "mask", "source"))
    if input._data.dtype != source._data.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got{scalar_type_name(input.dtype)} and "
            f"{scalar_type_name(source.dtype)}"
        )
    if mask._data.dtype.kind != "b":
        raise RuntimeError(f"masked_scatter_ only supports boolean masks, but got mask with dtype {mask.dtype}")
    input, mask = broadcast_tensors(input, mask)
    (places,) = np.nonzero(np.asarray(mask._data).reshape(-1))
    if places.size > source.numel():
        raise RuntimeError("Number of elements of source < number of ones in mask")
    first = narrow(reshape(source, -1), 0, 0, places.size)
    return reshape(_scatter(reshape(input, -1), wrap(places), first, axis=0), input.shape)
