"""Windows: weights that fade a stretch of a signal in and out.

They are computed in double precision and rounded once. Where the formulas divide by the number of steps, that is one less
than the number of weights for a symmetric window, and as many for a periodic one, whose last weight is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import index
from typing import Any

import numpy as np

from adjoint.core import dtypes
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.formats import strided
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import finished
from adjoint.ops.data import type_of_option

# --- the formulas ---


def _steps(count: int, symmetric: bool) -> int:
    return count - 1 if symmetric and count > 1 else count


def _cosines(count: int, symmetric: bool, coefficients: Iterable[float]) -> np.ndarray:
    """The sum of a[i] cos(2 pi i k / steps), with alternating signs."""
    phases = 2 * math.pi * np.arange(count) / max(_steps(count, symmetric), 1)
    signed = ((-1) ** place * each * np.cos(place * phases) for place, each in enumerate(coefficients))
    return np.ones(count) if count == 1 else sum(signed, np.zeros(count))


def _triangle(count: int, symmetric: bool) -> np.ndarray:
    rising = 2 * np.arange(count) / max(_steps(count, symmetric), 1)
    return np.ones(count) if count == 1 else 1 - abs(rising - 1)


def _kaiser(count: int, symmetric: bool, beta: float) -> np.ndarray:
    if count == 1:
        return np.ones(count)
    rising = 2 * np.arange(count) / max(_steps(count, symmetric), 1) - 1
    return np.i0(beta * np.sqrt(np.maximum(1 - rising**2, 0))) / np.i0(beta)


def _distances(count: int, symmetric: bool, center: float | None = None) -> np.ndarray:
    """How far each weight stands from the center."""
    steps = count if not symmetric and count > 1 else count - 1
    return np.arange(count) - (steps / 2 if center is None else center)


_BLACKMAN = (0.42, 0.5, 0.08)
_NUTTALL = (0.3635819, 0.4891775, 0.1365995, 0.0106411)

# --- torch.signal.windows ---


def _finished(
    name: str, weights: np.ndarray, dtype: DType | None, layout: Any, device: Any, requires_grad: bool
) -> Tensor:
    wanted = type_of_option(name, dtype) or dtypes.get_default_dtype()
    if layout is not strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if wanted not in (dtypes.float32, dtypes.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {wanted}")
    return finished(name, weights.astype(wanted.numpy), device, requires_grad)


def _count(name: str, M: Any) -> int:
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    return index(M)


@public(module="signal.windows", method=False)
def bartlett(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The triangle window of `M` weights, which is zero at its ends.

    >>> import adjoint as torch
    >>> torch.signal.windows.bartlett(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return _finished("bartlett", _triangle(_count("bartlett", M), sym), dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: DType | None = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window of `M` weights that is a sum of cosines with the coefficients `a` and alternating signs.

    >>> import adjoint as torch
    >>> torch.signal.windows.general_cosine(5, a=[0.5, 0.5])
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    count = _count("general_cosine", M)
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _finished("general_cosine", _cosines(count, sym, a), dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def blackman(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Blackman window of `M` weights: three cosines.

    >>> import adjoint as torch
    >>> torch.signal.windows.blackman(5, sym=False)[2]
    tensor(0.8492)
    """
    return _finished("blackman", _cosines(_count("blackman", M), sym, _BLACKMAN), dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def nuttall(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Nuttall window of `M` weights: four cosines, with the least side lobes.

    >>> import adjoint as torch
    >>> torch.signal.windows.nuttall(5)[1]
    tensor(0.2270)
    """
    return general_cosine(
        M, a=_NUTTALL, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


@public(module="signal.windows", method=False)
def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: DType | None = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window `alpha - (1 - alpha) * cos(...)` of `M` weights.

    >>> import adjoint as torch
    >>> torch.signal.windows.general_hamming(5, alpha=0.5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_cosine(
        M, a=[alpha, 1 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


@public(module="signal.windows", method=False)
def hamming(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Hamming window of `M` weights: a raised cosine that does not quite reach zero.

    >>> import adjoint as torch
    >>> torch.signal.windows.hamming(5)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


@public(module="signal.windows", method=False)
def hann(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Hann window of `M` weights: a raised cosine.

    >>> import adjoint as torch
    >>> torch.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


@public(module="signal.windows", method=False)
def cosine(
    M: int, *, sym: bool = True, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window of `M` weights that is half a period of a sine.

    >>> import adjoint as torch
    >>> torch.signal.windows.cosine(3)
    tensor([0.5000, 1.0000, 0.5000])
    """
    count = _count("cosine", M)
    weights = np.sin(math.pi * (np.arange(count) + 0.5) / (count if sym or count < 2 else count + 1))
    return _finished("cosine", weights, dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: DType | None = None,
    layout: Any = strided, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window of `M` weights that decays exponentially to both sides of the center, by 1 / e at the distance `tau`.

    >>> import adjoint as torch
    >>> torch.signal.windows.exponential(3)
    tensor([0.3679, 1.0000, 0.3679])
    """
    count = _count("exponential", M)
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")
    weights = np.exp(-abs(_distances(count, sym, center)) / tau)
    return _finished("exponential", weights, dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: DType | None = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The window of `M` weights that is a normal curve with the standard deviation `std`.

    >>> import adjoint as torch
    >>> torch.signal.windows.gaussian(3)
    tensor([0.6065, 1.0000, 0.6065])
    """
    count = _count("gaussian", M)
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    weights = np.exp(-((_distances(count, sym) / std) ** 2) / 2)
    return _finished("gaussian", weights, dtype, layout, device, requires_grad)


@public(module="signal.windows", method=False)
def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: DType | None = None, layout: Any = strided,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The Kaiser window of `M` weights, made of Bessel functions: the larger `beta`, the narrower.

    >>> import adjoint as torch
    >>> torch.signal.windows.kaiser(3, beta=1.0)
    tensor([0.7898, 1.0000, 0.7898])
    """
    count = _count("kaiser", M)
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")
    return _finished("kaiser", _kaiser(count, sym, beta), dtype, layout, device, requires_grad)


# --- the older functions, periodic by default ---


def _length(name: str, window_length: Any, dtype: DType | None, layout: Any) -> int:
    """The number of weights, once it is known that the window can be made."""
    if not hasattr(window_length, "__index__"):
        raise TypeError(
            f"{name}(): argument 'window_length' (position 1) must be int, not {type(window_length).__name__}"
        )
    wanted = type_of_option(name, dtype) or dtypes.get_default_dtype()
    if layout not in (None, strided):
        raise RuntimeError(f"{name} is not implemented for sparse types, got: {layout}")
    if wanted.rank < dtypes.FLOAT:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {wanted}")
    if window_length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={window_length}")
    if wanted.is_complex:
        raise NotImplementedError(f"\"arange_cpu\" not implemented for '{dtypes.scalar_type_name(wanted)}'")
    return index(window_length)


def _made(
    name: str, weights: np.ndarray, dtype: DType | None, device: Any, requires_grad: bool, out: Tensor | None
) -> Tensor:
    wanted = dtype or dtypes.get_default_dtype()
    return finished(name, weights.astype(wanted.numpy), device, requires_grad, out)


@public(method=False)
def hann_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The Hann window: a raised cosine.

    >>> import adjoint as torch
    >>> torch.hann_window(5, False)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
    """
    count = _length("hann_window", window_length, dtype, layout)
    weights = _cosines(count, not periodic, (0.5, 0.5))
    return _made("hann_window", weights, dtype, device, requires_grad, out)


@public(method=False)
def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The Hamming window: `alpha - beta * cos(...)`.

    >>> import adjoint as torch
    >>> torch.hamming_window(5, False)
    tensor([0.0800, 0.5400, 1.0000, 0.5400, 0.0800])
    """
    count = _length("hamming_window", window_length, dtype, layout)
    weights = _cosines(count, not periodic, (alpha, beta))
    return _made("hamming_window", weights, dtype, device, requires_grad, out)


@public(method=False)
def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The Blackman window: three cosines.

    >>> import adjoint as torch
    >>> torch.blackman_window(5)[2]
    tensor(0.8492)
    """
    count = _length("blackman_window", window_length, dtype, layout)
    weights = _cosines(count, not periodic, _BLACKMAN)
    return _made("blackman_window", weights, dtype, device, requires_grad, out)


@public(method=False)
def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The triangle window, which is zero at its ends.

    >>> import adjoint as torch
    >>> torch.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    count = _length("bartlett_window", window_length, dtype, layout)
    weights = _triangle(count, not periodic)
    return _made("bartlett_window", weights, dtype, device, requires_grad, out)


@public(method=False)
def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *, dtype: DType | None = None, layout: Any = strided, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The Kaiser window, made of Bessel functions: the larger `beta`, the narrower.

    >>> import adjoint as torch
    >>> torch.kaiser_window(3, False, 1.0)
    tensor([0.7898, 1.0000, 0.7898])
    """
    count = _length("kaiser_window", window_length, dtype, layout)
    weights = _kaiser(count, not periodic, beta)
    return _made("kaiser_window", weights, dtype, device, requires_grad, out)
