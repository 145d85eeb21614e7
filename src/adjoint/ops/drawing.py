"""New random tensors by parameters that may be tensors, of integers, and in the shape of another tensor."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.core.apply import invalid_combination, not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import FLOAT, from_numpy_dtype, get_default_dtype, int64, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.random import Generator
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import to_dtype
from adjoint.ops.creation import finished, shape_of
from adjoint.ops.data import type_of_option
from adjoint.ops.random import generator_of, normal_numbers, shaped, uniform_numbers
from adjoint.ops.sampling import (
    DRAWN,
    DRAWN_FOR_TWO,
    Draw,
    bernoulli_of,
    check_probability,
    check_std,
    digits,
    empty_like,
    exponential_,
    in_memory_order,
    integers,
    successes,
)

_normal_by_mean = general("normal_by_mean", **DRAWN, node="NormalBackward1")
_normal_by_std = general("normal_by_std", **DRAWN, node="NormalBackward2")
_normal_by_both = general("normal_by_both", **DRAWN_FOR_TWO, node="NormalBackward3")
_bernoulli = general("bernoulli", **DRAWN)

# --- integers ---


@public(method=False)
def randint(
    *args: Any, low: int | None = None, high: int | None = None, size: Any = None, generator: Generator | None = None,
    out: Tensor | None = None, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from `low` to `high - 1`: `randint(high, size)` or `randint(low, high, size)`.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randint(3, 10, (4,))
    tensor([7, 6, 3, 5])
    """
    rest = list(args)
    if size is None and rest and not isinstance(rest[-1], int):
        size = rest.pop()
    low, high = _bounds("randint", rest, low, high)
    wanted = type_of_option("randint", dtype) or (out.dtype if isinstance(out, Tensor) else int64)
    if size is None:
        raise invalid_combination("randint", args)
    shape = shape_of("randint", (), size)
    source = generator_of("randint", generator)
    array = shaped(shape, lambda count: integers(source, count, wanted, low, high))
    return finished("randint", array, device, requires_grad, out)


@public(method=False)
def randint_like(
    input: Tensor, *args: Any, low: int | None = None, high: int | None = None, generator: Generator | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from `low` to `high - 1`, in the shape and type of another tensor."""
    source = generator_of("randint_like", generator)
    low, high = _bounds("randint_like", list(args), low, high)
    return _like(
        "randint_like", input, dtype, device, requires_grad,
        lambda made: lambda count: integers(source, count, from_numpy_dtype(made.dtype), low, high),
    )  # fmt: skip


def _bounds(function: str, given: list, low: Any, high: Any) -> tuple[int, int]:
    """The ends of an interval that were given as high, or as low and high."""
    if len(given) > 2:
        raise invalid_combination(function, tuple(given))
    if len(given) == 2:
        low, high = given
    elif given and high is None:
        high = given[0]
    elif given:
        low = given[0]
    low, high = (each.item() if isinstance(each, Tensor) else each for each in (0 if low is None else low, high))
    if not (isinstance(low, int) and isinstance(high, int)):
        raise invalid_combination(function, tuple(given))
    return low, high


@public(method=False)
def randperm(
    n: int, *, generator: Generator | None = None, out: Tensor | None = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The integers from 0 to `n - 1` in an order drawn at random.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.randperm(4)
    tensor([0, 1, 3, 2])
    """
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    wanted = type_of_option("randperm", dtype) or (out.dtype if isinstance(out, Tensor) else int64)
    if wanted.rank == FLOAT and n > 2 ** digits(wanted) + 1:
        raise RuntimeError(f"n cannot be greater than 2^{digits(wanted)}+1 for {wanted.name} type.")
    words = generator_of("randperm", generator).words(max(n - 1, 0)).tolist()
    order = list(range(n))
    for place, word in enumerate(words):
        other = place + word % (n - place)
        order[place], order[other] = order[other], order[place]
    return finished("randperm", np.array(order, wanted.numpy), device, requires_grad, out)


# --- in the shape of another tensor ---


def _like(
    function: str, input: Tensor, dtype: Any, device: Any, requires_grad: bool, draw: Callable[[np.ndarray], Draw]
) -> Tensor:  # fmt: skip
    """Numbers in the shape of a tensor, with the order of its memory where that has no gaps."""
    if not isinstance(input, Tensor):
        raise not_a_tensor(function, "input", 1, input)
    made = empty_like(input, (type_of_option(function, dtype) or input.dtype).numpy)
    return finished(function, in_memory_order(made, draw(made)), device, requires_grad)


@public(method=False)
def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1), in the shape and type of another tensor."""
    source = generator_of("rand_like", generator)
    return _like(
        "rand_like", input, dtype, device, requires_grad,
        lambda made: lambda count: uniform_numbers(source, count, made.dtype),
    )  # fmt: skip


@public(method=False)
def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the standard normal distribution, in the shape and type of another tensor."""
    source = generator_of("randn_like", generator)
    return _like(
        "randn_like", input, dtype, device, requires_grad,
        lambda made: lambda count: normal_numbers(source, count, made.dtype, contiguous=made.flags.c_contiguous),
    )  # fmt: skip


