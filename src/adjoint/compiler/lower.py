"""Write the loops of a kernel as a function in LLVM IR.

The function has the signature `void(pointer *table, i64 chunk)`: the table holds the addresses of all buffers, and the
chunk says which share of the loops to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from adjoint.arrays.program import Operation, Value
from adjoint.compiler import memory
from adjoint.compiler.elementwise import combine, identity, lower
from adjoint.compiler.nest import Access, Nest, Partial, accumulator_dtype
from adjoint.lazy import lazy
from adjoint.native.lanes import Code, Lanes, ir_type

__all__ = ["write_combination", "write_kernel"]

ir = lazy("llvmlite.ir", extra="compile")


def _int64(number: int) -> Any:
    return ir.Constant(ir.IntType(64), number)


def _new_function(module: Any, name: str) -> tuple[Any, Any]:
    """A function for a kernel, and a builder at its start."""
    pointer = ir.PointerType()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer, ir.IntType(64)]), name)
    function.args[0].name, function.args[1].name = "table", "chunk"
    return function, ir.IRBuilder(function.append_basic_block("entry"))


def _address(builder: Any, table: Any, slot: int) -> Any:
    """The address of a buffer, from the table."""
    pointer = ir.PointerType()
    return builder.load(builder.gep(table, [_int64(slot)], source_etype=pointer), typ=pointer)


@contextmanager
def _loop(builder: Any, begin: Any, end: Any, step: int) -> Iterator[Any]:
    """Write what follows into a loop: `for index in range(begin, end, step)`, which runs at least once."""
    start = builder.block
    body = builder.append_basic_block("loop")
    builder.branch(body)
    builder.position_at_end(body)
    index = builder.phi(begin.type, "index")
    index.add_incoming(begin, start)
    yield index
    following = builder.add(index, _int64(step), flags=["nsw"])
    index.add_incoming(following, builder.block)
    after = builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed("<", following, end), body, after)
    builder.position_at_end(after)


def write_kernel(module: Any, name: str, nest: Nest, slots: dict[Value, int], has_ldexp: bool) -> None:
    """Add the function for a kernel to the module. `slots` says where in the table each buffer's address is."""
    _KernelWriter(module, name, nest, slots, has_ldexp).write()


