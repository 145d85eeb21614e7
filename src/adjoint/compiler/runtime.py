"""Run a compiled program: fill in the table of addresses, and call the machine code."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.program import Operation
from adjoint.compiler.build import Built, Segment
from adjoint.compiler.layout import contiguous
from adjoint.compiler.plan import Reference
from adjoint.native.threads import get_num_threads, run_shared

__all__ = ["Executable", "element_strides"]

RUN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
SHARE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)


class Executable:
    """A compiled program. Call it with NumPy arrays of the types, shapes and strides that it was compiled for."""

    def __init__(self, built: Built) -> None:
        self.built = built
        plan = built.plan
        self.count = len(plan.slots)
        self.inputs = len(built.program.inputs)
        self.captures = [(plan.slots[value], array) for value, array in built.program.captures.items()]
        self.fresh = [(slot, value.shape, value.dtype) for slot, value in plan.fresh.items()]
        self.scratch = list(plan.scratch.items())
        self.scratch_bytes = plan.scratch_bytes
        self.idle_scratch: list[np.ndarray] = []  # a call takes one and gives it back, so calls may overlap
        self.steps = [self.step(step) for step in built.steps]
        self.outputs = [self.getter(x) for x in plan.outputs]
        self.updates = [(number, self.getter(x)) for number, x in plan.updates.items()]

    def __call__(self, *inputs: np.ndarray) -> list[Any]:
        """The outputs. Inputs that the program updates have their new values afterwards."""
        arrays: list[Any] = [*inputs, *(None,) * (self.count - self.inputs)]
        for slot, array in self.captures:
            arrays[slot] = array
        for slot, shape, dtype in self.fresh:
            arrays[slot] = np.empty(shape, dtype)
        table = np.empty(max(self.count, 1), np.uintp)
        for slot, array in enumerate(arrays):
            if array is not None:
                table[slot] = array.ctypes.data
        scratch = None
        if self.scratch_bytes:
            scratch = self.idle_scratch.pop() if self.idle_scratch else np.empty(self.scratch_bytes, np.uint8)
            start = scratch.ctypes.data
            for slot, offset in self.scratch:
                table[slot] = start + offset
        for step in self.steps:
            step(arrays, table)
        if scratch is not None:
            self.idle_scratch.append(scratch)
        outputs = [get(arrays) for get in self.outputs]
        if self.updates:
            self.write_back(inputs, arrays)
        return [x[()] if x.__class__ is np.ndarray and not x.shape else x for x in outputs]

    def write_back(self, inputs: Sequence[np.ndarray], arrays: list) -> None:
        news = [get(arrays) for _, get in self.updates]
        if len(news) > 1:
            news = [np.array(new) for new in news]  # one may be a view of what another overwrites
        for (number, _), new in zip(self.updates, news, strict=True):
            np.copyto(inputs[number], new, casting="unsafe")

    def step(self, step: Segment | Operation) -> Callable[[list, np.ndarray], None]:
        if isinstance(step, Segment):
            return native_call(step, self.built.code)
        slot = self.built.plan.slots[step.result]
        getters = [self.getter(x) for x in self.built.plan.operands[step]]
        result = step.result

        def call(arrays: list, table: np.ndarray) -> None:
            made = np.asarray(step.evaluate([get(arrays) for get in getters]), result.dtype, order="C")
            arrays[slot] = made
            table[slot] = made.ctypes.data

        return call

    def getter(self, operand: Any) -> Callable[[list], Any]:
        """A function from the arrays behind the slots to the array that is meant."""
        if not isinstance(operand, Reference):
            return lambda arrays: operand
        slot, views, copied = operand.slot, operand.views, operand.copied
        if not views and not copied:
            return lambda arrays: arrays[slot]

        def view(arrays: list) -> Any:
            array = arrays[slot]
            for step in views:
                array = step.evaluate([array])
            return array.copy() if copied else array

        return view


def element_strides(array: np.ndarray) -> tuple[int, ...]:
    """The strides of an array in elements; those of C order if its elements lie in C order without gaps."""
    if array.flags.c_contiguous:
        return contiguous(array.shape)
    if any(step % array.itemsize for step in array.strides):
        raise ValueError("the elements of an array are not aligned")
    return tuple(step // array.itemsize for step in array.strides)


def native_call(segment: Segment, code: Any) -> Callable[[list, np.ndarray], None]:
    """A function that runs a segment, with the help of other threads where that is worth it."""
    run = RUN(segment.run)
    if not segment.share:
        return lambda arrays, table: run(table.ctypes.data)
    share, counters = SHARE(segment.share), 2 * len(segment.functions)
    share.code = code  # type: ignore[attr-defined]  # a thread that comes late must still find the code that it is to run

    def call(arrays: list, table: np.ndarray) -> None:
        if get_num_threads() == 1:
            run(table.ctypes.data)
        else:
            state = np.zeros(counters, np.int64)
            run_shared(share, table.ctypes, state.ctypes)  # these keep the arrays alive for a thread that comes late

    return call
