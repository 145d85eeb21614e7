"""Tensors filled at random, by many distributions, with PyTorch's numbers for the same seed.

They are filled in the order of their memory, which for a transposed tensor is not that of its indices. No gradient flows
through what was drawn: the cotangent is 0.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from adjoint.core import inplace, modes
from adjoint.core.dtypes import (
    COMPLEX,
    FLOAT,
    c_type_name,
    float32,
    float64,
    scalar_type_name,
)
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.primitive import cast_back
from adjoint.core.random import Generator, arithmetic
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, buffer, wrap
from adjoint.ops.comparison import lt
from adjoint.ops.conversion import detach, to_dtype
from adjoint.ops.random import generator_of, normal_numbers, rounded, shaped, uniform_numbers
from adjoint.ops.refusals import not_implemented_for

# --- the records: numbers that were drawn, in place of a tensor's, or for its sake ---

DRAWN: dict[str, Any] = {
    "forward": lambda xp, x, drawn: xp.astype(drawn, xp.numpy_dtype(x)),
    "vjp": (lambda xp, g, x_dtype: xp.zeros_like(cast_back(xp, g, x_dtype)), None),
    "jvp": lambda xp, tangents: xp.zeros_like(tangents[0]),
}
DRAWN_FOR_TWO: dict[str, Any] = {
    "forward": lambda xp, x, y, drawn: xp.astype(drawn, xp.numpy_dtype(x)),
    "vjp": (lambda xp, g: xp.zeros_like(g), lambda xp, g: xp.zeros_like(g), None),
    "jvp": lambda xp, tangents, drawn: xp.zeros_like(drawn) + sum(xp.zeros_like(t) for t in tangents if t is not None),
    "promotes": "common",
}
_RECORDS = {
    name: general(name, **DRAWN, node=f"{node}Backward{number}")
    for name, node, number in (
        ("uniform", "Uniform", 0),
        ("normal", "Normal", 0),
        ("exponential", "Exponential", 0),
        ("cauchy", "Cauchy", 0),
        ("geometric", "Geometric", 0),
        ("log_normal", "LogNormal", 0),
        ("bernoulli_in_place", "Bernoulli", 2),
        ("random_between", "Random", 0),
        ("random_below", "Random", 1),
        ("random", "Random", 2),
    )
}
_bernoulli_by_tensor = general("bernoulli_by_tensor", **DRAWN_FOR_TWO, node="BernoulliBackward1")


# --- in place ---

Draw = Callable[[int], np.ndarray]


def _order(array: np.ndarray) -> list[int]:
    """The axes of an array in the order of its memory."""
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis] if array.shape[axis] > 1 else -math.inf)


def in_memory_order(array: np.ndarray, draw: Draw) -> np.ndarray:
    """An array of the shape of another, whose elements are drawn in the order of the other's memory."""
    if (modes.special and modes.state.batch_levels) or array.flags.c_contiguous:
        return shaped(array.shape, draw)
    order = _order(array)
    drawn = draw(array.size).reshape([array.shape[axis] for axis in order])
    return drawn.transpose(np.argsort(order))


def empty_like(input: Tensor, dtype: np.dtype | None = None) -> np.ndarray:
    """New memory in the shape of a tensor: in the order of its memory where that has no gaps, else in that of indices."""
    if modes.special and modes.state.batch_levels:
        return np.empty(input.shape, dtype or input._data.dtype)
    array = buffer(input)
    order = _order(array)
    dense = array.transpose(order).flags.c_contiguous
    return np.empty_like(array, dtype, order="K" if dense else "C", subok=False)


def _fill(self: Tensor, name: str, record: str, draw: Draw) -> Tensor:
    drawn = wrap(in_memory_order(buffer(self), draw))
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
    check_std(std)
    return _fill(self, "normal_", "normal", lambda count: normal_numbers(source, count, dtype, mean, std, contiguous))


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