# --- by parameters that may be tensors ---


@public(method=False)
def normal(
    mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers of a mean and a standard deviation, each a number or a tensor; of two numbers, in the shape `size`.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.normal(torch.tensor([0., 100.]), 0.1)
    tensor([ 0.1541, 99.9707])
    """
    source = generator_of("normal", generator)
    given = [each for each in (mean, std) if isinstance(each, Tensor)]
    if not given:
        if size is None:
            raise invalid_combination("normal", (mean, std))
        shape = shape_of("normal", (), size)
        wanted = type_of_option("normal", dtype) or (out.dtype if isinstance(out, Tensor) else get_default_dtype())
        check_std(std)
        drawn = normal_numbers(source, math.prod(shape), wanted.numpy, mean, std).reshape(shape)
        return finished("normal", drawn, device, requires_grad, out)
    if isinstance(std, Tensor):
        if std.is_complex():
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if (std._data < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
    else:
        check_std(std)
    result = _normal_by(mean, std, given, source)
    return result if out is None else write_out(out, result)


def _normal_by(mean: Any, std: Any, given: list[Tensor], source: Generator) -> Tensor:
    shape = np.broadcast_shapes(*(each._data.shape for each in given))
    dtype, scale = given[0]._data.dtype, 1.0 if isinstance(std, Tensor) else std
    drawn: Any = normal_numbers(source, math.prod(shape), dtype, 0.0, scale).reshape(shape)
    if isinstance(std, Tensor):
        drawn = (drawn * std._data).astype(dtype, copy=False)
    drawn = wrap((drawn + (mean._data if isinstance(mean, Tensor) else dtype.type(mean))).astype(dtype, copy=False))
    if len(given) == 2:
        return _normal_by_both(mean, to_dtype(std, mean.dtype), drawn)
    return (_normal_by_std if isinstance(std, Tensor) else _normal_by_mean)(given[0], drawn)


@public()
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Tensor | None = None
) -> Tensor:
    """Ones and zeros in the shape of a tensor: ones with the probabilities that it holds, or with probability `p`.

    >>> import adjoint as torch
    >>> torch.bernoulli(torch.tensor([0., 1.]))
    tensor([0., 1.])
    """
    (input,) = require_tensors("bernoulli", input)
    source = generator_of("bernoulli", generator)
    if p is None:
        drawn = bernoulli_of(input, np.empty(input.shape, input._data.dtype), source)
    else:
        check_probability("bernoulli", p)
        drawn = in_memory_order(empty_like(input), lambda count: successes(source, count, p))
    result = _bernoulli(input, wrap(drawn))
    return result if out is None else write_out(out, result)


@public()
def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Indices into each row of weights, drawn with probabilities in proportion to them.

    >>> import adjoint as torch
    >>> torch.multinomial(torch.tensor([0., 1., 0.]), 1)
    tensor([1])
    """
    (input,) = require_tensors("multinomial", input)
    source = generator_of("multinomial", generator)
    weights = input._data
    if out is not None and out.dtype is not int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {scalar_type_name(out.dtype)}")
    _check_weights(input, num_samples, replacement)
    if not replacement or num_samples == 1:
        drawn = _without_replacement(weights, num_samples, source)
    else:
        drawn = _with_replacement(weights, num_samples, source)
    return wrap(drawn) if out is None else write_out(out, wrap(drawn))


def _check_weights(input: Tensor, count: int, replacement: bool) -> None:
    weights = input._data
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if input.dtype.rank != FLOAT:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {input.dtype.name.capitalize()}"
        )
    if count <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and count > weights.shape[-1]:
        raise RuntimeError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
    if weights.shape[-1] > 2**24:
        raise RuntimeError("number of categories cannot exceed 2^24")
    if weights.size:
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
        if (weights.sum(-1) == 0).any():
            raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")


def _without_replacement(weights: np.ndarray, count: int, source: Generator) -> np.ndarray:
    """The largest quotients of weights and exponential numbers: Efraimidis and Spirakis (2006)."""
    noise = exponential_(wrap(np.empty(weights.shape, weights.dtype)), generator=source)._data
    with np.errstate(divide="ignore", invalid="ignore"):
        keys = weights / noise
    if count == 1:
        return np.argmax(keys, axis=-1, keepdims=True)
    return np.argsort(-keys, axis=-1, kind="stable")[..., :count]


def _with_replacement(weights: np.ndarray, count: int, source: Generator) -> np.ndarray:
    """The places of uniform numbers among the partial sums of weights."""
    rows = weights.reshape(-1, weights.shape[-1])
    result = np.empty((len(rows), count), np.int64)
    for row, places in zip(rows, result, strict=True):
        sums = np.cumsum(row.astype(np.float32) if row.dtype.itemsize == 2 else row)
        sums = sums / sums[-1]
        sums[-1] = 1
        places[:] = np.searchsorted(sums, source.uniform(count, np.float64), side="left")
    return result.reshape(*weights.shape[:-1], count)
