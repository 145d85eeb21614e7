"""An explained program as nodes and edges, with what is wrong with the gradients that pass them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adjoint.arrays.formula import Formula, Symbol
from adjoint.insight.source import SourceLine
from adjoint.insight.steps import AccumulationStep, Definition, OperationStep, Sent
from adjoint.insight.value import Value, summarise

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

#: a gradient's norm, by the norm of the first cotangent: below it vanishes, above it explodes
VANISHING, EXPLODING = 1e-6, 1e4

_PATH = re.compile(r"[^\W\d]\w*(\.\w+)+")  # `model.layers.0.weight`


@dataclass
class Node:
    """A leaf, a constant, or an operation with all its results. `gradients` are the cotangents that reached it."""

    kind: str
    definitions: Sequence[Definition]
    operation: str = ""
    line: SourceLine | None = None
    gradients: Sequence[Value] = ()
    flags: list[Flag] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of what it is, or of its first result."""
        return self.definitions[0].name

    @property
    def title(self) -> str:
        """The names of all its results."""
        return ", ".join(definition.name for definition in self.definitions)

    @property
    def module(self) -> tuple[str, ...]:
        """For a parameter, the path of the module that has it; else empty."""
        return tuple(self.name.split(".")[:-1]) if self.kind == "leaf" and _PATH.fullmatch(self.name) else ()


@dataclass(frozen=True)
class Flag:
    """Something to look at: its kind, and a sentence. `starts` is true where it came up, and not passed through."""

    kind: str
    text: str
    starts: bool


@dataclass(frozen=True)
class Edge:
    """From an operand to an operation; `sent` is what comes back along it, if it has a gradient."""

    source: int
    target: int
    sent: Sent | None


class Program:
    """The nodes of an explanation, operands before results, and its edges; `operations` are the operations alone."""

    def __init__(self, explanation: Explanation) -> None:
        self.start = summarise(explanation.start.value)
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []
        self.place_of: dict[str, int] = {}
        self._add_nodes(explanation)
        self.operations = [place for place, node in enumerate(self.nodes) if node.kind == "operation"]
        for step in explanation.steps:
            if isinstance(step, OperationStep):
                self._add_edges(step)
        self.edges_into: dict[int, list[int]] = {}
        for number, edge in enumerate(self.edges):
            self.edges_into.setdefault(edge.target, []).append(number)
        self._add_flags()

    def _add_nodes(self, explanation: Explanation) -> None:
        steps = {
            definition.name: step
            for step in explanation.steps
            if isinstance(step, OperationStep)
            for definition in step.definitions
        }
        reached = {step.leaf: step.gradient for step in explanation.steps if isinstance(step, AccumulationStep)}
        for definition in explanation.definitions:
            if definition.name in self.place_of:
                continue  # another result of an operation
            step = steps.get(definition.name)
            if step is None:
                gradient = reached.get(definition.name)
                node = Node(definition.made_by, [definition], gradients=() if gradient is None else (gradient,))
            else:
                operation = definition.made_by.partition("Backward")[0]
                node = Node("operation", step.definitions, operation, step.line, step.values)
            self.place_of |= {each.name: len(self.nodes) for each in node.definitions}
            self.nodes.append(node)

    def _add_edges(self, step: OperationStep) -> None:
        target = self.place_of[step.definitions[0].name]
        self.edges += [Edge(self.place_of[sent.to], target, sent) for sent in step.sent]
        known = {sent.to for sent in step.sent}
        for name in dict.fromkeys(_symbols(step.definitions[0].formula)):
            source = self.place_of.get(name)
            if source is not None and name not in known and self.nodes[source].kind == "constant":
                self.edges.append(Edge(source, target, None))

    def _add_flags(self) -> None:
        fine = {place for place, node in enumerate(self.nodes) if not self._faults(node.gradients)}
        for place, node in enumerate(self.nodes):
            values = [each.value for each in node.definitions if each.value is not None]
            inherited = {flag.kind for edge in self.edges_into.get(place, ()) for flag in self._values_at(edge)}
            for kind in self._broken(values):
                node.flags.append(Flag(kind, f"the value of {node.title} has {_WORDS[kind]}", kind not in inherited))
            for kind in self._faults(node.gradients):
                node.flags.append(Flag(kind, f"the gradient by {node.title} {_SAID[kind]}", False))
            for number in self.edges_into.get(place, ()) if place in fine else ():
                sent = self.edges[number].sent
                for kind in self._faults([sent.value]) if sent is not None else ():
                    text = f"{node.operation} sends back to {self.nodes[self.edges[number].source].name} a gradient that {_SAID[kind]}"
                    node.flags.append(Flag(kind, text, True))

    def _values_at(self, edge: int) -> list[Flag]:
        return [flag for flag in self.nodes[self.edges[edge].source].flags if flag.text.startswith("the value")]

    def _broken(self, values: Sequence[Value]) -> Iterator[str]:
        if any(value.nans for value in values):
            yield "nan"
        if any(value.infinities for value in values):
            yield "infinite"

    def _faults(self, gradients: Sequence[Value]) -> list[str]:
        """The kinds of what is wrong with gradients."""
        found = list(self._broken(gradients))
        if found or not any(gradient.size for gradient in gradients):
            return found
        ratio = self.ratio(gradients)
        return [] if VANISHING <= ratio <= EXPLODING else ["zero" if not ratio else _size_of(ratio)]

    def ratio(self, gradients: Sequence[Value]) -> float:
        """The norm of gradients, by that of the first cotangent."""
        return sum(gradient.norm**2 for gradient in gradients) ** 0.5 / (self.start.norm or 1.0)


_WORDS = {"nan": "NaN", "infinite": "infinities"}
_SAID = {
    "nan": "has NaN",
    "infinite": "has infinities",
    "zero": "is zero everywhere",
    "vanishing": "vanishes",
    "exploding": "explodes",
}


def _size_of(ratio: float) -> str:
    return "vanishing" if ratio < VANISHING else "exploding"


def _symbols(formula: Formula | None) -> Iterator[str]:
    """The names in the formula of one operation."""
    if isinstance(formula, Symbol):
        yield formula.name
    elif formula is not None:
        for operand in formula.operands:
            if isinstance(operand, Formula):
                yield from _symbols(operand)
