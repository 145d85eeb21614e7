"""Where the boxes of a folded graph stand: each group has a drawing of its own, with the groups in it closed.

When a reader opens a group, the page stretches the drawing around it; boxes never overlap, whatever is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.insight.layout import Layout, layered
from adjoint.insight.page.folding import Group
from adjoint.insight.page.nodes import Program

_HEIGHT = 64.0  # of each box
_PORT = (2.0, 0.0)  # where lines enter and leave a group

#: in the ends of a line: the upper and the lower side of the group
ENTRY, EXIT = -1, -2


@dataclass
class Line:
    """One line of a drawing, from item to item, for all the edges that run along it."""

    source: int
    target: int
    edges: list[int]
    points: Sequence[tuple[float, float]]


@dataclass
class Drawing:
    """A group's own drawing. `boxes` are the items' centres and sizes."""

    boxes: list[tuple[float, float, float, float]]
    lines: list[Line]
    width: float
    height: float


class Geometry:
    """The drawings of all groups, by the group's identity."""

    def __init__(self, whole: Group, program: Program, widths: Sequence[float]) -> None:
        self.widths = widths
        self.drawings: dict[int, Drawing] = {}
        self._layouts: dict[tuple, Layout] = {}  # repeated patterns are laid out once
        self._links: dict[int, dict[tuple[int, int], list[int]]] = {}
        self._chains: dict[
            int, list[tuple[Group, int]]
        ] = {}  # for each node the groups around it, and its place in each
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
        sizes = [(self._width(item), _HEIGHT) for item in group.items]
        places = {ENTRY: count, EXIT: count + 1}
        pairs = [(places.get(source, source), places.get(target, target)) for source, target in links]
        if group.kind == "all":
            layout = self._layout(sizes, pairs)
        else:
            layout = self._layout([*sizes, _PORT, _PORT], [*pairs, *_ordered(pairs, count)])
        boxes = [(*centre, *size) for centre, size in zip(layout.positions, sizes, strict=False)]
        lines = [Line(*ends, edges, route) for (ends, edges), route in zip(links.items(), layout.routes, strict=False)]
        self.drawings[id(group)] = Drawing(boxes, lines, layout.width, layout.height)

    def _width(self, item: int | Group) -> float:
        return width_of([item.title]) if isinstance(item, Group) else self.widths[item]

    def _layout(self, sizes: Sequence[tuple[float, float]], pairs: Sequence[tuple[int, int]]) -> Layout:
        key = tuple(sizes), tuple(pairs)
        if key not in self._layouts:
            self._layouts[key] = layered(sizes, pairs, between_nodes=28.0, between_layers=44.0)
        return self._layouts[key]


def width_of(lines: Sequence[str]) -> float:
    """The width of a box with lines of text in it."""
    return max(84.0, 26.0 + 7.3 * max(map(len, lines)))


def _ordered(pairs: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """More edges, not to be drawn, so that the entry stands above all and the exit below all."""
    entry, leave = count, count + 1
    sources, targets = {source for source, _ in pairs}, {target for _, target in pairs}
    above = [(entry, item) for item in range(count) if item not in targets]
    below = [(item, leave) for item in range(count) if item not in sources]
    return [*above, *below, *([] if above or below else [(entry, leave)])]
