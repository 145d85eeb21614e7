"""Gradients of compiled functions: where they are computed, and the one node that a call has in the graph.

A function that returns a scalar computes its gradients along with its value, in the same loops: they are those for a
cotangent of 1, and the backward pass only scales them. Where that proves to be wasted, since nobody asks for them, and
for all other functions, the backward pass is a program of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.program import Operand, Program, Value
from adjoint.autograd.entry import grad
from adjoint.compiler.build import build
from adjoint.compiler.partition import split
from adjoint.compiler.runtime import Executable, element_strides
from adjoint.compiler.simplify import simplify
from adjoint.core import modes
from adjoint.core.graph import FREED, Meta, Node, freed, next_sequence, version_of
from adjoint.core.tensor import Tensor, wrap

__all__ = ["Apart", "Call", "CompiledFunctionBackward", "Together"]

Strides = dict[Value, tuple[int, ...]]
Gradients = Sequence[Any]  # one for each differentiated input; None where it has none


class Call:
    """What one call of a compiled function keeps for its backward pass."""

    __slots__ = ("gradients", "needed", "rerun", "used", "written")

    def __init__(
        self,
        gradients: Callable[[Sequence[Any]], Gradients | None],
        rerun: Callable[[], tuple[list[Tensor], list[Tensor]]],
        needed: Sequence[list],
        written: Sequence[list],
    ) -> None:
        self.gradients = gradients  # for cotangents; None if they are not to be had any more
        self.rerun = rerun  # runs the function eagerly: its differentiable outputs, and the inputs they depend on
        self.needed = [(log, version_of(log)) for log in needed]  # the write logs of inputs that `gradients` needs,
        self.written = [(log, version_of(log)) for log in written]  # and of all inputs
        self.used = [False]  # a list, so that others may hold on to it alone


def check(versions: Sequence[tuple[list, int]]) -> None:
    """Refuse to compute from inputs that were written to."""
    for log, version in versions:
        if version_of(log) != version:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an inplace operation: an "
                f"input of a compiled function is at version {version_of(log)}; expected version {version} instead.\n"
                "Write to it after the backward pass, or pass a clone() to the function."
            )


class Together:
    """One program for the outputs and the gradients of the one that is a scalar."""

    def __init__(
        self, program: Program, count: int, cotangent: Value, gradients: Sequence[Operand], strides: Strides
    ) -> None:
        self.places = [None if place is None else count + place for place in _places(gradients)]
        self.saved_inputs: list[int] = []
        whole = Program()
        whole.inputs = [value for value in program.inputs if value is not cotangent]
        whole.captures, whole.operations, whole.updates = program.captures, program.operations, program.updates
        whole.outputs = [*program.outputs, *(x for x in gradients if x is not None)]
        self.executable = Executable(build(simplify(whole, {cotangent: cotangent.dtype.type(1)}), strides))

    def gradients(self, arrays: Sequence[Any], results: list[Any]) -> Callable[[Sequence[Any]], Gradients | None]:
        found: list[Any] = [None if place is None else results[place] for place in self.places]

        def scaled(cotangents: Sequence[Any]) -> Gradients | None:
            if not found:
                return None  # they were given away, with their memory
            own = list(found)
            found.clear()
            (cotangent,) = cotangents
            return own if cotangent == 1 else [None if x is None else x * cotangent for x in own]

        return scaled


def _places(gradients: Sequence[Operand]) -> list[int | None]:
    """The number of each gradient among those that are not None."""
    numbers = iter(range(len(gradients)))
    return [None if x is None else next(numbers) for x in gradients]


class Apart:
    """A program for the outputs, and one for the gradients of any of them, which is compiled when first needed."""

    def __init__(
        self, program: Program, count: int, cotangents: Sequence[Value], gradients: Sequence[Operand], strides: Strides
    ) -> None:
        self.places = _places(gradients)
        whole = Program()
        whole.inputs, whole.captures, whole.operations = program.inputs, program.captures, program.operations
        whole.outputs, whole.updates = [*program.outputs, *(x for x in gradients if x is not None)], program.updates
        self.halves = split(whole, count, cotangents)
        self.saved_inputs = self.halves.saved_inputs
        self.executable = Executable(build(self.halves.forward, strides))
        self.built: dict[tuple, Executable] = {}

    def gradients(self, arrays: Sequence[Any], results: list[Any]) -> Callable[[Sequence[Any]], Gradients | None]:
        halves = self.halves
        kept = [*(arrays[number] for number in halves.saved_inputs), *results[len(results) - halves.saved :]]

        def computed(cotangents: Sequence[Any]) -> Gradients | None:
            results = self.run([np.asarray(x) for x in (*kept, *cotangents)])
            return [None if place is None else results[place] for place in self.places]

        return computed

    def run(self, arrays: Sequence[np.ndarray]) -> list[Any]:
        """Run the backward program, compiled for arrays that lie in memory as these do."""
        key = tuple(map(element_strides, arrays))
        executable = self.built.get(key)
        if executable is None:
            strides = dict(zip(self.halves.backward.inputs, key, strict=True))
            executable = self.built[key] = Executable(build(self.halves.backward, strides))
        return executable(*arrays)


class CompiledFunctionBackward(Node):
    """The node of all outputs of one call of a compiled function."""

    __slots__ = ("is_several",)

    guards_saved: ClassVar[bool] = True

    def __init__(self, edges: Sequence[Any], call: Call | None, outputs: Sequence[tuple]) -> None:
        self.edges = tuple(edges)
        self.saved = FREED if call is None else (call,)
        self.writes = ()
        self.plan = self.params = self.annex = None  # type: ignore[assignment]
        self.meta = Meta(outputs=tuple(outputs))
        self.is_several = len(outputs) > 1
        self.sequence = next_sequence()

    @property
    def several(self) -> bool:
        return self.is_several

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Gradients:
        if not saved:
            raise freed(self)
        call: Call = saved[0]
        call.used[0] = True
        cotangents = cotangent if self.is_several else (cotangent,)
        found = None
        if xp is numpy:
            check(call.needed)
            found = call.gradients(cotangents)
        return _by_eager_function(call, cotangents) if found is None else found


def _by_eager_function(call: Call, cotangents: Sequence[Any]) -> Gradients:
    """Gradients for cotangents that are themselves differentiated, or batched: the eager function has all derivatives."""
    check(call.written)
    create = isinstance(cotangents[0], Tensor)
    with modes.mode(grad_enabled=True):
        outputs, inputs = call.rerun()
        given = [x if create else wrap(x) for x in cotangents]
        found = grad(outputs, inputs, given, create_graph=create, allow_unused=True)
    return [x if create or x is None else x._data for x in found]
