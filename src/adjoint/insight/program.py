"""The user's program as it is written: its functions, what their names stand for, and where a name got its value.

Nothing of the program is run. A name is looked up among the values that a live frame has, and else followed through
the source: to the assignment that reaches it, or to the argument that a caller passed.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.insight.naming import is_ours
from adjoint.insight.source import SourceLine
from adjoint.nn.modules.module import Module

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_SCOPES = (*_FUNCTIONS, ast.ClassDef)

_NO_OBJECTS = (Tensor, type, ModuleType, FunctionType)

#: in place of a value that nobody knows without running the program
UNKNOWN = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()


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


def _cells() -> Iterator[Source]:
    """The sources that are no files, such as the cells of a notebook, the latest first."""
    for file, entry in reversed(list(linecache.cache.items())):
        if len(entry) > 2 and entry[1] is None:  # no time of change: there is no file
            source = _parsed(file, "".join(entry[2]))
            if source is not None:
                yield source


def source_of(file: str, names: Mapping[str, Any] | None = None) -> Source | None:
    """The source of a file, where there is one that can be read."""
    text = "".join(linecache.getlines(file, dict(names) if names is not None else None))
    return _parsed(file, text) if text else None


@dataclass(eq=False, repr=False)
class Scope:
    """One activation of a function of the user's, or of a module's own code.

    `values` are the variables of a live frame, `arguments` what a caller passed: values, or expressions with the scope
    that they are to be read in. `call` is the expression that called it, in the scope `caller`. `objects` are those that
    live frames hold: one of them stands for what `Net()` made in a function that has returned, where only one can.
    """

    source: Source
    body: Function | ast.Module
    values: Mapping[str, Any] = field(default_factory=dict)
    outer: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    caller: Scope | None = None
    call: ast.AST | None = None
    objects: Sequence[Any] = ()
    _resolving: set[str] = field(default_factory=set)

    @property
    def depth(self) -> int:
        return 0 if self.caller is None else self.caller.depth + 1

    def line(self, node: ast.AST) -> SourceLine:
        return self.source.line(getattr(node, "lineno", 1))

    def nodes(self) -> Iterator[ast.AST]:
        """All of the function's own tree, without functions and classes defined inside of it, in the source's order."""
        stack: list[ast.AST] = list(reversed(_body(self.body)))
        while stack:
            node = stack.pop()
            yield node
            if not isinstance(node, _SCOPES):
                stack.extend(reversed(list(ast.iter_child_nodes(node))))

    # --- what an expression stands for ---

    def value(self, node: ast.AST | None) -> Any:
        """The value of a name, an attribute or an element, where it is known; `UNKNOWN` else."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._value_of_name(node)
        if isinstance(node, ast.Attribute):
            if (
                isinstance(node.value, ast.Call)
                and isinstance(node.value.func, ast.Name)
                and node.value.func.id == "super"
            ):
                return self._inherited(node.attr)
            return attribute(self.value(node.value), node.attr)
        if isinstance(node, ast.Subscript):
            return _element(self.value(node.value), self.value(node.slice))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            number = self.value(node.operand)
            return -number if isinstance(number, int | float) else UNKNOWN
        return UNKNOWN

    def _value_of_name(self, node: ast.Name) -> Any:
        name = node.id
        if name in self.values:
            return self.values[name]
        every = list(self.definitions(name))
        changed = any(isinstance(each.value, ast.AugAssign) for each in every)
        assigned = every if changed else [each for each in every if each.replaces]
        if name in self.arguments and not assigned:
            return self._argument(name)
        if len(assigned) == 1 and isinstance(assigned[0].value, ast.Name | ast.Attribute | ast.Constant):
            return UNKNOWN if _mentions(assigned[0].value, name) else self.value(assigned[0].value)
        if len(assigned) == 1 and isinstance(assigned[0].value, ast.Call) and name not in self._resolving:
            self._resolving.add(name)
            found = self._made_by(assigned[0].value)
            self._resolving.discard(name)
            return found
        if assigned or name in parameters(self.body):
            return UNKNOWN
        if name in self.outer:
            return self.outer[name]
        builtins = self.outer.get("__builtins__", {})
        builtins = vars(builtins) if isinstance(builtins, ModuleType) else builtins
        return builtins.get(name, UNKNOWN)

    def _inherited(self, name: str) -> Any:
        """The method that `super().name` is, where the object is known."""
        own = parameters(self.body)[:1]
        owner = self._value_of_name(ast.Name(own[0], ast.Load())) if own else UNKNOWN
        around = next((each for each in self.source.ancestors(self.body) if isinstance(each, ast.ClassDef)), None)
        kinds = type(owner).__mro__ if owner is not UNKNOWN and around is not None else ()
        for place, kind in enumerate(kinds):
            if around is not None and kind.__name__ == around.name:
                found = next((vars(each)[name] for each in kinds[place + 1 :] if name in vars(each)), UNKNOWN)
                return MethodType(found, owner) if isinstance(found, FunctionType) else UNKNOWN
        return UNKNOWN

    def _made_by(self, call: ast.Call) -> Any:
        """The object that calling a class made, where just one of that class lives."""
        kind = self.value(call.func)
        found = [each for each in self.objects if type(each) is kind] if isinstance(kind, type) else []
        return found[0] if len(found) == 1 else UNKNOWN

    def _argument(self, name: str) -> Any:
        given = self.arguments[name]
        if isinstance(given, Passed):
            return given.scope.value(given.expression)
        return given

    # --- where a name got its value ---

    def definitions(self, name: str) -> Iterator[Definition]:
        """All that gives a variable of this scope a value, or adds to it."""
        return iter(_definitions(self.body).get(name, ()))

    def reaching(self, name: str, use: ast.AST) -> list[Definition]:
        """The definitions of a name whose value may be seen where it is used, the latest first."""
        found = list(self.definitions(name))
        blocks = [id(each) for each in self.source.ancestors(use)]
        start = getattr(use, "lineno", 1 << 30), getattr(use, "col_offset", 0)
        before = [each for each in found if _ends_before(each, start, blocks)]
        chosen: list[Definition] = []
        for each in reversed(before):
            if _exclusive(self.source, each.statement, use):
                continue
            chosen.append(each)
            if each.replaces and id(self.source.parents.get(each.statement)) in blocks:
                break
        else:  # around a loop
            loops = {id(each) for each in self.source.ancestors(use) if isinstance(each, ast.For | ast.While)}
            around = [each for each in found if each not in before and self._is_in(each.statement, loops)]
            chosen += reversed(around)
        return chosen

    def elsewhere(self, name: str) -> tuple[Definition, Scope] | None:
        """The latest definition of a global name in another cell of a notebook, with the scope of that cell."""
        if not isinstance(self.body, ast.Module) or Path(self.source.file).is_file():
            return None
        for source in _cells():
            found = [each for each in _definitions(source.tree).get(name, ()) if each.replaces]
            if found and source is not self.source:
                return found[-1], self.in_cell(source)
        return None

    def in_cell(self, source: Source) -> Scope:
        """The scope of another cell, which shares the names of this one."""
        return Scope(source, source.tree, self.values, self.outer, objects=self.objects)

    def _is_in(self, node: ast.AST, blocks: set[int]) -> bool:
        return any(id(each) in blocks for each in self.source.ancestors(node))