def check_std(std: float) -> None:
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
    tensor([0., 0., 1., 0.])
    """
    source = generator_of("bernoulli_", generator)
    if self._data.dtype.kind == "c":
        raise not_implemented_for("bernoulli_scalar_cpu_", self)
    if not isinstance(p, Tensor):
        check_probability("bernoulli_", p)
        dtype = self._data.dtype
        return _fill(self, "bernoulli_", "bernoulli_in_place", lambda count: successes(source, count, p).astype(dtype))
    drawn = wrap(bernoulli_of(p, buffer(self), source))
    return inplace.update(self, lambda old: _bernoulli_by_tensor(old, to_dtype(p, self.dtype), drawn), "bernoulli_")


def successes(source: Generator, count: int, p: float) -> np.ndarray:
    """Truth values that are true with probability `p`."""
    return source.uniform(count, np.float64) < p


def bernoulli_of(p: Tensor, like: np.ndarray, source: Generator) -> np.ndarray:
    """Ones with the probabilities in a tensor, in the order of memory, type and shape of an array."""
    if p._data.dtype.kind not in "fV":
        raise not_implemented_for("bernoulli_tensor_cpu_p_", p)
    drawn_in = float64 if p.dtype is float64 else float32
    wide = detach(to_dtype(p, drawn_in))
    batched = modes.special and modes.state.batch_levels  # where values of an example cannot be looked at
    if not batched and not ((wide._data >= 0) & (wide._data <= 1)).all():
        raise RuntimeError(
            "Expected p_in >= 0 && p_in <= 1 to be true, but got false.  (Could this error message be improved?  If so, "
            "please report an enhancement request to PyTorch.)"
        )
    uniform = in_memory_order(like, lambda count: source.uniform(count, drawn_in.numpy))
    return lt(wrap(uniform), wide)._data


def check_probability(function: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"{function} expects p to be in [0, 1], but got p={_number(p)}")


# --- integers ---


@public(on_module=False)
@_taking_from
def random_(
    self: Tensor, from_: int | None = None, to: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Fill the tensor with integers drawn evenly: below `random_(to)`, from `random_(from, to)`, or all that its type holds.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.empty(3).random_(1, 7)
    tensor([3., 4., 6.])
    """
    source, dtype = generator_of("random_", generator), self.dtype
    if dtype.rank == COMPLEX:
        raise not_implemented_for("random_kernel_cpu" if from_ is None else "check_random_bounds", self)
    if from_ is None and to is None:
        return _fill(self, "random_", "random", lambda count: _of_whole_range(source, count, dtype))
    record = "random_below" if to is None else "random_between"
    low, high = (0, int(from_)) if to is None and from_ is not None else (int(from_ or 0), int(to or 0))
    return _fill(self, "random_", record, lambda count: integers(source, count, dtype, low, high))


def digits(dtype: DType) -> int:
    """How many binary digits of an integer a type holds."""
    if dtype.rank == FLOAT:
        return {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}[dtype.name]
    return 8 * dtype.itemsize - dtype.is_signed


def _of_whole_range(source: Generator, count: int, dtype: DType) -> np.ndarray:
    """Integers from 0 to the largest that a type holds, or for a floating-point type to the last of those without gaps."""
    bits = 64 if dtype.name in ("int64", "float64") else 32
    size = 2 if dtype.name == "bool" else 2 ** digits(dtype) + (dtype.rank == FLOAT)
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
    exact = 2 ** digits(dtype)
    if dtype.rank == FLOAT:
        for name, value in (("from", low), ("to - 1", last)):
            if not -exact <= value <= exact:
                warnings.warn(f"{name} is out of bounds [-(2^{digits(dtype)}), 2^{digits(dtype)}].", stacklevel=4)
        return
    least, most = (0, 1) if dtype.name == "bool" else (-exact if dtype.is_signed else 0, min(exact, 2**63) - 1)
    for name, value in (("from", low), ("to - 1", last)):
        if not least <= value <= most:
            raise RuntimeError(f"{name} is out of bounds for {_C_TYPES.get(dtype.name, dtype.name)}")


_C_TYPES = {
    "bool": "bool", "uint8": "unsigned char", "int8": "signed char", "int16": "short", "int32": "int", "int64": "long",
}  # fmt: skip
