"""The user's name for a tensor, found in the frames that run when somebody asks, or when an error is raised."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from types import FrameType, ModuleType
from typing import Any

from adjoint.core.callers import caller, is_ours
from adjoint.core.graph import Node, node_of
from adjoint.core.tensor import Tensor
from adjoint.insight.naming import inside

_IN_SEQUENCE = re.compile(r"\.(\d+)(?=\.|$)")  # a module's place in a Sequential: `model.0.weight` is `model[0].weight`
_FRAMES = 10  # of those that lead to a question, innermost first


def users_frames(frame: FrameType | None) -> list[FrameType]:
    """The frames of the user's that lead to one, innermost first."""
    found: list[FrameType] = []
    while frame is not None and len(found) < _FRAMES:
        if not is_ours(frame.f_code):
            found.append(frame)
        frame = frame.f_back
    return found


def name_in_program(thing: Any) -> str | None:
    """The user's name for a tensor, for the tensor that a node made, or for one whose memory a log of writes is about."""
    if isinstance(thing, Tensor):
        return name_in(users_frames(caller()), lambda each: each is thing)
    if isinstance(thing, Node):
        return name_in(users_frames(caller()), lambda each: node_of(each._node)[0] is thing)
    return name_in(users_frames(caller()), lambda each: each._writes is thing)


def name_in(frames: Sequence[FrameType], wanted: Callable[[Tensor], bool]) -> str | None:
    """The expression that leads to a tensor from a variable of these frames; None where no variable does."""
    for frame in frames:
        for names in (frame.f_locals, frame.f_globals):
            found = next((name for name, each in _tensors(names) if wanted(each)), None)
            if found is not None:
                return _IN_SEQUENCE.sub(r"[\1]", found)
    return None


def _tensors(names: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of variables, then those inside of containers and modules, then of the attributes of objects."""
    items = [(name, value) for name, value in list(names.items()) if name[:1] != "_"]
    yield from ((name, value) for name, value in items if isinstance(value, Tensor))
    for name, value in items:
        yield from inside(name, value)
    for name, value in items:
        inner = getattr(value, "__dict__", None)
        if not isinstance(inner, dict) or isinstance(value, type | ModuleType):
            continue
        for key, part in list(inner.items()):
            if isinstance(part, Tensor):
                yield f"{name}.{key}", part
            else:
                yield from inside(f"{name}.{key}", part)
