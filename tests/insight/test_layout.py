"""Layouts of any graph: no two nodes overlap, lines run downwards from their source to their target and cross no node."""

from itertools import combinations, pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adjoint.insight.layout import layered

pytest.importorskip("fast_sugiyama")

_SLACK = 1e-6


@st.composite
def graphs(draw):
    """Nodes of several sizes, and edges from nodes to later ones, some of them twice."""
    size = draw(st.integers(0, 14))
    sizes = draw(st.lists(st.tuples(st.integers(10, 90), st.integers(10, 50)), min_size=size, max_size=size))
    pairs = list(combinations(range(size), 2))
    edges = draw(st.lists(st.sampled_from(pairs), max_size=25)) if pairs else []
    names = draw(st.permutations(range(size)))
    return [sizes[name] for name in names], [(names.index(a), names.index(b)) for a, b in edges]


def _boxes(sizes, layout):
    return [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(layout.positions, sizes)]


def _crosses(a, b, box):
    """Whether the line from a to b runs through the inside of a box (Liang and Barsky)."""
    first, last = 0.0, 1.0
    for axis in (0, 1):
        low, high, start, way = box[axis] + _SLACK, box[axis + 2] - _SLACK, a[axis], b[axis] - a[axis]
        if not way:
            if not low < start < high:
                return False
            continue
        ends = sorted([(low - start) / way, (high - start) / way])
        first, last = max(first, ends[0]), min(last, ends[1])
    return first < last


@given(graphs())
@settings(max_examples=300, deadline=None)
@example(([(68, 10), (10, 10), (68, 10)], [(0, 1), (1, 2)] + [(0, 2)] * 6))  # long edges side by side
@example(([(10, 10)] * 12, [(10, 1), (10, 9), (1, 7), (0, 2), (7, 9)]))  # two parts, one with a long edge
def test_nodes_do_not_overlap_and_lines_cross_none(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    boxes = _boxes(sizes, layout)
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] + _SLACK or b[2] <= a[0] + _SLACK or a[3] <= b[1] + _SLACK or b[3] <= a[1] + _SLACK
    for left, top, right, bottom in boxes:
        assert left >= -_SLACK
        assert top >= -_SLACK
        assert right <= layout.width + _SLACK
        assert bottom <= layout.height + _SLACK
    assert len(layout.routes) == len(edges)
    for (source, target), route in zip(edges, layout.routes):
        assert boxes[source][0] <= route[0][0] <= boxes[source][2]
        assert boxes[target][0] <= route[-1][0] <= boxes[target][2]
        assert route[0][1] == pytest.approx(boxes[source][3])
        assert route[-1][1] == pytest.approx(boxes[target][1])
        assert all(a[1] <= b[1] for a, b in pairwise(route))
        assert not any(_crosses(a, b, box) for a, b in pairwise(route) for box in boxes)


def test_edges_of_the_same_nodes_run_side_by_side():
    layout = layered([(60, 20), (60, 20)], [(0, 1), (0, 1), (0, 1)])
    assert sorted(route[0][0] for route in layout.routes) == [20.0, 30.0, 40.0]


def test_nothing_is_laid_out_as_nothing():
    layout = layered([], [])
    assert (layout.positions, layout.routes, layout.width, layout.height) == ([], [], 0.0, 0.0)


def test_a_weight_that_every_operation_uses_runs_beside_the_graph():
    # As a recurrent network over a thousand steps has it: bends of those edges alone would be half a million.
    size = 1001
    edges = [(each, each + 1) for each in range(1, size - 1)] + [(0, each) for each in range(1, size)]
    layout = layered([(40.0, 20.0)] * size, edges)
    boxes = _boxes([(40.0, 20.0)] * size, layout)
    assert sum(map(len, layout.routes)) < 10 * size
    assert layout.width < 500
    routes = layout.routes[size - 2 :: 97]
    assert not any(_crosses(a, b, box) for route in routes for a, b in pairwise(route) for box in boxes)


def test_a_chain_with_weights_at_its_sides_runs_straight_down():
    # Two leaves at each operation; a chain that moves to the side at each of them would be wider than it is high.
    edges = [
        pair for each in range(0, 297, 3) for pair in ((each, each + 3), (each + 1, each + 3), (each + 2, each + 3))
    ]
    layout = layered([(100.0, 30.0)] * 300, edges)
    chain = [layout.positions[each][0] for each in range(0, 300, 3)]
    assert max(chain) - min(chain) < 200
    assert layout.width < 1000


def test_a_cycle_is_an_error():
    with pytest.raises(ValueError, match="cycle"):
        layered([(10, 10)] * 2, [(0, 1), (1, 0)])
