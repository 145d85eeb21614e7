"""An explanation as a document: what Markdown, LaTeX and a notebook show alike, before each writes it in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from adjoint.arrays import notation
from adjoint.arrays.formula import Formula, Symbol
from adjoint.insight.rendering import (
    broadcast_text,
    formula_latex,
    sum_text,
    title_of,
    unknown_text,
    with_numbers,
)
from adjoint.insight.source import SourceLine
from adjoint.insight.steps import AccumulationStep, BroadcastStep, Definition, OperationStep, SumStep
from adjoint.insight.value import Value, digits, summarise
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

sympy = lazy("sympy", extra="insight")

_FORMULAS = 40  # definitions; what is longer is no one formula that somebody reads


@dataclass(frozen=True)
class Row:
    """The sides of an equation in LaTeX, and the value of all; `label` says what it is."""

    label: str
    sides: tuple[str, ...]
    value: Value | None

    @property
    def latex(self) -> str:
        """The equation, without the value."""
        return " = ".join(self.sides)


@dataclass(frozen=True)
class Section:
    """A step of the backward pass: its title in LaTeX or in words, the operation, its line, and equations."""

    latex: str
    words: str
    made_by: str
    line: SourceLine | None
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Document:
    """The parts of a document, in their order."""

    title: str
    definitions: list[Row]
    start: Row
    sections: list[Section]
    relations: list[Row]
    formulas: list[str]  # the whole derivatives, each as an equation in LaTeX
    gradients: list[Row]
    note: str


def document_of(explanation: Explanation) -> Document:
    """The document of an explanation."""
    return Document(
        title_of(explanation),
        [_definition(each, each.made_by) for each in explanation.definitions],
        Row("", _symbol(explanation.start), summarise(explanation.start.value)),
        [_section(step) for step in explanation.steps],
        list(_relations(explanation)),
        list(_formulas(explanation)),
        [
            Row(name, _symbol(symbol), summarise(gradient._data))
            for name, (symbol, gradient) in explanation.totals.items()
        ],
        unknown_text(explanation.unknown),
    )


def value_latex(value: Value) -> str:
    """A value in LaTeX: a number, or what is shown of an array."""
    return notation.latex_number(digits(value.number)) if value.number is not None else rf"\text{{{value.text}}}"


def _definition(definition: Definition, label: str) -> Row:
    formula = None if definition.formula is None else formula_latex(definition.formula)
    return Row(label, _sides(notation.latex_name(definition.name), formula), definition.value)


def _sides(*sides: str | None) -> tuple[str, ...]:
    """The sides that are there, each once."""
    return tuple(dict.fromkeys(side for side in sides if side))


def _symbol(symbol: Symbol) -> tuple[str]:
    return (formula_latex(symbol),)


def _evaluated(name: str | None, formula: Formula) -> tuple[str, ...]:
    numbers = with_numbers(formula, notation.latex, notation.latex_number)
    return _sides(name, formula_latex(formula), numbers)


def _relations(explanation: Explanation) -> Iterator[Row]:
    for relation in explanation.relations:
        label = "" if explanation.is_scalar else f"by way of {relation.result}"
        yield Row(label, _evaluated(formula_latex(relation.ratio), relation.formula), relation.value)
    for chain in explanation.chains:
        if len(chain.paths) > 1 or len(chain.paths[0]) > 1:
            product = " + ".join(r" \cdot ".join(map(formula_latex, path)) for path in chain.paths)
            yield Row("", _sides(formula_latex(chain.cotangent), product), chain.value)


def _formulas(explanation: Explanation) -> Iterator[str]:
    if not explanation.is_scalar or len(explanation.definitions) > _FORMULAS:
        return
    try:
        formulas = explanation.formula
    except (ValueError, ModuleNotFoundError):  # too long to be read, or without the package that simplifies
        return
    for name, expression in formulas.items():
        names = {symbol: notation.latex_name(str(symbol)) for symbol in expression.free_symbols}
        yield f"{formula_latex(explanation.totals[name][0])} = {sympy.latex(expression, symbol_names=names)}"


# --- steps ---------------------------------------------------------------------------------------------------------


@singledispatch
def _section(step: Any) -> Section:
    raise TypeError(f"no step: {step!r}")


@_section.register
def _(step: OperationStep) -> Section:
    first, *others = (_definition(each, "value") for each in step.definitions)
    rows = [Row("in", _symbol(symbol), value) for symbol, value in zip(step.cotangents, step.values, strict=True)]
    for sent in step.sent:
        if sent.ratio is not None and sent.derivative is not None:
            rows.append(Row("local", _evaluated(formula_latex(sent.ratio), sent.derivative), sent.derivative_value))
        rows.append(Row(f"to {sent.to}", _evaluated(None, sent.formula), sent.value))
    made_by = step.definitions[0].made_by
    return Section(first.latex, "", made_by, step.line, (Row("value", first.sides[:1], first.value), *others, *rows))


@_section.register
def _(step: BroadcastStep) -> Section:
    return Section(
        "", broadcast_text(step), "", None, (Row(f"from {step.consumer}", (), step.sent), Row("sum", (), step.total))
    )


@_section.register
def _(step: SumStep) -> Section:
    parts = [Row(f"from {consumer}", (), value) for consumer, value in step.parts]
    return Section("", sum_text(step), "", None, (*parts, Row("sum", _symbol(step.cotangent), step.total)))


@_section.register
def _(step: AccumulationStep) -> Section:
    rows = [Row("to add", _symbol(step.cotangent), step.gradient)]
    if step.before is not None:
        rows = [Row("what it holds", (), step.before), *rows, Row("sum", (), summarise(step.after._data))]
    return Section("", f"{step.leaf}.grad", "", None, tuple(rows))
