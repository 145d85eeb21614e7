"""A slice of the user's program: all that the value of one expression was computed from, followed through its source.

The slice goes from an expression to its operands, from names to their definitions, and from calls into the functions
and modules of the user's. It notes each operation that it meets, and each way by which it comes to a given tensor,
with what cuts that way.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from adjoint.core.callers import is_ours
from adjoint.core.tensor import Tensor
from adjoint.insight.cuts import Cut, cut_by_expression, cuts_by_blocks
from adjoint.insight.program import UNKNOWN, Passed, Scope, holds, scope_of_call
from adjoint.insight.syntax import Definition, parameters
from adjoint.nn.modules.module import Module

_STEPS = 20_000  # of the walk; a program that needs more is left unread beyond
_DEPTH = 30  # of calls inside of calls


@dataclass(eq=False)
class Occurrence:
    """An operation as it stands in the source: an operator, or a call; `callee` is what is called, where that is known."""

    node: ast.AST
    scope: Scope
    callee: Any

    @property
    def order(self) -> tuple:
        """A key by which occurrences come in the order in which a program without loops runs them."""
        key: list[tuple] = []
        node: Any = self.node
        scope: Scope | None = self.scope
        while scope is not None:
            key.append((node.end_lineno, node.end_col_offset, -node.lineno, -node.col_offset))
            node, scope = scope.call, scope.caller
            if node is None:
                break
        return tuple(reversed(key))


Way = tuple[Cut, ...]  # what cuts one way to a tensor, those nearest to the result first


class Slice:
    """The slice of a program that computes `expression`, in the scope given.

    `ways` has the ways to `target`, a tensor that the program reads, each as what cuts it: an empty one is open. `leaves`
    has the ways to all else that requires a gradient: leaves, or with `to_history` the first tensor that does.
    """

    def __init__(
        self, expression: ast.AST, scope: Scope, target: Tensor | None = None, *, to_history: bool = False
    ) -> None:
        self._to_history = to_history
        self.target = target
        self.ways: list[Way] = []
        self.occurrences: list[Occurrence] = []
        self.leaves: list[tuple[Any, Way]] = []  # what requires a gradient besides, and what cuts the way to it
        self._seen: set[tuple] = set()
        self._noted: set[tuple] = set()
        self._inner: dict[tuple, Scope | None] = {}
        self._start = scope
        self._steps = 0
        self._follow(expression, scope, ())

    @property
    def closed(self) -> list[Way]:
        """The ways to the target that something cuts."""
        return [way for way in self.ways if way]

    @property
    def scopes(self) -> list[Scope]:
        """The functions that the slice goes through."""
        return [self._start, *(each for each in self._inner.values() if each is not None)]

    # --- the walk ---

    def _follow(self, node: ast.AST, scope: Scope, cuts: Way) -> None:
        key = id(node), id(scope), cuts
        self._steps += 1
        if key in self._seen or self._steps > _STEPS:
            return
        self._seen.add(key)
        known = scope.value(node)
        if self._is_end(known):
            self._arrive(known, cuts)
            if known is self.target or self.target is None:
                return
        if self.target is not None and isinstance(known, list | tuple | dict) and holds(known, self.target):
            self._arrive(self.target, cuts)
        cut = cut_by_expression(node, scope)
        if cut is not None:
            cuts = (*cuts, cut)
        if isinstance(node, ast.Name):
            self._follow_name(node, scope, cuts)
        elif isinstance(node, ast.Call):
            self._follow_call(node, scope, self._in_blocks(node, scope, cuts))
        elif isinstance(node, ast.Attribute):
            self._follow_attribute(node, scope, cuts)
        elif isinstance(node, ast.BinOp | ast.UnaryOp | ast.AugAssign | ast.Subscript):
            self._note(node, scope, None)
            inner = self._in_blocks(node, scope, cuts)
            parts = (node.target, node.value) if isinstance(node, ast.AugAssign) else _operands(node)
            for part in parts:
                self._follow(part, scope, inner)
        elif not isinstance(node, ast.Lambda | ast.FunctionDef):
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr | ast.comprehension | ast.keyword | ast.Starred):
                    self._follow(part, scope, cuts)

    def _in_blocks(self, node: ast.AST, scope: Scope, cuts: Way) -> Way:
        return (*cuts, *(each for each in cuts_by_blocks(node, scope) if each not in cuts))

    def _is_end(self, known: Any) -> bool:
        if not isinstance(known, Tensor):
            return False
        return known is self.target or (known.requires_grad and (known.is_leaf or self._to_history))

    def _arrive(self, tensor: Any, cuts: Way) -> None:
        if tensor is self.target:
            if cuts not in self.ways:
                self.ways.append(cuts)
        else:
            self.leaves.append((tensor, cuts))

    def _follow_name(self, node: ast.Name, scope: Scope, cuts: Way) -> None:
        definitions = scope.reaching(node.id, node)
        for each in definitions:
            self._follow_definition(each, scope, cuts)
        if not definitions or not any(each.replaces for each in definitions):
            self._follow_outer(node.id, scope, cuts)

    def _follow_definition(self, each: Definition, scope: Scope, cuts: Way) -> None:
        if isinstance(each.value, ast.AugAssign):
            self._note(each.value, scope, None)
            inner = self._in_blocks(each.value, scope, cuts)
            self._follow(each.value.value, scope, inner)
        elif isinstance(each.value, ast.Call) and not each.replaces:
            self._follow(each.value, scope, cuts)
        else:
            self._follow(each.value, scope, cuts)

    def _follow_outer(self, name: str, scope: Scope, cuts: Way) -> None:
        """A name that has its value from outside of the scope: an argument, or what it stands for now."""
        other = scope.elsewhere(name) if name not in scope.arguments else None
        if other is not None:
            self._follow_definition(*other, cuts)
        given = scope.arguments.get(name, UNKNOWN)
        if isinstance(given, Passed):
            self._follow(given.expression, given.scope, cuts)
            return
        around = self._around(scope) if given is UNKNOWN else None
        if around is not None:
            for each in around.definitions(name):
                self._follow_definition(each, around, cuts)
            if name in around.arguments:
                self._follow_outer(name, around, cuts)
        value = given if given is not UNKNOWN else scope.value(ast.Name(name, ast.Load()))
        self._follow_value(value, scope, cuts)

    def _around(self, scope: Scope) -> Scope | None:
        """The activation of the function that the function of a scope is defined in."""
        bodies = list(scope.source.ancestors(scope.body))
        outer = scope.caller
        while outer is not None:
            if outer.body in bodies and not isinstance(outer.body, ast.Module):
                return outer
            outer = outer.caller
        called = scope.call.func if isinstance(scope.call, ast.Call) else None
        if scope.caller is None or not isinstance(called, ast.Name):
            return None
        for each in scope.caller.reaching(called.id, called):  # f = make(w), then f(x)
            if isinstance(each.value, ast.Call):
                inner = self._enter(scope.caller.value(each.value.func), each.value, scope.caller)
                if inner is not None and inner.body in bodies:
                    return inner
        return None

    def _follow_value(self, value: Any, scope: Scope, cuts: Way) -> None:
        if self._is_end(value):
            self._arrive(value, cuts)
        elif isinstance(value, Module | list | tuple | dict):
            self._follow_module(value, None, scope, cuts)

    def _follow_attribute(self, node: ast.Attribute, scope: Scope, cuts: Way) -> None:
        owner = scope.value(node.value)
        if owner is UNKNOWN:
            self._follow(node.value, scope, cuts)
            return
        computed = inspect.getattr_static(type(owner), node.attr, None)
        if isinstance(computed, property) and scope.depth < _DEPTH:
            inner_scope = scope_of_call(computed.fget, None, scope, (owner,))
            for result in returned(inner_scope) if inner_scope is not None else ():
                self._follow(result, inner_scope, self._in_blocks(result, inner_scope, cuts))  # type: ignore[arg-type]
        for inner, each in assigned_attribute(owner, node.attr):
            self._follow(each, inner, self._in_blocks(each, inner, cuts))
        self._follow_value(scope.value(node), scope, cuts)

    # --- calls ---

    def _follow_call(self, node: ast.Call, scope: Scope, cuts: Way) -> None:
        callee = scope.value(node.func)
        if _requires_grad(node):
            self.leaves.append((None, cuts))
        if callee is UNKNOWN and isinstance(node.func, ast.Name) and node.func.id == "super":
            return
        inner = self._enter(callee, node, scope)
        if inner is not None:
            decorated = tuple(each for each in cuts_by_blocks(inner.body, inner) if each not in cuts)
            for result in returned(inner):
                self._follow(result, inner, (*cuts, *(() if _names_only(result) else decorated)))
            return
        self._note(node, scope, callee)
        if isinstance(callee, Module):
            self._follow_module(callee, node, scope, cuts)
        elif isinstance(node.func, ast.Attribute):
            self._follow(node.func.value, scope, cuts)
        for argument in (*node.args, *(each.value for each in node.keywords)):
            self._follow(argument.value if isinstance(argument, ast.Starred) else argument, scope, cuts)

    def _enter(self, callee: Any, node: ast.Call, scope: Scope) -> Scope | None:
        """The scope of the function of the user's that a call runs; None for one of a library's."""
        key = id(node), id(scope)
        if key not in self._inner:
            function = forward_of(callee) if isinstance(callee, Module) else callee
            recursive = scope.depth >= _DEPTH
            self._inner[key] = None if recursive else scope_of_call(function, node, scope)
        return self._inner[key]

    def _follow_module(self, module: Any, node: ast.Call | None, scope: Scope, cuts: Way) -> None:
        """A library's module, or a container: the modules of the user's inside of it run, the others only hold."""
        parts = [each for each in _parts(module) if forward_of(each) is not None]
        for part in parts:
            inner = scope_of_call(forward_of(part), node, scope)
            if inner is not None and scope.depth < _DEPTH:
                for result in returned(inner):
                    self._follow(
                        result, inner, (*cuts, *(c for c in cuts_by_blocks(inner.body, inner) if c not in cuts))
                    )
        if self.target is not None and holds(module, self.target):
            inside = any(holds(part, self.target) for part in parts)
            if not inside and cuts not in self.ways:
                self.ways.append(cuts)
        if isinstance(module, Module) and not parts:
            self.leaves += [(each, cuts) for each in module.parameters() if each.requires_grad]

    def _note(self, node: ast.AST, scope: Scope, callee: Any) -> None:
        key = id(node), id(scope)
        if key not in self._noted:
            self._noted.add(key)
            self.occurrences.append(Occurrence(node, scope, callee))


def _requires_grad(node: ast.Call) -> bool:
    """Whether a call makes a leaf: `torch.zeros(3, requires_grad=True)`, `x.requires_grad_()`."""
    by_keyword = any(
        each.arg == "requires_grad" and isinstance(each.value, ast.Constant) and each.value.value is True
        for each in node.keywords
    )
    return by_keyword or (isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_" and not node.args)


def _operands(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.Subscript):
        return [node.value, node.slice]
    return [node.operand] if isinstance(node, ast.UnaryOp) else []


def _names_only(node: ast.AST) -> bool:
    return isinstance(node, ast.Name | ast.Attribute)


def _parts(value: Any) -> Iterator[Module]:
    if isinstance(value, Module):
        yield from (each for each in value.modules() if each is not value)
    elif isinstance(value, list | tuple):
        yield from (each for each in value[:100] if isinstance(each, Module))
    elif isinstance(value, dict):
        yield from (each for each in list(value.values())[:100] if isinstance(each, Module))


def forward_of(module: Module) -> Any:
    """The `forward` of a module, bound, where the user wrote it; None where the library did."""
    function = getattr(type(module), "forward", None)
    code = getattr(function, "__code__", None) or getattr(getattr(function, "__wrapped__", None), "__code__", None)
    if code is None or (is_ours(code) and not hasattr(function, "__wrapped__")):
        return None
    return module.forward


def returned(scope: Scope) -> Sequence[ast.AST]:
    """The expressions that a function returns, or yields."""
    if isinstance(scope.body, ast.Lambda):
        return [scope.body.body]
    kinds = ast.Return | ast.Yield
    return [each.value for each in scope.nodes() if isinstance(each, kinds) and each.value is not None]


def assigned_attribute(owner: Any, name: str) -> Iterator[tuple[Scope, ast.AST]]:
    """What the methods of an object's class assign to one of its attributes: the value, in the scope of the method."""
    for kind in type(owner).__mro__:
        for function in list(vars(kind).values()):
            inner = scope_of_call(function, None, None, (owner,))
            if inner is None or not parameters(inner.body):
                continue
            own = parameters(inner.body)[0]
            for node in inner.nodes():
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                value = getattr(node, "value", None)
                if isinstance(value, ast.AST) and any(_is_own(each, own, name) for each in targets):
                    yield inner, value


def _is_own(target: ast.AST | None, own: str, name: str) -> bool:
    if isinstance(target, ast.Tuple):
        return any(_is_own(each, own, name) for each in target.elts)
    return (
        isinstance(target, ast.Attribute)
        and target.attr == name
        and isinstance(target.value, ast.Name)
        and target.value.id == own
    )
