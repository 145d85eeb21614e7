"""Convolution in any number of dimensions, its two transposes, and the columns that all three are products with.

A convolution sums, over channels and places in its kernel, products of the kernel with windows of the input. The windows
are a view of the padded input; copied into the columns of a matrix they make the sum a product of matrices, which BLAS
carries out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from adjoint.arrays.numpy import Array

#: bytes of columns that are made at a time
_BLOCK = 1 << 25
#: fewer places than this in a result are one product for all examples, rather than one for each
_FEW = 128


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
    kept = tuple(
        slice(max(-low, 0), size - max(-high, 0)) for size, (low, high) in zip(x.shape[lead:], padding, strict=True)
    )
    if all(low <= 0 and high <= 0 for low, high in padding):
        return x[(..., *kept)].copy()
    sizes = tuple(size + sum(pad) for size, pad in zip(x.shape[lead:], padding, strict=True))
    place = tuple(slice(max(low, 0), size - max(high, 0)) for size, (low, high) in zip(sizes, padding, strict=True))
    result = np.full((*x.shape[:lead], *sizes), value, x.dtype)
    result[(..., *place)] = x[(..., *kept)]
    return result


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


def _in_runs(g: Array, matrix: Array, sizes: Sequence[int], kernel: Sequence[int], geometry: Geometry) -> Array:
    """The transpose of a convolution of stride 1: each place in the kernel shifts its products by a step in memory.

    The cotangents, (batch, groups, results, *counts), are padded to the input's sizes in all but the first spatial axis.
    Then a shift moves all of an image at once, rather than row by row; what runs over the end of a row is zero.
    """
    padded = [size + sum(pad) for size, pad in zip(sizes, geometry.padding, strict=True)]
    steps = [prod(padded[axis + 1 :]) for axis in range(len(padded))]
    g = constant_pad(g, padding=[(0, size - n) for size, n in zip(padded[1:], g.shape[4:], strict=True)])
    reach = prod(g.shape[3:])
    shifts = [
        sum(at * wide * step for at, wide, step in zip(position, geometry.dilation, steps, strict=True))
        for position in product(*map(range, kernel))
    ]
    columns = matrix @ g.reshape(*g.shape[:3], reach)
    columns = columns.reshape(len(g), -1, len(shifts), reach)
    result = np.zeros((*columns.shape[:2], reach + shifts[-1]), g.dtype)
    for place, shift in enumerate(shifts):
        result[:, :, shift : shift + reach] += columns[:, :, place]
    whole = result[:, :, : prod(padded)].reshape(*result.shape[:2], *padded)
    return _padded(whole, [(-low, -high) for low, high in geometry.padding])


def _runs_pay(counts: Sequence[int], sizes: Sequence[int], geometry: Geometry) -> bool:
    """Whether the stride is 1 and what `_in_runs` adds to the product of matrices is little."""
    padded = [size + sum(pad) for size, pad in zip(sizes, geometry.padding, strict=True)]
    return set(geometry.stride) == {1} and 4 * prod(padded[1:]) <= 5 * prod(counts[1:])


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
    matrix = w.reshape(groups, results, prod(w.shape[1:])).swapaxes(1, 2)
    channels = groups * w.shape[1]
    result = np.empty((g.shape[0], channels, *sizes), g.dtype)
    runs = _runs_pay(counts, sizes, geometry) and np.isfinite(w).all()  # zero times an infinite weight is not zero
    for part in _blocks(g.shape[0], groups * matrix.shape[1] * places * g.itemsize):
        given = g[part]
        if places < _FEW:
            rows = given.swapaxes(0, 1).reshape(groups, results, len(given) * places)
            columns = (matrix @ rows).reshape(channels, *kernel, len(given), *counts)
            columns = np.moveaxis(columns, -len(counts) - 1, 0)
        elif runs:
            rows = given.reshape(len(given), groups, results, *counts)
            result[part] = _in_runs(rows, matrix, sizes, kernel, geometry)
            continue
        else:
            columns = matrix @ given.reshape(len(given), groups, results, places)
            columns = columns.reshape(len(given), channels, *kernel, *counts)
        result[part] = _overlaid(columns, sizes, geometry)
    return _add_bias(result, bias)


def conv_weight(g: Array, x: Array, *, kernel: Sequence[int], geometry: Geometry) -> Array:
    """The transpose of `conv` with respect to its weight, which had a kernel of these sizes."""
    counts, groups = g.shape[2:], geometry.groups
    places, channels, results = prod(counts), x.shape[1] // groups, g.shape[1] // groups
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
