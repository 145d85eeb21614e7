"""Group the operations of a program into kernels: what one loop nest computes in one pass over its operands.

A kernel holds elementwise operations on one shape, with operands broadcast to it, and reductions of their results. Views
are no operations here: a kernel reads its operands' memory in whatever order. What has no lowering stays a call of
NumPy.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from adjoint.arrays.program import Operation, Program, Value
from adjoint.arrays.verbs import ELEMENTWISE, REDUCTIONS
from adjoint.compiler.elementwise import SUPPORTED, is_lowered
from adjoint.compiler.layout import Layout, contiguous, view_layout

__all__ = ["Call", "Kernel", "Schedule", "fuse"]


@dataclass(eq=False)
class Kernel:
    """One loop nest over `shape`."""

    shape: tuple[int, ...]
    operations: list[Operation] = field(default_factory=list)
    reductions: list[Operation] = field(default_factory=list)
    stored: list[Value] = field(default_factory=list)  # elementwise results that others need, too

    @property
    def axes(self) -> tuple[int, ...] | None:
        """The axes along which it reduces; None if it does not."""
        return self.reductions[0].parameters["axis"] if self.reductions else None

    def members(self) -> Iterable[Operation]:
        return (*self.operations, *self.reductions)

    def results(self) -> list[Value]:
        """What the kernel writes to memory."""
        return [*self.stored, *(reduction.result for reduction in self.reductions)]


@dataclass(eq=False)
class Call:
    """An operation that NumPy carries out, on whole arrays."""

    operation: Operation


@dataclass
class Schedule:
    """Kernels and calls in the order in which they run, and where every value lies."""

    steps: list[Kernel | Call]
    layouts: dict[Value, Layout]


def fuse(program: Program, input_strides: dict[Value, tuple[int, ...]] | None = None) -> Schedule:
    """Schedule a program. Inputs and captures are contiguous where `input_strides` (in elements) says nothing else."""
    return _Scheduler(program, input_strides or {}).schedule()


class _Scheduler:
    def __init__(self, program: Program, input_strides: dict[Value, tuple[int, ...]]) -> None:
        self.program = program
        self.steps: list[Kernel | Call] = []
        self.home: dict[Value, int] = {}  # which step computes a value; inputs and captures have none
        self.layouts: dict[Value, Layout] = {}
        for value in (*program.inputs, *program.captures):
            self.layouts[value] = Layout(value, value.shape, input_strides.get(value, contiguous(value.shape)))

    def schedule(self) -> Schedule:
        for operation in self.program.operations:
            self.add(operation)
        self.sink()
        self.store()
        self.steps = [step for step in self.steps if isinstance(step, Call) or step.operations or step.reductions]
        return Schedule(self.steps, self.layouts)

    def add(self, operation: Operation) -> None:
        """Put an operation into the first kernel that it fits into, or into a new step."""
        result = operation.result
        if self.add_view(operation):
            return
        self.layouts[result] = Layout(result, result.shape, contiguous(result.shape))
        if (
            operation.verb in (*ELEMENTWISE, "full")
            and result.size
            and (operation.verb == "full" or is_lowered(operation))
        ):
            self.home[result] = self.kernel_for(operation, result.shape, None)
        elif _is_lowered_reduction(operation):
            axes = operation.parameters["axis"]
            self.home[result] = self.kernel_for(operation, operation.operands[0].shape, axes)
        else:
            self.home[result] = len(self.steps)
            self.steps.append(Call(operation))

    def add_view(self, operation: Operation) -> bool:
        """Note where a view lies; nothing is computed."""
        if not operation.operands or not isinstance(operation.operands[0], Value):
            return False
        layout = view_layout(operation, self.layouts[operation.operands[0]])
        if layout is None:
            return False
        self.layouts[operation.result] = layout
        return True

    def kernel_for(self, operation: Operation, shape: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
        first = max((self.earliest(value, shape) for value in operation.values()), default=0)
        for index in range(first, len(self.steps)):
            kernel = self.steps[index]
            if isinstance(kernel, Kernel) and kernel.shape == shape and (axes is None or kernel.axes in (None, axes)):
                break
        else:
            index, kernel = len(self.steps), Kernel(shape)
            self.steps.append(kernel)
        assert isinstance(kernel, Kernel)
        (kernel.operations if axes is None else kernel.reductions).append(operation)
        return index

    def earliest(self, value: Value, shape: tuple[int, ...]) -> int:
        """The first step in which a kernel of this shape can use a value."""
        home = self.home.get(self.layouts[value].buffer, -1)
        return home if self.is_local(value, home, shape) else home + 1

    def is_local(self, value: Value, home: int, shape: tuple[int, ...]) -> bool:
        """Whether a kernel of this shape in step `home` has the value at hand, element by element."""
        kernel = self.steps[home] if home >= 0 else None
        if not isinstance(kernel, Kernel) or value.operation is None or kernel.shape != shape or value.shape != shape:
            return False
        return self.home.get(value) == home and value.operation.verb not in REDUCTIONS

    def sink(self) -> None:
        """Move operations into the later kernel that alone needs them, so that their results need not be stored."""
        users: dict[Value, list[Operation]] = {}
        for operation in self.program.operations:
            for value in operation.values():
                users.setdefault(value, []).append(operation)
        results = {value for value in self.program.results() if isinstance(value, Value)}
        for operation in reversed(self.program.operations):
            result = operation.result
            home = self.home.get(result, -1)
            kernel = self.steps[home] if home >= 0 else None
            if not isinstance(kernel, Kernel) or operation not in kernel.operations or result in results:
                continue
            homes = {self.home.get(user.result, -1) for user in users.get(result, ())}
            if len(homes) != 1:
                continue
            (later,) = homes
            target = self.steps[later]
            if later > home and isinstance(target, Kernel) and target.shape == kernel.shape:
                kernel.operations.remove(operation)
                target.operations.insert(0, operation)
                self.home[result] = later

    def store(self) -> None:
        """Find the elementwise results that are needed outside of their kernels."""
        needed: set[Value] = {self.layouts[x].buffer for x in self.program.results() if isinstance(x, Value)}
        for index, step in enumerate(self.steps):
            members = [step.operation] if isinstance(step, Call) else step.members()
            for operation in members:
                for value in operation.values():
                    if isinstance(step, Call) or not self.is_local(value, index, step.shape):
                        needed.add(self.layouts[value].buffer)
        for step in self.steps:
            if isinstance(step, Kernel):
                step.stored = [operation.result for operation in step.operations if operation.result in needed]


def _is_lowered_reduction(operation: Operation) -> bool:
    if operation.verb not in REDUCTIONS:
        return False
    (x,) = operation.operands
    result = operation.result
    return bool(
        isinstance(x, Value)
        and x.size
        and operation.parameters["axis"]
        and not operation.parameters["keepdims"]
        and x.dtype in SUPPORTED
        and result.dtype in SUPPORTED
    )


def local_operands(kernel: Kernel) -> set[Value]:
    """The values that a kernel computes and may use without reading memory."""
    return {operation.result for operation in kernel.operations}


def external_operands(kernel: Kernel) -> list[Value]:
    """The values that a kernel reads from memory."""
    own = local_operands(kernel)
    found: dict[Value, None] = {}
    for operation in kernel.members():
        for operand in operation.operands:
            if isinstance(operand, Value) and operand not in own:
                found[operand] = None
    return list(found)
