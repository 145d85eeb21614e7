"""How a tensor prints inside of a transformed function: wrapped once for each transform that it takes part in."""

from __future__ import annotations

from typing import Any

from adjoint.arrays.batched import BatchedArray
from adjoint.core.graph import LEAF, LEAF_MARK, node_of
from adjoint.core.printing import format_wrapper
from adjoint.core.tangents import tangents_of
from adjoint.core.tensor import Tensor, edge_of, text_of, wrap
from adjoint.func.levels import open_transforms
from adjoint.func.reverse import InputNode


def transformed_text(tensor: Tensor) -> str | None:
    """The text of a tensor that transforms wrap; None for any other."""
    array = tensor._data
    transforms = open_transforms()
    if not transforms and not isinstance(array, BatchedArray):
        return None
    depths, has_leaf = _history(edge_of(tensor))
    carried = tangents_of(tensor)
    depths |= {depth for depth, mark in enumerate(transforms, 1) if isinstance(mark, tuple) and mark[1] in carried}
    wrappers: list[tuple[str, dict[str, int]]] = []
    for depth in range(len(transforms), 0, -1):
        mark = transforms[depth - 1]
        if isinstance(array, BatchedArray) and array.level == mark:
            wrappers.append(("BatchedTensor", {"lvl": depth, "bdim": 0}))
            array = array.array
        elif depth in depths:
            wrappers.append(("GradTrackingTensor", {"lvl": depth}))
    while isinstance(array, BatchedArray):  # it has escaped from its vmap
        wrappers.append(("BatchedTensor", {"lvl": 1, "bdim": 0}))
        array = array.array
    if not wrappers:
        return None
    inside = wrap(array)
    inside._node = _caller_node(tensor._node) if has_leaf else None
    text = text_of(inside)
    for kind, marks in reversed(wrappers):
        text = format_wrapper(kind, text, **marks)
    return text


def _history(edge: Any) -> tuple[set[int], bool]:
    """The depths of the transforms whose inputs a tensor was computed from, and whether it leads to a leaf."""
    depths: set[int] = set()
    has_leaf = edge is not None and edge.edge_kind == LEAF
    stack, seen = [node_of(edge)[0]], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if isinstance(node, InputNode) and node.open:
            depths.add(node.depth)
        has_leaf = has_leaf or any(each is not None and each.edge_kind == LEAF for each in node.edges)
        stack += [node_of(each)[0] for each in node.edges]
    return depths, has_leaf


def _caller_node(node: Any) -> Any:
    """The place in the graph of the caller's tensor behind an input of a transformed function."""
    while node is not LEAF_MARK:
        made = node_of(node)[0]
        if made is None or not made.is_leaf:
            break
        edge = made.edges[0]
        node = LEAF_MARK if edge.edge_kind == LEAF else edge
    return node
