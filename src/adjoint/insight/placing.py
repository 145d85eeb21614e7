"""Which line of the caller's code made which operation of a program that nobody watched.

The expression that a variable was bound to is held against the graph that leads to the variable, from its outermost
operation inwards, as long as both say the same. What else ran, inside of a function that was called, has no line.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any

from adjoint.core.graph import Node, node_of, public_name
from adjoint.core.tensor import Tensor, edge_of
from adjoint.insight.source import SourceLine, expression_of_variable, line_at

#: names of the nodes that an operator makes, as `public_name` has them
_OPERATORS: dict[type, set[str]] = {
    ast.Add: {"add"}, ast.Sub: {"sub", "rsub"}, ast.Mult: {"mul"}, ast.Div: {"div"}, ast.Pow: {"pow"},
    ast.MatMult: {"mm", "mv", "dot", "bmm", "matmul"}, ast.USub: {"neg"},
}  # fmt: skip


def lines_in(frame: FrameType) -> dict[int, SourceLine]:
    """The lines of the operations that made the local variables of a frame, by the identity of their nodes."""
    matching = _Matching(frame, {})
    for name, value in list(frame.f_locals.items()):
        if not isinstance(value, Tensor) or value._writes:  # an operation in place has another line
            continue
        node, _ = node_of(edge_of(value))
        expression = expression_of_variable(frame, name) if node is not None else None
        if expression is not None:
            matching.match(expression, edge_of(value))
    return matching.lines


@dataclass
class _Matching:
    """Expressions of a frame's code held against operations; `lines` are those found so far."""

    frame: FrameType
    lines: dict[int, SourceLine]

    def match(self, expression: ast.expr, edge: Any) -> bool:
        """Whether an expression is the operation behind an edge; notes its line and goes on to its operands."""
        node, _ = node_of(edge)
        if node is None or not self._is(expression, node, edge):
            return False
        self.lines[id(node)] = line_at(self.frame.f_code.co_filename, expression.lineno)
        for operand, inner in self._operands(expression, node):
            self.match(operand, inner)
        return True

    def _is(self, expression: ast.expr, node: Node, edge: Any) -> bool:
        if isinstance(expression, ast.BinOp | ast.UnaryOp):
            return public_name(node) in _OPERATORS.get(type(expression.op), ())
        if not isinstance(expression, ast.Call):
            return False
        function = expression.func
        owner = self._value(function.value) if isinstance(function, ast.Attribute) else None
        if isinstance(function, ast.Attribute) and not isinstance(owner, ModuleType | type):
            is_method = isinstance(owner, Tensor) or self._is_an_operation(function.value, node)
            return is_method and function.attr in _names_of(node)
        if isinstance(function, ast.Attribute) and isinstance(owner, type):
            return function.attr == "apply" and node.name() == f"{owner.__name__}Backward"
        called = self._value(function)
        ours = getattr(called, "__module__", None) or ""
        return _is_ours(ours) and getattr(called, "__name__", "") in _names_of(node)

    def _is_an_operation(self, expression: ast.expr, node: Node) -> bool:
        """Whether an expression made the first operand of a node: then a method was called on a tensor."""
        edge = node.edges[0] if node.edges else None
        inner, _ = node_of(edge)
        return inner is not None and self._is(expression, inner, edge)

    def _operands(self, expression: ast.expr, node: Node) -> Iterator[tuple[ast.expr, Any]]:
        if isinstance(expression, ast.BinOp):
            parts = [expression.left, expression.right]
        elif isinstance(expression, ast.UnaryOp):
            parts = [expression.operand]
        elif isinstance(expression, ast.Call):
            function = expression.func
            is_method = isinstance(function, ast.Attribute) and not isinstance(
                self._value(function.value), ModuleType | type
            )
            parts = [*([function.value] if is_method else []), *expression.args]  # type: ignore[attr-defined]
        yield from zip(parts, node.edges, strict=False)

    def _value(self, expression: ast.expr) -> Any:
        """What a name, or a name inside of a module, stands for; None where that is not known without running code."""
        if isinstance(expression, ast.Name):
            for scope in (self.frame.f_locals, self.frame.f_globals, vars(builtins)):
                if expression.id in scope:
                    return scope[expression.id]
        if isinstance(expression, ast.Attribute):
            owner = self._value(expression.value)
            return getattr(owner, expression.attr, None) if isinstance(owner, ModuleType) else None
        return None


def _is_ours(module: str) -> bool:
    return module in {"builtins", "adjoint"} or module.startswith("adjoint.")


def _names_of(node: Node) -> set[str]:
    """The names of functions that make such a node."""
    return {public_name(node)} if node.plan is None else {public_name(node), node.primitive.name, node.primitive.title}
