"""Why `x.grad` is None."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from adjoint.core.events import BACKWARD, RECORDING_OFF, ZERO_GRAD, Event, all_latest, latest
from adjoint.core.graph import expose, node_of
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor, edge_of
from adjoint.insight.answer import Answer, missing
from adjoint.insight.asking import Question, last_use
from adjoint.insight.broken import broken_graph, overwritten
from adjoint.insight.origins import Origins
from adjoint.insight.paths import cut, no_path
from adjoint.insight.program import Scope
from adjoint.insight.slices import Slice
from adjoint.insight.source import SourceLine
from adjoint.nn.modules.module import Module
from adjoint.optim.optimizer import Optimizer


def explained(question: Question, loss: Tensor | None) -> Answer:
    """The answer for a tensor whose `.grad` is None."""
    x = question.x
    assert x is not None
    if not x.dtype.is_floating_point and not x.dtype.is_complex:
        return missing(
            question.name, "requires_grad", f"it is {x.dtype}, and only floating-point tensors have gradients",
            remedy=f"make it floating-point: {question.name}.float(), before requires_grad_()",
        )  # fmt: skip
    if x._node is None:
        return _without_history(question)
    broken = broken_graph(question, loss)
    if broken is not None:
        return broken
    if not x.is_leaf and not x.retains_grad:
        return _no_leaf(question)
    if loss is not None:
        return _with_loss(question, loss)
    return _after_backward(question) or _before_backward(question)


# --- what the tensor itself says ---------------------------------------------------------------------------------


def _without_history(question: Question) -> Answer:
    """For a tensor that does not require a gradient: because it never did, or because what it was made from was cut."""
    name = question.name
    made = question.made_at()
    if not question.is_recording:
        return _recording_off(question)
    if made is not None:
        definition, scope = made
        part = Slice(definition.value, scope, to_history=True)
        ways = [way for leaf, way in part.leaves if way]
        if ways and all(way for _, way in part.leaves):
            return cut(question, ways, f"{name} has no history: {ways[0][-1].reason}")
    lines = [scope.line(definition.statement)] if made is not None else []
    frozen = list(_frozen_at(question))
    if frozen:
        return missing(
            question.name, "requires_grad", "its requires_grad was set to False", frozen,
            remedy=f"leave it out there, or call {name}.requires_grad_() before the loss is computed",
        )  # fmt: skip
    return missing(
        question.name, "requires_grad", "it does not require a gradient (requires_grad is False)", lines,
        remedy="pass requires_grad=True where it is made, or call requires_grad_() before the loss is computed",
    )  # fmt: skip


def _frozen_at(question: Question) -> Iterator[SourceLine]:
    """The lines of the callers' files that set `requires_grad` to False."""
    return (scope.line(node) for scope, node in _in_callers_files(question) if _freezes(node))


def _in_callers_files(question: Question) -> Iterator[tuple[Scope, ast.AST]]:
    """All that the callers' files say, each with a scope of its file."""
    scopes = {scope.source.file: scope for scope in reversed(question.scopes) if scope is not None}
    return ((scope, node) for scope in scopes.values() for node in ast.walk(scope.source.tree))


