"""Convolution in any number of dimensions, its two transposes, and the columns that all three are products with.

A convolution sums, over channels and places in its kernel, products of the kernel with windows of the input. The windows
are a view of the padded input; copied into the columns of a matrix they make the sum a product of matrices, which BLAS
carries out.

Where the stride is 1, the windows at one place in the kernel are all of the padded image, shifted by a step in memory.
With results for a whole frame of places, of which those are dropped that lie across the end of a row, nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adjoint.arrays.kernels import compiled_convolution as compiled
from adjoint.arrays.numpy import Array

#: bytes of columns that are made at a time
_BLOCK = 1 << 25
#: fewer places than this in a result are one product for all examples, rather than one for each
_FEW = 128
#: products from which on convolutions are compiled, and places of results from which on the gradients of weights are
_LARGE, _LONG = 1 << 25, 256


class Geometry(NamedTuple):
    """How windows lie on an input, per spatial axis; `padding` has what is added before and after."""

    stride: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1

    def counts(self, sizes: Sequence[int], kernel: Sequence[int]) -> tuple[int, ...]:
        """How many windows there are along each axis."""
        settings = zip(sizes, kernel, self.stride, self.padding, self.dilation, strict=True)
        return tuple(
            (size + sum(pad) - wide * (width - 1) - 1) // step + 1 for size, width, step, pad, wide in settings
        )


def constant_pad(x: Array, *, padding: Sequence[tuple[int, int]], value: Any = 0) -> Array:
    """`x` with elements of this value before and after it along each of the last axes; cut where padding is negative."""
    lead = x.ndim - len(padding)
    if all(low <= 0 and high <= 0 for low, high in padding):
        return x[(..., *_sides(x.shape[lead:], padding)[1])].copy()
    result = np.full((*x.shape[:lead], *_padded_sizes(x.shape[lead:], padding)), value, x.dtype)
    _lay(x, padding, result)
    return result


def _padded_sizes(sizes: Sequence[int], padding: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(size + sum(pad) for size, pad in zip(sizes, padding, strict=True))


def _sides(sizes: Sequence[int], padding: Sequence[tuple[int, int]]) -> tuple[list[slice], list[slice]]:
    """Where an array lies in its padded form, and which part of it that is."""
    pairs = list(zip(sizes, padding, strict=True))
    place = [slice(max(low, 0), size + low + min(high, 0)) for size, (low, high) in pairs]
    kept = [slice(max(-low, 0), size + min(high, 0)) for size, (low, high) in pairs]
    return place, kept


def _lay(x: Array, padding: Sequence[tuple[int, int]], target: Array) -> None:
    """Copy `x` to its place in its padded form."""
    place, kept = _sides(x.shape[x.ndim - len(padding) :], padding)
    target[(..., *place)] = x[(..., *kept)]


def _padded(x: Array, padding: Sequence[tuple[int, int]]) -> Array:
    return constant_pad(x, padding=padding) if any(map(any, padding)) else x


def _windows(x: Array, kernel: Sequence[int], counts: Sequence[int], geometry: Geometry) -> Array:
    """The windows of an input, as a view of it or of its padded copy: (batch, channels, *kernel, *counts)."""
    x = _padded(x, geometry.padding)
    inside = [step * wide for step, wide in zip(x.strides[2:], geometry.dilation, strict=True)]
    between = [step * apart for step, apart in zip(x.strides[2:], geometry.stride, strict=True)]
    return as_strided(x, (*x.shape[:2], *kernel, *counts), (*x.strides[:2], *inside, *between), writeable=False)


def _overlaid(columns: Array, sizes: Sequence[int], geometry: Geometry) -> Array:
    """The sum of windows, (batch, channels, *kernel, *counts), each laid in its place: the transpose of `_windows`."""
    axes = len(sizes)
    kernel, counts = columns.shape[2 : 2 + axes], columns.shape[2 + axes :]
    padded = [size + sum(pad) for size, pad in zip(sizes, geometry.padding, strict=True)]
    result = np.zeros((*columns.shape[:2], *padded), columns.dtype)
    for position in product(*map(range, kernel)):
        settings = zip(position, geometry.dilation, geometry.stride, counts, strict=True)
        target: Any = tuple(slice(at * wide, at * wide + apart * (n - 1) + 1, apart) for at, wide, apart, n in settings)
        result[(slice(None), slice(None), *target)] += columns[(slice(None), slice(None), *position)]
    return _padded(result, [(-low, -high) for low, high in geometry.padding])


class _Runs:
    """Padded images, each channel of which is one run of memory, and how far each place in a kernel shifts them."""

    def __init__(self, x: Array, kernel: Sequence[int], counts: Sequence[int], geometry: Geometry) -> None:
        padded = _padded_sizes(x.shape[2:], geometry.padding)
        steps = [prod(padded[axis + 1 :]) * wide for axis, wide in enumerate(geometry.dilation)]
        self.shifts = np.array([np.dot(position, steps) for position in product(*map(range, kernel))], np.int64)
        self.frame = (counts[0], *padded[1:])
        self.size = compiled.rounded(prod(self.frame))
        self.images = np.zeros((*x.shape[:2], self.size + int(self.shifts[-1])), x.dtype)
        _lay(x, geometry.padding, self.images[..., : prod(padded)].reshape(*x.shape[:2], *padded))
        self._counts = counts

    def kept(self, results: Array) -> Array:
        """Those of (batch, results, size) that are not dropped, as a view."""
        framed = results[..., : prod(self.frame)].reshape(*results.shape[:2], *self.frame)
        return framed[(..., *map(slice, self._counts))]


def _is_compiled(x: Array, w_shape: Sequence[int], counts: Sequence[int], geometry: Geometry) -> bool:
    """Whether a convolution is large, and of a kind in which machine code is faster than a product of matrices."""
    frame = prod(_padded_sizes(x.shape[2:], geometry.padding)[1:]) * counts[0]
    return (
        x.shape[0] * prod(w_shape) * prod(counts) >= _LARGE
        and geometry.groups == 1
        and set(geometry.stride) == {1}
        and prod(w_shape[2:]) > 1
        and x.dtype.type in (np.float32, np.float64)
        and 10 * compiled.rounded(frame) <= 13 * prod(counts)
        and compiled.kernels(x.dtype) is not None
    )


def _blocks(batch: int, bytes_each: int) -> Iterator[slice]:
    """The examples in parts, whose columns together are not too large."""
    count = max(_BLOCK // max(bytes_each, 1), 1)
    return (slice(start, start + count) for start in range(0, batch, count))


def _add_bias(result: Array, bias: Array | None) -> Array:
    if bias is not None:
        result += bias.reshape(-1, *(1,) * (result.ndim - 2))
    return result


def conv(x: Array, w: Array, bias: Array | None = None, *, geometry: Geometry) -> Array:
    """The convolution of (batch, channels, *sizes) with (results, channels / groups, *kernel)."""
    counts = geometry.counts(x.shape[2:], w.shape[2:])
    if _is_compiled(x, w.shape, counts, geometry):
        runs = _Runs(x, w.shape[2:], counts, geometry)
        weights = w.reshape(*w.shape[:2], prod(w.shape[2:]))
        return runs.kept(compiled.convolution(runs.images, weights, bias, runs.shifts, runs.size)).copy()
    groups, places, results = geometry.groups, prod(counts), w.shape[0] // geometry.groups
    windows = _windows(x, w.shape[2:], counts, geometry)
    matrix = w.reshape(groups, results, prod(w.shape[1:]))
    depth = matrix.shape[2]
    result = np.empty((x.shape[0], w.shape[0], *counts), x.dtype)
    for part in _blocks(x.shape[0], groups * depth * places * x.itemsize):
        given = windows[part]
        if places < _FEW:
            columns = np.moveaxis(given, 0, -len(counts) - 1).reshape(groups, depth, len(given) * places)
            result[part] = (matrix @ columns).reshape(w.shape[0], len(given), *counts).swapaxes(0, 1)
        else:
            columns = given.reshape(len(given), groups, depth, places)
            np.matmul(matrix, columns, out=result[part].reshape(len(given), groups, results, places))
    return _add_bias(result, bias)


def conv_input(g: Array, w: Array, bias: Array | None = None, *, sizes: Sequence[int], geometry: Geometry) -> Array:
    """The transpose of `conv` with respect to its input, which had these sizes: the transposed convolution."""
    counts, kernel = g.shape[2:], w.shape[2:]
    groups, places, results = geometry.groups, prod(counts), w.shape[0] // geometry.groups
    if set(geometry.stride) == {1}:
        turned, around = _turned(w, groups), _around(geometry, kernel)
        if (w.shape[1] >= results and places >= _FEW) or (
            2 * w.shape[1] >= results and _is_compiled(g, turned.shape, sizes, around)
        ):
            return conv(g, turned, bias, geometry=around)
    matrix = w.reshape(groups, results, prod(w.shape[1:])).swapaxes(1, 2)
    channels = groups * w.shape[1]
    result = np.empty((g.shape[0], channels, *sizes), g.dtype)
    for part in _blocks(g.shape[0], groups * matrix.shape[1] * places * g.itemsize):
        given = g[part]
        if places < _FEW:
            rows = given.swapaxes(0, 1).reshape(groups, results, len(given) * places)
            columns = (matrix @ rows).reshape(channels, *kernel, len(given), *counts)
            columns = np.moveaxis(columns, -len(counts) - 1, 0)
        else:
            columns = matrix @ given.reshape(len(given), groups, results, places)
            columns = columns.reshape(len(given), channels, *kernel, *counts)
        result[part] = _overlaid(columns, sizes, geometry)
    return _add_bias(result, bias)


def _turned(w: Array, groups: int) -> Array:
    """The kernels of the transpose of a convolution of stride 1, which is a convolution too."""
    turned = np.flip(w, range(2, w.ndim)).reshape(groups, w.shape[0] // groups, *w.shape[1:]).swapaxes(1, 2)
    return turned.reshape(groups * w.shape[1], w.shape[0] // groups, *w.shape[2:])


def _around(geometry: Geometry, kernel: Sequence[int]) -> Geometry:
    """The geometry of the transpose of a convolution of stride 1."""
    reaches = [wide * (width - 1) for wide, width in zip(geometry.dilation, kernel, strict=True)]
    padding = tuple((reach - low, reach - high) for reach, (low, high) in zip(reaches, geometry.padding, strict=True))
    return geometry._replace(padding=padding)


def conv_weight(g: Array, x: Array, *, kernel: Sequence[int], geometry: Geometry) -> Array:
    """The transpose of `conv` with respect to its weight, which had a kernel of these sizes."""
    counts, groups = g.shape[2:], geometry.groups
    places, channels, results = prod(counts), x.shape[1] // groups, g.shape[1] // groups
    if places >= _LONG and _is_compiled(x, (g.shape[1], channels, *kernel), counts, geometry):
        runs = _Runs(x, kernel, counts, geometry)
        framed = np.zeros((*g.shape[:2], runs.size), g.dtype)
        runs.kept(framed)[...] = g
        result = compiled.weight(runs.images, framed, runs.shifts)
        if np.isfinite(result).all():  # zero times what is infinite, and is to be dropped, is not zero
            return result.reshape(g.shape[1], channels, *kernel)
    windows = _windows(x, kernel, counts, geometry)
    depth = channels * prod(kernel)
    result = np.zeros((groups, depth, results), g.dtype)
    for part in _blocks(g.shape[0], groups * depth * places * g.itemsize):
        count = len(g[part])
        columns = np.moveaxis(windows[part], 0, -len(counts) - 1).reshape(groups, depth, count * places)
        rows = g[part].swapaxes(0, 1).reshape(groups, results, count * places)
        result += columns @ rows.swapaxes(1, 2)
    return np.ascontiguousarray(result.swapaxes(1, 2)).reshape(g.shape[1], channels, *kernel)


def im2col(x: Array, *, kernel: Sequence[int], geometry: Geometry) -> Array:
    """The windows of (batch, channels, *sizes) as columns: (batch, channels * places in the kernel, windows)."""
    counts = geometry.counts(x.shape[2:], kernel)
    shape = (x.shape[0], x.shape[1] * prod(kernel), prod(counts))
    return np.array(_windows(x, kernel, counts, geometry), order="C").reshape(shape)


def col2im(x: Array, *, sizes: Sequence[int], kernel: Sequence[int], geometry: Geometry) -> Array:
    """The sum of windows, given as columns, each laid in its place: the transpose of `im2col`."""
    counts = geometry.counts(sizes, kernel)
    return _overlaid(x.reshape(x.shape[0], x.shape[1] // prod(kernel), *kernel, *counts), sizes, geometry)
