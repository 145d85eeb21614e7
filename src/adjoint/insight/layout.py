"""Where the nodes of a graph stand, and how its edges run: in layers, each operation below what it is made of.

The layers, and the order within them that has few crossings, come from fast-sugiyama. That knows points only; here the
nodes get their sizes, edges run past other nodes instead of through them, and parts that hang together stand side by side.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import accumulate, count, pairwise

from adjoint.lazy import lazy

fast_sugiyama = lazy("fast_sugiyama", extra="insight")

Point = tuple[float, float]

_SWEEPS = 8  # each draws nodes to their neighbours above, or below; more change little
#: how much a node with one neighbour draws others to it, any other node, and the bend of a long edge
_DULL, _ORDINARY, _STRAIGHT = 0.001, 1.0, 4.0
_LONG = 8  # layers; longer edges run beside the graph where there would be too many bends
_LANE = 12.0  # between edges that run beside the graph
_PARALLEL = 10.0  # between edges of the same two nodes
_ASPECT = 1.6  # of a drawing of many parts: its width by its height


@dataclass(frozen=True)
class Layout:
    """A drawing's geometry; x grows to the right and y downwards, both from 0.

    `positions` are the centres of the nodes. `routes` has for each edge the points of the line from the lower side of its
    source to the upper side of its target.
    """

    positions: list[Point]
    routes: list[list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    *,
    between_nodes: float = 24.0,
    between_layers: float = 48.0,
) -> Layout:
    """Lay out a graph without cycles in layers, with each edge's source above its target.

    `sizes` are the nodes' widths and heights, `edges` pairs of places in `sizes`. Nodes never overlap, and lines cross no
    node. Several edges between two nodes run side by side. Raises ValueError where the graph has a cycle.

    >>> layout = layered([(40, 20), (60, 20)], [(0, 1)])
    >>> layout.positions, layout.routes, layout.width, layout.height
    ([(30.0, 10.0), (30.0, 78.0)], [[(30.0, 20.0), (30.0, 68.0)]], 60.0, 88.0)
    """
    found, beside = in_layers(len(sizes), edges)
    total = Counter(edges)
    parts = [_Part(layers, chains, sizes, total, between_nodes, between_layers) for layers, chains in found]
    part_of = {node: part for part in parts for node in part.x if node < len(sizes)}
    for source, target in beside:
        part_of[source].run_beside(source, target)
    width, height = _set_side_by_side(parts, between_nodes, between_layers)
    positions = [part_of[node].centre(node) for node in range(len(sizes))]
    seen = Counter[tuple[int, int]]()
    routes = []
    for edge in edges:
        room = min(sizes[edge[0]][0], sizes[edge[1]][0]) / (total[edge] + 1)
        shift = (seen[edge] - (total[edge] - 1) / 2) * min(_PARALLEL, room)
        seen[edge] += 1
        routes.append(part_of[edge[0]].route(*edge, shift))
    return Layout(positions, routes, width, height)


# --- layers and their order ----------------------------------------------------------------------------------------

Layers = list[list[int]]
Chains = dict[tuple[int, int], list[int]]


def in_layers(size: int, edges: Sequence[tuple[int, int]]) -> tuple[list[tuple[Layers, Chains]], list[tuple[int, int]]]:
    """The layers of a graph's nodes, from left to right, for whoever gives them places of their own.

    For each part that hangs together: its layers, and for each edge the bends in the layers that it passes, with numbers from
    `size` on. Then the edges that run beside the layers.

    >>> in_layers(3, [(0, 1), (1, 2), (0, 2)])
    ([([[0], [3, 1], [2]], {(0, 1): [], (0, 2): [3], (1, 2): []})], [])
    """
    kept, beside = _split(sorted(set(edges)), _ranks(size, edges), size)
    return _ordered(size, kept), beside


def _ranks(size: int, edges: Iterable[tuple[int, int]]) -> list[int]:
    """About the layer of each node: below all that lead to it, and what nothing leads to just above its next."""
    above, below = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for source, target in edges:
        above[target].add(source)
        below[source].add(target)
    ranks = [0] * size
    order = list(TopologicalSorter({node: above[node] for node in range(size)}).static_order())
    for node in order:
        ranks[node] = 1 + max((ranks[each] for each in above[node]), default=-1)
    for node in reversed(order):
        if len(below[node]) > len(above[node]):
            ranks[node] = min(ranks[each] for each in below[node]) - 1
    return ranks


def _split(
    edges: Sequence[tuple[int, int]], ranks: Sequence[int], size: int
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The edges that run through the layers, and those that run beside them.

    A weight that each of a thousand operations uses would bend in half a million places. So where there would be very
    many bends, long edges run beside the graph, but for those that hold it together.
    """

    def span(edge: tuple[int, int]) -> int:
        return ranks[edge[1]] - ranks[edge[0]]

    if sum(span(edge) - 1 for edge in edges) <= 1000 + 4 * size:
        return list(edges), []
    group = list(range(size))
    kept: list[tuple[int, int]] = []
    beside: list[tuple[int, int]] = []
    for edge in sorted(edges, key=span):
        source, target = _leader(group, edge[0]), _leader(group, edge[1])
        (kept if span(edge) <= _LONG or source != target else beside).append(edge)
        group[source] = target
    return kept, beside


