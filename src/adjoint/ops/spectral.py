"""Short-time Fourier transforms: of overlapping frames of a signal, and back."""

from __future__ import annotations

import warnings

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import FLOAT
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, dimension_out_of_range, wrap
from adjoint.ops.arithmetic import mul
from adjoint.ops.creation import ones, zeros
from adjoint.ops.extremes import amin
from adjoint.ops.fft import fft, ifft, irfft, rfft
from adjoint.ops.indexing import narrow
from adjoint.ops.nn.padding import constant_pad_nd, pad
from adjoint.ops.pairs import view_as_real
from adjoint.ops.shape import reshape, squeeze, transpose, unsqueeze
from adjoint.ops.slices import index_add
from adjoint.ops.strides import windows_of

_COMPLEX_ONESIDED = "Cannot have onesided output if window or input is complex"


@public()
def stft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    pad_mode: str = "reflect",
    normalized: bool = False,
    onesided: bool | None = None,
    return_complex: bool | None = None,
    align_to_window: bool | None = None,
) -> Tensor:
    """The Fourier transforms of frames of a signal, (..., length) to (..., frequencies, frames).

    The frames have `n_fft` elements, begin `hop_length` apart, by default a quarter of that, and are multiplied by the
    window, which stands in the middle of the frame where it is shorter. With `center` the signal is first padded, so that
    frames are centered at its first and last elements. Of real signals only half of the frequencies are given, the others
    mirror them; `onesided` says otherwise.

    >>> import adjoint as torch
    >>> x = torch.arange(16.)
    >>> torch.stft(x, 8, window=torch.hann_window(8), return_complex=True).shape
    torch.Size([5, 9])
    """
    (x,) = require_tensors("stft", input)
    hop = n_fft // 4 if hop_length is None else hop_length
    length = n_fft if win_length is None else win_length
    mixed = x.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not mixed:
            raise RuntimeError(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True
    if align_to_window is not None and center:
        raise RuntimeError("stft align_to_window should only be set when center = false")
    if center:
        x = _around(x, n_fft // 2, pad_mode)
    _check_frames(x, n_fft, hop, length, window)
    one = x.ndim == 1
    x = unsqueeze(x, 0) if one else x
    if align_to_window and length < n_fft:
        before = (n_fft - length) // 2
        x = constant_pad_nd(x, [before, n_fft - length - before])
    frames = windows_of(x, 1, n_fft, hop)
    weights = _weights(window, length, n_fft, x)
    if weights is not None:
        frames = mul(frames, weights)
    if onesided is None:
        onesided = not mixed
    if onesided and mixed:
        raise RuntimeError(_COMPLEX_ONESIDED)
    result = transpose((rfft if onesided else fft)(frames, norm="ortho" if normalized else None), 1, 2)
    result = squeeze(result, 0) if one else result
    return result if return_complex else view_as_real(result)


def _around(x: Tensor, width: int, mode: str) -> Tensor:
    """The signals with so many elements more at both ends."""
    shape = x.shape
    padded = pad(reshape(x, *(1,) * (3 - x.ndim), *shape), (width, width), mode)
    return reshape(padded, *shape[:-1], padded.shape[-1])


def _check_frames(x: Tensor, n_fft: int, hop: int, length: int, window: Tensor | None) -> None:
    given = f"stft({list(x.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={length})"
    if x.dtype.rank < FLOAT:
        raise RuntimeError(f"{given}: expected a tensor of floating point or complex values")
    if x.ndim not in (1, 2):
        raise RuntimeError(f"{given}: expected a 1D or 2D tensor")
    if not 0 < n_fft <= x.shape[-1]:
        raise RuntimeError(f"{given}: expected 0 < n_fft < {x.shape[-1]}, but got n_fft={n_fft}")
    if hop <= 0:
        raise RuntimeError(f"{given}: expected hop_length > 0, but got hop_length={hop}")
    if not 0 < length <= n_fft:
        raise RuntimeError(f"{given}: expected 0 < win_length <= n_fft, but got win_length={length}")
    if window is not None and tuple(window.shape) != (length,):
        raise RuntimeError(
            f"{given}: expected a 1D window tensor of size equal to win_length={length}, but got window with size "
            f"{list(window.shape)}"
        )


def _weights(window: Tensor | None, length: int, n_fft: int, x: Tensor) -> Tensor | None:
    """The window in the middle of a frame, zero around it; None where all weights are 1."""
    if window is None:
        if length == n_fft:
            return None
        window = ones(length, dtype=x.dtype.to_real())
    if length == n_fft:
        return window
    before = (n_fft - length) // 2
    return constant_pad_nd(window, [before, n_fft - length - before])


@public()
def istft(
    input: Tensor,
    n_fft: int,
    hop_length: int | None = None,
    win_length: int | None = None,
    window: Tensor | None = None,
    center: bool = True,
    normalized: bool = False,
    onesided: bool | None = None,
    length: int | None = None,
    return_complex: bool = False,
) -> Tensor:
    """The inverse of `stft`: the frames, added up where they overlap, divided by the sum of the windows' squares.

    With `center` the padding is cut off again. The signal is cut, or filled up with zeros, to `length`.

    >>> import adjoint as torch
    >>> x, window = torch.arange(16.), torch.hann_window(8)
    >>> y = torch.istft(torch.stft(x, 8, window=window, return_complex=True), 8, window=window)
    >>> torch.allclose(x, y, atol=1e-5)
    True
    """
    (x,) = require_tensors("istft", input)
    hop = n_fft // 4 if hop_length is None else hop_length
    width = n_fft if win_length is None else win_length
    if not x.is_complex():
        raise RuntimeError(
            "istft requires a complex-valued input tensor matching the output from stft with return_complex=True."
        )
    if x.ndim < 2:
        raise IndexError(dimension_out_of_range(-3, x.ndim + 1))
    if onesided is None:
        onesided = x.shape[-2] != n_fft
    _check_spectrum(x, n_fft, hop, width, window, onesided)
    if return_complex and onesided:
        raise RuntimeError(_COMPLEX_ONESIDED)
    if not return_complex and window is not None and window.is_complex():
        raise RuntimeError("Complex windows are incompatible with return_complex=False")
    one = x.ndim == 2
    spectra = transpose(unsqueeze(x, 0) if one else x, 1, 2)
    norm = "ortho" if normalized else None
    frames = ifft(spectra, norm=norm) if return_complex else irfft(spectra, n_fft, norm=norm)
    weights = _weights(window, width, n_fft, x)
    if weights is None:
        weights = ones(n_fft, dtype=x.dtype.to_real())
    signal = _overlapping(mul(frames, weights), hop)
    envelope = _overlapping(mul(mul(weights, weights), ones(1, frames.shape[1], 1, dtype=weights.dtype)), hop)
    total = n_fft + hop * (frames.shape[1] - 1)
    start = n_fft // 2 if center else 0
    end = start + length if length is not None else total - start
    signal, envelope = (_between(each, start, end) for each in (signal, envelope))
    if amin(envelope.abs()).item() < 1e-11:
        raise RuntimeError(
            f"istft({list(x.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={width}) window overlap add min: 1\n"
            "Some elements have no weight in any frame: take another window, or smaller steps."
        )
    result = signal / envelope
    if end > total:
        warnings.warn(
            "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
            "Please check your center and hop_length settings.",
            UserWarning,
            stacklevel=2,
        )
        result = constant_pad_nd(result, [0, end - total])
    return squeeze(result, 0) if one else result


def _check_spectrum(x: Tensor, n_fft: int, hop: int, width: int, window: Tensor | None, onesided: bool) -> None:
    given = f"istft({list(x.shape)}, n_fft={n_fft}, hop_length={hop}, win_length={width})"
    if not x.numel():
        raise RuntimeError(f"{given}: input tensor cannot be empty.")
    if x.ndim not in (2, 3):
        raise RuntimeError(f"{given}: expected a tensor with 3 or 4 dimensions, but got {x.ndim + 1}")
    if x.shape[-2] != (n_fft // 2 + 1 if onesided else n_fft):
        wanted = "n_fft / 2 + 1" if onesided else "n_fft"
        raise RuntimeError(
            f"{given}: expected the frequency dimension (3rd to the last) of the input tensor to match {wanted} when "
            f"onesided={onesided}, but got {x.shape[-2]}"
        )
    if not 0 < hop <= width:
        raise RuntimeError(f"{given}: expected 0 < hop_length <= win_length")
    if not 0 < width <= n_fft:
        raise RuntimeError(f"{given}: expected 0 < win_length <= n_fft")
    if window is not None and tuple(window.shape) != (width,):
        raise RuntimeError(f"{given}: Invalid window shape. window has to be 1D and length of `win_length`")


def _overlapping(frames: Tensor, hop: int) -> Tensor:
    """Frames, (batch, frames, size), added up `hop` apart: what `unfold` takes apart."""
    batch, count, size = frames.shape
    places = (np.arange(count)[:, None] * hop + np.arange(size)).reshape(-1)
    signal = zeros(batch, size + hop * (count - 1), dtype=frames.dtype)
    return index_add(signal, 1, wrap(places), reshape(frames, batch, -1))


def _between(x: Tensor, start: int, end: int) -> Tensor:
    return narrow(x, 1, start, max(min(end, x.shape[1]) - start, 0))
