"""The source of a program as a tree: its functions, and the statements that give a name its value."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from adjoint.insight.source import SourceLine

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)


class Source:
    """One file, or one cell of a notebook, as a tree."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.tree = ast.parse(text)
        self.parents: dict[ast.AST, ast.AST] = {
            child: parent for parent in ast.walk(self.tree) for child in ast.iter_child_nodes(parent)
        }
        self._functions = [node for node in ast.walk(self.tree) if isinstance(node, _FUNCTIONS)]

    def line(self, number: int) -> SourceLine:
        return SourceLine(self.file, number, self.lines[number - 1].strip() if 0 < number <= len(self.lines) else "")

    def body_of(self, code: CodeType) -> Function | ast.Module | None:
        """The function, or the whole module, that a code object was compiled from."""
        if code.co_name == "<module>":
            return self.tree
        name = code.co_name
        found = [each for each in self._functions if _first_line(each) == code.co_firstlineno]
        return next((each for each in found if getattr(each, "name", "<lambda>") == name), None)

    def at(self, code: CodeType, instruction: int) -> ast.AST | None:
        """The expression that an instruction was compiled from."""
        positions = list(code.co_positions())
        place = positions[instruction // 2] if instruction // 2 < len(positions) else (None,) * 4
        for node in ast.walk(self.tree):
            if isinstance(node, ast.expr):
                here = (node.lineno, node.end_lineno, node.col_offset, node.end_col_offset)
                if here == place:
                    return node
        return None

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """What a node of the tree lies in, from the inside out."""
        while node in self.parents:
            node = self.parents[node]
            yield node


def _first_line(function: Function) -> int:
    decorators = getattr(function, "decorator_list", [])
    return min([function.lineno, *(each.lineno for each in decorators)])


@lru_cache(maxsize=256)
def _parsed(file: str, text: str) -> Source | None:
    try:
        return Source(file, text)
    except (SyntaxError, ValueError):  # a cell with magic commands
        return None


def cells() -> Iterator[Source]:
    """The sources that are no files, such as the cells of a notebook, the latest first."""
    for file, entry in reversed(list(linecache.cache.items())):
        if len(entry) > 2 and entry[1] is None:  # no time of change: there is no file
            source = _parsed(file, "".join(entry[2]))
            if source is not None:
                yield source


def source_of(file: str, names: dict[str, Any] | None = None) -> Source | None:
    """The source of a file, where there is one that can be read."""
    text = "".join(linecache.getlines(file, names))
    return _parsed(file, text) if text else None


# --- what gives a name its value ---------------------------------------------------------------------------------


@dataclass(eq=False)
class Definition:
    """What gives a name a value: the statement, the expression of the value, and whether it replaces what was before."""

    statement: ast.AST
    value: ast.AST
    replaces: bool = True


def ends_before(each: Definition, start: tuple[int, int], blocks: list[int]) -> bool:
    """Whether a definition comes before a place that lies in `blocks`; the variable of a loop has its value inside of it."""
    statement = each.statement
    if isinstance(statement, ast.comprehension | ast.withitem):
        return True
    if isinstance(statement, ast.For | ast.AsyncFor) and id(statement) in blocks:
        return True
    return id(statement) not in blocks and _end(statement) <= start


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def exclusive(source: Source, first: ast.AST, second: ast.AST) -> bool:
    """Whether two places lie in the two arms of one `if`, so that never both run."""
    arms = _arms(source, second)
    return any(arms.get(branch, arm) != arm for branch, arm in _arms(source, first).items())


def _arms(source: Source, node: ast.AST) -> dict[ast.AST, bool]:
    """For each `if` that a place lies in, whether it lies in the first of the two arms."""
    arms: dict[ast.AST, bool] = {}
    for parent in source.ancestors(node):
        if isinstance(parent, ast.If) and node is not parent.test:
            arms[parent] = node in parent.body
        node = parent
    return arms


@lru_cache(maxsize=1024)
def definitions_in(body: Function | ast.Module) -> dict[str, list[Definition]]:
    """The definitions in a body, by name, in the source's order."""
    found: dict[str, list[Definition]] = {}

    def add(target: ast.AST, value: ast.AST, statement: ast.AST, replaces: bool = True) -> None:
        if isinstance(target, ast.Name):
            found.setdefault(target.id, []).append(Definition(statement, value, replaces))
        elif isinstance(target, ast.Starred):
            add(target.value, value, statement, replaces)
        elif isinstance(target, ast.Tuple | ast.List):
            parts = value.elts if isinstance(value, ast.Tuple | ast.List) else None
            same = parts is not None and len(parts) == len(target.elts)
            for place, each in enumerate(target.elts):
                add(each, parts[place] if same and parts is not None else value, statement, replaces)
        elif isinstance(target, ast.Subscript):
            add(target.value, value, statement, False)

    for node in own_nodes(body):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                add(target, node.value, node)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            add(node.target, node.value, node)
        elif isinstance(node, ast.AugAssign):
            add(node.target, node, node, False)
        elif isinstance(node, ast.NamedExpr):
            add(node.target, node.value, node)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            add(node.target, node.iter, node)
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            add(node.optional_vars, node.context_expr, node)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
                add(called.value, node.value, node, False)  # a method that may change it: append, add_
    return found


def _body(body: Function | ast.Module) -> Sequence[ast.AST]:
    return [body.body] if isinstance(body, ast.Lambda) else body.body


def mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


def parameters(body: Function | ast.Module) -> list[str]:
    """The names of a function's parameters, in order."""
    if isinstance(body, ast.Module):
        return []
    given = body.args
    plain = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return plain + [each.arg for each in (given.vararg, given.kwarg) if each is not None]


def own_nodes(body: Function | ast.Module) -> Iterator[ast.AST]:
    """All of a function's own tree, without functions and classes defined inside of it, in the source's order."""
    stack: list[ast.AST] = list(reversed(_body(body)))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, _SCOPES):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))