@dataclass(frozen=True)
class Passed:
    """An argument as the caller wrote it."""

    expression: ast.expr
    scope: Scope


@dataclass(eq=False)
class Definition:
    """What gives a name a value: the statement, the expression of the value, and whether it replaces what was before."""

    statement: ast.AST
    value: ast.AST
    replaces: bool = True


def _ends_before(each: Definition, start: tuple[int, int], blocks: list[int]) -> bool:
    statement = each.statement
    if isinstance(statement, ast.For | ast.With | ast.comprehension) or id(statement) in blocks:
        # the variable of a loop or a with-block, read inside of it; but `x = f(x)` does not reach its own right side
        return isinstance(statement, ast.For | ast.AsyncFor | ast.With | ast.comprehension) and (
            id(statement) in blocks or isinstance(statement, ast.comprehension) or _end(statement) <= start
        )
    return _end(statement) <= start


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def _exclusive(source: Source, first: ast.AST, second: ast.AST) -> bool:
    """Whether two places lie in the two arms of one `if`, so that never both run."""
    arms: dict[int, bool] = {}
    for node, path in ((first, 0), (second, 1)):
        child = node
        for parent in source.ancestors(node):
            if isinstance(parent, ast.If):
                arm = child in parent.body
                if path and id(parent) in arms and arms[id(parent)] != arm and child is not parent.test:
                    return True
                if not path and child is not parent.test:
                    arms[id(parent)] = arm
            child = parent
    return False


@lru_cache(maxsize=1024)
def _definitions(body: Function | ast.Module) -> dict[str, list[Definition]]:
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

    for node in Scope(_NOWHERE, body).nodes():
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


_NOWHERE = Source("", "")


def _body(body: Function | ast.Module) -> Sequence[ast.AST]:
    return [body.body] if isinstance(body, ast.Lambda) else body.body


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node))


def parameters(body: Function | ast.Module) -> list[str]:
    """The names of a function's parameters, in order."""
    if isinstance(body, ast.Module):
        return []
    given = body.args
    plain = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return plain + [each.arg for each in (given.vararg, given.kwarg) if each is not None]


# --- values without running anything -----------------------------------------------------------------------------


