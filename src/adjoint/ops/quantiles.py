"""Quantiles: by sorting, and by interpolation between the two elements around a rank."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import invalid_combination, require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.choice import where
from adjoint.ops.comparison import ne
from adjoint.ops.dimensions import dimension
from adjoint.ops.elementary import lerp
from adjoint.ops.gathering import gather
from adjoint.ops.ordering import sort
from adjoint.ops.reduction import sum
from adjoint.ops.rounding import ceil, floor, round
from adjoint.ops.shape import movedim

#: how a rank between two elements is rounded; what is not listed interpolates
_ROUNDED = {"lower": floor, "higher": ceil, "nearest": round}
_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@public()
def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """What the fraction `q` of all elements, or of those along `dim`, lie below.

    For a vector of fractions, the first dimension of the result has one for each.
    `interpolation` says what is between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    >>> import adjoint as torch
    >>> torch.quantile(torch.tensor([0., 1., 2., 3.]), 0.4)
    tensor(1.2000)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation, out)


@public()
def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The same as `quantile`, of the elements that are not NaN.

    >>> import adjoint as torch
    >>> torch.nanquantile(torch.tensor([0., float("nan"), 2.]), 0.5)
    tensor(1.)
    """
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation, out)


def _quantile(name: str, input: Tensor, q: Any, dim: Any, keepdim: bool, interpolation: str, out: Any) -> Tensor:
    (input,) = require_tensors(name, input)
    fractions = _fractions(name, input, q)
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    axis = None if dim is None else dimension(dim, input.ndim, name)
    if axis is None or not input.ndim:
        ordered = input.reshape(-1)
        kept = (1,) * input.ndim
    else:
        ordered = movedim(input, axis, -1)
        kept = (*input.shape[:axis], 1, *input.shape[axis + 1 :])
    ordered = sort(ordered, -1)[0]
    found = _at_ranks(ordered, _ranks(ordered, fractions.reshape(-1), name == "nanquantile"), interpolation)
    found = movedim(found, -1, 0)  # one for each fraction, in front
    several = fractions.shape
    if keepdim:
        found = found.reshape(*several, *kept)
    elif not several:
        found = found.squeeze(0)
    return found if out is None else write_out(out, found)


def _fractions(name: str, input: Tensor, q: Any) -> Tensor:
    """The argument `q`, which must be a fraction or a vector of them, as a tensor."""
    problem = ""
    if not isinstance(q, Tensor | float | int):
        raise invalid_combination(name, (q,))
    if input.dtype.name not in ("float32", "float64"):
        problem = "input tensor must be either float or double dtype"
    elif not input.numel():
        problem = "input tensor must be non-empty"
    elif not isinstance(q, Tensor):
        if not 0 <= q <= 1:
            problem = f"q must be in the range [0, 1] but got {q:g}"
    elif q.ndim > 1:
        problem = "q must be a scalar or 1D tensor"
    elif q.dtype is not input.dtype:
        problem = "q tensor must be same dtype as the input tensor"
    elif not bool(((q >= 0) & (q <= 1)).all()):
        problem = "q values must be in the range [0, 1]"
    if problem:
        raise RuntimeError(f"{name}() {problem}")
    return q if isinstance(q, Tensor) else wrap(np.asarray(q, input._data.dtype))


def _ranks(ordered: Tensor, fractions: Tensor, ignore_nan: bool) -> Tensor:
    """Where the quantiles of each row stand in it, between 0 and its length; where a NaN spoils a row, at that NaN."""
    last = ordered.shape[-1] - 1
    spoilt = ne(ordered.detach(), ordered.detach())
    if ignore_nan:
        present = sum(spoilt.logical_not(), -1, True)
        return fractions * (present - 1).clamp(0)
    return where(spoilt.any(-1, True), float(last), fractions * last)


def _at_ranks(ordered: Tensor, ranks: Tensor, interpolation: str) -> Tensor:
    """The elements of rows at ranks that may lie between two of them."""
    if interpolation in _ROUNDED:
        ranks = _ROUNDED[interpolation](ranks)
    below = ranks.long()
    lower = gather(ordered, -1, below)
    if interpolation in _ROUNDED:
        return lower
    upper = gather(ordered, -1, ceil(ranks.detach()).long())
    return lerp(lower, upper, wrap(np.full_like(ranks._data, 0.5)) if interpolation == "midpoint" else ranks - below)
