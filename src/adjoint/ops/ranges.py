"""Tensors of numbers counted up, and the identity matrix."""

from __future__ import annotations

import math
from numbers import Number
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import invalid_combination
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import finished
from adjoint.ops.data import type_of_option


@public(method=False)
def arange(
    start: Any = None, end: Any = None, step: Any = 1, *, out: Tensor | None = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers from `start`, 0 if it is not given, up to but without `end`, in steps of `step`.

    >>> import adjoint as torch
    >>> torch.arange(5)
    tensor([0, 1, 2, 3, 4])
    """
    if end is None:
        start, end = 0, start
        if end is not None and not isinstance(end, Number | Tensor):
            raise TypeError(f"arange(): argument 'end' (position 1) must be Number, not {type(end).__name__}")
    given = tuple(0 if each is None else each for each in (start, end, step))
    if end is None or not all(isinstance(each, Number | Tensor) for each in given):
        raise invalid_combination("arange", () if end is None else given)
    first, last, by = (each.item() if isinstance(each, Tensor) else each for each in given)
    wanted = type_of_option("arange", dtype) or (out.dtype if isinstance(out, Tensor) else None)
    if wanted is None:
        whole = all(isinstance(each, int) for each in (first, last, by))
        wanted = dtypes.int64 if whole else dtypes.get_default_dtype()
    if wanted.rank == dtypes.INTEGER and not int(by):
        raise (RuntimeError if by == 0 else ValueError)("step must be nonzero")
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if wanted.rank == dtypes.INTEGER:
        first, last, by = int(first), int(last), int(by)
    count = max(math.ceil((last - first) / by), 0)
    wide = np.int64 if wanted.rank <= dtypes.INTEGER else np.float64
    array = (wide(first) + np.arange(count).astype(wide) * wide(by)).astype(wanted.numpy)
    return finished("arange", array, device, requires_grad, out)


@public(method=False)
def linspace(
    start: Any, end: Any, steps: int, *, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from `start` to `end`, both included, equally far apart.

    >>> import adjoint as torch
    >>> torch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last, wanted = _ends("linspace", start, end, steps, dtype)
    return finished("linspace", _evenly(first, last, int(steps), wanted), device, requires_grad, out)


@public(method=False)
def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Tensor | None = None, dtype: DType | None = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` powers of `base` whose exponents go from `start` to `end`, both included, equally far apart.

    >>> import adjoint as torch
    >>> torch.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    first, last, wanted = _ends("logspace", start, end, steps, dtype)
    return finished("logspace", _powers(first, last, int(steps), base, wanted), device, requires_grad, out)


def _ends(function: str, start: Any, end: Any, steps: Any, dtype: Any) -> tuple[Any, Any, DType]:
    """Both ends as numbers, and the type of what lies between them."""
    tensors = [each for each in (start, end) if isinstance(each, Tensor)]
    if any(each.ndim for each in tensors):
        dims = " and end with ".join(f"{getattr(each, 'ndim', 0)} dimension(s)" for each in (start, end))
        raise RuntimeError(f"{function} only supports 0-dimensional start and end tensors, but got start with {dims}.")
    first, last = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    if not (isinstance(first, Number) and isinstance(last, Number) and hasattr(steps, "__index__")):
        raise invalid_combination(function, (start, end, steps))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    wanted = type_of_option(function, dtype)
    if wanted is None:
        wanted = dtypes.get_default_dtype()
        wanted = wanted.to_complex() if isinstance(first, complex) or isinstance(last, complex) else wanted
    return first, last, wanted


def _evenly(first: Any, last: Any, steps: int, dtype: DType) -> np.ndarray:
    """Numbers from the first to the last in the type itself; integers as floats, cut off at the end."""
    low, high = _in_type(first, dtype), _in_type(last, dtype)
    wide = np.dtype(np.float64) if dtype.rank <= dtypes.INTEGER else dtype.numpy
    return _between(low, high, steps, wide).astype(dtype.numpy)


def _powers(first: Any, last: Any, steps: int, base: Any, dtype: DType) -> np.ndarray:
    """Powers of a base; 16-bit ones are computed in 32 bits, integers as floats, cut off at the end."""
    low, high = _in_type(first, dtype), _in_type(last, dtype)
    wide = np.dtype(np.float64) if dtype.rank <= dtypes.INTEGER else dtype.numpy
    if wide.itemsize == 2:
        wide = np.dtype(np.float32)
        low = first if steps == 1 else low
    return np.power(wide.type(base), _between(low, high, steps, wide)).astype(dtype.numpy)


def _in_type(number: Any, dtype: DType) -> Any:
    return int(number) if dtype.rank <= dtypes.INTEGER else dtype.numpy.type(number)


def _between(low: Any, high: Any, steps: int, wide: np.dtype) -> np.ndarray:
    """Counted up from the first in the first half, and down from the last in the second."""
    low, high = wide.type(low), wide.type(high)
    step = (high - low) / wide.type(max(steps - 1, 1))
    up, down = (each.astype(wide) for each in (np.arange(steps), np.arange(steps - 1, -1, -1)))
    exact = np.longdouble  # PyTorch multiplies and adds with one rounding, but in 16 bits with two
    fused = wide.kind == "f" and wide.itemsize > 2
    rise, fall = (each.astype(exact) * exact(step) if fused else each * step for each in (up, down))
    values = np.where(np.arange(steps) < steps // 2, (low + rise).astype(wide), (high - fall).astype(wide))
    return np.full(steps, low) if steps == 1 else values


@public(method=False)
def eye(
    n: int, m: int | None = None, *, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The identity matrix, of n rows and m columns.

    >>> import adjoint as torch
    >>> torch.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if not hasattr(n, "__index__"):
        raise TypeError(f"eye(): argument 'n' (position 1) must be int, not {type(n).__name__}")
    if m is not None and not hasattr(m, "__index__"):
        raise invalid_combination("eye", (n, m))
    for name, size in (("n", n), ("m", n if m is None else m)):
        if size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    wanted = type_of_option("eye", dtype) or dtypes.get_default_dtype()
    return finished("eye", np.eye(n, m, dtype=wanted.numpy), device, requires_grad, out)
