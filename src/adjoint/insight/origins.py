"""The line of the user's program that made a node of the graph.

Where the operation's place was recorded, as under anomaly detection, that is it. Else the operations of the source that
led to the graph's root are held against its nodes: the first `log` that ran is the first one in the source.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from adjoint.core.callers import is_ours
from adjoint.core.graph import Node, public_name
from adjoint.core.primitive import Primitive
from adjoint.core.recorded import Recorded
from adjoint.insight.constants import constant_of, is_constant
from adjoint.insight.slices import Occurrence, Slice
from adjoint.insight.source import SourceLine, line_at
from adjoint.nn.modules.module import Module

#: what an operator of Python's is recorded as
OPERATORS: dict[type, tuple[str, ...]] = {
    ast.Add: ("add",), ast.Sub: ("sub",), ast.Mult: ("mul",), ast.Div: ("div", "reciprocal", "mul"),
    ast.Pow: ("pow",), ast.MatMult: ("mm", "mv", "dot", "bmm", "unsafe_view"), ast.USub: ("neg",), ast.Mod: ("remainder",),
    ast.FloorDiv: ("floor_divide",),
}  # fmt: skip
#: names of functions, beside those of their nodes
_RECORDED_AS = {
    "norm": ("linalg_vector_norm", "norm"), "vector_norm": ("linalg_vector_norm",), "true_divide": ("div",),
    "divide": ("div",), "multiply": ("mul",), "subtract": ("sub",), "negative": ("neg",), "clip": ("clamp",),
    "clamp_min": ("clamp_min", "clamp"), "clamp_max": ("clamp_max", "clamp"), "matmul": ("mm", "mv", "dot", "bmm", "unsafe_view"),
    "linear": ("addmm", "mm", "linear"), "max": ("max", "amax"), "min": ("min", "amin"), "square": ("pow",),
    "reciprocal": ("reciprocal",), "absolute": ("abs",), "std": ("std", "sqrt"), "rsqrt": ("rsqrt",),
}  # fmt: skip


class Origins:
    """The origins of a graph's nodes in a slice of the source."""

    def __init__(self, graph: Recorded, part: Slice | None) -> None:
        self._nodes = graph.nodes
        self._recorded = {public_name(each) for each in graph.nodes}
        found = (
            [each for each in part.occurrences if not is_constant(each.node, each.scope)] if part is not None else []
        )
        self._occurrences = sorted(found, key=lambda each: each.order)

    def lines(self, node: Node) -> list[SourceLine]:
        """The lines that may have made a node; one where it is certain."""
        place = recorded_place(node)
        if place is not None:
            return [place]
        return list(dict.fromkeys(line_of_occurrence(each) for each in self.occurrences(node)))

    def occurrences(self, node: Node) -> list[Occurrence]:
        """The operations in the source that may have made a node."""
        name = public_name(node)
        same = [each for each in self._nodes if public_name(each) == name]
        own = [each for each in self._occurrences if name in self._names(each)]
        inside = [
            each
            for each in self._occurrences
            if each not in own and self._is_composite(each) and name in inner_names(each)
        ]
        chosen = _aligned(own, same, node, alone=not inside)
        if chosen is not None:
            return chosen
        found = [each for each in self._occurrences if each in own or each in inside]
        chosen = _aligned(found, same, node, alone=True)
        return found if chosen is None else chosen

    def _names(self, each: Occurrence) -> Sequence[str]:
        """The names of nodes that an operation of the source is recorded as in this graph."""
        own = own_names(each)
        return own[:1] if own and own[0] in self._recorded else own

    def _is_composite(self, each: Occurrence) -> bool:
        return self._recorded.isdisjoint(own_names(each))


def _aligned(found: Sequence[Occurrence], same: Sequence[Node], node: Node, *, alone: bool) -> list[Occurrence] | None:
    """Of operations in the source, and nodes of one name, those that belong to `node`; None where that is not certain.

    `alone` says that no other operation of the source may have made some of the nodes.
    """
    if not found:
        return None
    if len(same) == len(found):
        return [found[same.index(node)]]
    if alone and len(same) > len(found) and len({line_of_occurrence(each) for each in found}) == 1:
        return list(found)
    loops = {_loop(each) for each in found}
    if alone and len(loops) == 1 and None not in loops and len(same) % len(found) == 0:
        return [found[same.index(node) % len(found)]]
    return None


def recorded_place(node: Node) -> SourceLine | None:
    """Where the operation ran, if that was recorded."""
    place = node.annex.place if node.annex is not None else None
    return None if place is None else line_at(place.file, place.line)


def line_of_occurrence(each: Occurrence) -> SourceLine:
    """The line of an operation: of the method's name in a chain of calls over several lines."""
    node = each.node
    number = node.lineno  # type: ignore[attr-defined]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        number = node.func.end_lineno or number
    return each.scope.source.line(number)


def own_names(each: Occurrence) -> Sequence[str]:
    """The names of nodes that an operation itself is recorded as."""
    node = each.node
    if (
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(_known(node.left, each), int | float)
    ):
        return ("rsub",)
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.UnaryOp):
        return OPERATORS.get(type(node.op), ())
    if isinstance(node, ast.Subscript):
        return ("select", "slice", "index", "unsqueeze")
    if not isinstance(node, ast.Call):
        return ()
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    name = name.rstrip("_")
    return (name, *_RECORDED_AS.get(name, ()))


def _known(node: ast.AST, each: Occurrence) -> Any:
    return constant_of(node, each.scope)


def inner_names(each: Occurrence) -> frozenset[str]:
    """The names of operations inside of the function or module of the library's that is called."""
    callee = each.callee
    if isinstance(callee, Module):
        parts = [type(part) for part in callee.modules()]
        return frozenset().union(*(_called_in(kind.forward, 2) | {kind.__name__.lower()} for kind in parts))
    return _called_in(callee, 2) if callable(callee) else frozenset()


@lru_cache(maxsize=1024)
def _called_in(function: Any, depth: int) -> frozenset[str]:
    """The names of what a function of the library's calls, to some depth, and of its operators."""
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None)
    if code is None or not is_ours(code):
        return frozenset()
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return frozenset()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp | ast.UnaryOp):
            found.update(OPERATORS.get(type(node.op), ()))
        elif isinstance(node, ast.Call):
            called = node.func
            name = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            name = re.sub("^_+|_+$", "", name)
            found.update((name, *_RECORDED_AS.get(name, ())))
            inner = function.__globals__.get(called.id) if isinstance(called, ast.Name) else None
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                inner = getattr(function.__globals__.get(called.value.id), called.attr, None)
            if depth and callable(inner):
                primitive = getattr(inner, "primitive", None)
                if isinstance(primitive, Primitive):
                    found |= {primitive.name, primitive.title}
                else:
                    found |= _called_in(inner, depth - 1)
    return frozenset(found)


def _loop(each: Occurrence) -> Any:
    """The innermost loop of the function's own around an operation."""
    for parent in each.scope.source.ancestors(each.node):
        if isinstance(parent, ast.For | ast.While | ast.comprehension | ast.ListComp | ast.GeneratorExp):
            return parent
        if parent is each.scope.body:
            return None
    return None
