"""What is known when somebody asks `why`: the frames that run, the names in them, and the source of a loss."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from adjoint.core import modes
from adjoint.core.events import STEP, ZERO_GRAD, Event, all_latest
from adjoint.core.tensor import Tensor
from adjoint.insight.finding import name_in, users_frames
from adjoint.insight.program import UNKNOWN, Scope, scope_of_call, scope_of_code, scope_of_frame
from adjoint.insight.slices import assigned_attribute, forward_of
from adjoint.insight.source import SourceLine
from adjoint.insight.syntax import Definition, source_of
from adjoint.nn.modules.module import Module
from adjoint.optim.optimizer import Optimizer

_SEARCHED = 2000  # calls, in the search for the one that ran a function


class Question:
    """A question asked in a frame of the user's about the tensor `x`."""

    def __init__(self, frame: FrameType, x: Tensor | None, x_place: int = 0) -> None:
        self.frames = users_frames(frame)
        self.x = x
        self.is_recording = modes.recording()
        self._place = x_place

    # --- names ---

    @cached_property
    def expression(self) -> tuple[ast.expr, Scope] | None:
        """The tensor as the question has it, where it is a name or an attribute: `model.fc.weight`."""
        return self.argument(self._place)

    def argument(self, place: int) -> tuple[ast.expr, Scope] | None:
        """An argument of the call that asks, where its source can be read."""
        frame, scope = self.frames[0], self.scopes[0]
        if scope is None:
            return None
        call = scope.source.at(frame.f_code, frame.f_lasti)
        if not isinstance(call, ast.Call) or len(call.args) <= place:
            return None
        return call.args[place], scope

    @cached_property
    def name(self) -> str:
        """What the question's tensor is called."""
        assert self.x is not None
        given = self.expression
        if given is not None and isinstance(given[0], ast.Name | ast.Attribute | ast.Subscript):
            return ast.unparse(given[0])
        return self.name_of(self.x) or "x"

    def name_of(self, tensor: Tensor) -> str | None:
        """The caller's name for a tensor."""
        return name_in(self.frames, lambda each: each is tensor)

    # --- scopes ---

    @cached_property
    def scopes(self) -> list[Scope | None]:
        return [scope_of_frame(frame) for frame in self.frames]

    def scope_of(self, code: CodeType) -> Scope | None:
        """The scope of code that ran: of a live frame, or of a function that one of those may have called."""
        for frame, scope in zip(self.frames, self.scopes, strict=True):
            if frame.f_code is code:
                return scope
        found = next((each for scope in self.scopes if scope is not None for each in _calls_of(code, scope)), None)
        return found or self._cell(code) or scope_of_code(code, self._globals_of(code.co_filename))

    def _cell(self, code: CodeType) -> Scope | None:
        """The scope of another cell of the notebook that asks."""
        own = next((each for each in self.scopes if each is not None and isinstance(each.body, ast.Module)), None)
        if (
            own is None
            or code.co_name != "<module>"
            or any(Path(f).is_file() for f in (code.co_filename, own.source.file))
        ):
            return None
        source = source_of(code.co_filename)
        return None if source is None else own.in_cell(source)

    def concerns(self, event: Event) -> bool:
        """Whether an event belongs to the program that asks, not to one that ran before it in the same process."""
        if self._cell(event.code) is not None:
            return True
        return any(scope is not None and scope.source.file == event.code.co_filename for scope in self.scopes) or any(
            True for scope in self.scopes if scope is not None for _ in _calls_of(event.code, scope)
        )

    def _globals_of(self, file: str) -> dict[str, Any]:
        same = (frame.f_globals for frame in self.frames if frame.f_code.co_filename == file)
        return next(same, {})

    def root_of(self, event: Event) -> tuple[ast.expr, Scope] | None:
        """The expression that a backward pass began from: `loss` of `loss.backward()`, with its scope."""
        scope = self.scope_of(event.code)
        call = scope.source.at(event.code, event.instruction) if scope is not None else None
        if scope is None or not isinstance(call, ast.Call):
            return None
        if isinstance(call.func, ast.Attribute) and call.func.attr == "backward":
            module = scope.value(call.func.value)
            if not (type(module).__name__ == "module" and call.args):
                return call.func.value, scope
        return (call.args[0], scope) if call.args else None

    def line_of(self, event: Event) -> SourceLine:
        """The line of an event."""
        source = source_of(event.code.co_filename)
        if source is None:
            return SourceLine(event.code.co_filename, event.line, "")
        return source.line(event.line)

    # --- definitions ---

    def made_at(self) -> tuple[Definition, Scope] | None:
        """Where the question's tensor was made: the definition of the variable or attribute that holds it."""
        if self.expression is None:
            return None
        node, scope = self.expression
        return definition_of(node, scope)

    def live(self) -> Iterator[tuple[str, Tensor, Scope]]:
        """The tensors that the frames' variables hold, innermost frame first, each with its name and scope."""
        for frame, scope in zip(self.frames, self.scopes, strict=True):
            if scope is None:
                continue
            for name, value in frame.f_locals.items():
                if isinstance(value, Tensor):
                    yield name, value, scope

    def optimizers(self) -> Iterator[tuple[str, Optimizer]]:
        """The optimizers that the frames' variables hold, then others that were at work of late."""
        seen: set[int] = set()
        for frame in self.frames:
            for name, value in _values_inside(frame.f_locals):
                if isinstance(value, Optimizer) and id(value) not in seen:
                    seen.add(id(value))
                    yield name, value
        for event in (*all_latest(STEP), *all_latest(ZERO_GRAD)):
            value = event.subject()
            if isinstance(value, Optimizer) and id(value) not in seen and self.concerns(event):
                seen.add(id(value))
                yield f"the optimizer {type(value).__name__}", value

    def made(self, optimizer: Optimizer) -> SourceLine | None:
        """The line that made an optimizer."""
        made = optimizer._made_at
        return None if made is None else self.line_of(Event(None, *made))


