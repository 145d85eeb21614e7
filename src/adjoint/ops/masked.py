"""Reductions and normalisations of the elements that a mask lets through: `adjoint.masked`.

What is masked out is replaced by a value that does not change the result, and the ordinary operation does the rest.
A mask broadcasts to the tensor. Where all elements of a row are masked out, the result is that of no elements.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops import arithmetic, choice, complex, elementary, extremes, ordering, powers, reduction, scans, totals
from adjoint.ops.broadcasting import broadcast_to
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimensions
from adjoint.ops.linalg.vector_norms import vector_norm
from adjoint.ops.nn import softmax as softmaxes

# --- masking ---


def _lowest(dtype: DType) -> Any:
    return np.iinfo(dtype.numpy).min if dtype.rank == dtypes.INTEGER else -math.inf


def _highest(dtype: DType) -> Any:
    return np.iinfo(dtype.numpy).max if dtype.rank == dtypes.INTEGER else math.inf


def _masked(input: Tensor, mask: Tensor | None, neutral: Any) -> Tensor:
    """The tensor with a neutral value in place of what is masked out."""
    return (
        input
        if mask is None
        else choice.where(_fitted(input, mask), input, wrap(np.asarray(neutral, input._data.dtype)))
    )


def _fitted(input: Tensor, mask: Tensor) -> Tensor:
    """The mask as truth values in the shape of the tensor."""
    if mask.ndim > input.ndim:
        raise IndexError("_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)")
    return to_dtype(broadcast_to(mask, input.shape), dtypes.bool)


def _dimensions(dim: Any, input: Tensor) -> tuple[int, ...]:
    return tuple(sorted(dimensions(dim, input.ndim, "masked")))


def _one_dimension(dim: Any, input: Tensor) -> int:
    """The dimension to work along; a 0-d tensor allows the one that it does not have."""
    return (*_dimensions(dim, input), 0)[0]


def _total_type(input: Tensor, dtype: DType | None) -> DType:
    """The type of a sum or a product: int64 where it is of integers and no other is asked for."""
    if dtype is not None:
        return dtype
    return dtypes.int64 if input._data.dtype.kind in "biu" else input.dtype


# --- sums and products ---


@public(module="masked", method=False)
def sum(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The sum of the elements where `mask` is True; 0 where there are none.

    >>> import adjoint as torch
    >>> torch.masked.sum(torch.tensor([1., 2., 3.]), mask=torch.tensor([True, False, True]))
    tensor(4.)
    """
    x = _masked(input, mask, 0)
    return reduction.sum(x, _dimensions(dim, input), bool(keepdim), dtype=_total_type(input, dtype))


