"""What in a program's source needs no gradient, and its value where that can be known without running anything."""

from __future__ import annotations

import ast
from collections.abc import Callable
from operator import add, mul, sub, truediv
from types import ModuleType
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.insight.program import UNKNOWN, Passed, Scope, scope_of_call
from adjoint.nn.modules.module import Module

_DEPTH = 20  # of definitions behind definitions


def is_constant(node: ast.AST, scope: Scope, depth: int = 0) -> bool:
    """Whether an expression certainly needs no gradient: it is made of numbers, and of tensors that require none."""
    if depth > _DEPTH:
        return False
    known = scope.value(node)
    if known is not UNKNOWN:
        return _needs_none(known)
    if isinstance(node, ast.Name):
        found = scope.reaching(node.id, node)
        given = scope.arguments.get(node.id, UNKNOWN)
        if found:
            return all(is_constant(each.value, scope, depth + 1) for each in found)
        return isinstance(given, Passed) and is_constant(given.expression, given.scope, depth + 1)
    if isinstance(node, ast.Call):
        function = scope.value(node.func)
        parts: list[ast.AST] = [*node.args, *(each.value for each in node.keywords)]
        is_method = isinstance(node.func, ast.Attribute) and not isinstance(
            scope.value(node.func.value), ModuleType | type
        )
        if isinstance(function, Module) or scope_of_call(function, node, scope) is not None:
            return False
        if isinstance(node.func, ast.Attribute) and is_method:
            parts.append(node.func.value)
        elif function is UNKNOWN:
            return False
        if any(each.arg == "requires_grad" for each in node.keywords):
            return False
        return all(is_constant(each, scope, depth + 1) for each in parts)
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.List | ast.Tuple | ast.Subscript | ast.Starred | ast.Slice):
        inner = [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)]
        return all(is_constant(each, scope, depth + 1) for each in inner)
    if isinstance(node, ast.Attribute):
        return is_constant(node.value, scope, depth + 1)
    return False


def _needs_none(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value._node is None
    if isinstance(value, list | tuple):
        return all(map(_needs_none, value[:100]))
    return value is None or isinstance(value, int | float | complex | str) or type(value).__module__.startswith("numpy")


def constant_of(node: ast.AST, scope: Scope) -> Any:
    """The value of an expression of the source that needs no gradient: a number, or a tensor's array; None if unknown."""
    known = scope.value(node)
    if isinstance(known, Tensor):
        return None if known._node is not None else known._data
    if isinstance(known, int | float) and not isinstance(known, bool):
        return known
    if known is not UNKNOWN:
        return None
    if isinstance(node, ast.BinOp):
        left, right = constant_of(node.left, scope), constant_of(node.right, scope)
        return _arithmetic(node.op, left, right)
    if isinstance(node, ast.Name):
        found = scope.reaching(node.id, node)
        if len(found) == 1 and found[0].replaces:
            return constant_of(found[0].value, scope)
        given = scope.arguments.get(node.id)
        if not found and isinstance(given, Passed):
            return constant_of(given.expression, given.scope)
    return None


_ARITHMETIC: dict[type, Callable] = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.Div: truediv}


def _arithmetic(operator: ast.AST, left: Any, right: Any) -> Any:
    compute = _ARITHMETIC.get(type(operator))
    if left is None or right is None or compute is None:
        return None
    try:
        return compute(left, right)
    except (ArithmeticError, ValueError):
        return None
