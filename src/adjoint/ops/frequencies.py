"""The frequencies behind the elements of a Fourier transform, and their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import clone
from adjoint.ops.creation import finished
from adjoint.ops.data import type_of_option
from adjoint.ops.dimensions import dimension
from adjoint.ops.fft import integers
from adjoint.ops.rolling import roll


@public(module="fft", method=False)
def fftfreq(
    n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies that the elements of `fft` of `n` samples, `d` apart, belong to.

    >>> import adjoint as torch
    >>> torch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    counts = np.arange(n)
    counts[(n + 1) // 2 :] -= n
    return _frequencies("fftfreq", counts, n, d, dtype, device, requires_grad, out)


@public(module="fft", method=False)
def rfftfreq(
    n: int, d: float = 1.0, *, out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The frequencies that the elements of `rfft` of `n` samples, `d` apart, belong to.

    >>> import adjoint as torch
    >>> torch.fft.rfftfreq(4)
    tensor([0.0000, 0.2500, 0.5000])
    """
    return _frequencies("rfftfreq", np.arange(n // 2 + 1), n, d, dtype, device, requires_grad, out)


def _frequencies(
    function: str, counts: np.ndarray, n: int, d: float, dtype: DType | None, device: Any, requires_grad: bool,
    out: Tensor | None,
) -> Tensor:  # fmt: skip
    wanted = type_of_option(function, dtype) or dtypes.get_default_dtype()
    if wanted.rank < dtypes.FLOAT:
        raise RuntimeError(f"{function} requires a floating point or complex dtype")
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    scale = 1 / (n * d) if n * d else np.inf
    return finished(function, (counts.astype(wanted.numpy) * scale).astype(wanted.numpy), device, requires_grad, out)


@public(module="fft", method=False)
def fftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The second half of the elements along some dimensions, by default all, moved before the first: 0 to the middle.

    >>> import adjoint as torch
    >>> torch.fft.fftshift(torch.tensor([0, 1, -2, -1]))
    tensor([-2, -1,  0,  1])
    """
    return _shifted("fft_fftshift", input, dim, lambda size: size // 2)


@public(module="fft", method=False)
def ifftshift(input: Tensor, dim: Any = None) -> Tensor:
    """The inverse of `fftshift`.

    >>> import adjoint as torch
    >>> torch.fft.ifftshift(torch.tensor([-2, -1, 0, 1]))
    tensor([ 0,  1, -2, -1])
    """
    return _shifted("fft_ifftshift", input, dim, lambda size: (size + 1) // 2)


def _shifted(function: str, input: Any, dim: Any, by: Callable[[int], int]) -> Tensor:
    """The elements rolled along some dimensions, by what follows from each one's size."""
    (x,) = require_tensors(function, input, names=("input",))
    axes = [dimension(each, x.ndim, function) for each in (range(x.ndim) if dim is None else integers(dim) or ())]
    return roll(x, [by(x.shape[axis]) for axis in axes], axes) if axes else clone(x)
