"""Random tensors of many distributions, new or in place of a tensor's elements, equal to PyTorch's for the same seed.

A tensor that is filled in place is filled in the order of its memory, which for a transposed one is not that of its
indices. No gradient flows through what was drawn: the cotangent is 0.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from adjoint.core import inplace
from adjoint.core.apply import invalid_combination, not_a_tensor, require_tensors, write_out
from adjoint.core.dtypes import COMPLEX, FLOAT, c_type_name, from_numpy_dtype, get_default_dtype, int64, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.random import Generator, arithmetic
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, buffer, wrap
from adjoint.ops.conversion import to_dtype
from adjoint.ops.creation import finished, shape_of
from adjoint.ops.data import type_of_option
from adjoint.ops.random import generator_of, normal_numbers, rounded, uniform_numbers
from adjoint.ops.refusals import not_implemented_for

# --- the records: numbers that were drawn, in place of a tensor's, or for its sake ---

DRAWN: dict[str, Any] = {
    "forward": lambda xp, x, drawn: xp.copy(drawn),
    "vjp": (lambda xp, g, x_shape, x_dtype: xp.zeros(x_shape, x_dtype), None),
    "jvp": lambda xp, tangents, drawn: xp.zeros_like(drawn),
}
_RECORDS = {
    name: general(name, **DRAWN, node=f"{node}Backward{number}")
    for name, node, number in (
        ("uniform", "Uniform", 0),
        ("normal", "Normal", 0),
        ("normal_by_mean", "Normal", 1),
        ("normal_by_std", "Normal", 2),
        ("exponential", "Exponential", 0),
        ("cauchy", "Cauchy", 0),
        ("geometric", "Geometric", 0),
        ("log_normal", "LogNormal", 0),
        ("bernoulli", "Bernoulli", 0),
        ("bernoulli_in_place", "Bernoulli", 2),
        ("random_between", "Random", 0),
        ("random_below", "Random", 1),
        ("random", "Random", 2),
    )
}
_DRAWN_FOR_TWO: dict[str, Any] = {
    "forward": lambda xp, x, y, drawn: xp.copy(drawn),
    "vjp": (
        lambda xp, g, x_shape, x_dtype: xp.zeros(x_shape, x_dtype),
        lambda xp, g, y_shape, y_dtype: xp.zeros(y_shape, y_dtype),
        None,
    ),
    "jvp": lambda xp, tangents, drawn: xp.zeros_like(drawn),
}
_normal_by_both = general("normal_by_both", **_DRAWN_FOR_TWO, node="NormalBackward3")
_bernoulli_by_tensor = general("bernoulli_by_tensor", **_DRAWN_FOR_TWO, node="BernoulliBackward1")


# --- in place ---

Draw = Callable[[int], np.ndarray]


def _order(array: np.ndarray) -> list[int]:
    """The axes of an array in the order of its memory."""
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis] if array.shape[axis] > 1 else -math.inf)


def in_memory_order(array: np.ndarray, draw: Draw) -> np.ndarray:
    """An array of the shape of another, whose elements are drawn in the order of the other's memory."""
    if array.flags.c_contiguous:
        return draw(array.size).reshape(array.shape)
    order = _order(array)
    drawn = draw(array.size).reshape([array.shape[axis] for axis in order])
    return drawn.transpose(np.argsort(order))


def _fill(self: Tensor, name: str, record: str, draw: Draw) -> Tensor:
    drawn = wrap(in_memory_order(buffer(self), draw).astype(self._data.dtype, copy=False))
    return inplace.update(self, lambda old: _RECORDS[record](old, drawn), name)


def _taking_from(function: Callable) -> Callable:
    """Let an argument be given by the name `from`, which is no name in Python."""

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **{"from_" if name == "from" else name: each for name, each in kwargs.items()})

    return called


@public(on_module=False)
@_taking_from
def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers drawn evenly from [from, to).

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(2).uniform_(-1, 1)
    tensor([-0.0075,  0.5364])
    """
    source, dtype = generator_of("uniform_", generator), self._data.dtype
    if from_ > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={_number(from_)} > to={_number(to)}"
        )
    return _fill(self, "uniform_", "uniform", lambda count: uniform_numbers(source, count, dtype, from_, to))


@public(on_module=False)
def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with normal numbers of this mean and standard deviation.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(2).normal_(10, 0.1)
    tensor([10.1541,  9.9707])
    """
    source, dtype, contiguous = generator_of("normal_", generator), self._data.dtype, self.is_contiguous()
    _check_std(std)
    return _fill(
        self, "normal_", "normal", lambda count: normal_numbers(source, count, dtype, mean, std, contiguous)
    )


