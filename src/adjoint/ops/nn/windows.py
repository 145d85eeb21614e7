"""Arguments that are given once for all spatial axes, or once for each: kernel sizes, strides and the like."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.core.apply import invalid_combination
from adjoint.core.tensor import Tensor


def is_integer(value: Any) -> bool:
    """Whether a value is a number of Python's or NumPy's, or a tensor, that counts."""
    if isinstance(value, Tensor):
        return not value.ndim and value._data.dtype.kind in "iu"
    return hasattr(value, "__index__") and not isinstance(value, bool)


def integers(function: str, value: Any) -> tuple[int, ...]:
    """The numbers of an argument that is one integer or a sequence of them."""
    given = tuple(value) if isinstance(value, tuple | list) else (value,)
    if not all(map(is_integer, given)):
        raise invalid_combination(function, (value,))
    return tuple(int(each) for each in given)


def per_axis(function: str, argument: str, value: Any, axes: int) -> tuple[int, ...]:
    """An argument of a convolution: one integer for all spatial axes, or one for each."""
    given = integers(function, value)
    if len(given) not in (1, axes):
        raise RuntimeError(
            f"expected {argument} to be a single integer value or a list of {axes} values to match the convolution "
            f"dimensions, but got {argument}={list(given)}"
        )
    return given * axes if len(given) == 1 else given


def batched(x: Tensor, axes: int) -> tuple[Tensor, bool]:
    """An input with a batch axis, and whether it was added."""
    alone = x.ndim == axes + 1
    return (x.unsqueeze(0) if alone else x), alone


def named(sizes: Sequence[int]) -> str:
    """Sizes as PyTorch's kernels print them: 3x3."""
    return "x".join(map(str, sizes))