def _freezes(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and _is_false(node.value):
        return any(isinstance(each, ast.Attribute) and each.attr == "requires_grad" for each in node.targets)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "requires_grad_":
        return bool(node.args) and _is_false(node.args[0])
    return False


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _recording_off(question: Question) -> Answer:
    event = latest(RECORDING_OFF)
    lines = [question.line_of(event)] if event is not None else []
    return missing(
        question.name, "no_grad", "recording is switched off", lines, remedy="compute the loss where recording is on"
    )


def _no_leaf(question: Question) -> Answer:
    """For the result of an operation, whose gradient passes through and is not kept."""
    x, name = question.x, question.name
    assert x is not None
    node = expose(node_of(x._node)[0])  # type: ignore[arg-type]
    made = question.made_at()
    lines = [made[1].line(made[0].statement)] if made is not None else []
    if made is None or isinstance(made[0].value, ast.Call):  # of a function's result, the line inside of the function
        found = question.expression
        part = Slice(*found) if found is not None else None
        inside = Origins(Recorded(x), part).lines(node_of(x._node)[0])  # type: ignore[arg-type]
        lines = inside if len(inside) == 1 else lines or inside
    replaced = made is not None and _reads_itself(made[0].value, name)
    if replaced:
        reason = f"this made a new tensor of the old {name}, which is no leaf any more ({node.name()})"
        remedy = f"change {name} in place under torch.no_grad(), or make the new one a leaf: {name}.detach().requires_grad_()"
    else:
        reason = f"it is not a leaf: it was computed, by {node.name()}"
        remedy = (
            f"call {name}.retain_grad() before backward(), or require the gradient of the tensor it was computed from"
        )
    return missing(question.name, "non_leaf", reason, lines, node, remedy)


def _reads_itself(value: ast.AST, name: str) -> bool:
    if isinstance(value, ast.AugAssign):
        return True
    return any(isinstance(each, ast.Name | ast.Attribute) and ast.unparse(each) == name for each in ast.walk(value))


# --- what became of backward passes ------------------------------------------------------------------------------


def _with_loss(question: Question, loss: Tensor) -> Answer:
    x = question.x
    assert x is not None
    given = question.argument(1)
    if loss._node is None or not Recorded(loss).reaches(x):
        return no_path(question, given, loss)
    root = node_of(edge_of(loss))[0] or loss
    event = latest(BACKWARD, root)
    return _cleared(question, event) if event is not None else _not_called(question, "the loss", given)


def _after_backward(question: Question) -> Answer | None:
    """Where a backward pass ran: did it reach the tensor, and what happened since?"""
    x = question.x
    assert x is not None
    for event in all_latest(BACKWARD):
        root = event.subject()
        if root is not None and Recorded(root).reaches(x):
            return overwritten(question, root) or _cleared(question, event)
    events = [each for each in all_latest(BACKWARD) if question.concerns(each)]
    if not events:
        return None
    started = events[0]
    for name, tensor, scope, reaches, node in _live_losses(question):
        if reaches and _is_after(tensor, started):
            return _not_called(question, name, (node, scope))
    found = question.root_of(started)
    part = Slice(*found, x) if found is not None else None
    if part is not None and part.ways and all(part.ways):
        return cut(question, part.ways, f"the path from {ast.unparse(found[0])} to it is cut")  # type: ignore[index]
    if _zeroed_since(question, started) is not None and started.subject() is None:
        return _cleared(question, started)
    return _cut_live(question) or no_path(question, found, started.subject(), question.line_of(started))


def _cut_live(question: Question) -> Answer | None:
    """The cut on the ways from a variable that may be a loss."""
    assert question.x is not None
    for name, _, scope, _, node in _live_losses(question):
        part = Slice(node, scope, question.x)
        if part.closed:
            return cut(question, part.closed, f"the path from {name} to it is cut", open_too=not all(part.ways))
    return None


def _is_after(tensor: Tensor, event: Event) -> bool:
    node = node_of(tensor._node)[0]
    return node is not None and node.sequence > event.sequence


def _before_backward(question: Question) -> Answer:
    """Where no backward pass ran: is there a loss that would reach the tensor?"""
    x = question.x
    assert x is not None
    found = list(_live_losses(question))
    for name, _, scope, reaches, node in found:
        if reaches:
            return _not_called(question, name, (node, scope))
    for name, tensor, scope, _, node in found:
        if Slice(node, scope, x).closed:
            return no_path(question, (node, scope), tensor, name=name)
    return missing(
        question.name,
        "no_backward",
        "no backward pass has run",
        remedy="compute a loss from it, and call backward() on that",
    )


def _live_losses(question: Question) -> Iterator[tuple[str, Tensor, Scope, bool, ast.AST]]:
    """The variables that may be a loss: single floating-point numbers, computed last first; and whether x leads there."""
    x = question.x
    found = []
    for name, tensor, scope in question.live():
        if (
            tensor is x
            or tensor.numel() != 1
            or not tensor.dtype.is_floating_point
            or (tensor.is_leaf and tensor.requires_grad)
        ):
            continue
        reaches = tensor._node is not None and Recorded(tensor).reaches(x)  # type: ignore[arg-type]
        end = ast.Name(name, ast.Load())
        found.append((name, tensor, scope, reaches, last_use(name, scope) or end))
    found.sort(key=lambda each: -(node_of(each[1]._node)[0].sequence if each[3] else 0))  # type: ignore[union-attr]
    yield from found


def _not_called(question: Question, loss: str, given: tuple[ast.AST, Scope] | None) -> Answer:
    lines: list[SourceLine] = []
    if given is not None and isinstance(given[0], ast.Name):
        node, scope = given[0], given[1]
        made = scope.reaching(node.id, node) or list(scope.definitions(node.id))[-1:]
        lines = [scope.line(each.statement) for each in made[:1]]
    return missing(
        question.name, "no_backward", f"backward() has not been called yet; {loss} depends on it", lines,
        remedy="call backward() on the loss" if loss == "the loss" else f"call {loss}.backward()",
    )  # fmt: skip


def _zeroed_since(question: Question, event: Event) -> Event | None:
    """The latest `zero_grad` since an event that was about the tensor."""
    x = question.x
    assert x is not None
    for each in all_latest(ZERO_GRAD):
        subject = each.subject()
        members = (
            [p for group in subject.param_groups for p in group["params"]]
            if isinstance(subject, Optimizer)
            else list(subject.parameters())
            if isinstance(subject, Module)
            else None
        )
        if each.sequence > event.sequence and (members is None or any(each is x for each in members)):
            return each
    return None


def _cleared(question: Question, event: Event) -> Answer:
    """For a tensor that a backward pass reached, and that has no gradient now."""
    began = question.line_of(event)
    zeroed = _zeroed_since(question, event)
    if zeroed is not None:
        return missing(
            question.name, "zeroed", "zero_grad() has cleared it since the last backward pass", [question.line_of(zeroed)],
            remedy="read it between backward() and zero_grad()", others=[began],
        )  # fmt: skip
    return missing(
        question.name, "cleared", "a backward pass has reached it, and it was set to None since", list(_set_to_none(question)),
        remedy="read it before it is set to None", others=[began],
    )  # fmt: skip


def _set_to_none(question: Question) -> Iterator[SourceLine]:
    """The lines of the callers' files that set a `.grad` to None, or delete it."""
    return (scope.line(node) for scope, node in _in_callers_files(question) if _clears(node))


def _clears(node: ast.AST) -> bool:
    if isinstance(node, ast.Assign) and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        return False
    targets = node.targets if isinstance(node, ast.Assign | ast.Delete) else ()
    return any(isinstance(each, ast.Attribute) and each.attr == "grad" for each in targets)
