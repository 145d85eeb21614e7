"""Split a program of outputs and gradients into one that runs forward and one that runs backward.

The backward program gets the cotangents, and what it needs of the forward one. Elementwise operations and views are
computed again, inside the loops that use them, which takes less time than to store and load their results; what took a
loop of its own (reductions, products of matrices, calls of NumPy) is saved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.arrays.program import Operand, Operation, Program, Value
from adjoint.arrays.verbs import ARRANGEMENTS, ELEMENTWISE
from adjoint.compiler.elementwise import is_lowered
from adjoint.compiler.simplify import simplify, without_dead_code

__all__ = ["Halves", "split"]


@dataclass
class Halves:
    """The forward program returns the outputs, then what is saved; the backward one takes that, then the cotangents."""

    forward: Program
    backward: Program
    saved_inputs: list[int]  # inputs of the forward program that the backward one needs, too: its first inputs
    saved: int  # how many further results of the forward program it needs: its next inputs


def split(program: Program, outputs: int, cotangents: Sequence[Value]) -> Halves:
    """Split a program whose first results are `outputs` outputs and whose others are gradients."""
    inputs = [value for value in program.inputs if value not in set(cotangents)]
    numbers = {value: number for number, value in enumerate(inputs)}
    program = simplify(program)
    late = _depending_on(program, set(cotangents))
    results = {x for x in (*program.outputs[:outputs], *program.updates.values()) if isinstance(x, Value)}
    needed, again = _needed(program, program.outputs[outputs:], late, results)

    overwritten = {inputs[number] for number in program.updates}
    kept_inputs = [value for value in needed if value in numbers and value not in overwritten]
    kept = [value for value in needed if value not in set(kept_inputs)]

    forward = Program()
    forward.inputs = inputs
    forward.captures = dict(program.captures)
    forward.operations = [operation for operation in program.operations if operation.result not in late]
    forward.outputs = program.outputs[:outputs]
    for value in kept:  # of an input that is overwritten, the value that it had
        copied = value if value.operation is not None else forward.add("copy", (value,), {}, value.shape, value.dtype)
        forward.outputs.append(copied)
    forward.updates = dict(program.updates)

    backward = Program()
    known: dict[Value, Operand] = {
        value: backward.add_input(value.shape, value.dtype) for value in (*kept_inputs, *kept, *cotangents)
    }
    backward.captures = dict(program.captures)
    for operation in program.operations:
        if operation.result in late or operation.result in again:
            operands = [known.get(x, x) if isinstance(x, Value) else x for x in operation.operands]
            shape, dtype = operation.result.shape, operation.result.dtype
            known[operation.result] = backward.add(operation.verb, operands, operation.parameters, shape, dtype)
    backward.outputs = [known.get(x, x) if isinstance(x, Value) else x for x in program.outputs[outputs:]]
    return Halves(
        without_dead_code(forward), without_dead_code(backward), [numbers[value] for value in kept_inputs], len(kept)
    )


def _depending_on(program: Program, sources: set[Value]) -> set[Value]:
    """What is computed from the sources, and they themselves."""
    found = set(sources)
    for operation in program.operations:
        if any(value in found for value in operation.values()):
            found.add(operation.result)
    return found


def _needed(
    program: Program, gradients: Sequence[Operand], late: set[Value], results: set[Value]
) -> tuple[list[Value], set[Value]]:
    """The forward values that the gradients need: those to be saved, and those to be computed again."""
    saved: dict[Value, None] = {}
    again: set[Value] = set()
    seen: set[Value] = set()
    stack = [x for x in gradients if isinstance(x, Value)]
    while stack:
        value = stack.pop()
        if value in seen or value in program.captures:
            continue
        seen.add(value)
        if value in late:
            if value.operation is not None:
                stack += value.operation.values()
        elif value.operation is not None and value not in results and _is_cheap(value.operation):
            again.add(value)
            stack += value.operation.values()
        else:
            saved[value] = None
    return list(saved), again


def _is_cheap(operation: Operation) -> bool:
    if operation.verb in ELEMENTWISE:
        return is_lowered(operation)
    return operation.verb in (*ARRANGEMENTS, "getitem", "full")
