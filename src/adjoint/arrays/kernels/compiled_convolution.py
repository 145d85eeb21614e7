"""Convolutions of stride 1 as machine code, where the extra `compile` is installed: no columns are made.

`images`, (batch, channels, room), have each channel of a padded image in one run of memory, and a place in the kernel
shifts all of it by a step. So a result is a sum of shifted runs times weights, and the gradient in a weight is the product
of the result's cotangent and a shifted run. Both go along the runs a few vectors at a time, for several results at once:
as many as keep all sums in registers. A kernel is compiled once for each type of elements, and serves all shapes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy
from adjoint.native.chunks import DRIVERS
from adjoint.native.code import NativeCode, machine
from adjoint.native.threads import run_shared

ir = lazy("llvmlite.ir", extra="compile")

#: elements of the longest vector, to which runs are rounded up
_GRAIN = 16
#: runs, or vectors of one run, that are multiplied at a time
_ABREAST = 3
#: tasks, at least, that the gradient in a weight is divided into; the order of its sums depends on it
_TASKS = 8


def rounded(size: int) -> int:
    """The size of a run with room for as many places: whole vectors."""
    return -(-size // _GRAIN) * _GRAIN


class _Kernels(NamedTuple):
    """The compiled functions, how many results they make at a time, and how many elements a vector has."""

    convolution: Callable
    weight: Callable
    rows: int
    lanes: int


@cache
def kernels(dtype: np.dtype) -> _Kernels | None:
    """The functions for a type of elements, or None where there is no compiler."""
    try:
        host = machine()
    except ModuleNotFoundError:
        return None
    rows, lanes = 8 if host.vector_bytes == 64 else 4, host.vector_bytes // dtype.itemsize
    module = ir.Module("convolution")
    _write_convolution(_Writer(module, "convolution", dtype, lanes), rows)
    _write_weight(_Writer(module, "weight", dtype, lanes), rows)
    code = NativeCode("\n".join([str(module), _driver("convolution"), _driver("weight"), DRIVERS]))
    return _Kernels(_function(code, "convolution"), _function(code, "weight"), rows, lanes)


def _driver(name: str) -> str:
    return f"""
