"""Lanes from memory and back: neighbouring elements, the same element for all lanes, or elements at a distance.

A bool is a byte in memory and a bit in a lane.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.lazy import lazy
from adjoint.native.lanes import Code, Lanes, ir_type, suffix

__all__ = ["full_mask", "load", "load_scalar", "reserve", "store"]

ir = lazy("llvmlite.ir", extra="compile")

BYTE = np.dtype(np.uint8)


def reserve(builder: Any, kind: Any, count: int | None = None) -> Any:
    """Room for a value, or for so many, on the stack. It must be asked for at the start of a function."""
    place = builder.alloca(kind, size=count)
    place.type = ir.PointerType()  # as all pointers here, it does not say to what it points
    return place


def in_memory(dtype: np.dtype) -> np.dtype:
    return BYTE if dtype.kind == "b" else dtype


def pointer(code: Code, base: Any, index: Any, dtype: np.dtype) -> Any:
    """The address of element number `index`."""
    return code.builder.gep(base, [index], source_etype=ir_type(in_memory(dtype)))


def full_mask(code: Code) -> Any:
    """True in every lane."""
    return code.constant(True, bool).value


def load_scalar(code: Code, base: Any, index: Any, dtype: np.dtype) -> Any:
    """One element, as a value of one lane."""
    stored = in_memory(dtype)
    address = pointer(code, base, index, dtype)
    scalar = Code(code.builder, 1).wrap(code.builder.load(address, typ=ir_type(stored), align=stored.itemsize), stored)
    return scalar.astype(dtype).value


def load(code: Code, base: Any, index: Any, dtype: np.dtype, stride: int, mask: Any) -> Lanes:
    """The elements from number `index` on, `stride` apart, one for each lane that `mask` (None: every lane) selects."""
    stored = in_memory(dtype)
    kind = ir_type(stored, code.width)
    builder = code.builder
    if code.width == 1:
        return code.wrap(load_scalar(code, base, index, dtype), dtype)
    nothing = code.constant(0, stored).value
    if stride == 1:
        address = pointer(code, base, index, dtype)
        if mask is None:
            value = builder.load(address, typ=kind, align=stored.itemsize)
        else:
            name = f"llvm.masked.load.{suffix(kind)}.p0"
            value = code.intrinsic(name, kind, address, _align(stored), mask, nothing)
    else:
        addresses = _addresses(code, base, index, stored, stride)
        name = f"llvm.masked.gather.{suffix(kind)}.v{code.width}p0"
        value = code.intrinsic(name, kind, addresses, _align(stored), mask or full_mask(code), nothing)
    return code.wrap(value, stored).astype(dtype)


def store(code: Code, lanes: Lanes, base: Any, index: Any, stride: int, mask: Any) -> None:
    """Write lanes where `load` would read them."""
    stored = in_memory(lanes.dtype)
    value = lanes.astype(stored).value
    kind = value.type
    builder = code.builder
    if code.width == 1 or (stride == 1 and mask is None):
        builder.store(value, pointer(code, base, index, stored), align=stored.itemsize)
    elif stride == 1:
        name = f"llvm.masked.store.{suffix(kind)}.p0"
        code.intrinsic(name, ir.VoidType(), value, pointer(code, base, index, stored), _align(stored), mask)
    else:
        addresses = _addresses(code, base, index, stored, stride)
        name = f"llvm.masked.scatter.{suffix(kind)}.v{code.width}p0"
        code.intrinsic(name, ir.VoidType(), value, addresses, _align(stored), mask or full_mask(code))


def _align(dtype: np.dtype) -> Any:
    return ir.IntType(32)(dtype.itemsize)


def _addresses(code: Code, base: Any, index: Any, dtype: np.dtype, stride: int) -> Any:
    """One address per lane."""
    builder = code.builder
    int64 = ir.IntType(64)
    start = builder.ptrtoint(pointer(code, base, index, dtype), int64)
    steps = ir.Constant(
        ir.VectorType(int64, code.width), [lane * stride * dtype.itemsize for lane in range(code.width)]
    )
    numbers = builder.add(code.splat(start, np.dtype(np.int64)).value, steps)
    return builder.inttoptr(numbers, ir.VectorType(ir.PointerType(), code.width))
