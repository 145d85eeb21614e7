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


_WORDS = {1: "one int", 2: "two ints", 3: "three ints"}


def pooling_sizes(
    function: str, argument: str, value: Any, axes: int, default: tuple[int, ...] | None = None
) -> tuple[int, ...]:
    """An argument of a pooling: one integer for all spatial axes, or one for each; where it is left out, the default."""
    if default is not None and (value is None or (isinstance(value, tuple | list) and not value)):
        return default
    given = integers(function, value)
    if len(given) not in (1, axes):
        ways = "omitted, a single int" if default is not None else "be a single int"
        raise RuntimeError(
            f"{function}: {argument} must either {'be ' if default is not None else ''}{ways}, or a tuple of {_WORDS[axes]}"
        )
    return given * axes if len(given) == 1 else given


def pooled_count(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows a pooling has along an axis; none of them begins in the padding after the end."""
    span = size + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil_mode else span // stride) + 1
    return count - 1 if ceil_mode and (count - 1) * stride >= size + padding else count


def pooled_counts(
    function: str, x: Tensor, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], dilation: Sequence[int], ceil_mode: bool
) -> tuple[int, ...]:  # fmt: skip
    """How many windows there are along each axis; an error in PyTorch's words where the arguments do not fit."""
    axes = len(kernel)
    if x.ndim not in (axes + 1, axes + 2):
        raise RuntimeError(
            f"{function}: Expected {axes + 1}D or {axes + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(x.shape)}"
        )
    if min(stride) < 1:
        raise RuntimeError(
            "stride should not be zero" if axes > 1 else f"{function}() stride must be greater than zero"
        )
    if min(kernel) < 1:
        raise RuntimeError(f"{function}() kernel_size must be greater than zero, but got {min(kernel)}")
    if min(dilation) < 1:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")
    for pad, width, wide in zip(padding, kernel, dilation, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > (wide * (width - 1) + 1) // 2:
            raise RuntimeError(
                f"pad should be at most half of effective kernel size, but got pad={pad}, kernel_size={width} and "
                f"dilation={wide}"
            )
    if not all(x.shape[x.ndim - axes - 1 :]):
        raise RuntimeError(
            f"{function}: Expected {axes + 1}D or {axes + 2}D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(x.shape)}"
        )
    settings = zip(x.shape[-axes:], kernel, stride, padding, dilation, strict=True)
    counts = tuple(pooled_count(*each, ceil_mode) for each in settings)
    if min(counts) < 1:
        channels = x.shape[-axes - 1]
        raise RuntimeError(
            f"Given input size: ({named((channels, *x.shape[-axes:]))}). Calculated output size: "
            f"({named((channels, *counts))}). Output size is too small"
        )
    return counts
