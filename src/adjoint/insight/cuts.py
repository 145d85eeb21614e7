"""What in a program's source keeps a gradient from flowing back: `detach()`, `no_grad`, a way through NumPy or Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adjoint.autograd import grad_mode
from adjoint.insight.program import UNKNOWN, Scope
from adjoint.insight.source import SourceLine

#: methods whose result has no history, with what the answer says of each
METHODS = {
    "detach": "detach() takes the result out of the graph",
    "detach_": "detach_() takes the tensor out of the graph",
    "item": "item() makes a Python number, which has no history",
    "tolist": "tolist() makes Python numbers, which have no history",
    "numpy": "numpy() makes a NumPy array, which has no history",
    "argmax": "argmax() gives places, which have no derivative",
    "argmin": "argmin() gives places, which have no derivative",
    "long": "long() makes integers, which have no derivative",
    "int": "int() makes integers, which have no derivative",
    "bool": "bool() makes truth values, which have no derivative",
}
#: functions of tensors, and of Python, whose result has no history
FUNCTIONS = {
    "tensor": "tensor() copies the numbers alone, without their history",
    "as_tensor": "",  # of a tensor it is that tensor
    "float": "float() makes a Python number, which has no history",
    "int": "int() makes a Python number, which has no history",
    "detach": METHODS["detach"],
    "argmax": METHODS["argmax"],
    "argmin": METHODS["argmin"],
    "Parameter": "Parameter() makes a new leaf of the numbers alone",
}
_COMPARED = "a comparison gives truth values, which have no derivative"

#: the blocks inside of which nothing is recorded, and those inside of which it is again
_OFF = {"no_grad": grad_mode.no_grad, "inference_mode": grad_mode.inference_mode}
_ON = {"enable_grad": grad_mode.enable_grad}


@dataclass(frozen=True)
class Cut:
    """A place in the program at which a path of the gradient ends."""

    kind: str  # "detach", "no_grad", ...
    line: SourceLine
    reason: str
    is_optional: bool = False  # whether it may not run, inside of an `if`, say


def cut_by_expression(node: ast.AST, scope: Scope) -> Cut | None:
    """The cut that an expression by itself makes in the paths through it."""
    if isinstance(node, ast.Attribute) and node.attr == "data":
        return _cut("data", scope, node, ".data is the numbers alone, without their history")
    if isinstance(node, ast.Compare):
        return _cut("comparison", scope, node, _COMPARED)
    if not isinstance(node, ast.Call):
        return None
    called = node.func
    if isinstance(called, ast.Attribute) and scope.value(called.value) is UNKNOWN and called.attr in METHODS:
        return _cut(called.attr.rstrip("_"), scope, node, METHODS[called.attr])
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    function = scope.value(called)
    own_name = getattr(function, "__name__", name)
    is_method = isinstance(called, ast.Attribute) and not _is_module(scope.value(called.value))
    if is_method:
        return _cut(name.rstrip("_"), scope, node, METHODS[name]) if name in METHODS else None
    if FUNCTIONS.get(own_name) and _is_known(function):
        return _cut(own_name, scope, node, FUNCTIONS[own_name])
    if getattr(function, "__module__", None) == "math" or _is_of_numpy(function):
        library = "NumPy" if _is_of_numpy(function) else "the module math"
        return _cut("numpy" if library == "NumPy" else "math", scope, node, f"{library} computes without recording")
    return None


def _cut(kind: str, scope: Scope, node: ast.AST, reason: str) -> Cut:
    return Cut(kind, _line(scope, node), reason, _is_optional(scope, node))


def _is_optional(scope: Scope, node: ast.AST) -> bool:
    return any(isinstance(each, ast.If | ast.IfExp | ast.Try) for each in scope.source.ancestors(node))


def _line(scope: Scope, node: ast.AST) -> SourceLine:
    """The line of what an expression adds to its operand: of the `.detach()` in a chain of calls over several lines."""
    target = node.func if isinstance(node, ast.Call) else node
    number = getattr(target, "end_lineno", None) if isinstance(target, ast.Attribute) else getattr(node, "lineno", None)
    return scope.source.line(number or 1)


def _is_module(value: Any) -> bool:
    return type(value).__name__ == "module"


def _is_known(function: Any) -> bool:
    home = getattr(function, "__module__", "") or ""
    return home.partition(".")[0] in {"adjoint", "torch", "builtins"}


def _is_of_numpy(function: Any) -> bool:
    home = getattr(function, "__module__", None) or getattr(type(function), "__module__", "")
    return function is not UNKNOWN and str(home).partition(".")[0] == "numpy"


# --- blocks and decorators ---------------------------------------------------------------------------------------


def cuts_by_blocks(node: ast.AST, scope: Scope) -> Iterator[Cut]:
    """The innermost `with` block around a place that switches recording off, if none further in switches it on again."""
    inside = [each for each in scope.source.ancestors(node) if isinstance(each, ast.With)]
    for block in inside:
        if not _lies_in(block, scope):
            continue
        for item in reversed(block.items):
            switched = switches(item.context_expr, scope)
            if switched is not None:
                if not switched:
                    name = _name_of(item.context_expr)
                    reason = f"nothing is recorded inside of {name}"
                    yield Cut("no_grad", scope.line(item.context_expr), reason, _is_optional(scope, block))
                return
    yield from cuts_by_decorator(scope)


def cuts_by_decorator(scope: Scope) -> Iterator[Cut]:
    """The decorator of a function that switches recording off in it."""
    for each in getattr(scope.body, "decorator_list", ()):
        if switches(each, scope) is False:
            yield Cut("no_grad", scope.line(each), f"nothing is recorded in a function decorated by {_name_of(each)}")


def switches(node: ast.expr, scope: Scope) -> bool | None:
    """Whether an expression switches recording on, or off; None if neither."""
    called = node.func if isinstance(node, ast.Call) else node
    name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    known = scope.value(called)
    if name in _OFF or known in _OFF.values():
        return isinstance(node, ast.Call) and _first(node, scope) is False and name == "inference_mode"
    if name in _ON or known in _ON.values():
        return True
    if name == "set_grad_enabled" and isinstance(node, ast.Call):
        given = _first(node, scope)
        return given if isinstance(given, bool) else None
    return None


def _first(call: ast.Call, scope: Scope) -> Any:
    given = call.args[0] if call.args else next((each.value for each in call.keywords), None)
    return scope.value(given) if given is not None else UNKNOWN


def _name_of(node: ast.expr) -> str:
    called = node.func if isinstance(node, ast.Call) else node
    return f"{ast.unparse(called)}{'()' if isinstance(node, ast.Call) else ''}"


def _lies_in(block: ast.AST, scope: Scope) -> bool:
    """Whether a block belongs to this function itself, not to one that it is defined in."""
    return scope.body is scope.source.tree or any(each is scope.body for each in scope.source.ancestors(block))