@public(module="masked", method=False)
def prod(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The product of the elements where `mask` is True; 1 where there are none.

    >>> import adjoint as torch
    >>> torch.masked.prod(torch.tensor([4., 2., 3.]), mask=torch.tensor([True, False, True]))
    tensor(12.)
    """
    x = to_dtype(_masked(input, mask, 1), _total_type(input, dtype))
    for axis in reversed(_dimensions(dim, input)):
        x = reduction.prod(x, axis, bool(keepdim))
    return x


@public(module="masked", method=False)
def cumsum(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    """The running sums along `dim` of the elements where `mask` is True.

    >>> import adjoint as torch
    >>> torch.masked.cumsum(torch.tensor([1., 2., 3.]), 0, mask=torch.tensor([True, False, True]))
    tensor([1., 1., 4.])
    """
    return scans.cumsum(_masked(input, mask, 0), _one_dimension(dim, input), dtype=dtype or input.dtype)


@public(module="masked", method=False)
def cumprod(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    """The running products along `dim` of the elements where `mask` is True.

    >>> import adjoint as torch
    >>> torch.masked.cumprod(torch.tensor([4., 2., 3.]), 0, mask=torch.tensor([True, False, True]))
    tensor([ 4.,  4., 12.])
    """
    return scans.cumprod(_masked(input, mask, 1), _one_dimension(dim, input), dtype=dtype or input.dtype)


@public(module="masked", method=False)
def logsumexp(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The logarithm of the sum of the exponentials of the elements where `mask` is True.

    >>> import adjoint as torch
    >>> torch.masked.logsumexp(torch.tensor([1., 2.]), 0, mask=torch.tensor([True, False]))
    tensor(1.)
    """
    x = _masked(input, mask, _lowest(input.dtype))
    return to_dtype(totals.logsumexp(x, _dimensions(dim, input), keepdim), dtype or input.dtype)


@public(module="masked", method=False)
def logaddexp(
    input: Tensor, other: Tensor, *, dtype: DType | None = None, input_mask: Tensor | None = None,
    other_mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """log(exp(input) + exp(other)), without the term that is masked out.

    >>> import adjoint as torch
    >>> torch.masked.logaddexp(torch.tensor([1.]), torch.tensor([2.]), other_mask=torch.tensor([False]))
    tensor([1.])
    """
    terms = [_masked(x, mask, _lowest(x.dtype)) for x, mask in ((input, input_mask), (other, other_mask))]
    return to_dtype(elementary.logaddexp(*terms), dtype or input.dtype)


# --- extremes ---


@public(module="masked", method=False)
def amax(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The largest of the elements where `mask` is True; the lowest number of the type where there are none.

    >>> import adjoint as torch
    >>> torch.masked.amax(torch.tensor([1., 5., 3.]), mask=torch.tensor([True, False, True]))
    tensor(3.)
    """
    x = _masked(input, mask, _lowest(input.dtype))
    return to_dtype(extremes.amax(x, _dimensions(dim, input), bool(keepdim)), dtype or input.dtype)


@public(module="masked", method=False)
def amin(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The smallest of the elements where `mask` is True; the highest number of the type where there are none.

    >>> import adjoint as torch
    >>> torch.masked.amin(torch.tensor([4., 1., 3.]), mask=torch.tensor([True, False, True]))
    tensor(3.)
    """
    x = _masked(input, mask, _highest(input.dtype))
    return to_dtype(extremes.amin(x, _dimensions(dim, input), bool(keepdim)), dtype or input.dtype)


@public(module="masked", method=False)
def argmax(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the largest of the elements where `mask` is True, in the type of the input unless `dtype` is given.

    >>> import adjoint as torch
    >>> torch.masked.argmax(torch.tensor([1, 5, 3]), mask=torch.tensor([True, False, True]))
    tensor(2)
    """
    x = _masked(input, mask, _lowest(input.dtype))
    return to_dtype(extremes.argmax(x, dim, bool(keepdim)), dtype or input.dtype)


@public(module="masked", method=False)
def argmin(
    input: Tensor, dim: int | None = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The index of the smallest of the elements where `mask` is True, in the type of the input unless `dtype` is given.

    >>> import adjoint as torch
    >>> torch.masked.argmin(torch.tensor([4, 1, 3]), mask=torch.tensor([True, False, True]))
    tensor(2)
    """
    x = _masked(input, mask, _highest(input.dtype))
    return to_dtype(extremes.argmin(x, dim, bool(keepdim)), dtype or input.dtype)


# --- statistics ---


def _counted(input: Tensor, dim: Any, keepdim: bool, mask: Tensor | None) -> Tensor:
    """How many elements the mask lets through."""
    present = wrap(np.broadcast_to(True, input.shape)) if mask is None else _fitted(input, mask)
    return reduction.sum(present, _dimensions(dim, input), bool(keepdim))


@public(module="masked", method=False)
def mean(
    input: Tensor, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The mean of the elements where `mask` is True; NaN where there are none.

    >>> import adjoint as torch
    >>> torch.masked.mean(torch.tensor([1., 2., 6.]), mask=torch.tensor([True, False, True]))
    tensor(3.5000)
    """
    wanted = dtype or input.dtype
    if wanted.rank < dtypes.FLOAT:
        source = "Optional" if dtype else "Input"
        raise ValueError(
            f"mean(): Could not infer output dtype. {source} dtype must be either a floating point or complex dtype. "
            f"Got: {wanted}"
        )
    return sum(input, dim, keepdim=keepdim, dtype=wanted, mask=mask) / _counted(input, dim, keepdim, mask)


@public(module="masked", method=False)
def median(
    input: Tensor, dim: int = -1, *, keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None
) -> Tensor:
    """The median along `dim` of the elements where `mask` is True, the lower of two in the middle; NaN of none.

    >>> import adjoint as torch
    >>> torch.masked.median(torch.tensor([1., 2., 6.]), 0, mask=torch.tensor([False, True, True]))
    tensor(2.)
    """
    has_nan = input.is_floating_point()
    x = _masked(input if has_nan else to_dtype(input, dtypes.float32), mask, math.nan)
    found = ordering.nanmedian(x, _one_dimension(dim, input), keepdim)[0]
    if has_nan:
        return found
    if bool((found != found).any()):
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return to_dtype(found, dtype or input.dtype)


@public(module="masked", method=False)
def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: float | None = None,
    keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The variance of the elements where `mask` is True, whose number less `correction`, 1 unless given, divides.

    >>> import adjoint as torch
    >>> torch.masked.var(torch.tensor([1., 9., 3.]), mask=torch.tensor([True, False, True]))
    tensor(2.)
    """
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    wanted = dtype or (input.dtype if input._data.dtype.kind in "fcV" else dtypes.float32)
    computed = wanted if wanted.rank >= dtypes.FLOAT else dtypes.float32
    average = sum(input, dim, keepdim=True, dtype=wanted, mask=mask) / _counted(input, dim, True, mask)
    moved = input - average
    squares = moved * complex.conj(moved) if moved.is_complex() else moved * moved
    total = sum(squares, dim, keepdim=keepdim, dtype=computed, mask=mask)
    degrees = _counted(input, dim, keepdim, mask)
    if correction:
        degrees = choice.clamp(to_dtype(degrees, computed.to_real()) - correction, min=0)
    return to_dtype(total / degrees, wanted)


@public(module="masked", method=False)
def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, *, correction: int | None = None,
    keepdim: bool = False, dtype: DType | None = None, mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The standard deviation of the elements where `mask` is True: the square root of `var`.

    >>> import adjoint as torch
    >>> torch.masked.std(torch.tensor([1., 9., 3.]), correction=0, mask=torch.tensor([True, False, True]))
    tensor(1.)
    """
    return powers.sqrt(var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask))


# --- norms and normalisations ---


@public(module="masked", method=False)
def norm(
    input: Tensor, ord: float = 2.0, dim: Any = None, *, keepdim: bool = False, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The vector norm of order `ord` of the elements where `mask` is True.

    >>> import adjoint as torch
    >>> torch.masked.norm(torch.tensor([3., 9., 4.]), mask=torch.tensor([True, False, True]))
    tensor(5.)
    """
    x = _masked(input, mask, math.inf if ord == -math.inf else 0)
    return vector_norm(x, ord, _dimensions(dim, input), bool(keepdim), dtype=dtype or input.dtype)


@public(module="masked", method=False)
def normalize(
    input: Tensor, ord: float, dim: int, *, eps: float = 1e-12, dtype: DType | None = None,
    mask: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The elements where `mask` is True, over their norm of order `ord` along `dim`, or over `eps` if that is larger.

    >>> import adjoint as torch
    >>> torch.masked.normalize(torch.tensor([3., 9., 4.]), 2, 0, mask=torch.tensor([True, False, True]))
    tensor([0.6000, 0.0000, 0.8000])
    """
    length = norm(input, ord, dim, keepdim=True, dtype=dtype, mask=mask)
    least = wrap(np.asarray(eps, length._data.dtype))
    return arithmetic.div(_masked(input, mask, 0), choice.maximum(length, least))


@public(module="masked", method=False)
def softmax(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    """The softmax along `dim` of the elements where `mask` is True; 0 for the others.

    >>> import adjoint as torch
    >>> torch.masked.softmax(torch.tensor([1., 1., 1.]), 0, mask=torch.tensor([True, False, True]))
    tensor([0.5000, 0.0000, 0.5000])
    """
    x = _masked(input, mask, _lowest(input.dtype))
    return softmaxes.softmax(x, _one_dimension(dim, input), dtype or input.dtype)


@public(module="masked", method=False)
def log_softmax(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    """The logarithm of `softmax`; -inf where the mask is False.

    >>> import adjoint as torch
    >>> torch.masked.log_softmax(torch.tensor([1., 1., 1.]), 0, mask=torch.tensor([True, False, False]))
    tensor([0., -inf, -inf])
    """
    x = _masked(input, mask, _lowest(input.dtype))
    return softmaxes.log_softmax(x, _one_dimension(dim, input), dtype or input.dtype)


@public(module="masked", method=False)
def softmin(input: Tensor, dim: int, *, dtype: DType | None = None, mask: Tensor | None = None) -> Tensor:
    """The softmin along `dim` of the elements where `mask` is True; 0 for the others.

    >>> import adjoint as torch
    >>> torch.masked.softmin(torch.tensor([1., 0., 1.]), 0, mask=torch.tensor([True, False, True]))
    tensor([0.5000, 0.0000, 0.5000])
    """
    x = _masked(input, mask, _highest(input.dtype))
    return softmaxes.softmin(x, _one_dimension(dim, input), dtype=dtype or input.dtype)
