"""A backward pass to look at: the rules of the nodes themselves, run in the engine's order, and noted one by one.

No `.grad` changes, nothing is freed and no hook is called. A pass may end at given tensors, and may carry formulas in
place of numbers: then the rules run in the symbolic namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any

from adjoint.arrays import numpy
from adjoint.core.graph import LEAF, PORT, Node, check_saved, node_of
from adjoint.insight.naming import Key, key_of

#: how a cotangent passes a node: called with the node, its saved values and the cotangent
Carry = Callable[[Node, tuple, Any], Sequence[Any]]


@dataclass
class Passage:
    """One node of a backward pass: the cotangent that came in, and the gradient that went out along each edge."""

    node: Node
    saved: tuple
    cotangent: Any  # for a node of several outputs a tuple, with zeros for those that none reached
    gradients: Sequence[Any]


class Replay:
    """One backward pass from an edge. `passages` are in the order of the pass; `arrived` is what reached its ends."""

    def __init__(self, edge: Any, cotangent: Any, *, carry: Carry | None = None, ends: Collection[Key] = ()) -> None:
        self.passages: list[Passage] = []
        self.arrived: dict[Key, Any] = {}
        self._ends = ends
        self._carry = carry or _by_its_rules
        self._heap: list[int] = []  # sequence numbers of the nodes to come, negated
        self._pending: dict[int, tuple[Node, dict[int, Any]]] = {}  # sequence number -> node, cotangents of its outputs
        self._send(edge, cotangent, is_start=True)
        while self._heap:
            self._pass(*self._pending.pop(-heappop(self._heap)))

    def _pass(self, node: Node, cotangents: dict[int, Any]) -> None:
        cotangent = node.fill(cotangents, numpy) if node.several else cotangents[0]
        if cotangent is None:
            return
        saved = check_saved(node)
        gradients = self._carry(node, saved, cotangent)
        self.passages.append(Passage(node, saved, cotangent, gradients))
        for edge, gradient in zip(node.edges, gradients, strict=True):
            if edge is not None and gradient is not None:
                self._send(edge, gradient)

    def _send(self, edge: Any, gradient: Any, is_start: bool = False) -> None:
        """Add a gradient to what has come for the thing that an edge leads to."""
        key = key_of(edge)
        if edge.edge_kind == LEAF or (key in self._ends and not is_start):
            self.arrived[key] = self.arrived[key] + gradient if key in self.arrived else gradient
            return
        node, index = node_of(edge)
        assert node is not None
        if node.sequence not in self._pending:
            heappush(self._heap, -node.sequence)
            self._pending[node.sequence] = node, {}
        cotangents = self._pending[node.sequence][1]
        index = index if edge.edge_kind == PORT else 0
        cotangents[index] = cotangents[index] + gradient if index in cotangents else gradient


def _by_its_rules(node: Node, saved: tuple, cotangent: Any) -> Sequence[Any]:
    return node.vjp(numpy, saved, cotangent)
