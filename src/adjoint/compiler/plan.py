"""Give every array that a program stores its memory.

Each buffer gets a slot in a table of addresses that compiled code reads. What lies behind a slot:
- an input, a captured array, or the result of a call of NumPy: known when the program runs;
- a fresh array, for what leaves the program or is seen by a call of NumPy;
- scratch memory, shared by buffers that are not needed at the same time, and kept from call to call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adjoint.arrays.program import Operand, Operation, Program, Value
from adjoint.compiler.fuse import Call, Kernel, Schedule
from adjoint.compiler.layout import Layout
from adjoint.compiler.nest import Nest

__all__ = ["Plan", "Reference", "plan"]

ALIGNMENT = 64


@dataclass
class Reference:
    """An array as NumPy sees it: what lies behind a slot, after these views."""

    slot: int
    views: tuple[Operation, ...] = ()
    copied: bool = False  # whether it must not share memory with what is there


@dataclass
class Plan:
    """Slots, and what lies behind them."""

    slots: dict[Value, int] = field(default_factory=dict)
    fresh: dict[int, Value] = field(default_factory=dict)
    scratch: dict[int, int] = field(default_factory=dict)  # slot -> offset in bytes
    scratch_bytes: int = 0
    operands: dict[Operation, list[Reference | Operand]] = field(default_factory=dict)  # of the calls of NumPy
    outputs: list[Reference | Operand] = field(default_factory=list)
    updates: dict[int, Reference | Operand] = field(default_factory=dict)  # what is left to copy into inputs at the end


def plan(program: Program, schedule: Schedule, nests: dict[Kernel, Nest]) -> Plan:
    """Assign slots and memory for a scheduled program."""
    return _Planner(program, schedule, nests).plan()


class _Planner:
    def __init__(self, program: Program, schedule: Schedule, nests: dict[Kernel, Nest]) -> None:
        self.program = program
        self.schedule = schedule
        self.nests = nests
        self.result = Plan()

    def plan(self) -> Plan:
        result = self.result
        for value in (*self.program.inputs, *self.program.captures):
            self.new_slot(value)
        stored_in = self.updated_in_place()
        seen = self.seen_by_python()
        temporary: list[Value] = []
        for step in self.schedule.steps:
            for value in _written(step, self.nests):
                if value in stored_in:
                    result.slots[value] = result.slots[stored_in[value]]
                    continue
                slot = self.new_slot(value)
                if isinstance(step, Kernel) and value in seen:
                    result.fresh[slot] = value
                elif isinstance(step, Kernel):
                    temporary.append(value)
        self.place(temporary)
        calls = [step.operation for step in self.schedule.steps if isinstance(step, Call)]
        result.operands = {call: [self.reference(x) for x in call.operands] for call in calls}
        result.outputs = self.outputs()
        result.updates = {k: self.reference(x) for k, x in self.program.updates.items() if x not in stored_in}
        return result

    def new_slot(self, value: Value) -> int:
        return self.result.slots.setdefault(value, len(self.result.slots))

    def buffer(self, value: Value) -> Value:
        return self.schedule.layouts[value].buffer

    def seen_by_python(self) -> set[Value]:
        """The buffers that results lie in, and those that calls of NumPy read."""
        seen = {self.buffer(x) for x in self.program.results() if isinstance(x, Value)}
        for step in self.schedule.steps:
            if isinstance(step, Call):
                seen.update(self.buffer(x) for x in step.operation.values())
        return seen

    def outputs(self) -> list[Reference | Operand]:
        """The outputs, each in memory of its own: none is a part of an input, or of another output."""
        taken = {self.result.slots[value] for value in (*self.program.inputs, *self.program.captures)}
        found: list[Reference | Operand] = []
        for operand in self.program.outputs:
            reference = self.reference(operand)
            if isinstance(reference, Reference):
                reference.copied = reference.slot in taken
                taken.add(reference.slot)
            found.append(reference)
        return found

    def reference(self, operand: Operand) -> Reference | Operand:
        """How NumPy gets at an operand: by the views that lead to it from its buffer."""
        if not isinstance(operand, Value):
            return operand
        buffer, views = self.buffer(operand), []
        while operand is not buffer:
            assert operand.operation is not None
            views.append(operand.operation)
            operand = operand.operation.operands[0]
        return Reference(self.result.slots[buffer], tuple(reversed(views)))

    # --- writing straight into inputs ---

    def updated_in_place(self) -> dict[Value, Value]:
        """Which of the new values of inputs may be written over the old ones as they are computed."""
        last_use = self.last_uses()
        found: dict[Value, Value] = {}
        outputs = {self.buffer(x) for x in self.program.outputs if isinstance(x, Value)}
        for number, value in self.program.updates.items():
            target = self.program.inputs[number]
            once = list(self.program.updates.values()).count(value) == 1
            if isinstance(value, Value) and once and not outputs & {value, target}:
                step = next((s for s in self.schedule.steps if isinstance(s, Kernel) and value in s.stored), None)
                if step is not None and self.fits(step, value, target, last_use):
                    found[value] = target
        return found

    def fits(self, step: Kernel, value: Value, target: Value, last_use: dict[Value, int]) -> bool:
        """Whether the old value is not needed any more where, in this kernel, the new one is written."""
        index = self.schedule.steps.index(step)
        layout = self.schedule.layouts[target]
        others = [x for x in self.program.updates.values() if isinstance(x, Value) and x is not value]
        if (
            last_use.get(target, -1) > index
            or not layout.is_contiguous
            or any(self.buffer(x) is target for x in others)
        ):
            return False
        if last_use.get(value, index) > index or step.shape != target.shape or value.dtype != target.dtype:
            return False
        loads = [access for access in self.nests[step].loads.values() if access.buffer is target]
        own = self.nests[step].stores[value]
        return all(access.strides == own.strides and access.offset == own.offset for access in loads)

    def last_uses(self) -> dict[Value, int]:
        """The last step that reads each buffer."""
        last: dict[Value, int] = {}
        for index, step in enumerate(self.schedule.steps):
            for buffer in _read(step, self.nests, self.schedule.layouts):
                last[buffer] = index
        return last

    # --- scratch memory ---

    def place(self, values: Sequence[Value]) -> None:
        """Give each buffer a place that no other one uses in the meantime: the lowest that is free."""
        lives: dict[Value, list[int]] = {}
        for index, step in enumerate(self.schedule.steps):
            for buffer in (*_written(step, self.nests), *_read(step, self.nests, self.schedule.layouts)):
                lives.setdefault(buffer, [index, index])[1] = index
        placed: list[tuple[int, int, Value]] = []
        for value in sorted(values, key=lambda v: -v.nbytes):
            first, last = lives[value]
            offset, size = 0, -(-value.nbytes // ALIGNMENT) * ALIGNMENT
            for start, end, other in sorted(placed, key=lambda entry: entry[:2]):
                begins, ends = lives[other]
                if first <= ends and begins <= last and offset < end and start < offset + size:
                    offset = end
            placed.append((offset, offset + size, value))
            self.result.scratch[self.result.slots[value]] = offset
            self.result.scratch_bytes = max(self.result.scratch_bytes, offset + size)


def _written(step: Kernel | Call, nests: dict[Kernel, Nest]) -> list[Value]:
    if isinstance(step, Call):
        return [step.operation.result]
    return [*step.results(), *(partial.buffer for partial in nests[step].partials.values())]


def _read(step: Kernel | Call, nests: dict[Kernel, Nest], layouts: dict[Value, Layout]) -> list[Value]:
    if isinstance(step, Call):
        return [layouts[value].buffer for value in step.operation.values()]
    return [access.buffer for access in nests[step].loads.values()]