define void @share_{name}(ptr %table, ptr %counters, i64 %chunks) {{
  call void @take_chunks(ptr @{name}, ptr %table, ptr %counters, i64 %chunks)
  ret void
}}"""


def _function(code: NativeCode, name: str) -> Callable[..., None]:
    native = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code.address(f"share_{name}"))
    native.code = code  # a thread that comes late must still find the code that it is to run

    def run(arrays: Sequence[Array], numbers: Sequence[int], chunks: int) -> None:
        table = np.array([*(each.ctypes.data for each in arrays), *numbers], np.int64)
        run_shared(native, table.ctypes, np.zeros(2, np.int64).ctypes, chunks)

    return run


def convolution(images: Array, w: Array, bias: Array | None, shifts: Array, size: int) -> Array:
    """The sums of shifted runs of this size, (batch, results, size), with weights (results, channels, places)."""
    compiled = kernels(images.dtype)
    assert compiled is not None
    results, channels, places = w.shape
    blocks = -(-results // compiled.rows)
    weights = np.zeros((blocks * compiled.rows, channels * places), w.dtype)
    weights[:results] = w.reshape(results, -1)
    offsets = np.zeros(len(weights), w.dtype)
    if bias is not None:
        offsets[:results] = bias
    weights = weights.reshape(blocks, compiled.rows, -1).swapaxes(1, 2).copy()
    result = np.empty((len(images), blocks * compiled.rows, size), images.dtype)
    numbers = channels, places, images.shape[2], size, blocks
    compiled.convolution((images, shifts, weights, offsets, result), numbers, len(images) * blocks)
    return result[:, :results]


def weight(images: Array, g: Array, shifts: Array) -> Array:
    """The products of cotangents, (batch, results, size), and shifted runs: (results, channels, places)."""
    compiled = kernels(images.dtype)
    assert compiled is not None
    (batch, results, size), channels, places = g.shape, images.shape[1], len(shifts)
    blocks = -(-results // compiled.rows)
    if results % compiled.rows:
        g = np.concatenate([g, np.zeros((batch, blocks * compiled.rows - results, size), g.dtype)], 1)
    each = -(-batch // -(-_TASKS // blocks))  # examples of a task
    tasks = -(-batch // each) * blocks
    sums = np.zeros((tasks, channels, places, compiled.rows, compiled.lanes), g.dtype)
    numbers = channels, places, images.shape[2], size, blocks, batch, each
    compiled.weight((images, shifts, g, sums), numbers, tasks)
    totals = (sums.reshape(-1, compiled.lanes) @ np.ones(compiled.lanes, g.dtype)).reshape(-1, blocks, *sums.shape[1:4])
    return np.moveaxis(totals.sum(0), -1, 1).reshape(-1, channels, places)[:results]


# --- what is compiled ------------------------------------------------------------------------------------------------


class _Writer:
    """A function `void(table, chunk)` in the making. Numbers of elements, and addresses, are integers of 64 bits."""

    def __init__(self, module: Any, name: str, dtype: np.dtype, lanes: int) -> None:
        self.lanes, self.itemsize = lanes, dtype.itemsize
        self.number = ir.IntType(64)
        self.scalar = ir.FloatType() if dtype.itemsize == 4 else ir.DoubleType()
        self.vector = ir.VectorType(self.scalar, lanes)
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), self.number])
        self.function = ir.Function(module, kind, name)
        self.table, self.chunk = self.function.args
        self.code = ir.IRBuilder(self.function.append_basic_block())
        fused = f"llvm.fmuladd.v{lanes}f{8 * dtype.itemsize}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self._fused = module.globals.get(fused) or ir.Function(module, kind, fused)

    def constant(self, value: Any) -> Any:
        return self.number(value) if isinstance(value, int) else value

    def add(self, *numbers: Any) -> Any:
        total, *rest = map(self.constant, numbers)
        for each in rest:
            total = self.code.add(total, each)
        return total

    def times(self, *numbers: Any) -> Any:
        total, *rest = map(self.constant, numbers)
        for each in rest:
            total = self.code.mul(total, each)
        return total

    def divided(self, x: Any, y: Any) -> tuple[Any, Any]:
        """The quotient and the remainder."""
        return self.code.sdiv(x, self.constant(y)), self.code.srem(x, self.constant(y))

    def entries(self, count: int) -> list[Any]:
        """The first numbers of the table, of which some are addresses."""
        places = (self.code.gep(self.table, [self.number(k)], source_etype=self.number) for k in range(count))
        return [self.code.load(place, typ=self.number) for place in places]

    def _pointer(self, start: Any, element: Any, itemsize: int) -> Any:
        return self.code.inttoptr(self.add(start, self.times(element, itemsize)), ir.PointerType())

    def number_at(self, start: Any, element: Any) -> Any:
        return self.code.load(self._pointer(start, element, 8), typ=self.number)

    def vector_at(self, start: Any, element: Any) -> Any:
        return self.code.load(self._pointer(start, element, self.itemsize), align=self.itemsize, typ=self.vector)

    def repeated(self, start: Any, element: Any) -> Any:
        """A vector of one element."""
        value = self.code.load(self._pointer(start, element, self.itemsize), typ=self.scalar)
        nothing = self.vector(ir.Undefined)
        first = self.code.insert_element(nothing, value, self.number(0))
        return self.code.shuffle_vector(first, nothing, ir.VectorType(ir.IntType(32), self.lanes)([0] * self.lanes))

    def put(self, vector: Any, start: Any, element: Any) -> None:
        self.code.store(vector, self._pointer(start, element, self.itemsize), align=self.itemsize)

    def fused(self, x: Any, y: Any, z: Any) -> Any:
        """`x * y + z`."""
        return self.code.call(self._fused, [x, y, z])

    def loop(self, start: Any, stop: Any, step: int, body: Callable[..., Any], values: Sequence[Any] = ()) -> list[Any]:
        """Repeat `values = body(number, values)`; the last values."""
        code, before = self.code, self.code.block
        head, inside, after = (self.function.append_basic_block() for _ in range(3))
        code.branch(head)
        code.position_at_end(head)
        number, *carried = (code.phi(self.number), *(code.phi(each.type) for each in values))
        code.cbranch(code.icmp_signed("<", number, stop), inside, after)
        code.position_at_end(inside)
        changed = body(number, carried) or ()
        for phi, first, then in zip(
            (number, *carried), (self.constant(start), *values), (self.add(number, step), *changed), strict=True
        ):
            phi.add_incoming(first, before)
            phi.add_incoming(then, code.block)
        code.branch(head)
        code.position_at_end(after)
        return carried

    def loop_abreast(self, stop: Any, step: int, body: Callable[[int], Callable[..., Any]]) -> None:
        """A loop over several steps at a time, `body(_ABREAST)`, and one over those that are left, `body(1)`."""
        several = self.times(self.divided(stop, _ABREAST * step)[0], _ABREAST * step)
        self.loop(0, several, _ABREAST * step, body(_ABREAST))
        self.loop(several, stop, step, body(1))


def _write_convolution(to: _Writer, rows: int) -> None:
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

    to.loop_abreast(size, to.lanes, several)
    to.code.ret_void()


def _write_weight(to: _Writer, rows: int) -> None:
    images, shifts, cotangents, result, channels, places, room, size, blocks, batch, each = to.entries(11)
    share, block = to.divided(to.chunk, blocks)
    first, end = to.times(share, each), to.times(to.add(share, 1), each)
    last = to.code.select(to.code.icmp_signed("<", end, batch), end, batch)
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

            to.loop_abreast(places, 1, several)

        to.loop(0, channels, 1, over_channels)

    to.loop(first, last, 1, over_images)
    to.code.ret_void()
