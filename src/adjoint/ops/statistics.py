"""Variance, standard deviation, covariance and correlation."""

from __future__ import annotations

import math
import warnings
from typing import Any

from adjoint.core.apply import invalid_combination, require_tensors
from adjoint.core.dtypes import FLOAT, INTEGER, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import div, mul, sub
from adjoint.ops.choice import clamp
from adjoint.ops.complex import conj
from adjoint.ops.diagonals import diagonal
from adjoint.ops.dimensions import dimensions, flag, restore
from adjoint.ops.matrix import matmul
from adjoint.ops.pairs import complex
from adjoint.ops.powers import sqrt
from adjoint.ops.reduction import sum

# --- the records: `degrees` is the number that the sum of squares is divided by ---


def _deviation(xp: Any, x: Any, axis: tuple[int, ...]) -> Any:
    """The elements less their mean."""
    return x - xp.sum(x, axis=axis, keepdims=True) / _count(x.shape, axis)


def _count(shape: tuple[int, ...], axis: tuple[int, ...]) -> int:
    return math.prod(shape[each] for each in axis)


def _variance(xp: Any, x: Any, axis: tuple[int, ...], keepdims: bool, degrees: float) -> Any:
    moved = _deviation(xp, x, axis)
    squares = xp.square(xp.abs(moved)) if x.dtype.kind == "c" else moved * moved
    return xp.sum(squares, axis=axis, keepdims=keepdims) / degrees


def _inverse(degrees: float) -> float:
    return 1 / degrees if degrees else math.inf


def _var_vjp(xp: Any, g: Any, x: Any, *, axis: Any, keepdims: bool, degrees: float) -> Any:
    return restore(xp, g, axis, keepdims) * (2 * _inverse(degrees)) * _deviation(xp, x, axis)


def _var_jvp(xp: Any, tangents: Any, x: Any, *, axis: Any, keepdims: bool, degrees: float) -> Any:
    moved = xp.real(xp.conj(_deviation(xp, x, axis)) * tangents[0])
    return xp.sum(moved, axis=axis, keepdims=keepdims) * (2 * _inverse(degrees))


def _by_deviation(xp: Any, change: Any, std: Any) -> Any:
    """A change of the variance by one of the standard deviation, or the reverse: 0 where all elements are equal."""
    return xp.where(std == 0, 0, change / (2 * std))


def _std_vjp(xp: Any, g: Any, x: Any, out: Any, *, axis: Any, keepdims: bool, degrees: float) -> Any:
    change = _by_deviation(xp, g, out)
    return _var_vjp(xp, change, x, axis=axis, keepdims=keepdims, degrees=degrees)


def _std_jvp(xp: Any, tangents: Any, x: Any, out: Any, *, axis: Any, keepdims: bool, degrees: float) -> Any:
    change = _var_jvp(xp, tangents, x, axis=axis, keepdims=keepdims, degrees=degrees)
    return _by_deviation(xp, change, out)


_var = general(
    "var",
    lambda xp, x, *, axis, keepdims, degrees: _variance(xp, x, axis, keepdims, degrees),
    vjp=_var_vjp,
    jvp=_var_jvp,
    promotes="common",
)
_std = general(
    "std",
    lambda xp, x, *, axis, keepdims, degrees: xp.sqrt(_variance(xp, x, axis, keepdims, degrees)),
    vjp=_std_vjp,
    jvp=_std_jvp,
    promotes="common",
)


def _with_mean(xp: Any, x: Any, spread: Any, axis: tuple[int, ...], keepdims: bool) -> tuple:
    return spread, xp.sum(x, axis=axis, keepdims=keepdims) / _count(x.shape, axis)


