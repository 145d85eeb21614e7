"""An explanation as plain data, for the page's program to show."""

from __future__ import annotations

import math
import re
from collections import Counter
from html import escape, unescape
from typing import TYPE_CHECKING, Any

from adjoint.arrays import mathml
from adjoint.insight.page.folding import Group, folded
from adjoint.insight.page.geometry import Geometry
from adjoint.insight.page.nodes import EXPLODING, VANISHING, Edge, Node, Program
from adjoint.insight.page.text import Data, Text
from adjoint.insight.value import Value, digits, summarise
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

sympy = lazy("sympy", extra="insight")

_WIDEST = 31  # characters of a line in a box
_NAMED = 4  # leaves in the title
_SHORT = 40  # definitions; what is longer is no formula that one could read

_SIGN = re.compile("<mo>([<>&])</mo>")
_STAND_IN = re.compile(r"<mi>symbol(\d+)</mi>")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)\w+;")


def model_of(explanation: Explanation) -> Data:
    """All that the page shows, as data that JSON can hold."""
    program = Program(explanation)
    text = Text(program)
    boxes = [_box(node) for node in program.nodes]
    whole = folded(program)
    geometry = Geometry(whole, program)
    steps = [text.computed(place) for place in program.operations]
    steps += map(text.step, explanation.steps)
    nodes = [_node(node, box, program, text) for node, box in zip(program.nodes, boxes, strict=True)]
    summary = _summary(explanation, text)
    return {
        "top": explanation.top,
        "title": _title(explanation),
        "limits": {"vanishing": VANISHING, "exploding": EXPLODING},
        "nodes": nodes,
        "edges": [_edge(edge, program) for edge in program.edges],
        "groups": _groups(whole, geometry),
        "steps": steps,
        "summary": summary,
        "formulas": list(text.formulas),
        "values": text.value_table(),
    }


# --- nodes and edges -----------------------------------------------------------------------------------------------


def _box(node: Node) -> list[str]:
    """The lines in a node's box: its name and operation, its value, and its gradient."""
    values = [each.value for each in node.definitions if each.value is not None]
    value = values[0].text.removeprefix("shape ") if values else "(not kept)"
    gradient = f"grad {_short(node.gradients[0])}" if node.gradients else ""
    operation = node.operation if node.kind == "operation" else node.kind
    return [_cut(node.title, from_left="." in node.title), operation, _cut(value), _cut(gradient)]


def _short(value: Value) -> str:
    return value.text if value.number is not None or value.size <= 3 else f"norm {digits(value.norm)}"


def _cut(text: str, *, from_left: bool = False) -> str:
    if len(text) <= _WIDEST:
        return text
    return f"…{text[1 - _WIDEST :]}" if from_left else f"{text[: _WIDEST - 1]}…"


def _node(node: Node, box: list[str], program: Program, text: Text) -> Data:
    data: Data = {"kind": node.kind, "name": node.title, "box": box}
    if node.operation:
        data["operation"] = node.operation
    if node.line is not None:
        data["line"] = {"place": str(node.line), "text": node.line.text}
    data["rows"] = text.definitions(node)
    data["values"] = [text.value(each.value) for each in node.definitions if each.value is not None]
    data["gradients"] = [text.value(value) for value in node.gradients]
    if node.gradients:
        data["strength"] = _strength(node.gradients[0], program)
    if node.flags:
        data["flags"] = [{"kind": flag.kind, "text": flag.text, "starts": flag.starts} for flag in node.flags]
    return data


def _edge(edge: Edge, program: Program) -> Data:
    data: Data = {"source": edge.source, "target": edge.target}
    if edge.sent is not None:
        data["strength"] = _strength(edge.sent.value, program)
        data["text"] = edge.sent.value.text
    return data


