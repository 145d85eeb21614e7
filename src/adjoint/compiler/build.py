"""From a program to machine code: all passes one after the other, and the functions that tie the kernels together."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from adjoint.arrays.program import Operation, Program, Value
from adjoint.compiler.fuse import Call, Kernel, Schedule, fuse
from adjoint.compiler.lower import write_combination, write_kernel
from adjoint.compiler.nest import Nest, nest
from adjoint.compiler.plan import Plan, plan
from adjoint.compiler.simplify import simplify
from adjoint.lazy import lazy
from adjoint.native.chunks import DRIVERS
from adjoint.native.code import NativeCode, machine

__all__ = ["Built", "Segment", "build"]

ir = lazy("llvmlite.ir", extra="compile")


@dataclass
class Segment:
    """Kernels that run one after the other in one native call."""

    functions: list[tuple[str, int]] = field(default_factory=list)  # name, number of chunks
    run: int = 0  # address of `void(table)`, which runs all
    share: int = 0  # address of `void(table, counters)`, which any number of threads may run at once; 0: not worth it


@dataclass
class Built:
    """A program ready to run: segments of machine code, and calls of NumPy, in order."""

    program: Program
    schedule: Schedule
    plan: Plan
    steps: list[Segment | Operation]
    code: NativeCode | None


def build(program: Program, input_strides: dict[Value, tuple[int, ...]] | None = None) -> Built:
    """Compile a program. Inputs are contiguous where `input_strides` (in elements) says nothing else."""
    program = simplify(program)
    schedule = fuse(program, input_strides)
    host = machine()
    nests = {
        step: nest(step, schedule.layouts, host.vector_bytes) for step in schedule.steps if isinstance(step, Kernel)
    }
    planned = plan(program, schedule, nests)
    module = ir.Module("adjoint")
    steps: list[Segment | Operation] = []
    for native, group in groupby(schedule.steps, key=lambda step: isinstance(step, Kernel)):
        if native:
            segment = Segment()
            steps.append(segment)
            for kernel in group:
                _write(module, segment, nests[kernel], planned.slots, host.has_ldexp)  # type: ignore[index]
        else:
            steps += [step.operation for step in group if isinstance(step, Call)]
    segments = [step for step in steps if isinstance(step, Segment)]
    drivers = [_drivers(segment, number) for number, segment in enumerate(segments)]
    code = NativeCode("\n".join([str(module), *drivers, DRIVERS])) if segments else None
    for number, segment in enumerate(segments):
        assert code is not None
        segment.run = code.address(f"run{number}")
        segment.share = code.address(f"share{number}") if _is_shared(segment) else 0
    return Built(program, schedule, planned, steps, code)


def _write(module: Any, segment: Segment, loops: Nest, slots: dict[Value, int], has_ldexp: bool) -> None:
    """Add the functions of a kernel to the module and to its segment."""
    name = f"kernel{len(module.functions)}"
    write_kernel(module, name, loops, slots, has_ldexp)
    segment.functions.append((name, loops.chunks))
    for partial in loops.partials.values():
        name = f"combine{len(module.functions)}"
        write_combination(module, name, partial, slots)
        segment.functions.append((name, 1))
    for name, _ in segment.functions:
        module.globals[name].linkage = "internal"
        module.globals[name].attributes.add("noinline")  # two drivers call it


def _is_shared(segment: Segment) -> bool:
    return any(chunks > 1 for _, chunks in segment.functions)


def _drivers(segment: Segment, number: int) -> str:
    """The functions that run a segment, in one thread and in several."""
    run = [f"  call void @run_chunks(ptr @{name}, ptr %table, i64 {chunks})" for name, chunks in segment.functions]
    text = [f"define void @run{number}(ptr %table) {{", *run, "  ret void", "}"]
    if _is_shared(segment):
        text.append(f"define void @share{number}(ptr %table, ptr %counters) {{")
        for place, (name, chunks) in enumerate(segment.functions):
            text.append(f"  %c{place} = getelementptr i64, ptr %counters, i64 {2 * place}")
            text.append(f"  call void @take_chunks(ptr @{name}, ptr %table, ptr %c{place}, i64 {chunks})")
        text += ["  ret void", "}"]
    return "\n".join(text)
