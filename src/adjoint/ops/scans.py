"""Scans: sums, products and extremes of the elements up to each one, along a dimension."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.statements import general, linear
from adjoint.core.tensor import Tensor
from adjoint.ops.along import PICKED, along, picked_by
from adjoint.ops.reduction import summable
from adjoint.ops.refusals import not_implemented_for
from adjoint.ops.results import named_result

# --- the recurrence behind the derivatives of products and of sums of exponentials ---


def _neighbour(xp: Any, x: Any, axis: int, edge: Callable, after: bool = False) -> Any:
    """For each element the one before it, or `after` it, along an axis; at the end what `edge` makes of an element."""
    size, lead = x.shape[axis], (slice(None),) * axis
    end = edge(xp.getitem(x, (*lead, slice(0, 1))))
    if after:
        return xp.concat([xp.getitem(x, (*lead, slice(1, size))), end], axis)
    return xp.concat([end, xp.getitem(x, (*lead, slice(0, max(size - 1, 0))))], axis)


def _recurrence_vjp(xp: Any, g: Any, factors: Any, out: Any, *, axis: int, reverse: bool) -> tuple:
    """The transpose of a recurrence is one in the other direction, by the factors of the elements that come next."""
    by = xp.conj(_neighbour(xp, factors, axis, xp.zeros_like, after=not reverse))
    terms = xp.recurrence(by, g, axis=axis, reverse=not reverse)
    return terms * xp.conj(_neighbour(xp, out, axis, xp.zeros_like, after=reverse)), terms


def _recurrence_jvp(xp: Any, tangents: Any, factors: Any, out: Any, *, axis: int, reverse: bool) -> Any:
    by_factors, change = tangents
    if by_factors is not None:
        moved = by_factors * _neighbour(xp, out, axis, xp.zeros_like, after=reverse)
        change = moved if change is None else moved + change
    return xp.recurrence(factors, change, axis=axis, reverse=reverse)


general(
    "recurrence",
    lambda xp, factors, terms, *, axis, reverse: xp.recurrence(factors, terms, axis=axis, reverse=reverse),
    vjp=_recurrence_vjp,
    jvp=_recurrence_jvp,
    promotes="common",
    verb="recurrence",
    doc="`out[k] = terms[k] + factors[k] * out[k - 1]`: linear in the terms.",
)


# --- sums and products ---

_cumsum = linear(
    "cumsum",
    lambda xp, x, *, axis: xp.cumulative_sum(x, axis=axis),
    transpose=lambda xp, g, *, axis: xp.flip(xp.cumulative_sum(xp.flip(g, axis), axis=axis), axis),
    promotes="common",
    verb="cumulative_sum",
)


def _cumprod_vjp(xp: Any, g: Any, x: Any, out: Any, *, axis: int) -> Any:
    """For each element what stands before it, times the sum of the cotangents after it by what stands in between.

    Nothing is divided by, so that zeros need no care.
    """
    by = xp.conj(_neighbour(xp, x, axis, xp.zeros_like, after=True))
    return xp.recurrence(by, g, axis=axis, reverse=True) * xp.conj(_neighbour(xp, out, axis, xp.ones_like))


def _cumprod_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, axis: int) -> Any:
    return xp.recurrence(x, tangents[0] * _neighbour(xp, out, axis, xp.ones_like), axis=axis, reverse=False)


_cumprod = general(
    "cumprod",
    lambda xp, x, *, axis: xp.cumulative_prod(x, axis=axis),
    vjp=_cumprod_vjp,
    jvp=_cumprod_jvp,
    promotes="common",
)


def _shares(xp: Any, out: Any, axis: int) -> tuple[Any, Any]:
    """What exp(out) is of the next one, for all but the last: 1 of equal infinities. And a zero for the last."""
    size, lead = out.shape[axis], (slice(None),) * axis
    here, following = xp.getitem(out, (*lead, slice(0, size - 1))), xp.getitem(out, (*lead, slice(1, size)))
    return xp.exp(xp.where(here == following, 0, here - following)), xp.zeros_like(
        xp.getitem(out, (*lead, slice(0, 1)))
    )


def _logcumsumexp_vjp(xp: Any, g: Any, x: Any, out: Any, *, axis: int) -> Any:
    """The sum over all later places of g * exp(x - out), by factors of at most 1, so that nothing overflows."""
    if 0 in x.shape:
        return g
    by = xp.conj(xp.concat([*_shares(xp, out, axis)], axis))
    return xp.recurrence(by, g, axis=axis, reverse=True) * xp.conj(xp.exp(x - out))


def _logcumsumexp_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, axis: int) -> Any:
    if 0 in x.shape:
        return tangents[0]
    shares, zero = _shares(xp, out, axis)
    return xp.recurrence(xp.concat([zero, shares], axis), tangents[0] * xp.exp(x - out), axis=axis, reverse=False)


_logcumsumexp = general(
    "logcumsumexp",
    lambda xp, x, *, axis: xp.log_cumulative_sum_exp(x, axis=axis),
    vjp=_logcumsumexp_vjp,
    jvp=_logcumsumexp_jvp,
    promotes="common",
)


@public(inplace=True)
def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None, out: Tensor | None = None) -> Tensor:
    """The sums of the elements up to and with each one along `dim`; integers are summed as int64.

    >>> import adjoint as torch
    >>> torch.cumsum(torch.tensor([1., 2., 3.]), dim=0)
    tensor([1., 3., 6.])
    """
    return along("cumsum", _cumsum, summable("cumsum", input, dtype), dim, out=out)


@public(inplace=True)
def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None, out: Tensor | None = None) -> Tensor:
    """The products of the elements up to and with each one along `dim`. The gradient is right at zeros.

    >>> import adjoint as torch
    >>> torch.cumprod(torch.tensor([1., 2., 3.]), dim=0)
    tensor([1., 2., 6.])
    """
    return along("cumprod", _cumprod, summable("cumprod", input, dtype), dim, out=out)


@public()
def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """`log(cumsum(exp(input), dim))`, computed without overflow.

    >>> import adjoint as torch
    >>> torch.logcumsumexp(torch.tensor([1000., 1000.]), dim=0)
    tensor([1000.0000, 1000.6932])
    """
    (input,) = require_tensors("logcumsumexp", input)
    if input._data.dtype.kind in "biu":
        raise not_implemented_for("logcumsumexp_out_cpu", input)
    return along("logcumsumexp", _logcumsumexp, input, dim, out=out)


# --- extremes ---

_cummax = general("cummax", picked_by("running_argmax"), **PICKED)
_cummin = general("cummin", picked_by("running_argmin"), **PICKED)

cummax_result = named_result("cummax", "values", "indices")
cummin_result = named_result("cummin", "values", "indices")


@public()
def cummax(input: Tensor, dim: int, *, out: Any = None) -> Any:
    """The largest of the elements up to and with each one along `dim`, and their indices: the last of equal ones.

    >>> import adjoint as torch
    >>> torch.cummax(torch.tensor([2., 1., 3.]), dim=0)
    torch.return_types.cummax(
    values=tensor([2., 2., 3.]),
    indices=tensor([0, 0, 2]))
    """
    return _running("cummax", _cummax, cummax_result, input, dim, out)


@public()
def cummin(input: Tensor, dim: int, *, out: Any = None) -> Any:
    """The smallest of the elements up to and with each one along `dim`, and their indices: the last of equal ones.

    >>> import adjoint as torch
    >>> torch.cummin(torch.tensor([2., 1., 3.]), dim=0).values
    tensor([2., 1., 1.])
    """
    return _running("cummin", _cummin, cummin_result, input, dim, out)


def _running(name: str, record: Any, result: Any, input: Tensor, dim: int, out: Any) -> Any:
    (input,) = require_tensors(name, input)
    if input._data.dtype.kind == "c":
        raise not_implemented_for(f"{name}_cpu", input)
    pair = result(along(name, record, input, dim))
    return pair if out is None else write_out(out, pair)
