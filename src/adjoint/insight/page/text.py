"""What the page says of an explanation's steps: headings, formulas, values and notes, as plain data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import singledispatchmethod
from typing import Any

from adjoint.arrays import mathml, notation
from adjoint.arrays.formula import Formula, Symbol
from adjoint.insight import rendering
from adjoint.insight.page.nodes import Node, Program
from adjoint.insight.rendering import distinct
from adjoint.insight.steps import (
    AccumulationStep,
    BroadcastStep,
    Definition,
    OperationStep,
    Relation,
    Sent,
    SumStep,
)
from adjoint.insight.value import Value, digits, summarise

Data = dict[str, Any]

_ELEMENTS = 200_000  # of all tensors of a page; where there would be more, each shows fewer


class Text:
    """Writes the steps of a program. Formulas and values stand in tables, since many are shown in several places."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.formulas: dict[str, int] = {}
        self.values: dict[tuple, int] = {}
        self._shown = max(16, _ELEMENTS // (4 * len(program.nodes) + 1))  # elements of one tensor

    # --- parts ---

    def value(self, value: Value) -> int:
        """The place of a value in the table."""
        counts = value.zeros, value.nans, value.infinities
        key = value.text, value.shape, value.dtype, value.norm, counts, value.first
        return self.values.setdefault(key, len(self.values))

    def value_table(self) -> list[Data]:
        """Each value as its text, and for a tensor what a reader sees who opens it."""
        return [self._opened(*key) for key in self.values]

    def _opened(
        self, text: str, shape: tuple[int, ...], dtype: str, norm: float, counts: tuple[int, int, int], first: tuple
    ) -> Data:
        data: Data = {"text": text}
        if shape:
            data |= {"shape": shape, "dtype": dtype, "norm": digits(norm), "size": math.prod(shape)}
            data |= zip(("zeros", "nans", "infinities"), counts, strict=True)
            data["first"] = [digits(number) for number in first[: self._shown]]
        return data

    def row(self, formulas: str | Iterable[str], value: Value | None = None, *, node: str | None = None) -> Data:
        """A formula, or several that are equal, with the value; `node` is the name of a variable that the row leads to."""
        parts = [formulas] if isinstance(formulas, str) else formulas
        data: Data = {"math": [self.formulas.setdefault(part, len(self.formulas)) for part in parts]}
        if value is not None and value.shape:
            data["value"] = self.value(value)
        if node is not None:
            data["node"] = self.program.place_of[node]
        return data

    # --- the forward pass ---

    def computed(self, place: int) -> Data:
        """The step of the forward pass in which an operation is computed."""
        node = self.program.nodes[place]
        sources = [self.program.edges[edge].source for edge in self.program.edges_into.get(place, ())]
        return {
            "pass": "forward",
            "kind": "compute",
            "node": place,
            "edges": self.program.edges_into.get(place, []),
            "title": f"{node.title}: {node.operation}",
            "say": f"Forward: {rendering.equation(node.definitions[0])}",
            "result": node.definitions[0].value.text if node.definitions[0].value is not None else "",
            "sections": _filled(
                ("Computed", [{"of": place}]), ("From", [{"of": each} for each in dict.fromkeys(sources)])
            ),
        }

    def definitions(self, node: Node) -> list[Data]:
        """What a node is: its results, each with its formula and its numbers."""
        return [self._definition(each) for each in node.definitions]

    def _definition(self, definition: Definition) -> Data:
        parts = [mathml.name(definition.name)]
        if definition.formula is not None:
            parts += [written(definition.formula), with_numbers(definition.formula)]
        parts.append(mathml.words("(not kept)") if definition.value is None else value_math(definition.value))
        return self.row(distinct(parts), definition.value)

    # --- the backward pass ---

    @singledispatchmethod
    def step(self, step: Any) -> Data:
        """A step of the backward pass."""
        raise TypeError(f"no step: {step!r}")

    @step.register
    def _(self, step: OperationStep) -> Data:
        place = self.program.place_of[step.definitions[0].name]
        came = [
            self.row(distinct([mathml.name(symbol.name), value_math(value)]), value)
            for symbol, value in zip(step.cotangents, step.values, strict=True)
        ]
        local = [self._local(sent) for sent in step.sent if sent.derivative is not None]
        edges = [n for n in self.program.edges_into.get(place, ()) if self.program.edges[n].sent is not None]
        sent = "; ".join(f"to {each.to} {each.value}" for each in step.sent)
        return {
            "pass": "backward",
            "kind": "operation",
            "node": place,
            "edges": edges,
            "title": f"back through {self.program.nodes[place].title}: {self.program.nodes[place].operation}",
            "say": f"Backward through {self.program.nodes[place].operation}: {step.cotangents[0].name} = {step.values[0]} came in. {sent}",
            "result": step.values[0].text,
            "sections": _filled(
                ("Computed", [{"of": place}]),
                ("What came in", came),
                ("Local derivative", local),
                ("What goes out", [self._sent(each) for each in step.sent]),
            ),
        }

    def _local(self, sent: Sent) -> Data:
        assert sent.ratio is not None
        assert sent.derivative is not None
        return self.row(_evaluated(sent.ratio, sent.derivative, sent.derivative_value), sent.derivative_value)

    def _sent(self, sent: Sent) -> Data:
        return self.row(_evaluated(None, sent.formula, sent.value), sent.value, node=sent.to)

    @step.register
    def _(self, step: BroadcastStep) -> Data:
        axes = f"{'axis' if len(step.axes) == 1 else 'axes'} {', '.join(map(str, step.axes))}"
        note = mathml.words(f"{list(step.shape)} was broadcast to {list(step.whole)}: summed over {axes}")
        total = self.row(["", value_math(step.total)], step.total)
        return self._gathered(
            "broadcast",
            step.variable,
            f"{step.variable} was broadcast",
            (
                "Summed over the copies",
                [self.row(note), self.row(value_math(step.sent), step.sent), total],
            ),
            step.total,
        )

    @step.register
    def _(self, step: SumStep) -> Data:
        parts = [self.row(value_math(value), value, node=name) for name, value in step.parts]
        total = self.row(distinct([mathml.name(step.cotangent.name), value_math(step.total)]), step.total)
        return self._gathered(
            "sum",
            step.variable,
            f"{step.variable} is used {len(step.parts)} times",
            ("What comes back is summed", [*parts, total]),
            step.total,
        )

    @step.register
    def _(self, step: AccumulationStep) -> Data:
        after = summarise(step.after._data)
        cotangent = mathml.name(step.cotangent.name)
        grad = mathml.words(f"{step.leaf}.grad")
        rows = [self.row(distinct([grad, cotangent, value_math(step.gradient)]), step.gradient)]
        if step.before is not None:
            rows = [
                self.row(distinct([mathml.words("what it held"), value_math(step.before)]), step.before),
                self.row(distinct([mathml.words("added"), cotangent, value_math(step.gradient)]), step.gradient),
                self.row(distinct([grad, value_math(after)]), after),
            ]
        return self._gathered("accumulate", step.leaf, f"{step.leaf}.grad", ("Accumulated into the leaf", rows), after)

    def _gathered(self, kind: str, variable: str, title: str, section: tuple[str, list[Data]], value: Value) -> Data:
        return {
            "pass": "backward",
            "kind": kind,
            "node": self.program.place_of[variable],
            "edges": [],
            "title": title,
            "say": f"Backward: {title}: {value}",
            "result": value.text,
            "sections": _filled(section),
        }

    # --- between the user's own variables ---

    def gradient(self, leaf: str, symbol: Symbol, value: Value) -> Data:
        """The whole derivative by a leaf."""
        return self.row(distinct([mathml.name(symbol.name), value_math(value)]), value, node=leaf)

    def relation(self, relation: Relation, way: str = "") -> Data:
        """The derivative of one of the user's variables by another; `way` says by which third one, where several lead there."""
        parts = _evaluated(relation.ratio, relation.formula, relation.value)
        if way:
            parts[0] += mathml.words(f" by way of {way}")
        return self.row(parts, relation.value)

    def chain(self, symbol: Symbol, paths: Iterable[Sequence[Symbol]], value: Value) -> Data:
        """A derivative as products of the derivatives along each path."""
        names = _sum(_product(mathml.name(each.name) for each in path) for path in paths)
        numbers = _sum(_product(_bracketed(summarise(each.value).text) for each in path) for path in paths)
        return self.row(distinct([mathml.name(symbol.name), names, numbers, value_math(value)]), value)


# --- formulas ------------------------------------------------------------------------------------------------------


def _filled(*sections: tuple[str, list[Data]]) -> list[Data]:
    return [{"title": title, "rows": rows} for title, rows in sections if rows]


def value_math(value: Value) -> str:
    """A number, or the summary of a tensor, within a formula."""
    return mathml.number(value.text) if value.number is not None else mathml.words(value.text)


def written(formula: Formula) -> str:
    """A formula, if it is short enough to be read."""
    if not rendering.is_readable(formula):
        return mathml.words(f"(a formula of {formula.length} parts)")
    return mathml.formula(formula, binding=notation.OR)


def with_numbers(formula: Formula) -> str:
    """A formula with its numbers put in; empty where a symbol in it has none, or has many."""
    return rendering.with_numbers(formula, mathml.formula) or ""


def _evaluated(symbol: Symbol | None, formula: Formula, value: Value | None) -> list[str]:
    known = "" if value is None else value_math(value)
    name = "" if symbol is None else mathml.name(symbol.name)
    return distinct([name, written(formula), with_numbers(formula), known])


def _bracketed(number: str) -> str:
    inside = mathml.number(number)
    return f"<mrow><mo>(</mo>{inside}<mo>)</mo></mrow>" if number.startswith("-") else inside


def _product(parts: Iterable[str]) -> str:
    return "<mo>\N{DOT OPERATOR}</mo>".join(parts)


def _sum(parts: Iterable[str]) -> str:
    return "<mo>+</mo>".join(parts)