def attribute(owner: Any, name: str) -> Any:
    """An attribute that can be read without running code of the user's, as a property might."""
    if owner is UNKNOWN:
        return UNKNOWN
    if isinstance(owner, Module):
        for table in ("_parameters", "_buffers", "_modules"):
            if name in owner.__dict__.get(table, {}):
                return owner.__dict__[table][name]
    found = inspect.getattr_static(owner, name, UNKNOWN)
    if isinstance(found, FunctionType) and not isinstance(owner, type | ModuleType):
        return MethodType(found, owner) if name not in getattr(owner, "__dict__", {}) else found
    if isinstance(found, staticmethod):
        return found.__func__
    if isinstance(found, classmethod):
        return MethodType(found.__func__, owner if isinstance(owner, type) else type(owner))
    if found is UNKNOWN and isinstance(owner, ModuleType):
        try:  # a module that loads its names on first use
            return getattr(owner, name, UNKNOWN)
        except Exception:  # as an optional package that is missing does
            return UNKNOWN
    if isinstance(found, property) or (hasattr(found, "__get__") and not callable(found)):
        return UNKNOWN
    return found


def _element(owner: Any, index: Any) -> Any:
    if index is UNKNOWN:
        return UNKNOWN
    if isinstance(owner, Module) and "_modules" in owner.__dict__ and isinstance(index, int | str):
        children = owner.__dict__["_modules"]
        keys = list(children)
        key = (
            index
            if index in children
            else keys[index]
            if isinstance(index, int) and -len(keys) <= index < len(keys)
            else None
        )
        return children[key] if key is not None else UNKNOWN
    if isinstance(owner, list | tuple | dict):
        try:
            return owner[index]
        except (LookupError, TypeError):
            return UNKNOWN
    return UNKNOWN


# --- scopes of frames and of calls -------------------------------------------------------------------------------


def scope_of_frame(frame: FrameType) -> Scope | None:
    """The scope of a live frame, with the values that its variables have now."""
    source = source_of(frame.f_code.co_filename, frame.f_globals)
    body = source.body_of(frame.f_code) if source is not None else None
    if source is None or body is None:
        return None
    objects = [
        each for each in frame.f_locals.values() if hasattr(each, "__dict__") and not isinstance(each, _NO_OBJECTS)
    ]
    return Scope(source, body, dict(frame.f_locals), frame.f_globals, objects=objects)


def scope_of_code(code: CodeType, names: Mapping[str, Any]) -> Scope | None:
    """The scope of a function of which only its code is known."""
    source = source_of(code.co_filename, names)
    body = source.body_of(code) if source is not None else None
    return None if source is None or body is None else Scope(source, body, {}, names)


def scope_of_call(
    function: Any, call: ast.Call | None, caller: Scope | None, given: Sequence[Any] = ()
) -> Scope | None:
    """The scope of a function of the user's as it is called by an expression, or with `given` values."""
    first: tuple = ()
    if isinstance(function, MethodType):
        first, function = (function.__self__,), function.__func__
    function = inspect.unwrap(function) if callable(function) else function
    if not isinstance(function, FunctionType) or is_ours(function.__code__) or _is_of_library(function):
        return None
    source = source_of(function.__code__.co_filename, function.__globals__)
    body = source.body_of(function.__code__) if source is not None else None
    if source is None or body is None or isinstance(body, ast.Module):
        return None
    outer = {**function.__globals__, **_closure(function)}
    names = [each.arg for each in (*body.args.posonlyargs, *body.args.args)]
    positional: list[Any] = [*first, *given]
    named: dict[str, Any] = {}
    if call is not None and caller is not None:
        positional += [Passed(each.value if isinstance(each, ast.Starred) else each, caller) for each in call.args]
        named = {each.arg: Passed(each.value, caller) for each in call.keywords if each.arg is not None}
    arguments = {**_defaults(function), **dict(zip(names, positional)), **named}
    rest = positional[len(names) :]
    if body.args.vararg is not None and rest:
        arguments[body.args.vararg.arg] = rest[0]
    return Scope(source, body, {}, outer, arguments, caller, call, caller.objects if caller is not None else ())


def _is_of_library(function: FunctionType) -> bool:
    """Whether a function belongs to Python or to a package that knows nothing of gradients."""
    package = function.__module__.partition(".")[0] if function.__module__ else ""
    return package in {"numpy", "scipy"} or (package in sys.stdlib_module_names and package != "__main__")


def _closure(function: FunctionType) -> dict[str, Any]:
    cells = zip(function.__code__.co_freevars, function.__closure__ or ())
    found = {}
    for name, cell in cells:
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not yet assigned
            continue
    return found


def _defaults(function: FunctionType) -> dict[str, Any]:
    values = function.__defaults__ or ()
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return {**dict(zip(names[len(names) - len(values) :], values)), **(function.__kwdefaults__ or {})}


def holds(value: Any, tensor: Tensor) -> bool:
    """Whether a value is a tensor, or a module or container that has it inside."""
    if value is tensor:
        return True
    if isinstance(value, Module):
        return any(each is tensor for each in value.parameters())
    if isinstance(value, list | tuple):
        return any(holds(each, tensor) for each in value[:100])
    if isinstance(value, dict):
        return any(holds(each, tensor) for each in list(value.values())[:100])
    return False