class _KernelWriter:
    def __init__(self, module: Any, name: str, nest: Nest, slots: dict[Value, int], has_ldexp: bool) -> None:
        self.nest = nest
        self.function, self.builder = _new_function(module, name)
        self.code = Code(self.builder, nest.width, has_ldexp=has_ldexp)
        self.scalar = Code(self.builder, 1)
        buffers = {access.buffer: None for access in self.accesses()}
        buffers |= {partial.buffer: None for partial in nest.partials.values()}
        self.bases = {buffer: _address(self.builder, self.function.args[0], slots[buffer]) for buffer in buffers}
        self.indices: dict[int, Any] = {}  # loop -> its index, inside of it
        self.known: dict[Value, Lanes] = {}
        self.accumulators: dict[Operation, Any] = {}
        self.carries: dict[Operation, Any] = {}  # what rounding took from sums in float64
        self.is_full: Any = None  # whether all lanes of this step are within the loop; None where that is certain
        self.left: Any = None  # how many are

    def accesses(self) -> list[Access]:
        return [*self.nest.loads.values(), *self.nest.stores.values(), *self.nest.results.values()]

    def write(self) -> None:
        for operation in self.nest.results:
            self.accumulators[operation] = self.new_accumulator(operation)
            if operation.verb == "sum" and operation.operands[0].dtype == np.float64:
                self.carries[operation] = self.new_accumulator(operation)
        self.load_invariants(0)
        self.write_level(0)
        self.builder.ret_void()

    # --- loops ---

    def write_level(self, depth: int) -> None:
        nest, builder = self.nest, self.builder
        if nest.results and depth == nest.first_reduced:
            self.reset_accumulators()
        if depth == len(nest.order):
            self.write_body()
        else:
            dim = nest.order[depth]
            begin, end = self.bounds(dim)
            vector = dim == nest.vector
            with _loop(builder, begin, end, nest.width if vector else 1) as index:
                self.indices[dim] = index
                if vector and nest.lengths[dim] % nest.width:
                    self.left = builder.sub(end, index)
                    self.is_full = builder.icmp_signed(">=", self.left, _int64(nest.width))
                self.load_invariants(depth + 1)
                self.write_level(depth + 1)
        if nest.results and depth == nest.first_reduced:
            self.store_accumulators()

    def bounds(self, dim: int) -> tuple[Any, Any]:
        nest, builder = self.nest, self.builder
        length = _int64(nest.lengths[dim])
        if dim != nest.chunked:
            return _int64(0), length
        begin = builder.mul(self.function.args[1], _int64(nest.chunk))
        end = builder.add(begin, _int64(nest.chunk))
        return begin, builder.select(builder.icmp_signed("<", end, length), end, length)

    def position(self, access: Access) -> Any:
        """The number of the element that an access is at in this step of the loops."""
        position = _int64(access.offset)
        for dim, stride in enumerate(access.strides):
            if stride and dim in self.indices:
                index = self.indices[dim]
                step = index if stride == 1 else self.builder.mul(index, _int64(stride), flags=["nsw"])
                position = self.builder.add(position, step, flags=["nsw"])
        return position

    def stride(self, access: Access) -> int:
        """The distance of the elements for neighbouring lanes."""
        return access.strides[self.nest.vector] if self.nest.vector is not None else 0

    # --- one step ---

    def load_invariants(self, depth: int) -> None:
        """Load, once before the loops in which they stay the same, the elements that are the same for all lanes."""
        for value, access in self.nest.loads.items():
            if not self.stride(access) and access.depth(self.nest.order) == depth:
                element = memory.load_scalar(self.code, self.bases[access.buffer], self.position(access), access.dtype)
                self.known[value] = self.code.splat(element, access.dtype)

    def write_body(self) -> None:
        nest = self.nest
        vectors = {value: access for value, access in nest.loads.items() if self.stride(access)}
        if vectors:
            loaded = self.by_mask(lambda mask: [self.load(access, mask) for access in vectors.values()])
            self.known.update(zip(vectors, loaded))
        for operation in nest.kernel.operations:
            if operation.verb == "full":
                result = self.code.constant(operation.parameters["fill_value"], operation.result.dtype)
            else:
                operands = [self.known[x] if isinstance(x, Value) else x for x in operation.operands]
                result = lower(operation, self.code, operands)
            self.known[operation.result] = result
        if nest.stores:
            self.by_mask(self.store_all)
        for reduction in nest.results:
            self.accumulate(reduction)

    def load(self, access: Access, mask: Any) -> Lanes:
        base, stride = self.bases[access.buffer], self.stride(access)
        return memory.load(self.code, base, self.position(access), access.dtype, stride, mask)

    def store_all(self, mask: Any) -> list[Lanes]:
        for value, access in self.nest.stores.items():
            base, position = self.bases[access.buffer], self.position(access)
            memory.store(self.code, self.known[value], base, position, self.stride(access), mask)
        return []

    def by_mask(self, write: Callable[[Any], list[Lanes]]) -> list[Lanes]:
        """What `write` writes, for a step in which all lanes are used (mask None) and for one in which some are not."""
        if self.is_full is None:
            return write(None)
        builder = self.builder
        with builder.if_else(self.is_full, likely=True) as (then, otherwise):
            with then:
                full = write(None)
                full_end = builder.block
            with otherwise:
                partial = write(self.mask())
                partial_end = builder.block
        merged = []
        for one, other in zip(full, partial):
            value = builder.phi(one.value.type)
            value.add_incoming(one.value, full_end)
            value.add_incoming(other.value, partial_end)
            merged.append(self.code.wrap(value, one.dtype))
        return merged

    def mask(self) -> Any:
        """True in the lanes that are within the loop."""
        int32 = np.dtype(np.int32)
        left = self.code.splat(self.builder.trunc(self.left, ir.IntType(32)), int32)
        if self.code.width == 1:
            return (left > 0).value
        lanes = ir.Constant(ir_type(int32, self.code.width), list(range(self.code.width)))
        return (self.code.wrap(lanes, int32) < left).value

    # --- reductions ---

    @property
    def lanes_are_reduced(self) -> bool:
        return self.nest.vector is not None and self.nest.reduced[self.nest.vector]

    def accumulator_code(self, dtype: np.dtype) -> Code:
        """Accumulators of reduced lanes are few: the lanes of a step are first combined among themselves."""
        if not self.lanes_are_reduced:
            return self.code
        return Code(self.builder, min(self.nest.width, 64 // dtype.itemsize))

    def new_accumulator(self, reduction: Operation) -> Any:
        dtype = accumulator_dtype(reduction)
        operand = reduction.operands[0].dtype
        return memory.reserve(self.builder, ir_type(dtype, self.accumulator_code(operand).width))

    def reset_accumulators(self) -> None:
        for reduction, place in self.accumulators.items():
            dtype = accumulator_dtype(reduction)
            code = self.accumulator_code(reduction.operands[0].dtype)
            self.builder.store(code.constant(identity(reduction.verb, dtype), dtype).value, place)
            if reduction in self.carries:
                self.builder.store(code.constant(0, dtype).value, self.carries[reduction])

    def accumulate(self, reduction: Operation) -> None:
        verb, dtype = reduction.verb, accumulator_dtype(reduction)
        value = self.known[reduction.operands[0]]
        if verb in ("any", "all"):
            value = value.astype(bool)
        if self.lanes_are_reduced and self.is_full is not None:
            code = self.code
            mask = code.wrap(
                code.builder.or_(code.splat(self.is_full, np.dtype(bool)).value, self.mask()), np.dtype(bool)
            )
            value = mask.select(value, identity(verb, value.dtype))
        code = self.accumulator_code(reduction.operands[0].dtype)
        if value.dtype.kind != "f":
            value = value.astype(dtype)  # integers may be too many for their own type
        value = _folded(verb, value, code.width).astype(dtype)
        value = Lanes(code, value.value, dtype)
        old = self.accumulated(code, reduction)
        new = combine(verb, old, value)
        self.builder.store(new.value, self.accumulators[reduction])
        if reduction in self.carries:
            added = new - old
            lost = (old - (new - added)) + (value - added)
            carry = self.at(self.carries[reduction], code, dtype)
            self.builder.store((carry + lost).value, self.carries[reduction])

    def accumulated(self, code: Code, reduction: Operation) -> Lanes:
        return self.at(self.accumulators[reduction], code, accumulator_dtype(reduction))

    def at(self, place: Any, code: Code, dtype: np.dtype) -> Lanes:
        return code.wrap(self.builder.load(place, typ=ir_type(dtype, code.width)), dtype)

    def store_accumulators(self) -> None:
        for reduction in self.accumulators:
            code = self.accumulator_code(reduction.operands[0].dtype)
            total = self.accumulated(code, reduction)
            if reduction in self.carries:
                carry = self.at(self.carries[reduction], code, total.dtype)
                total = (carry == carry).select(total + carry, total)
            if self.lanes_are_reduced:
                total = _folded(reduction.verb, total, 1)
            self.store_total(reduction, total)

    def store_total(self, reduction: Operation, total: Lanes) -> None:
        """Write the result of a reduction, or this chunk's share of it."""
        access = self.nest.results[reduction]
        position, base = self.position(access), self.bases.get(access.buffer)
        partial = self.nest.partials.get(reduction)
        if partial is None:
            total = total.astype(reduction.result.dtype)
        else:
            base = self.bases[partial.buffer]
            share = self.builder.mul(self.function.args[1], _int64(reduction.result.size))
            position = self.builder.add(position, share)

        def write(mask: Any) -> list[Lanes]:
            memory.store(total.code, total, base, position, self.stride(access), mask)
            return []

        if self.lanes_are_reduced:
            write(None)
        else:
            self.by_mask(write)


def _folded(verb: str, lanes: Lanes, width: int) -> Lanes:
    """Lanes combined with one another, half with half, until so many are left."""
    builder = lanes.code.builder
    while lanes.code.width > width:
        half = lanes.code.width // 2
        code = Code(builder, half)
        if half == 1:
            parts = [builder.extract_element(lanes.value, ir.IntType(32)(place)) for place in (0, 1)]
        else:
            index = ir.VectorType(ir.IntType(32), half)
            masks = [ir.Constant(index, list(range(start, start + half))) for start in (0, half)]
            parts = [builder.shuffle_vector(lanes.value, lanes.value, mask) for mask in masks]
        low, high = (code.wrap(part, lanes.dtype) for part in parts)
        lanes = combine(verb, low, high)
    return lanes


def write_combination(module: Any, name: str, partial: Partial, slots: dict[Value, int]) -> None:
    """Add the function that combines the shares of a reduction."""
    function, builder = _new_function(module, name)
    code = Code(builder, 1)
    reduction, dtype = partial.reduction, partial.buffer.dtype
    source = _address(builder, function.args[0], slots[partial.buffer])
    target = _address(builder, function.args[0], slots[reduction.result])
    count, size = partial.buffer.shape[0], reduction.result.size
    place = memory.reserve(builder, ir_type(dtype))
    with _loop(builder, _int64(0), _int64(size), 1) as element:
        builder.store(code.constant(identity(reduction.verb, dtype), dtype).value, place)
        with _loop(builder, _int64(0), _int64(count), 1) as share:
            position = builder.add(builder.mul(share, _int64(size)), element)
            old = code.wrap(builder.load(place, typ=ir_type(dtype)), dtype)
            new = memory.load(code, source, position, dtype, 0, None)
            builder.store(combine(reduction.verb, old, new).value, place)
        total = code.wrap(builder.load(place, typ=ir_type(dtype)), dtype).astype(reduction.result.dtype)
        memory.store(code, total, target, element, 0, None)
    builder.ret_void()
