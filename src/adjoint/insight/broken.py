"""Graphs that a backward pass cannot walk any more: a saved value was overwritten, or freed."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adjoint.core.events import BACKWARD, Event, all_latest, latest
from adjoint.core.graph import FREED, expose, node_of, public_name
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor, edge_of
from adjoint.insight.answer import Answer, missing
from adjoint.insight.asking import Question, last_use
from adjoint.insight.origins import Origins
from adjoint.insight.program import Scope
from adjoint.insight.slices import Slice
from adjoint.insight.writes import lines_of_write


def broken_graph(question: Question, loss: Tensor | None) -> Answer | None:
    """Where the graph of the tensor, or of a backward pass that has to do with it, cannot be walked any more."""
    x = question.x
    assert x is not None
    found = overwritten(question, loss if loss is not None else x)
    if found is not None:
        return found
    events = [each for each in all_latest(BACKWARD) if each.subject() is not None]
    for event in events:
        if any(log is x._writes for _, log in Recorded(event.subject()).overwritten()):
            return overwritten(question, event.subject())
    return None if x.is_leaf else _freed(question, events)


def _freed(question: Question, events: Sequence[Event]) -> Answer | None:
    """For a root whose graph one backward pass has freed, and another wanted to walk."""
    x = question.x
    assert x is not None
    freed = {id(node) for node in Recorded(x).nodes if node.saved is FREED}
    walked = [each for each in events if any(id(node) in freed for node in Recorded(each.subject()).nodes)]
    root = node_of(x._node)[0]
    if len(walked) < 2 or not any(each.subject() is root for each in walked):
        return None
    first, last = walked[-1], walked[0]
    return missing(
        question.name, "freed", "an earlier backward() has freed its graph, which another one needed", [question.line_of(first)],
        remedy="add the losses and call backward() once, or pass retain_graph=True there",
        others=[each for each in [question.line_of(last)] if each != question.line_of(first)],
    )  # fmt: skip


def overwritten(question: Question, root: object) -> Answer | None:
    """Where a saved value was written to since, so that the backward pass cannot run."""
    graph = Recorded(root)
    for node, log in graph.overwritten():
        by = [each for each in log if each[0] > node.sequence][-1]
        found = _sources(question, root)
        lines = lines_of_write(question, found, log, by, graph)
        which = f"{public_name(node)} ({expose(node).name()})"
        origins = Origins(graph, Slice(*found)).lines(node) if found is not None else []
        return missing(
            question.name, "in_place", f"backward() cannot run: a value that {which} saved was written to in place since",
            lines, node, remedy="write out of place there, as in h = h + 1, or give the operation a clone()",
            others=[each for each in origins if len(origins) == 1 and each not in lines],
        )  # fmt: skip
    return None


def _sources(question: Question, root: object) -> tuple[ast.AST, Scope] | None:
    """The expression of a root: that of the backward pass which began from it, or of a variable that holds it."""
    node = node_of(edge_of(root))[0] if isinstance(root, Tensor) else root
    event = latest(BACKWARD, node)
    if event is not None:
        return question.root_of(event)
    for name, tensor, scope in question.live():
        if tensor._node is not None and node_of(tensor._node)[0] is node:
            return last_use(name, scope) or ast.Name(name, ast.Load()), scope
    return None