def _mean_vjp(xp: Any, g: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    return restore(xp, g, axis, keepdims) / _count(x.shape, axis)


_var_mean = general(
    "var_mean",
    lambda xp, x, *, axis, keepdims, degrees: _with_mean(
        xp, x, _variance(xp, x, axis, keepdims, degrees), axis, keepdims
    ),
    vjp=lambda xp, g, x, *, axis, keepdims, degrees: (
        _var_vjp(xp, g[0], x, axis=axis, keepdims=keepdims, degrees=degrees) + _mean_vjp(xp, g[1], x, axis, keepdims)
    ),
    jvp=lambda xp, tangents, x, *, axis, keepdims, degrees: _with_mean(
        xp, tangents[0], _var_jvp(xp, tangents, x, axis=axis, keepdims=keepdims, degrees=degrees), axis, keepdims
    ),
    outputs=("var", "mean"),
    promotes="common",
)
_std_mean = general(
    "std_mean",
    lambda xp, x, *, axis, keepdims, degrees: _with_mean(
        xp, x, xp.sqrt(_variance(xp, x, axis, keepdims, degrees)), axis, keepdims
    ),
    vjp=lambda xp, g, x, std, *, axis, keepdims, degrees: (
        _std_vjp(xp, g[0], x, std, axis=axis, keepdims=keepdims, degrees=degrees)
        + _mean_vjp(xp, g[1], x, axis, keepdims)
    ),
    jvp=lambda xp, tangents, x, std, *, axis, keepdims, degrees: _with_mean(
        xp, tangents[0], _std_jvp(xp, tangents, x, std, axis=axis, keepdims=keepdims, degrees=degrees), axis, keepdims
    ),
    outputs=("std", "mean"),
    promotes="common",
)


# --- the functions ---


@public()
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of all elements, or along the dimensions `dim`.

    That is the sum of the squared distances from the mean, divided by their number less `correction`, which is 1 unless
    it is given; `unbiased=False` makes it 0.

    >>> import adjoint as torch
    >>> torch.var(torch.tensor([1., 2., 6.]))
    tensor(7.)
    """
    return _spread("var", _var, input, dim, unbiased, keepdim, correction, out)


@public()
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The standard deviation, the square root of `var`. Its gradient is 0 where all elements are equal.

    >>> import adjoint as torch
    >>> torch.std(torch.tensor([1., 3.]), correction=0)
    tensor(1.)
    """
    return _spread("std", _std, input, dim, unbiased, keepdim, correction, out)


@public(method=False)
def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The variance and the mean.

    >>> import adjoint as torch
    >>> torch.var_mean(torch.tensor([1., 2., 6.]))
    (tensor(7.), tensor(3.))
    """
    return _spread("var_mean", _var_mean, input, dim, unbiased, keepdim, correction, None)


@public(method=False)
def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The standard deviation and the mean.

    >>> import adjoint as torch
    >>> torch.std_mean(torch.tensor([1., 3.]), correction=0)
    (tensor(1.), tensor(2.))
    """
    return _spread("std_mean", _std_mean, input, dim, unbiased, keepdim, correction, None)


def _spread(
    name: str, record: Any, input: Tensor, dim: Any, unbiased: Any, keepdim: bool, correction: Any, out: Any
) -> Any:
    (input,) = require_tensors(name, input)
    if isinstance(dim, bool):  # var(x, False): the argument is `unbiased`
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise invalid_combination(name, (input, dim, unbiased), {"correction": correction})
    if input._data.dtype.kind in "biu":
        raise RuntimeError(
            f"{'std and var' if name in ('std', 'var') else name} only support floating point and complex dtypes\n"
            "Make it floating-point first, as in x.float()."
        )
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    axis = dimensions(dim, input.ndim, name)
    degrees = _count(input._data.shape, axis) - correction
    if degrees <= 0:
        warnings.warn(
            f"{name}(): degrees of freedom is <= 0. Correction should be strictly less than the reduction factor "
            "(input numel divided by output numel).",
            stacklevel=3,
        )
    params = {"axis": axis, "keepdims": flag(name, keepdim), "degrees": max(degrees, 0)}
    return record(input, **params) if out is None else record(input, **params, out=out)


# --- of several variables ---


@public()
def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """The covariance matrix of the variables in the rows of a matrix, whose columns are observations.

    `fweights` counts how often each was made, `aweights` says how much it matters.

    >>> import adjoint as torch
    >>> torch.cov(torch.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    (input,) = require_tensors("cov", input)
    if input.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    if input._data.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else input.reshape(1, -1)
    count = x.shape[1]
    weights = _observation_weights(count, fweights, aweights)
    total = count if weights is None else weights.sum()
    if weights is not None and count and total.item() == 0:
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    average = sum(x if weights is None else mul(x, weights), 1, True) / total
    degrees = total - correction
    if weights is not None and aweights is not None and correction:
        degrees = total - correction * sum(mul(weights, aweights)) / total
    if (degrees.item() if isinstance(degrees, Tensor) else degrees) <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            stacklevel=2,
        )
        degrees = degrees * 0
    moved = sub(x, average)
    weighted = moved if weights is None else mul(moved, weights)
    product = matmul(moved, conj(weighted.t()) if x.is_complex() else weighted.t())
    return div(product, degrees).squeeze()


def _observation_weights(count: int, fweights: Tensor | None, aweights: Tensor | None) -> Tensor | None:
    for name, weights, rank, kind in (
        ("fweights", fweights, INTEGER, "integral"), ("aweights", aweights, FLOAT, "floating point"),
    ):  # fmt: skip
        if weights is None:
            continue
        if not isinstance(weights, Tensor):
            raise TypeError(f"cov(): argument '{name}' must be Tensor, not {type(weights).__name__}")
        problem = None
        if weights.ndim > 1:
            problem = f"expected {name} to have one or fewer dimensions but got {name} with {weights.ndim} dimensions"
        elif weights.dtype.rank != rank:
            title = scalar_type_name(weights.dtype)
            problem = f"expected {name} to have {kind} dtype but got {name} with {title} dtype"
        elif weights.numel() != count:
            problem = (
                f"expected {name} to have the same numel as there are observations in the input but got "
                f"{weights.numel()} != {count}"
            )
        elif count and bool((weights < 0).any()):
            problem = f"{name} cannot be negative"
        if problem:
            raise RuntimeError(f"cov(): {problem}")
    if fweights is None or aweights is None:
        return aweights if fweights is None else fweights
    return mul(fweights, aweights)


@public()
def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of the variables in the rows of a matrix, whose columns are observations.

    >>> import adjoint as torch
    >>> torch.corrcoef(torch.tensor([[0., 1., 2.], [2., 1., 0.]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    (input,) = require_tensors("corrcoef", input)
    if input.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {input.ndim} dimensions"
        )
    c = cov(input)
    if not c.ndim:
        return c / c
    deviations = sqrt(diagonal(c.real if c.is_complex() else c))
    c = c / deviations.view(-1, 1) / deviations.view(1, -1)
    if not c.is_complex():
        return clamp(c, -1, 1)
    return complex(clamp(c.real, -1, 1), clamp(c.imag, -1, 1))
