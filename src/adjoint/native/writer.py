"""Kernels written by hand: functions `void(table, chunk)`, their loops, and what they read and write in memory.

A kernel's table holds addresses of arrays and other numbers. Its chunks are independent of each other, so that threads
can share them. Numbers of elements, and addresses, are integers of 64 bits.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np

from adjoint.lazy import lazy
from adjoint.native.chunks import DRIVERS
from adjoint.native.code import NativeCode, machine
from adjoint.native.lanes import Code, Lanes, ir_type
from adjoint.native.threads import run_shared

__all__ = ["Kernel", "Writer", "family"]

ir = lazy("llvmlite.ir", extra="compile")

Kernel = Callable[[Sequence[np.ndarray], Sequence[int], int], None]
"""`kernel(arrays, numbers, chunks)` runs all chunks, in the threads that there are."""


class Writer:
    """A kernel in the making, for arrays of one type, with vectors of `lanes` of their elements."""

    def __init__(self, module: Any, name: str, dtype: np.dtype) -> None:
        self.dtype, self.lanes = dtype, machine().vector_bytes // dtype.itemsize
        self.number = ir.IntType(64)
        self.vector = ir_type(dtype, self.lanes)
        kind = ir.FunctionType(ir.VoidType(), [ir.PointerType(), self.number])
        self.function = ir.Function(module, kind, name)
        self.table, self.chunk = self.function.args
        self.code = ir.IRBuilder(self.function.append_basic_block())

    # --- numbers ---

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

    def lesser(self, x: Any, y: Any) -> Any:
        return self.code.select(self.code.icmp_signed("<", x, y), x, y)

    # --- memory ---

    def entries(self, count: int) -> list[Any]:
        """The first numbers of the table, of which some are addresses."""
        places = (self.code.gep(self.table, [self.number(k)], source_etype=self.number) for k in range(count))
        return [self.code.load(place, typ=self.number) for place in places]

    def _pointer(self, start: Any, element: Any, itemsize: int) -> Any:
        return self.code.inttoptr(self.add(start, self.times(element, itemsize)), ir.PointerType())

    def number_at(self, start: Any, element: Any) -> Any:
        return self.code.load(self._pointer(start, element, 8), typ=self.number)

    def vector_at(self, start: Any, element: Any) -> Any:
        """The vector that begins at an element of the array at an address."""
        place = self._pointer(start, element, self.dtype.itemsize)
        return self.code.load(place, align=self.dtype.itemsize, typ=self.vector)

    def repeated(self, start: Any, element: Any) -> Any:
        """A vector of one element."""
        value = self.code.load(self._pointer(start, element, self.dtype.itemsize), typ=self.vector.element)
        return Code(self.code, self.lanes).splat(value, self.dtype).value

    def put(self, vector: Any, start: Any, element: Any) -> None:
        place = self._pointer(start, element, self.dtype.itemsize)
        self.code.store(vector, place, align=self.dtype.itemsize)

    # --- vectors ---

    def fused(self, x: Any, y: Any, z: Any) -> Any:
        """`x * y + z`."""
        x, y, z = self.formula(x, y, z)
        return x.fma(y, z).value

    def formula(self, *vectors: Any) -> list[Lanes]:
        """Vectors as what formulas are written with. They hold between two loops, not across them."""
        code = Code(self.code, self.lanes, has_ldexp=machine().has_ldexp)
        return [code.wrap(each, self.dtype) for each in vectors]

    # --- loops ---

    def loop(self, start: Any, stop: Any, step: int, body: Callable[..., Any], values: Sequence[Any] = ()) -> list[Any]:
        """Repeat `values = body(number, values)`; the last values."""
        code, before = self.code, self.code.block
        start, stop = self.constant(start), self.constant(stop)
        head, inside, after = (self.function.append_basic_block() for _ in range(3))
        code.branch(head)
        code.position_at_end(head)
        number, *carried = (code.phi(self.number), *(code.phi(each.type) for each in values))
        code.cbranch(code.icmp_signed("<", number, stop), inside, after)
        code.position_at_end(inside)
        changed = body(number, carried) or ()
        pairs = zip((number, *carried), (start, *values), (self.add(number, step), *changed), strict=True)
        for phi, first, then in pairs:
            phi.add_incoming(first, before)
            phi.add_incoming(then, code.block)
        code.branch(head)
        code.position_at_end(after)
        return carried

    def loop_abreast(self, stop: Any, step: int, most: int, body: Callable[[int], Callable[..., Any]]) -> None:
        """A loop over `most` steps at a time, `body(most)`, and one over those that are left, `body(1)`."""
        several = self.times(self.divided(stop, most * step)[0], most * step)
        self.loop(0, several, most * step, body(most))
        self.loop(several, stop, step, body(1))

    def end(self) -> None:
        self.code.ret_void()


def family(name: str, **kernels: Callable[[Writer], None]) -> Callable[[np.dtype], dict[str, Kernel] | None]:
    """A function from a type of elements to kernels for it, each made by the function that writes it.

    They are compiled when they are first asked for; None where there is no compiler.
    """

    @cache
    def compiled(dtype: np.dtype) -> dict[str, Kernel] | None:
        try:
            machine()
        except ModuleNotFoundError:
            return None
        module = ir.Module(name)
        for kernel, write in kernels.items():
            write(Writer(module, kernel, dtype))
        code = NativeCode("\n".join([str(module), *map(_driver, kernels), DRIVERS]))
        return {kernel: _function(code, kernel) for kernel in kernels}

    return compiled


def _driver(name: str) -> str:
    return f"""
define void @share_{name}(ptr %table, ptr %counters, i64 %chunks) {{
  call void @take_chunks(ptr @{name}, ptr %table, ptr %counters, i64 %chunks)
  ret void
}}"""


def _function(code: NativeCode, name: str) -> Kernel:
    native = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(code.address(f"share_{name}"))
    native.code = code  # type: ignore[attr-defined]  # a thread that comes late must still find what it is to run

    def run(arrays: Sequence[np.ndarray], numbers: Sequence[int], chunks: int) -> None:
        table = np.array([*(each.ctypes.data for each in arrays), *numbers], np.int64)
        run_shared(native, table.ctypes, np.zeros(2, np.int64).ctypes, chunks)

    return run