def _strength(gradient: Value, program: Program) -> str | float:
    """How strong a gradient is by the first cotangent, as a power of ten; or what it is instead of a number."""
    if gradient.nans or gradient.infinities:
        return "nan" if gradient.nans else "infinite"
    ratio = program.ratio([gradient])
    return round(math.log10(ratio), 2) + 0.0 if ratio else "zero"


# --- groups --------------------------------------------------------------------------------------------------------


def _groups(whole: Group, geometry: Geometry) -> list[Data]:
    """All groups, each before those in it; in items, groups are counted down from -1: -1 is the second of all."""
    order: list[Group] = []

    def note(group: Group) -> None:
        order.append(group)
        for item in group.items:
            if isinstance(item, Group):
                note(item)

    note(whole)
    numbers = {id(group): number for number, group in enumerate(order)}

    def drawn(group: Group) -> Data:
        drawing = geometry.drawings[id(group)]
        items = [-numbers[id(item)] if isinstance(item, Group) else item for item in group.items]
        lines = [[line.source, line.target, line.edges, line.bends] for line in drawing.lines]
        return {"title": group.title, "kind": group.kind, "items": items, "layers": drawing.layers, "lines": lines}

    return [drawn(group) for group in order]


# --- the whole -----------------------------------------------------------------------------------------------------


def _title(explanation: Explanation) -> str:
    names = list(explanation.totals)
    by = ", ".join(names) if len(names) <= _NAMED else f"{len(names)} leaves"
    return f"{explanation.top} differentiated by {by}" if names else explanation.top


def _summary(explanation: Explanation, text: Text) -> list[Data]:
    """What the page says before the first step."""
    chains = [
        text.chain(chain.cotangent, chain.paths, chain.value)
        for chain in explanation.chains
        if len(chain.paths) > 1 or len(chain.paths[0]) > 1
    ]
    routes = Counter(relation.operand for relation in explanation.relations)
    relations = [
        text.relation(each, each.result if routes[each.operand] > 1 and not explanation.is_scalar else "")
        for each in explanation.relations
    ]
    gradients = [
        text.gradient(name, symbol, summarise(gradient._data))
        for name, (symbol, gradient) in explanation.totals.items()
    ]
    sections = [
        ("Gradients", gradients),
        ("In your own variables", relations),
        ("The chain rule", chains),
        ("As one formula", _formulas(explanation, text)),
    ]
    return [{"title": title, "rows": rows} for title, rows in sections if rows]


def _formulas(explanation: Explanation, text: Text) -> list[Data]:
    """For programs of numbers that are short enough, the whole derivatives, simplified."""
    if not explanation.is_scalar or len(explanation.definitions) > _SHORT:
        return []
    try:
        formulas = explanation.formula
    except (ValueError, TypeError, ModuleNotFoundError):  # too long to be read, not for SymPy, or without SymPy
        return []
    symbols = {name: symbol for name, (symbol, _) in explanation.totals.items()}
    return [text.row([mathml.name(symbols[name].name), _of_sympy(formula)]) for name, formula in formulas.items()]


def _of_sympy(expression: Any) -> str:
    """A SymPy expression as MathML. SymPy writes names as they are, so ours stand in for them until it is done."""
    symbols = sorted(expression.free_symbols, key=str)
    stand_ins = {symbol: sympy.Symbol(f"symbol{number}") for number, symbol in enumerate(symbols)}

    def written(part: Any) -> str:
        text = sympy.mathml(part, printer="presentation", disable_split_super_sub=True)
        text = _SIGN.sub(lambda found: f"<mo>{escape(found[1])}</mo>", text)
        text = _ENTITY.sub(lambda found: unescape(found[0]), text)
        return _STAND_IN.sub(lambda found: mathml.name(str(symbols[int(found[1])])), text)

    renamed = expression.xreplace(stand_ins)
    if not isinstance(renamed, sympy.Piecewise):
        return written(renamed)
    return mathml.cases(
        (written(case), "" if condition == sympy.true else written(condition)) for case, condition in renamed.args
    )