def _leader(group: list[int], node: int) -> int:
    """The node that stands for all that hang together with one; `group` has for each the next on the way there."""
    while group[node] != node:
        group[node] = node = group[group[node]]
    return node


def _ordered(size: int, edges: Sequence[tuple[int, int]]) -> list[tuple[Layers, Chains]]:
    """The parts that hang together, in the order of their first nodes: each as layers, and as bends of long edges.

    Bends have numbers from `size` on.
    """
    group = list(range(size))
    for source, target in edges:
        group[_leader(group, source)] = _leader(group, target)
    nodes_of, edges_of = defaultdict[int, list[int]](list), defaultdict[int, list[tuple[int, int]]](list)
    for node in range(size):
        nodes_of[_leader(group, node)].append(node)
    for edge in edges:
        edges_of[_leader(group, edge[0])].append(edge)
    bends = count(size)
    return [
        _ordered_part(nodes, edges_of[leader], bends, size) if edges_of[leader] else ([nodes], {})
        for leader, nodes in nodes_of.items()
    ]


def _ordered_part(
    nodes: Sequence[int], edges: Sequence[tuple[int, int]], bends: Iterator[int], size: int
) -> tuple[Layers, Chains]:
    """One part. The library takes one at a time: of several, it gives bends the numbers of nodes."""
    place = {node: number for number, node in enumerate(nodes)}
    numbered = [(place[source], place[target]) for source, target in edges]
    ((positions, _, height, steps),) = fast_sugiyama.from_edges(numbered, vertex_spacing=1, dummy_vertices=True)
    names = {each: nodes[each] if each < len(nodes) else next(bends) for each, _ in sorted(positions)}
    layers: Layers = [[] for _ in range(round(height) + 1)]
    for each, (_, y) in sorted(positions, key=lambda item: (item[1][0], item[0])):
        layers[round(height - y)].append(names[each])
    return layers, _chains([(names[source], names[target]) for source, target in steps], size)


def _chains(steps: Sequence[tuple[int, int]], size: int) -> dict[tuple[int, int], list[int]]:
    """The bends along each edge."""
    after = {source: target for source, target in steps if source >= size}
    chains = {}
    for source, target in steps:
        bends = []
        if source < size:
            while target >= size:
                bends.append(target)
                target = after[target]
            chains[source, target] = bends
    return chains


# --- one part ------------------------------------------------------------------------------------------------------


