"""Discrete Fourier transforms, by SciPy, which keeps single precision single.

`norm` says where the scale 1 / n stands, as in NumPy: "backward" and "forward" put it on the inverse or on the forward
transform, "ortho" its root on both.
"""

from __future__ import annotations

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy

fft = lazy("scipy.fft")


def fft_c2c(x: Array, *, axes: tuple[int, ...], inverse: bool, norm: str) -> Array:
    """Complex numbers, or real ones, to complex numbers."""
    if not axes:
        return x if x.dtype.kind == "c" else x.astype(np.result_type(x.dtype, np.complex64))
    return (fft.ifftn if inverse else fft.fftn)(x, axes=axes, norm=norm)


def fft_r2c(x: Array, *, axes: tuple[int, ...], norm: str) -> Array:
    """Real numbers to complex ones, of which only the first half along the last axis is given: the rest mirrors it."""
    return fft.rfftn(x, axes=axes, norm=norm)


def fft_c2r(x: Array, *, axes: tuple[int, ...], size: int, norm: str) -> Array:
    """The inverse of `fft_r2c`, to real numbers, of which there are `size` along the last axis."""
    return fft.irfftn(x, [*(x.shape[axis] for axis in axes[:-1]), size], axes=axes, norm=norm)
