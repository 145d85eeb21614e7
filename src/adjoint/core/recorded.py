"""What a recorded graph still says once a backward pass has freed its saved values: its nodes, leaves and writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from adjoint.core.graph import LEAF, Node, node_of
from adjoint.core.tensor import Tensor, edge_of


class Recorded:
    """The graph behind a tensor or a node. `nodes` are in the order in which the program ran, `leaves` by identity."""

    def __init__(self, root: Any) -> None:
        self.root = edge_of(root) if isinstance(root, Tensor) else root
        self.leaves: dict[int, Tensor] = {}
        found: dict[int, Node] = {}
        stack = [self.root]
        while stack:
            edge = stack.pop()
            if edge is None:
                continue
            if edge.edge_kind == LEAF:
                self.leaves[id(edge)] = edge
                continue
            node = node_of(edge)[0]
            assert node is not None
            if id(node) not in found:
                found[id(node)] = node
                stack.extend(node.edges)
        self.nodes = sorted(found.values(), key=lambda node: node.sequence)
        self._found = found

    def sequence_of(self, key: tuple[int, int]) -> int | None:
        """When a variable of the graph was computed; None for what is no node's output here."""
        node = self._found.get(key[0])
        return None if node is None else node.sequence

    def reaches(self, tensor: Tensor) -> bool:
        """Whether the gradient of the root flows to a tensor."""
        if id(tensor) in self.leaves:
            return True
        node = node_of(edge_of(tensor))[0] if tensor._node is not None else None
        return node is not None and id(node) in self._found

    def between(self, tensor: Tensor) -> list[Node]:
        """The nodes on the ways from the root to a tensor, in the order in which the program ran."""
        end = node_of(edge_of(tensor))[0] if id(tensor) not in self.leaves else None
        leading: set[int] = set() if end is None else {id(end)}
        for node in self.nodes:
            for edge in node.edges:
                if edge is not None and (edge is tensor or id(node_of(edge)[0]) in leading):
                    leading.add(id(node))
        return [node for node in self.nodes if id(node) in leading and node is not end]

    def overwritten(self) -> Iterator[tuple[Node, list]]:
        """The nodes of which a saved value was written to since, each with the log of those writes."""
        for node in self.nodes:
            for log in node.writes:
                if log and log[-1][0] > node.sequence and log[-1][1] != "data":
                    yield node, log