@public(on_module=False)
def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with the exponentials of normal numbers of this mean and standard deviation."""
    source = generator_of("log_normal_", generator)
    _check_parameter("log_normal_", "std", std, self, "log_normal_cpu")
    exp = arithmetic.elementwise(math.exp)
    return _fill_rounded(
        self, "log_normal", lambda count: exp(arithmetic.multiply_add(source.normals(count), std, mean))
    )


@public(on_module=False)
def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers of the exponential distribution of rate `lambd`.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> bool((torch.empty(5).exponential_() > 0).all())
    True
    """
    source = generator_of("exponential_", generator)
    _check_parameter("exponential_", "lambda", lambd, self, "exponential_cpu")
    log1p = arithmetic.elementwise(math.log1p)
    return _fill_rounded(self, "exponential", lambda count: -1 / lambd * log1p(-source.uniform(count, np.float64)))


@public(on_module=False)
def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with numbers of the Cauchy distribution: `median + sigma * tan(pi * (u - 1/2))`."""
    source = generator_of("cauchy_", generator)
    _check_parameter("cauchy_", "sigma", sigma, self, "cauchy_cpu")
    tan = arithmetic.elementwise(math.tan)

    def draw(count: int) -> np.ndarray:
        angle = math.pi * (source.uniform(count, np.float64) - 0.5)
        return arithmetic.multiply_add(tan(angle), sigma, median)

    return _fill_rounded(self, "cauchy", draw)


@public(on_module=False)
def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with how many trials it takes until the first success, where each succeeds with probability `p`."""
    source = generator_of("geometric_", generator)
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={_number(p)}")
    if self._data.dtype.kind in "bc":
        raise not_implemented_for("geometric_cpu", self)
    log = arithmetic.elementwise(math.log)
    return _fill_rounded(
        self, "geometric", lambda count: np.ceil(log(source.uniform(count, np.float64)) / math.log1p(-p))
    )


def _fill_rounded(self: Tensor, name: str, draw: Draw) -> Tensor:
    dtype = self._data.dtype
    return _fill(self, name + "_", name, lambda count: rounded(draw(count), dtype))


def _check_parameter(function: str, parameter: str, value: float, x: Tensor, kernel: str) -> None:
    if not value > 0:
        raise RuntimeError(f"{function} expects {parameter} > 0.0, but found {parameter}={_number(value)}")
    if x.dtype.rank == FLOAT:
        return
    title, given = {
        "exponential_": ("Exponential", scalar_type_name(x.dtype)), "cauchy_": ("Cauchy", c_type_name(x.dtype)),
    }.get(function, ("", ""))  # fmt: skip
    if not title:
        raise not_implemented_for(kernel, x)
    raise RuntimeError(
        f"{title} distribution is a continuous probability distribution. dtype must be a floating point but you specified "
        f"{given}"
    )


def _check_std(std: float) -> None:
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {_number(std)}")


def _number(value: float) -> str:
    """A number as PyTorch's messages write it: without the zero of 3.0."""
    return f"{value:g}"


