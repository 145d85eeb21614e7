"""An explained program as a picture: values in its boxes, the local derivatives and what goes back on its arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adjoint.insight.page.nodes import Edge, Node, Program
from adjoint.insight.picture import Arrow, Box, Picture
from adjoint.insight.rendering import equation, formula_text, listed, title_of
from adjoint.insight.value import summarise

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

_WIDEST = 44  # characters of a line
_TOLD = 8  # gradients in the description


def figure_of(explanation: Explanation) -> Picture:
    """The picture of an explanation."""
    program = Program(explanation)
    root = program.operations[-1] if program.operations else 0
    boxes = [_box(node, place == root) for place, node in enumerate(program.nodes)]
    totals = list(explanation.totals.values())[:_TOLD]
    gradients = [f"{symbol.name} = {summarise(gradient._data)}" for symbol, gradient in totals]
    count = len(program.operations)
    description = f"{count} operation{'' if count == 1 else 's'}; {listed(gradients)}."
    return Picture(title_of(explanation), description, boxes, [_arrow(edge, program) for edge in program.edges])


def _box(node: Node, is_root: bool) -> Box:
    equations = [equation(definition) for definition in node.definitions]
    lines = []
    for definition in node.definitions:
        formula = "" if definition.formula is None else f" = {formula_text(definition.formula)}"
        lines += [
            _cut(f"{definition.name}{formula}"),
            _cut("(not kept)" if definition.value is None else definition.value.text),
        ]
    if node.operation:
        lines.append(node.operation)
    return Box(tuple(lines), node.kind, "\n".join([*equations, str(node.line)] if node.line else equations), is_root)


def _arrow(edge: Edge, program: Program) -> Arrow:
    sent = edge.sent
    if sent is None:
        return Arrow(edge.source, edge.target, is_dashed=True)
    label = [f"↑ {sent.value.text}"]
    if sent.ratio is not None and sent.derivative is not None:
        label.insert(0, f"{sent.ratio.name} = {formula_text(sent.derivative)}")
    title = f"from {program.nodes[edge.target].title} to {sent.to}: {formula_text(sent.formula)} = {sent.value.text}"
    return Arrow(edge.source, edge.target, tuple(map(_cut, label)), title)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
