"""The layers in which the boxes of a folded graph stand, for each group by itself.

The page gives them their places, since those change when a reader opens a group; layers, and the order within them, stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.insight.layout import in_layers
from adjoint.insight.page.folding import Group
from adjoint.insight.page.nodes import Program

#: ends of a line: where lines enter a group, above all that is in it, and where they leave it, below
ENTRY, EXIT = -1, -2


@dataclass
class Line:
    """One line of a drawing, from item to item, for all the edges that run along it, with its bends on the way.

    `bends` is None where the line runs beside the layers.
    """

    source: int
    target: int
    edges: list[int]
    bends: list[int] | None


@dataclass
class Drawing:
    """A group's own drawing: its layers from top to bottom. Bends have numbers behind those of the group's items."""

    layers: list[list[int]]
    lines: list[Line]


class Geometry:
    """The drawings of all groups, by the group's identity."""

    def __init__(self, whole: Group, program: Program) -> None:
        self.drawings: dict[int, Drawing] = {}
        self._links: dict[int, dict[tuple[int, int], list[int]]] = {}
        self._chains: dict[
            int, list[tuple[Group, int]]
        ] = {}  # for each node the groups around it, and its place in each
        self._known: dict[tuple, tuple[list[list[int]], dict[tuple[int, int], list[int]]]] = {}
        self._note(whole, [])
        for number, edge in enumerate(program.edges):
            self._link(number, self._chains[edge.source], self._chains[edge.target])
        self._draw(whole)

    def _note(self, group: Group, around: list[tuple[Group, int]]) -> None:
        self._links[id(group)] = {}
        for place, item in enumerate(group.items):
            chain = [*around, (group, place)]
            if isinstance(item, Group):
                self._note(item, chain)
            else:
                self._chains[item] = chain

    def _link(self, edge: int, source: list[tuple[Group, int]], target: list[tuple[Group, int]]) -> None:
        """Let an edge run in the innermost group that holds both ends, and from there into those around each end."""
        depth = 0
        while source[depth][1] == target[depth][1] and depth + 1 < min(len(source), len(target)):
            depth += 1
        self._add(source[depth][0], source[depth][1], target[depth][1], edge)
        for group, place in source[depth + 1 :]:
            self._add(group, place, EXIT, edge)
        for group, place in target[depth + 1 :]:
            self._add(group, ENTRY, place, edge)

    def _add(self, group: Group, source: int, target: int, edge: int) -> None:
        self._links[id(group)].setdefault((source, target), []).append(edge)

    def _draw(self, group: Group) -> None:
        for item in group.items:
            if isinstance(item, Group):
                self._draw(item)
        links = self._links[id(group)]
        count = len(group.items)
        key = count, tuple(links)
        if key not in self._known:  # repeated patterns are laid out once
            self._known[key] = _laid_out(count, list(links))
        layers, chains = self._known[key]
        lines = [Line(*ends, edges, chains.get(ends)) for ends, edges in links.items()]
        self.drawings[id(group)] = Drawing(layers, lines)


def _laid_out(count: int, links: Sequence[tuple[int, int]]) -> tuple[list[list[int]], dict[tuple[int, int], list[int]]]:
    """Layers of a group's items and of the bends of its links; entry and exit stand in no layer."""
    places = {ENTRY: count, EXIT: count + 1}
    ends = {places[end]: end for end in places}
    edges = [(places.get(source, source), places.get(target, target)) for source, target in links]
    has_ports = any(source >= count or target >= count for source, target in edges)
    hidden = _outermost(edges, count) if has_ports else []
    parts, _ = in_layers(count + 2 if has_ports else count, [*edges, *hidden])
    drawn = set(edges)
    layers: list[list[int]] = []
    bends_of: dict[tuple[int, int], list[int]] = {}
    shown: set[int] = set(range(count))
    for own_layers, chains in parts:
        layers += [[] for _ in range(len(own_layers) - len(layers))]
        for whole, own in zip(layers, own_layers, strict=False):
            whole += own
        for (source, target), bends in chains.items():
            if (source, target) in drawn:
                bends_of[ends.get(source, source), ends.get(target, target)] = bends
                shown.update(bends)
    kept = [[each for each in layer if each in shown] for layer in layers]
    return [layer for layer in kept if layer], bends_of


def _outermost(edges: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """More edges, not to be drawn, so that the entry stands above all and the exit below all."""
    sources, targets = {source for source, _ in edges}, {target for _, target in edges}
    above = [(count, item) for item in range(count) if item not in targets]
    below = [(item, count + 1) for item in range(count) if item not in sources]
    return [*above, *below, *([] if above or below else [(count, count + 1)])]
