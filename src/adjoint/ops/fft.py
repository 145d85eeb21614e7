"""Discrete Fourier transforms: `torch.fft`.

Three records do all: complex to complex, real to half of the complex numbers, and back. Each one's transpose is another of
them, since the inverse transform is the conjugate transpose of the forward one up to the scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import Any

import numpy as np

from adjoint.arrays.tensor import tensor as on_tensors
from adjoint.core import dtypes
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.complex import conj
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimension
from adjoint.ops.indexing import narrow

#: without its scale, a transform has the inverse as its conjugate transpose: the scale stays, and changes its name
_OPPOSITE = {"backward": "forward", "forward": "backward", "ortho": "ortho"}


def _c2c_transpose(xp: Any, g: Any, x_dtype: Any, *, axes: tuple[int, ...], inverse: bool, norm: str) -> Any:
    moved = xp.fft_c2c(g, axes=axes, inverse=not inverse, norm=_OPPOSITE[norm])
    return moved if x_dtype.kind == "c" else xp.real(moved)


def _half_weighted(xp: Any, x: Any, axis: int, size: int, weight: float) -> Any:
    """Half of a spectrum, with the numbers that stand for their mirror images too multiplied by a weight."""
    real = np.float32 if xp.numpy_dtype(x) == np.complex64 else np.float64
    weights = np.full(size // 2 + 1, weight, real)
    weights[0] = 1
    if size % 2 == 0:
        weights[-1] = 1
    return x * xp.asarray(weights.reshape((-1,) + (1,) * (len(x.shape) - 1 - axis)))


def _r2c_transpose(xp: Any, g: Any, x_shape: Any, *, axes: tuple[int, ...], norm: str) -> Any:
    last = axes[-1]
    half = _half_weighted(xp, g, last, x_shape[last], 0.5)
    return xp.fft_c2r(half, axes=axes, size=x_shape[last], norm=_OPPOSITE[norm])


def _c2r_transpose(xp: Any, g: Any, *, axes: tuple[int, ...], size: int, norm: str) -> Any:
    half = xp.fft_r2c(g, axes=axes, norm=_OPPOSITE[norm])
    return _half_weighted(xp, half, axes[-1], size, 2)


_c2c = linear(
    "fft_c2c",
    lambda xp, x, *, axes, inverse, norm: xp.fft_c2c(x, axes=axes, inverse=inverse, norm=norm),
    transpose=_c2c_transpose,
    node="FftC2CBackward0",
    verb="fft_c2c",
)
_r2c = linear(
    "fft_r2c",
    lambda xp, x, *, axes, norm: xp.fft_r2c(x, axes=axes, norm=norm),
    transpose=_r2c_transpose,
    node="FftR2CBackward0",
    verb="fft_r2c",
)
_c2r = linear(
    "fft_c2r",
    lambda xp, x, *, axes, size, norm: xp.fft_c2r(x, axes=axes, size=size, norm=norm),
    transpose=_c2r_transpose,
    node="FftC2RBackward0",
    verb="fft_c2r",
)

# --- arguments ---


def _given(function: str, input: Any, real: str = "") -> Tensor:
    """The tensor in a type that can be transformed; `real` says what a transform of real numbers does not take."""
    (x,) = require_tensors(f"fft_{function}", input, names=("input",))
    if real and x.dtype.is_complex:
        raise RuntimeError(f"{function} expects a {real} input tensor, but got {scalar_type_name(x.dtype)}")
    if x.dtype.rank < dtypes.FLOAT:
        return to_dtype(x, dtypes.get_default_dtype())
    if x.dtype.itemsize < 4:
        raise RuntimeError(f"Unsupported dtype {scalar_type_name(x.dtype)}\nTransform x.float() instead.")
    return x


def _scaling(norm: str | None) -> str:
    if norm is not None and norm not in _OPPOSITE:
        raise RuntimeError(f'Invalid normalization mode: "{norm}"')
    return norm or "backward"


def _one(function: str, x: Tensor, n: int | None, dim: int) -> tuple[tuple[int, ...], list[int | None]]:
    """The axis of a transform of one dimension, and its size where it is given."""
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = dimension(dim, x.ndim, f"fft_{function}")
    if n is not None and n < 1:
        raise _no_points(n)
    return (axis,), [n]


def _several(function: str, x: Tensor, s: Any, dim: Any) -> tuple[tuple[int, ...], list[int | None]]:
    """The axes of a transform of several dimensions, and their sizes where they are given."""
    dims, lengths = integers(dim), integers(s)
    if dims is None:
        if lengths is not None and len(lengths) > x.ndim:
            raise RuntimeError(f"Got shape with {len(lengths)} values but input tensor only has {x.ndim} dimensions.")
        dims = list(range(0 if lengths is None else x.ndim - len(lengths), x.ndim))
    elif lengths is not None and len(lengths) != len(dims):
        raise RuntimeError("When given, dim and shape arguments must have the same length")
    axes = tuple(dimension(each, x.ndim, f"fft_{function}") for each in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError("FFT dims must be unique")
    return axes, [None if size == -1 else size for size in lengths or [-1] * len(axes)]


def integers(value: Any) -> list[int] | None:
    if value is None:
        return None
    return list(map(index, value)) if isinstance(value, Sequence) else [index(value)]


def _no_points(n: int) -> RuntimeError:
    return RuntimeError(f"Invalid number of data points ({n}) specified\nA transform takes at least one.")


def _resized(x: Tensor, axes: tuple[int, ...], sizes: list[int | None]) -> Tensor:
    """The tensor cut, or filled up with zeros, to these sizes along these axes."""
    for axis, size in zip(axes, sizes, strict=True):
        have = x.shape[axis]
        wanted = have if size is None else size
        if wanted < 1:
            raise _no_points(wanted)
        if wanted < have:
            x = narrow(x, axis, 0, wanted)
        elif wanted > have:
            shape = (*x.shape[:axis], wanted, *x.shape[axis + 1 :])
            x = on_tensors.place(x, (slice(None),) * axis + (slice(have),), shape)
    return x


# --- the transforms, by the numbers that they take and give ---


def _complex(
    function: str, input: Any, where: Callable, sizes: Any, dim: Any, norm: str | None, out: Tensor | None
) -> Tensor:
    """Of complex numbers, or real ones, to complex numbers."""
    x = _given(function, input)
    axes, lengths = where(function, x, sizes, dim)
    result = _c2c(_resized(x, axes, lengths), axes=axes, inverse=function[0] == "i", norm=_scaling(norm))
    return result if out is None else write_out(out, result, f"fft_{function}")


def _from_real(
    function: str, input: Any, where: Callable, sizes: Any, dim: Any, norm: str | None, out: Tensor | None
) -> Tensor:
    """Of real numbers to half of the complex ones: forward, or, for the transforms named after Hermite, inverse."""
    x = _given(function, input, "real" if where is _one else "real-valued")
    axes, lengths = where(function, x, sizes, dim)
    _require_axes(function, axes)
    x, scaling = _resized(x, axes, lengths), _scaling(norm)
    inverse = function[0] == "i"
    result = conj(_r2c(x, axes=axes, norm=_OPPOSITE[scaling])) if inverse else _r2c(x, axes=axes, norm=scaling)
    return result if out is None else write_out(out, result, f"fft_{function}")


def _to_real(
    function: str, input: Any, where: Callable, sizes: Any, dim: Any, norm: str | None, out: Tensor | None
) -> Tensor:
    """Of half of the complex numbers to real ones: inverse, or, for the transforms named after Hermite, forward."""
    x = _given(function, input)
    axes, lengths = where(function, x, sizes, dim)
    _require_axes(function, axes)
    size = 2 * (x.shape[axes[-1]] - 1) if lengths[-1] is None else lengths[-1]
    if size < 1:
        raise _no_points(size)
    x, scaling = _resized(to_dtype(x, x.dtype.to_complex()), axes, [*lengths[:-1], size // 2 + 1]), _scaling(norm)
    if function[0] == "h":
        result = _c2r(conj(x), axes=axes, size=size, norm=_OPPOSITE[scaling])
    else:
        result = _c2r(x, axes=axes, size=size, norm=scaling)
    return result if out is None else write_out(out, result, f"fft_{function}")


def _require_axes(function: str, axes: tuple[int, ...]) -> None:
    if not axes:
        raise RuntimeError(f"{function} must transform at least one axis")


@public(module="fft", method=False)
def fft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along one dimension, cut or filled up with zeros to the size `n`.

    >>> import adjoint as torch
    >>> torch.fft.fft(torch.tensor([1., 0., 0., 0.])).real
    tensor([1., 1., 1., 1.])
    """
    return _complex("fft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def ifft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `fft`, along one dimension.

    >>> import adjoint as torch
    >>> torch.fft.ifft(torch.tensor([4., 0., 0., 0.])).real
    tensor([1., 1., 1., 1.])
    """
    return _complex("ifft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def rfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The first half of `fft` of real numbers, along one dimension: the other half mirrors it.

    >>> import adjoint as torch
    >>> torch.fft.rfft(torch.tensor([1., 0., 0., 0.]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _from_real("rfft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def irfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `rfft`: `n` real numbers along one dimension, by default an even number of them.

    >>> import adjoint as torch
    >>> torch.fft.irfft(torch.tensor([1., 1., 1.]))
    tensor([1., 0., 0., 0.])
    """
    return _to_real("irfft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def hfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The transform of numbers that mirror each other, of which half is given, to `n` real ones.

    >>> import adjoint as torch
    >>> torch.fft.hfft(torch.tensor([1., 0., 0.]))
    tensor([1., 1., 1., 1.])
    """
    return _to_real("hfft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def ihfft(
    input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `hfft`: the first half of `ifft` of real numbers.

    >>> import adjoint as torch
    >>> torch.fft.ihfft(torch.tensor([4., 0., 0., 0.]))
    tensor([1.-0.j, 1.-0.j, 1.-0.j])
    """
    return _from_real("ihfft", input, _one, n, dim, norm, out)


@public(module="fft", method=False)
def fft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.fft2(torch.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _complex("fft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def ifft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `fft2`: along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.ifft2(torch.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _complex("ifft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def rfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The first half, along the last of the dimensions, of `fft2` of real numbers: along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.rfft2(torch.ones(4, 4)).shape
    torch.Size([4, 3])
    """
    return _from_real("rfft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def irfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `rfft2`: along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.irfft2(torch.ones(4, 3)).shape
    torch.Size([4, 4])
    """
    return _to_real("irfft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def hfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """`hfft` along the last of the dimensions, `fft` along the others: along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.hfft2(torch.ones(4, 3)).shape
    torch.Size([4, 4])
    """
    return _to_real("hfft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def ihfft2(
    input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `hfft2`: along two dimensions.

    >>> import adjoint as torch
    >>> torch.fft.ihfft2(torch.ones(4, 4)).shape
    torch.Size([4, 3])
    """
    return _from_real("ihfft2", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def fftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The discrete Fourier transform along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.fftn(torch.ones(2, 2)).real
    tensor([[4., 0.],
            [0., 0.]])
    """
    return _complex("fftn", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def ifftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `fftn`: along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.ifftn(torch.ones(2, 2)).real
    tensor([[1., 0.],
            [0., 0.]])
    """
    return _complex("ifftn", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def rfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The first half, along the last of the dimensions, of `fftn` of real numbers: along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.rfftn(torch.ones(4, 4)).shape
    torch.Size([4, 3])
    """
    return _from_real("rfftn", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def irfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `rfftn`: along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.irfftn(torch.ones(4, 3)).shape
    torch.Size([4, 4])
    """
    return _to_real("irfftn", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def hfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """`hfft` along the last of the dimensions, `fft` along the others: along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.hfftn(torch.ones(4, 3)).shape
    torch.Size([4, 4])
    """
    return _to_real("hfftn", input, _several, s, dim, norm, out)


@public(module="fft", method=False)
def ihfftn(
    input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None, *, out: Tensor | None = None
) -> Tensor:
    """The inverse of `hfftn`: along several dimensions, by default all.

    >>> import adjoint as torch
    >>> torch.fft.ihfftn(torch.ones(4, 4)).shape
    torch.Size([4, 3])
    """
    return _from_real("ihfftn", input, _several, s, dim, norm, out)
