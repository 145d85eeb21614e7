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
    wanted = type_of_option("arange", dtype)
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
    first, last = (each.item() if isinstance(each, Tensor) else each for each in (start, end))
    if not (isinstance(first, Number) and isinstance(last, Number) and hasattr(steps, "__index__")):
        raise invalid_combination("linspace", (start, end, steps))
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    wanted = type_of_option("linspace", dtype)
    if wanted is None:
        wanted = dtypes.get_default_dtype()
        wanted = wanted.to_complex() if isinstance(first, complex) or isinstance(last, complex) else wanted
    return finished("linspace", _evenly(first, last, int(steps), wanted), device, requires_grad, out)


def _evenly(first: Any, last: Any, steps: int, dtype: DType) -> np.ndarray:
    """Counted up from the first in the first half, and down from the last in the second, in the type itself."""
    wide = np.dtype(np.float64) if dtype.rank <= dtypes.INTEGER else dtype.numpy
    if wide.itemsize == 2:
        wide = np.dtype(np.float32)
    low, high = wide.type(first), wide.type(last)
    step = (high - low) / wide.type(max(steps - 1, 1))
    up, down = (each.astype(wide) for each in (np.arange(steps), np.arange(steps - 1, -1, -1)))
    exact = np.longdouble  # PyTorch multiplies and adds with one rounding
    products = (each.astype(exact) * exact(step) if wide.kind == "f" else each * step for each in (up, down))
    rise, fall = products
    values = np.where(np.arange(steps) < steps // 2, (low + rise).astype(wide), (high - fall).astype(wide))
    return (np.full(steps, low) if steps == 1 else values).astype(dtype.numpy)


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
