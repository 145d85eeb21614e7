"""The line of the program that wrote to a tensor in place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from adjoint.core.events import STEP, all_latest
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor
from adjoint.insight.asking import Question
from adjoint.insight.origins import OPERATORS
from adjoint.insight.program import UNKNOWN, Scope
from adjoint.insight.slices import Slice, forward_of
from adjoint.insight.source import SourceLine
from adjoint.nn.modules.module import Module
from adjoint.optim.optimizer import Optimizer


def lines_of_write(
    question: Question, found: tuple[ast.AST, Scope] | None, log: list, write: tuple, graph: Recorded
) -> list[SourceLine]:
    """The lines that may have made the `write` noted in a log; one where it is certain."""
    step = _by_optimizer(question, log, write)
    if step is not None:
        return [step]
    by = write[1]
    scopes: list[Scope] = [each for each in question.scopes if each is not None]
    if found is not None:
        scopes += Slice(*found).scopes
    candidates: list[SourceLine] = []
    certain: list[SourceLine] = []
    for scope in scopes:
        for node, base in _writes_in(scope, by):
            known = scope.value(base)
            line = scope.line(node)
            if isinstance(known, Tensor):
                if known._writes is log:
                    certain.append(line)
            elif known is UNKNOWN:
                candidates.append(line)
    return list(dict.fromkeys(certain or candidates))


def _by_optimizer(question: Question, log: list, write: tuple) -> SourceLine | None:
    """The step of an optimizer that wrote to one of its parameters."""
    for event in all_latest(STEP):
        optimizer = event.subject()
        if event.sequence < write[0] and isinstance(optimizer, Optimizer):
            members = (each for group in optimizer.param_groups for each in group["params"])
            if any(each._writes is log for each in members):
                return question.line_of(event)
    return None


def _writes_in(scope: Scope, by: str) -> Iterator[tuple[ast.AST, ast.expr]]:
    """The statements of a scope that write in place as `by` says, each with what it writes to."""
    into_view = by.endswith(" to a view")
    name = by.partition("Backward")[0].lower().rstrip("_")
    for node in scope.nodes():
        if isinstance(node, ast.AugAssign):
            names = OPERATORS.get(type(node.op), ())
            inner: Any = node.target
            if into_view or name in names or (isinstance(inner, ast.Subscript)):
                yield node, _base(inner)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and (
                    into_view or name in {"copyslices", "copy", "fill", "index_put"}
                ):
                    yield node, _base(target)
        elif isinstance(node, ast.Call):
            called = node.func
            method = called.attr if isinstance(called, ast.Attribute) else ""
            same = method.rstrip("_").replace("_", "") == name.replace("_", "")
            if isinstance(called, ast.Attribute) and method[-1:] == "_" and method[-2:] != "__" and (same or into_view):
                yield node, _base(called.value)
            inplace = [each.value for each in node.keywords if each.arg == "inplace"]
            by_argument = any(isinstance(each, ast.Constant) and each.value is True for each in inplace)
            if node.args and (by_argument or _works_in_place(scope.value(called))):
                yield node, node.args[0]


def _works_in_place(callee: Any) -> bool:
    """Whether a module writes to its input, or has one inside that does to what it is given: `nn.ReLU(inplace=True)`."""
    if not isinstance(callee, Module) or forward_of(callee) is not None:
        return False
    return any(getattr(each, "inplace", False) is True for each in callee.modules())


def _base(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node
