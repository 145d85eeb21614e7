"""How `explain` goes about it: find the names, run what is to be explained, and work it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adjoint.arrays import is_foreign
from adjoint.autograd.entry import starts_of
from adjoint.core.apply import not_a_tensor
from adjoint.core.callers import caller
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight.explanation import Explanation
from adjoint.insight.graph import Graph, no_numbers
from adjoint.insight.naming import Names, names_in
from adjoint.insight.placing import lines_in
from adjoint.insight.source import SourceLine
from adjoint.insight.watching import ROOT, Watched
from adjoint.ops.data import tensor


def explained(
    target: Tensor | Callable[..., Tensor], inputs: Sequence[Any], gradient: Tensor | None, names: Mapping[str, Tensor]
) -> Explanation:
    """The explanation of a tensor, or of a function at some inputs."""
    given = Names()
    for name, each in names.items():
        given.add(name, each)
    if isinstance(target, Tensor):
        if inputs:
            raise TypeError("explain() takes inputs only after a function: explain(y), or explain(f, *inputs)")
        frame = caller()
        return _explain(target, gradient, given.then(names_in(frame)), {}, ROOT, lines_in(frame))
    if not callable(target):
        raise not_a_tensor("explain", "target", 1, target)
    run = Watched(target, arguments_of(inputs), names=given)
    if not isinstance(run.result, Tensor):
        raise TypeError(f"explain(f, *inputs) needs a function that returns a tensor, not {type(run.result).__name__}")
    return _explain(run.result, gradient, run.names, run.operands, run.root_names, run.lines)


def _explain(
    result: Tensor,
    gradient: Tensor | None,
    names: Names,
    operands: Mapping[int, Sequence[Any]],
    root_names: Sequence[str],
    lines: Mapping[int, SourceLine],
) -> Explanation:
    if is_foreign(result._data):
        raise no_numbers()
    ((_, cotangent),), _ = starts_of(result, gradient, False)
    try:
        graph = Graph(result, cotangent, names, operands, root_names, lines)
    except RuntimeError as error:
        if "a second time" in str(error):
            error.add_note("explain(y) reads the recorded program: call it before y.backward(), which frees that.")
        raise
    root = graph.variables[graph.root].name
    return Explanation(graph, root if gradient is None else names.unused("L", "result"))


def arguments_of(inputs: Sequence[Any]) -> list[Any]:
    """The inputs of a function, with those that are differentiated by as leaves."""
    chosen = any(isinstance(each, Tensor) and each.requires_grad for each in inputs)

    def prepared(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return tensor(float(value), requires_grad=True)
        wanted = isinstance(value, Tensor) and (value.requires_grad or (not chosen and value.dtype.is_floating_point))
        if not wanted or (value.is_leaf and value.requires_grad):
            return value
        leaf = wrap(value._data)
        leaf.requires_grad = True
        return leaf

    return [prepared(each) for each in inputs]
