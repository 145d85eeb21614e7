"""Random tensors, equal to PyTorch's for the same seed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.random import Generator, default_generator
from adjoint.core.tensor import Tensor, created, wrap
from adjoint.ops.shape import sizes


@public(method=False)
def manual_seed(seed: int) -> Generator:
    """Start the random numbers of this program anew from a seed, and return their generator.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return default_generator.manual_seed(seed)


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
    return wrap(np.frombuffer(default_generator.state(), np.uint8).copy())


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
    if not isinstance(new_state, Tensor) or new_state.dtype is not dtypes.uint8:
        raise TypeError("expected a torch.ByteTensor, but got " + type(new_state).__name__)
    default_generator.restore(new_state.numpy().tobytes())


@public(method=False)
def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **_: Any,
) -> Tensor:
    """Numbers drawn evenly from [0, 1).

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(42)
    >>> torch.rand(3)
    tensor([0.8823, 0.9150, 0.3829])
    """
    return _drawn((generator or default_generator).uniform, size, dtype, requires_grad, _.get("size"))


@public(method=False)
def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Any = None,
    requires_grad: bool = False,
    **_: Any,
) -> Tensor:
    """Numbers drawn from the standard normal distribution: mean 0, variance 1.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(42)
    >>> torch.randn(3)
    tensor([0.3367, 0.1288, 0.2345])
    """
    return _drawn((generator or default_generator).normal, size, dtype, requires_grad, _.get("size"))


@public(method=False)
def rand_like(input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """Numbers drawn evenly from [0, 1), in the shape and type of another tensor."""
    return rand(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


@public(method=False)
def randn_like(input: Tensor, *, dtype: DType | None = None, requires_grad: bool = False, **_: Any) -> Tensor:
    """Numbers drawn from the standard normal distribution, in the shape and type of another tensor."""
    return randn(*input.shape, dtype=dtype or input.dtype, requires_grad=requires_grad)


def _drawn(draw: Any, size: tuple, dtype: DType | None, requires_grad: bool, named: Any) -> Tensor:
    shape = sizes(size if named is None else (named,))
    wanted = (dtype or dtypes.get_default_dtype()).numpy
    if wanted.kind not in "fV":
        raise RuntimeError(
            f"random numbers of this kind are not implemented for '{dtypes.scalar_type_name(dtypes.from_numpy_dtype(wanted))}'"
        )
    drawn_in = wanted if wanted == np.float64 else np.dtype(np.float32)
    return created(draw(math.prod(shape), drawn_in).astype(wanted, copy=False).reshape(shape), requires_grad)
