"""Random tensors, equal to PyTorch's for the same seed. Other distributions stand in `ops.sampling`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.batches import BatchedArray
from adjoint.core import modes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.dtypes import from_numpy_dtype, get_default_dtype, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.random import Generator, arithmetic, default_generator
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import finished, shape_of
from adjoint.ops.data import type_of_option


@public(method=False)
def manual_seed(seed: int) -> Generator:
    """Start the random numbers of this program anew from a seed, and return their generator.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(int(seed))


@public(method=False)
def seed() -> int:
    """Start the random numbers anew from a seed that nobody chose, and return it."""
    return default_generator.seed()


@public(method=False)
def initial_seed() -> int:
    """The seed that the random numbers started from."""
    return default_generator.initial_seed()


@public(method=False)
def get_rng_state() -> Tensor:
    """The state of the random numbers, as a tensor of bytes."""
    return default_generator.get_state()


@public(method=False)
def set_rng_state(new_state: Tensor) -> None:
    """Go on from a state that `get_rng_state` gave.

    >>> import adjoint as torch
    >>> state = torch.get_rng_state()
    >>> first = torch.rand(1)
    >>> torch.set_rng_state(state)
    >>> torch.equal(first, torch.rand(1))
    True
    """
    default_generator.set_state(new_state)


@public(method=False)
def rand(
    *args: Any, size: Any = None, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1).

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(42)
    >>> torch.rand(3)
    tensor([0.8823, 0.9150, 0.3829])
    """
    source, wanted, shape = _options("rand", args, size, generator, dtype, out)
    array = shaped(shape, lambda count: uniform_numbers(source, count, wanted))
    return finished("rand", array, device, requires_grad, out)


@public(method=False)
def randn(
    *args: Any, size: Any = None, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the standard normal distribution: mean 0, variance 1.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(42)
    >>> torch.randn(3)
    tensor([0.3367, 0.1288, 0.2345])
    """
    source, wanted, shape = _options("randn", args, size, generator, dtype, out)
    array = shaped(shape, lambda count: normal_numbers(source, count, wanted))
    return finished("randn", array, device, requires_grad, out)


def _options(
    function: str, args: tuple, size: Any, generator: Any, dtype: Any, out: Tensor | None
) -> tuple[Generator, np.dtype, tuple[int, ...]]:
    wanted = type_of_option(function, dtype) or (out.dtype if isinstance(out, Tensor) else get_default_dtype())
    return generator_of(function, generator), wanted.numpy, shape_of(function, args, size)


def generator_of(function: str, generator: Generator | None) -> Generator:
    """The generator that a function is to draw from."""
    if modes.special and any(said == "error" for said, _ in modes.state.randomness):
        raise RuntimeError(
            "vmap: called random operation while in randomness error mode. Please either use the 'same' or 'different' "
            "randomness flags on vmap or perform the randomness operation out of vmap"
        )
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"{function}(): argument 'generator' must be Generator, not {type(generator).__name__}")
    return generator


def shaped(shape: tuple[int, ...], draw: Callable[[int], np.ndarray]) -> Any:
    """An array of numbers; inside `vmap`, others for each example where it says "different"."""
    if not modes.special or not modes.state.batch_levels:
        return draw(math.prod(shape)).reshape(shape)
    said = zip(modes.state.batch_levels, modes.state.randomness, strict=True)
    batches = [(level, size) for level, (randomness, size) in said if randomness == "different"]
    whole = (*(size for _, size in batches), *shape)
    array: Any = draw(math.prod(whole)).reshape(whole)
    for level, _ in batches:
        array = BatchedArray(array, level)
    return array


# --- numbers of a type, in the order in which they are drawn ---


def uniform_numbers(
    generator: Generator, count: int, dtype: np.dtype, low: float = 0.0, high: float = 1.0
) -> np.ndarray:
    """So many numbers of a floating-point or complex type, drawn evenly from [low, high)."""
    if dtype.kind == "c":
        return uniform_numbers(generator, 2 * count, dtype.type().real.dtype, low, high).view(dtype)
    refuse_others("check_uniform_bounds", dtype)
    drawn = generator.uniform(count, np.float64 if dtype == np.float64 else np.float32)
    if (low, high) != (0, 1):
        kind = drawn.dtype.type
        drawn = arithmetic.multiply_add(drawn, kind(high) - kind(low), kind(low))
    numbers = drawn.astype(dtype, copy=False)
    if dtype.itemsize < 4 or (low, high) != (0, 1):  # rounding may reach the end that does not belong to the interval
        numbers[numbers == np.float64(high).astype(dtype)] = low
    return numbers


def normal_numbers(
    generator: Generator, count: int, dtype: np.dtype, mean: float = 0.0, std: float = 1.0, contiguous: bool = True
) -> np.ndarray:
    """So many normal numbers of a floating-point or complex type, for memory that is contiguous or is not."""
    if dtype.kind == "c":  # whose two parts share the variance
        parts = dtype.type().real.dtype
        return normal_numbers(generator, 2 * count, parts, mean, std / math.sqrt(2), contiguous).view(dtype)
    refuse_others("normal_kernel_cpu", dtype)
    if count >= 16 and contiguous:
        return generator.normal_blocks(count, dtype, mean, std)
    return rounded(arithmetic.multiply_add(generator.normals(count), std, mean), dtype)


def rounded(numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Numbers of float64 in another type; those of 16 bits are made by way of float32, as in PyTorch."""
    if dtype.itemsize == 2 and dtype.kind in "fV":
        numbers = numbers.astype(np.float32)
    return numbers.astype(dtype, copy=False)


def refuse_others(kernel: str, dtype: np.dtype) -> None:
    """An error in PyTorch's words for a type that is not floating-point, or is of 8 bits."""
    if dtype.kind not in "fV" or dtype.itemsize == 1:
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{scalar_type_name(from_numpy_dtype(dtype))}'")
