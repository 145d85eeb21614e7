"""The engine's own backward pass over a graph, on stand-ins for its nodes: everything that passes can be seen.

A stand-in has its node's place, rules and saved values, and notes each cotangent that arrives and each gradient that
leaves. No `.grad` changes and nothing is freed. A pass may end at given tensors, and may carry formulas in place of
numbers: then the rules run in the symbolic namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from adjoint.core import modes
from adjoint.core.engine import run
from adjoint.core.graph import LEAF, NODE, Node, Port, node_of
from adjoint.core.tensor import Tensor
from adjoint.insight.naming import Key, key_of

#: how a cotangent passes a node: called with the node, a namespace, its saved values and the cotangent
Carry = Callable[[Node, Any, tuple, Any], Sequence[Any]]


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
        self._carry = carry or _by_its_rules
        self._ends = ends
        self._stand_ins: dict[int, _StandIn] = {}
        self._stops: dict[Key, _Stop] = {}
        with modes.mode(forward_level=0):
            run([(self._edge(edge, is_root=True), cotangent)], retain_graph=True, captures=_Collector(self.arrived))  # type: ignore[arg-type]

    def note(self, node: Node, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
        """Let a cotangent pass a node."""
        gradients = self._carry(node, xp, saved, cotangent)
        self.passages.append(Passage(node, saved, cotangent, gradients))
        return gradients

    def edges_of(self, node: Node) -> tuple:
        """Where the engine goes on from a node."""
        return tuple(None if edge is None else self._edge(edge) for edge in node.edges)

    def _edge(self, edge: Any, is_root: bool = False) -> Any:
        key = key_of(edge)
        if edge.edge_kind == LEAF or (key in self._ends and not is_root):
            if key not in self._stops:
                self._stops[key] = _Stop(key, edge)
            return self._stops[key]
        node, index = node_of(edge)
        assert node is not None
        stand_in = self._stand_ins.get(id(node))
        if stand_in is None:
            stand_in = self._stand_ins[id(node)] = _StandIn(node, self)
        return Port(stand_in, index) if edge.edge_kind != NODE else stand_in  # type: ignore[arg-type]


def _by_its_rules(node: Node, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
    return node.vjp(xp, saved, cotangent)


class _StandIn:
    """What the engine sees in a node's place: the node, but for its edges, its hooks, and a witness to its rules."""

    edge_kind = NODE
    annex = None  # hooks are the user's code, and not for looking only

    def __init__(self, node: Node, replay: Replay) -> None:
        self.node = node
        self.replay = replay
        self.edges: tuple = ()  # filled in when the pass reaches the node: ahead of it would mean recursion
        self.sequence = node.sequence

    def __getattr__(self, name: str) -> Any:
        return getattr(self.node, name)

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
        self.edges = self.replay.edges_of(self.node)
        return self.replay.note(self.node, xp, saved, cotangent)


class _Stop:
    """Where a pass ends: what the engine sees in place of a leaf, or of a tensor at which it shall go no further."""

    edge_kind = LEAF

    def __init__(self, key: Key, edge: Tensor | Any) -> None:
        self.key = key
        self.edge = edge  # keeps what `key` identifies alive


class _Everything:
    def __contains__(self, thing: object) -> bool:
        return True


class _Collector:
    """Takes, as the engine's captures do, the sums that reach the ends."""

    nodes: tuple = ()
    needed = _Everything()

    def __init__(self, arrived: dict[Key, Any]) -> None:
        self._arrived = arrived

    def take(self, thing: _Stop, gradient: Any) -> None:
        self._arrived[thing.key] = gradient
