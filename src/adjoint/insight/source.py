"""The lines of the program that is looked at, as its files have them: where a variable got its value.

A line is found only where it cannot be another: the variable is bound once in its scope, and before the line that runs.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType

_Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)  # whose variables are their own
_OPTIONAL = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match)  # whose statements may not run


@dataclass(frozen=True, slots=True)
class SourceLine:
    """A line of a program: the file, the line's number from 1, and its text without the space around it.

    >>> print(SourceLine("model.py", 12, "z = w * x + b"))
    model.py:12
    """

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def place(self) -> str:
        """Where the line stands, shortly: `model.py:12`, or `line 12` of what is no file, such as a notebook's cell."""
        path = Path(self.file)
        return f"{path.name}:{self.line}" if path.is_file() else f"line {self.line}"


def line_at(file: str, line: int) -> SourceLine:
    """A line by its number; its text is empty where the file cannot be read."""
    return SourceLine(file, line, linecache.getline(file, line).strip())


def line_of_variable(frame: FrameType, name: str) -> SourceLine | None:
    """The line where a variable of a frame got the value that it has, or None where that is not certain.

    `name` is a local variable of the function that the frame runs, or a global one of its module where the frame runs that.

    >>> import sys
    >>> line_of_variable(sys._getframe(), "nothing_of_this_name") is None
    True
    """
    bound = expression_of_variable(frame, name)
    return None if bound is None else line_at(frame.f_code.co_filename, bound.lineno)


def expression_of_variable(frame: FrameType, name: str) -> ast.expr | None:
    """The expression whose value a variable of a frame has, as its file has it; None where that is not certain.

    It is certain where the scope binds the variable once, by `name = ...`, on a line before the one that runs, and
    changes it nowhere by `name[...] = ...`, `name += ...` or a method such as `name.add_()`.
    """
    scope = scope_of(frame)
    if scope is None:
        return None
    found = _bindings(scope).get(name, [])
    if len(found) != 1:
        return None
    (binding,) = found
    if not isinstance(binding, ast.Assign | ast.AnnAssign | ast.NamedExpr) or binding.value is None:
        return None
    if isinstance(binding, ast.Assign) and not all(isinstance(each, ast.Name) for each in binding.targets):
        return None  # one of several results
    end = binding.end_lineno or binding.lineno
    if end > frame.f_lineno or binding.lineno not in {line for _, _, line in frame.f_code.co_lines()}:
        return None
    if isinstance(scope, ast.Module) and _may_be_older(frame.f_code, scope, binding):
        return None
    return binding.value


def scope_of(frame: FrameType) -> _Scope | None:
    """The module or function that a frame runs, as its file has it; None where there is no such file, or not any more."""
    code = frame.f_code
    lines = linecache.getlines(code.co_filename, frame.f_globals)
    tree = _parsed("".join(lines)) if lines else None
    if tree is None or code.co_name == "<module>":
        return tree
    same = [node for node in ast.walk(tree) if _is_function(node, code)]
    return same[0] if len(same) == 1 else None  # type: ignore[return-value]


@lru_cache(maxsize=16)
def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except SyntaxError:  # of a session's commands, only the last is there
        return None


def _is_function(node: ast.AST, code: CodeType) -> bool:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != code.co_name:
        return False
    return min(node.lineno, *(each.lineno for each in node.decorator_list), node.lineno) == code.co_firstlineno


def _may_be_older(code: CodeType, scope: ast.Module, binding: ast.AST) -> bool:
    """Whether a global variable may have had its value before this code ran: a notebook's, bound under a condition."""
    if Path(code.co_filename).is_file():
        return False
    return any(binding in ast.walk(each) for each in ast.walk(scope) if isinstance(each, _OPTIONAL))


# --- what gives a variable its value, or changes it ---------------------------------------------------------------


@lru_cache(maxsize=64)
def _bindings(scope: _Scope) -> dict[str, list[ast.AST]]:
    """All in a scope that binds a variable, or changes what it holds, by the variable's name."""
    found: dict[str, list[ast.AST]] = {}
    pairs = [pair for statement in scope.body for pair in _bindings_in(statement)]
    for name, node in (*_parameters(scope), *pairs):
        found.setdefault(name, []).append(node)
    return found


def _parameters(scope: _Scope) -> Iterator[tuple[str, ast.AST]]:
    if not isinstance(scope, ast.Module):
        every = scope.args
        for each in (*every.posonlyargs, *every.args, *every.kwonlyargs, every.vararg, every.kwarg):
            if each is not None:
                yield each.arg, each


def _bindings_in(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node, _SCOPES):
        if not isinstance(node, ast.Lambda):
            yield node.name, node
        for inner in ast.walk(node):  # functions may bind an outer variable, and change what it holds
            names = inner.names if isinstance(inner, ast.Nonlocal | ast.Global) else _changed(inner)
            yield from ((name, inner) for name in names)
        return
    yield from ((name, node) for name in (*_bound(node), *_changed(node)))
    for child in ast.iter_child_nodes(node):
        if not isinstance(node, ast.comprehension) or child is not node.target:  # whose variables are its own
            yield from _bindings_in(child)


def _bound(node: ast.AST) -> Iterator[str]:
    """The variables that a statement or expression binds by itself."""
    if isinstance(node, ast.Assign | ast.Delete):
        for target in node.targets:
            yield from _names_in(target)
    elif isinstance(node, ast.AnnAssign):
        yield from _names_in(node.target) if node.value is not None else ()
    elif isinstance(node, ast.AugAssign | ast.NamedExpr | ast.For | ast.AsyncFor):
        yield from _names_in(node.target)
    elif isinstance(node, ast.withitem):
        yield from _names_in(node.optional_vars) if node.optional_vars is not None else ()
    elif isinstance(node, ast.alias):
        yield node.asname or node.name.partition(".")[0]
    elif isinstance(node, ast.MatchMapping):
        yield from (node.rest,) if node.rest else ()
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        yield from (node.name,) if node.name else ()


def _names_in(target: ast.AST) -> Iterator[str]:
    if isinstance(target, ast.Tuple | ast.List):
        for each in target.elts:
            yield from _names_in(each)
    elif isinstance(target, ast.Starred):
        yield from _names_in(target.value)
    elif isinstance(target, ast.Name):
        yield target.id


def _changed(node: ast.AST) -> Iterator[str]:
    """The variable that a statement writes into: `x[0] = 1`, `x.data = y`, `x.add_(1)`."""
    if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        inner: ast.AST = node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _writes(node.func.attr):
        inner = node.func.value
    else:
        return
    while isinstance(inner, ast.Subscript | ast.Attribute):
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield inner.id


def _writes(method: str) -> bool:
    """Whether a method of this name writes into its tensor: `add_`. `requires_grad_` writes no numbers."""
    return method.endswith("_") and not method.endswith("__") and method != "requires_grad_"
