"""Convolutions of stride 1 as machine code, where the extra `compile` is installed: no columns are made.

`images`, (batch, channels, room), have each channel of a padded image in one run of memory, and a place in the kernel
shifts all of it by a step. So a result is a sum of shifted runs times weights, and the gradient in a weight is the product
of the result's cotangent and a shifted run. Both go along the runs a few vectors at a time, for several results at once:
as many as keep all sums in registers. A kernel is compiled once for each type of elements, and serves all shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.native.code import machine
from adjoint.native.writer import Writer, family

#: elements of the longest vector, to which runs are rounded up
_GRAIN = 16
#: runs, or vectors of one run, that are multiplied at a time
_ABREAST = 3
#: tasks, at least, that the gradient in a weight is divided into; the order of its sums depends on it
_TASKS = 8


def rounded(size: int) -> int:
    """The size of a run with room for as many places: whole vectors."""
    return -(-size // _GRAIN) * _GRAIN


def _rows() -> int:
    """How many results are made at a time: as many as have registers for their sums."""
    return 8 if machine().vector_bytes == 64 else 4


def convolution(images: Array, w: Array, bias: Array | None, shifts: Array, size: int) -> Array:
    """The sums of shifted runs of this size, (batch, results, size), with weights (results, channels, places)."""
    functions, rows = kernels(images.dtype), _rows()
    assert functions is not None
    results, channels, places = w.shape
    blocks = -(-results // rows)
    weights = np.zeros((blocks * rows, channels * places), w.dtype)
    weights[:results] = w.reshape(results, -1)
    offsets = np.zeros(len(weights), w.dtype)
    if bias is not None:
        offsets[:results] = bias
    weights = weights.reshape(blocks, rows, -1).swapaxes(1, 2).copy()
    result = np.empty((len(images), blocks * rows, size), images.dtype)
    numbers = channels, places, images.shape[2], size, blocks
    functions["convolution"]((images, shifts, weights, offsets, result), numbers, len(images) * blocks)
    return result[:, :results]


def weight(images: Array, g: Array, shifts: Array) -> Array:
    """The products of cotangents, (batch, results, size), and shifted runs: (results, channels, places)."""
    functions, rows = kernels(images.dtype), _rows()
    assert functions is not None
    lanes = machine().vector_bytes // g.dtype.itemsize
    (batch, results, size), channels, places = g.shape, images.shape[1], len(shifts)
    blocks = -(-results // rows)
    if results % rows:
        g = np.concatenate([g, np.zeros((batch, blocks * rows - results, size), g.dtype)], 1)
    each = -(-batch // -(-_TASKS // blocks))  # examples of a task
    tasks = -(-batch // each) * blocks
    sums = np.zeros((tasks, channels, places, rows, lanes), g.dtype)
    numbers = channels, places, images.shape[2], size, blocks, batch, each
    functions["weight"]((images, shifts, g, sums), numbers, tasks)
    totals = (sums.reshape(-1, lanes) @ np.ones(lanes, g.dtype)).reshape(-1, blocks, *sums.shape[1:4])
    return np.moveaxis(totals.sum(0), -1, 1).reshape(-1, channels, places)[:results]


# --- what is compiled ------------------------------------------------------------------------------------------------


def _write_convolution(to: Writer) -> None:
    rows = _rows()
    images, shifts, weights, offsets, result, channels, places, room, size, blocks = to.entries(10)
    image, block = to.divided(to.chunk, blocks)
    its_images = to.times(image, channels, room)
    its_weights = to.times(block, channels, places, rows)
    its_results = to.times(to.chunk, rows, size)

    def several(width: int) -> Callable[..., Any]:
        def at(start: Any, _: Any) -> None:
            def over_channels(channel: Any, sums: Sequence[Any]) -> list[Any]:
                run = to.add(its_images, to.times(channel, room), start)
                beside = to.add(its_weights, to.times(channel, places, rows))

                def over_places(place: Any, sums: Sequence[Any]) -> list[Any]:
                    first = to.add(run, to.number_at(shifts, place))
                    xs = [to.vector_at(images, to.add(first, k * to.lanes)) for k in range(width)]
                    ws = [to.repeated(weights, to.add(beside, to.times(place, rows), row)) for row in range(rows)]
                    return [to.fused(ws[k // width], xs[k % width], each) for k, each in enumerate(sums)]

                return to.loop(0, places, 1, over_places, sums)

            offset = [to.repeated(offsets, to.add(to.times(block, rows), row)) for row in range(rows)]
            sums = to.loop(0, channels, 1, over_channels, [offset[k // width] for k in range(rows * width)])
            for k, each in enumerate(sums):
                row, vector = divmod(k, width)
                to.put(each, result, to.add(its_results, to.times(row, size), start, vector * to.lanes))

        return at

    to.loop_abreast(size, to.lanes, _ABREAST, several)
    to.end()


def _write_weight(to: Writer) -> None:
    rows = _rows()
    images, shifts, cotangents, result, channels, places, room, size, blocks, batch, each = to.entries(11)
    share, block = to.divided(to.chunk, blocks)
    first, last = to.times(share, each), to.lesser(to.times(to.add(share, 1), each), batch)
    its_sums = to.times(to.chunk, channels, places, rows * to.lanes)

    def over_images(image: Any, _: Any) -> None:
        its_cotangents = to.times(to.add(to.times(image, blocks), block), rows, size)

        def over_channels(channel: Any, _: Any) -> None:
            run = to.times(to.add(to.times(image, channels), channel), room)

            def several(width: int) -> Callable[..., Any]:
                def at(place: Any, _: Any) -> None:
                    starts = [to.add(run, to.number_at(shifts, to.add(place, k))) for k in range(width)]
                    slots = to.add(its_sums, to.times(to.add(to.times(channel, places), place), rows * to.lanes))
                    held = [to.add(slots, k * to.lanes) for k in range(width * rows)]

                    def along(at: Any, sums: Sequence[Any]) -> list[Any]:
                        xs = [to.vector_at(images, to.add(start, at)) for start in starts]
                        gs = [
                            to.vector_at(cotangents, to.add(its_cotangents, to.times(row, size), at))
                            for row in range(rows)
                        ]
                        return [to.fused(gs[k % rows], xs[k // rows], each) for k, each in enumerate(sums)]

                    sums = to.loop(0, size, to.lanes, along, [to.vector_at(result, slot) for slot in held])
                    for total, slot in zip(sums, held, strict=True):
                        to.put(total, result, slot)

                return at

            to.loop_abreast(places, 1, _ABREAST, several)

        to.loop(0, channels, 1, over_channels)

    to.loop(first, last, 1, over_images)
    to.end()


kernels = family("convolution", convolution=_write_convolution, weight=_write_weight)
