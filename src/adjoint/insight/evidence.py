"""What the gradients of other leaves say of an operation: whether a gradient that passed it was still as it should be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adjoint.core.graph import LEAF, Node, node_of
from adjoint.core.recorded import Recorded


def narrowed(graph: Recorded, suspects: Sequence[Node], is_bad: Callable[[Any], bool]) -> list[Node]:
    """The suspects among which the cause must be, those nearest to the root first.

    A leaf that only one operation leads to, and that has a good gradient, clears that operation. A bad gradient at a leaf
    between two suspects says that the cause is the one nearer to the root, or before it.
    """
    below = {id(node): _leaves_only_behind(graph, node) for node in suspects}
    kept = [node for node in suspects if all(is_bad(each) for each in _gradients(graph, below[id(node)]))]
    kept.sort(key=lambda node: -node.sequence)
    for place, node in enumerate(kept[:-1]):
        between = below[id(node)] - set(Recorded(kept[place + 1]).leaves)
        if any(is_bad(each) for each in _gradients(graph, between)):
            return kept[: place + 1]
    return kept


def _gradients(graph: Recorded, leaves: set[int]) -> list[Any]:
    held = [getattr(graph.leaves[each], "_grad", None) for each in leaves]
    return [each._data for each in held if each is not None]


def _leaves_only_behind(graph: Recorded, barrier: Node) -> set[int]:
    """The leaves that no way from the root leads to but through a node."""
    reached: set[int] = set()
    seen: set[int] = {id(barrier)}
    stack = [graph.root]
    while stack:
        edge = stack.pop()
        if edge is None:
            continue
        if edge.edge_kind == LEAF:
            reached.add(id(edge))
            continue
        node = node_of(edge)[0]
        if id(node) not in seen:
            seen.add(id(node))
            stack.extend(node.edges)  # type: ignore[union-attr]
    return set(graph.leaves) - reached
