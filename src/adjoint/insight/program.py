"""The user's program as it is written: its functions, what their names stand for, and where a name got its value.

Nothing of the program is run. A name is looked up among the values that a live frame has, and else followed through
the source: to the assignment that reaches it, or to the argument that a caller passed.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from adjoint.core.callers import is_ours
from adjoint.core.tensor import Tensor
from adjoint.insight.source import SourceLine
from adjoint.insight.syntax import (
    Definition,
    Function,
    Source,
    cells,
    definitions_in,
    ends_before,
    exclusive,
    mentions,
    own_nodes,
    parameters,
    source_of,
)
from adjoint.nn.modules.module import Module

_NO_OBJECTS = (Tensor, type, ModuleType, FunctionType)

#: in place of a value that nobody knows without running the program
UNKNOWN = type("Unknown", (), {"__repr__": lambda self: "UNKNOWN"})()


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
        """All of the function's own tree, in the source's order."""
        return own_nodes(self.body)

    # --- what an expression stands for ---

    def value(self, node: ast.AST | None) -> Any:
        """The value of a name, an attribute or an element, where it is known; `UNKNOWN` else."""
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._value_of_name(node)
        if isinstance(node, ast.Attribute):
            called = node.value.func if isinstance(node.value, ast.Call) else None
            if isinstance(called, ast.Name) and called.id == "super":
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
            return UNKNOWN if mentions(assigned[0].value, name) else self.value(assigned[0].value)
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
        return iter(definitions_in(self.body).get(name, ()))

    def reaching(self, name: str, use: ast.AST) -> list[Definition]:
        """The definitions of a name whose value may be seen where it is used, the latest first."""
        found = list(self.definitions(name))
        blocks = [id(each) for each in self.source.ancestors(use)]
        start = getattr(use, "lineno", 1 << 30), getattr(use, "col_offset", 0)
        before = [each for each in found if ends_before(each, start, blocks)]
        chosen: list[Definition] = []
        for each in reversed(before):
            if exclusive(self.source, each.statement, use):
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
        for source in cells():
            found = [each for each in definitions_in(source.tree).get(name, ()) if each.replaces]
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
    if isinstance(owner, Module) and "_modules" in owner.__dict__:
        children = owner.__dict__["_modules"]
        owner = list(children.values()) if isinstance(index, int) else children
    if index is UNKNOWN or not isinstance(owner, list | tuple | dict):
        return UNKNOWN
    try:
        return owner[index]
    except (LookupError, TypeError):
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


def scope_of_code(code: CodeType, names: dict[str, Any]) -> Scope | None:
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