@public(on_module=False)
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with ones, each with probability `p`, a number or a tensor, and zeros.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(4).bernoulli_(0.5)
    tensor([1., 1., 1., 1.])
    """
    source = generator_of("bernoulli_", generator)
    if self._data.dtype.kind == "c":
        raise not_implemented_for("bernoulli_scalar_cpu_", self)
    if not isinstance(p, Tensor):
        _check_probability("bernoulli_", p)
        dtype = self._data.dtype
        return _fill(self, "bernoulli_", "bernoulli_in_place", lambda count: successes(source, count, p).astype(dtype))
    drawn = wrap(_bernoulli_of(p, buffer(self), source))
    return inplace.update(self, lambda old: _bernoulli_by_tensor(old, p, drawn), "bernoulli_")


def successes(source: Generator, count: int, p: float) -> np.ndarray:
    """Truth values that are true with probability `p`."""
    return source.uniform(count, np.float64) < p


def _bernoulli_of(p: Tensor, like: np.ndarray, source: Generator) -> np.ndarray:
    """Ones with the probabilities in a tensor, in the order of memory, type and shape of an array."""
    probabilities = p._data
    if probabilities.dtype.kind not in "fV":
        raise not_implemented_for("bernoulli_tensor_cpu_p_", p)
    drawn_in = np.dtype(np.float64 if probabilities.dtype == np.float64 else np.float32)
    wide = np.broadcast_to(probabilities.astype(drawn_in), like.shape)
    if not ((wide >= 0) & (wide <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
            "please report an enhancement request to PyTorch.)"
        )
    return (in_memory_order(like, lambda count: source.uniform(count, drawn_in)) < wide).astype(like.dtype)


def _check_probability(function: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"{function} expects p to be in [0, 1], but got p={_number(p)}")


# --- integers ---


@public(on_module=False)
@_taking_from
def random_(self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None) -> Tensor:
    """Fill the tensor with integers drawn evenly: below `random_(to)`, from `random_(from, to)`, or all that its type holds.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(3).random_(1, 7)
    tensor([3., 4., 2.])
    """
    source, dtype = generator_of("random_", generator), self.dtype
    if dtype.rank == COMPLEX:
        raise not_implemented_for("random_kernel_cpu" if from_ is None else "check_random_bounds", self)
    if from_ is None and to is None:
        return _fill(self, "random_", "random", lambda count: _of_whole_range(source, count, dtype))
    record = "random_below" if to is None else "random_between"
    low, high = (0, int(from_)) if to is None and from_ is not None else (int(from_ or 0), int(to or 0))
    return _fill(self, "random_", record, lambda count: integers(source, count, dtype, low, high))


def _digits(dtype: DType) -> int:
    """How many binary digits of an integer a type holds."""
    if dtype.rank == FLOAT:
        return {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}[dtype.name]
    return 8 * dtype.itemsize - dtype.is_signed


def _of_whole_range(source: Generator, count: int, dtype: DType) -> np.ndarray:
    """Integers from 0 to the largest that a type holds, or for a floating-point type to the last of those without gaps."""
    bits = 64 if dtype.name in ("int64", "float64") else 32
    size = 2 if dtype.name == "bool" else 2 ** _digits(dtype) + (dtype.rank == FLOAT)
    return (source.words(count, bits) % np.uint64(size)).astype(dtype.numpy)


def integers(source: Generator, count: int, dtype: DType, low: int, high: int) -> np.ndarray:
    """Integers drawn evenly from low to high - 1."""
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    _check_bounds(low, high - 1, dtype)
    span = high - low
    drawn = source.words(count, 64 if span >= 2**28 else 32) % np.uint64(span)
    return (drawn + np.uint64(low % 2**64)).view(np.int64).astype(dtype.numpy)


def _check_bounds(low: int, last: int, dtype: DType) -> None:
    if dtype.rank == COMPLEX:
        raise RuntimeError("check_random_bounds handles only integral, floating-point and boolean types")
    exact = 2 ** _digits(dtype)
    if dtype.rank == FLOAT:
        for name, value in (("from", low), ("to - 1", last)):
            if not -exact <= value <= exact:
                warnings.warn(f"{name} is out of bounds [-(2^{_digits(dtype)}), 2^{_digits(dtype)}].", stacklevel=4)
        return
    least, most = (0, 1) if dtype.name == "bool" else (-exact if dtype.is_signed else 0, min(exact, 2**63) - 1)
    for name, value in (("from", low), ("to - 1", last)):
        if not least <= value <= most:
            raise RuntimeError(f"{name} is out of bounds for {_C_TYPES.get(dtype.name, dtype.name)}")


_C_TYPES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int", "int64": "long",
}  # fmt: skip


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
    tensor([5, 6, 3, 8])
    """
    rest = list(args)
    if size is None and rest and not isinstance(rest[-1], int):
        size = rest.pop()
    low, high = _bounds("randint", rest, low, high)
    wanted = type_of_option("randint", dtype) or (out.dtype if isinstance(out, Tensor) else int64)
    if size is None:
        raise invalid_combination("randint", args)
    shape = shape_of("randint", (), size)
    drawn = integers(generator_of("randint", generator), math.prod(shape), wanted, low, high)
    return finished("randint", drawn.reshape(shape), device, requires_grad, out)


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
    tensor([2, 0, 1, 3])
    """
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    wanted = type_of_option("randperm", dtype) or (out.dtype if isinstance(out, Tensor) else int64)
    if wanted.rank == FLOAT and n > 2 ** _digits(wanted) + 1:
        raise RuntimeError(f"n cannot be greater than 2^{_digits(wanted)}+1 for {wanted.name} type.")
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
    made[...] = in_memory_order(made, draw(made))
    return finished(function, made, device, requires_grad)


def empty_like(input: Tensor, dtype: np.dtype | None = None) -> np.ndarray:
    """New memory in the shape of a tensor: in the order of its memory where that has no gaps, else in that of indices."""
    array = buffer(input)
    order = _order(array)
    dense = array.transpose(order).flags.c_contiguous
    return np.empty_like(array, dtype, order="K" if dense else "C", subok=False)


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
    tensor([  0.1541,  99.9707])
    """
    source = generator_of("normal", generator)
    given = [each for each in (mean, std) if isinstance(each, Tensor)]
    if not given:
        if size is None:
            raise invalid_combination("normal", (mean, std))
        shape = shape_of("normal", (), size)
        wanted = type_of_option("normal", dtype) or (out.dtype if isinstance(out, Tensor) else get_default_dtype())
        _check_std(std)
        drawn = normal_numbers(source, math.prod(shape), wanted.numpy, mean, std).reshape(shape)
        return finished("normal", drawn, device, requires_grad, out)
    if isinstance(std, Tensor):
        if std.is_complex():
            raise RuntimeError("normal expects standard deviation to be non-complex")
        if (std._data < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
    else:
        _check_std(std)
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
        return _normal_by_both(mean, std, drawn)
    return _RECORDS["normal_by_std" if isinstance(std, Tensor) else "normal_by_mean"](given[0], drawn)


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
        drawn = _bernoulli_of(input, np.empty(input.shape, input._data.dtype), source)
    else:
        _check_probability("bernoulli", p)
        drawn = in_memory_order(empty_like(input), lambda count: successes(source, count, p))
    result = _RECORDS["bernoulli"](input, wrap(drawn.astype(input._data.dtype)))
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