class _Part:
    """One part that hangs together, in its own coordinates until it is moved."""

    def __init__(
        self,
        layers: Sequence[Sequence[int]],
        chains: dict[tuple[int, int], list[int]],
        sizes: Sequence[tuple[float, float]],
        total: Counter[tuple[int, int]],
        between_nodes: float,
        between_layers: float,
    ) -> None:
        self.chains = chains
        self.sizes = {node: sizes[node] for layer in layers for node in layer if node < len(sizes)}
        for edge, bends in chains.items():  # as wide as all that run there side by side
            self.sizes |= dict.fromkeys(bends, ((total[edge] - 1) * _PARALLEL, 0.0))
        self.rank = {node: rank for rank, layer in enumerate(layers) for node in layer}
        self.gap = between_layers
        self.left = self.top = 0.0
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        y = 0.0
        for layer in layers:
            self.tops.append(y)
            self.bottoms.append(y + max(self.sizes[node][1] for node in layer))
            y = self.bottoms[-1] + between_layers
        self.height = self.bottoms[-1]
        self.x = _across(layers, self._links(), lambda node: self.sizes[node][0], range(len(sizes)), between_nodes)
        first = min(x - self.sizes[node][0] / 2 for node, x in self.x.items())
        self.x = {node: x - first for node, x in self.x.items()}
        self.width = max(x + self.sizes[node][0] / 2 for node, x in self.x.items())
        self.lanes: dict[int, float] = {}

    def _links(self) -> list[tuple[int, int]]:
        return [link for (source, target), bends in self.chains.items() for link in pairwise((source, *bends, target))]

    def run_beside(self, source: int, target: int) -> None:
        """Let an edge run beside the layers, where all from one source share a line."""
        del target
        if source not in self.lanes:
            self.width += _LANE
            self.lanes[source] = self.width

    def centre(self, node: int) -> Point:
        """The middle of a node."""
        rank = self.rank[node]
        return self.left + self.x[node], self.top + (self.tops[rank] + self.bottoms[rank]) / 2

    def route(self, source: int, target: int, shift: float) -> list[Point]:
        """The points of an edge: it slants between layers only, so that it crosses no node."""
        points = self._side(source, 1, shift)
        if (source, target) in self.chains:
            for bend in self.chains[source, target]:
                x, rank = self.left + self.x[bend] + shift, self.rank[bend]
                points += [(x, self.top + self.tops[rank]), (x, self.top + self.bottoms[rank])]
        else:
            lane = self.left + self.lanes[source]
            points.append((lane, self.top + self.bottoms[self.rank[source]] + self.gap / 2))
            points.append((lane, self.top + self.tops[self.rank[target]] - self.gap / 2))
        points += reversed(self._side(target, -1, shift))
        return [point for place, point in enumerate(points) if not place or point != points[place - 1]]

    def _side(self, node: int, way: int, shift: float) -> list[Point]:
        """From the lower or upper side of a node to that of its layer."""
        (x, y), rank = self.centre(node), self.rank[node]
        end = self.bottoms[rank] if way > 0 else self.tops[rank]
        return [(x + shift, y + way * self.sizes[node][1] / 2), (x + shift, self.top + end)]


def _across(
    layers: Sequence[Sequence[int]],
    links: Sequence[tuple[int, int]],
    width: Callable[[int], float],
    nodes: range,
    gap: float,
) -> dict[int, float]:
    """The horizontal place of each node: near its neighbours, in the order of its layer, and without overlaps."""
    above, below = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for source, target in links:
        above[target].append(source)
        below[source].append(target)
    offsets = []  # of the nodes of a layer that stand as close as they may
    x: dict[int, float] = {}
    weight: dict[int, float] = {}
    for layer in layers:
        places = [0.0]
        places += accumulate((width(a) + width(b)) / 2 + gap for a, b in pairwise(layer))
        offsets.append(places)
        for node, place in zip(layer, places, strict=True):
            x[node] = place - places[-1] / 2
            neighbours = len(above[node]) + len(below[node])
            weight[node] = _STRAIGHT if node not in nodes else _DULL if neighbours < 2 else _ORDINARY
    for sweep in range(_SWEEPS):
        downwards = sweep % 2 == 0
        sources = above if downwards else below
        for rank in range(len(layers)) if downwards else reversed(range(len(layers))):
            wanted, weights = [], []
            for node, offset in zip(layers[rank], offsets[rank], strict=True):
                drawn = sum(weight[each] for each in sources[node])
                to = sum(weight[each] * x[each] for each in sources[node]) / drawn if drawn else x[node]
                wanted.append(to - offset)
                weights.append(weight[node] * (drawn or _DULL))
            for node, place, offset in zip(layers[rank], _rising(wanted, weights), offsets[rank], strict=True):
                x[node] = place + offset
    return x


def _rising(wanted: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The numbers nearest to those wanted, by weighted squares, that never fall: isotonic regression.

    >>> _rising([1.0, 4.0, 2.0], [1.0, 1.0, 1.0])
    [1.0, 3.0, 3.0]
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, length
    for mean, weight in zip(wanted, weights, strict=True):
        length = 1
        while blocks and blocks[-1][0] > mean:
            other, other_weight, other_length = blocks.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, length = weight + other_weight, length + other_length
        blocks.append((mean, weight, length))
    return [mean for mean, _, length in blocks for _ in range(length)]


# --- parts together ------------------------------------------------------------------------------------------------


def _set_side_by_side(parts: Sequence[_Part], across: float, down: float) -> tuple[float, float]:
    """Move the parts beside each other, in rows where there are many; the width and height of all."""
    area = sum((part.width + across) * (part.height + down) for part in parts)
    limit = max([(area * _ASPECT) ** 0.5, *(part.width for part in parts)])
    left = top = row = width = 0.0
    for part in parts:
        if left and left + part.width > limit:
            left, top, row = 0.0, top + row + down, 0.0
        part.left, part.top = left, top
        left, row = left + part.width + across, max(row, part.height)
        width = max(width, left - across)
    return width, top + row