def _values_inside(names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values of variables, and those inside of lists, dicts and objects that they hold."""
    for name, value in names.items():
        yield name, value
        if isinstance(value, list | tuple):
            yield from ((f"{name}[{place}]", each) for place, each in enumerate(value[:100]))
        elif isinstance(value, dict):
            yield from ((f"{name}[{key!r}]", each) for key, each in list(value.items())[:100])
        elif not isinstance(value, type | ModuleType) and isinstance(getattr(value, "__dict__", None), dict):
            yield from ((f"{name}.{key}", each) for key, each in list(value.__dict__.items())[:100])


def last_use(name: str, scope: Scope) -> ast.AST | None:
    """The last place in a scope that reads a variable."""
    uses = [
        each
        for each in scope.nodes()
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Load)
    ]
    return uses[-1] if uses else None


def definition_of(node: ast.AST, scope: Scope) -> tuple[Definition, Scope] | None:
    """The latest definition of a name or attribute that may be seen at its place."""
    if isinstance(node, ast.Name):
        found = scope.reaching(node.id, node)
        if found and len([each for each in found if each.replaces]) <= 1:
            return found[0], scope
        return None if found else scope.elsewhere(node.id)
    if isinstance(node, ast.Attribute):
        owner = scope.value(node.value)
        assigned = list(assigned_attribute(owner, node.attr)) if owner is not UNKNOWN else []
        if len(assigned) == 1:
            inner, value = assigned[0]
            return Definition(inner.source.parents[value], value), inner
    return None


def _calls_of(code: CodeType, scope: Scope) -> Iterator[Scope]:
    """The scopes in which code may have run that was called, at some depth, from a scope."""
    waiting, seen, steps = [scope], set(), 0
    while waiting and steps < _SEARCHED:
        scope = waiting.pop(0)
        for node in scope.nodes():
            if not isinstance(node, ast.Call):
                continue
            steps += 1
            callee = scope.value(node.func)
            inner = scope_of_call(forward_of(callee) if isinstance(callee, Module) else callee, node, scope)
            if inner is None:
                continue
            if inner.source.body_of(code) is inner.body and inner.source.file == code.co_filename:
                yield inner
            if inner.body not in seen:
                seen.add(inner.body)
                waiting.append(inner)
