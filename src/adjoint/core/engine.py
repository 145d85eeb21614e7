"""The backward pass: cotangents flow along the edges, from the latest operation to the earliest.

An operation's sequence number is higher than those of the operations that made its operands. So taking always the
highest pending number meets every node after all of its consumers: one loop, no recursion, no counting beforehand. The
cotangents that reach a node are summed as they arrive; the sums for leaves wait until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from sys import getrefcount
from threading import Lock
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of, numpy
from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core import modes
from adjoint.core.graph import FREED, LEAF, NODE, PORT, Node, Port, check_saved, log_write, node_of
from adjoint.core.primitive import OUT, VALUE
from adjoint.core.tensor import Tensor, edge_of, wrap

Array = Any

_accumulating = Lock()  # held while a gradient is added to a leaf's, since threads may share leaves

#: hooks on nodes and tensors; `core.hooks` fills these in when the first hook is registered
enter_node: Callable | None = None
leave_node: Callable | None = None


def run(
    roots: Sequence[tuple[Any, Any]],
    retain_graph: bool = False,
    create_graph: bool = False,
    captures: Captures | None = None,
) -> None:
    """Send the cotangents of `roots`, pairs of (edge, cotangent), back through the graph.

    Without `captures` each leaf's sum is added to its `.grad`. With them, only the nodes that lead to what is captured
    run, and their gradients are kept in `captures` instead. With `create_graph` cotangents are tensors and the rules
    compute on tensors, so that the result can be differentiated again; else they are arrays.
    """
    if modes.special and modes.state.forward_level and not create_graph:
        # tangents flow through the backward pass only where it computes on tensors
        with modes.mode(grad_enabled=False):
            return run([(edge, as_tensor(each)) for edge, each in roots], retain_graph, True, captures)
    heap: list[int] = []  # sequence numbers of the pending nodes, negated: the highest comes first
    pending: dict[int, tuple] = {}  # sequence number -> (node, cotangent, whether we own its memory)
    leaves: dict[int, tuple] = {}  # id of leaf -> the same
    plain = not create_graph and not modes.special
    successor = None  # a node that waits outside of the heap, since it is likely to be the next
    for edge, cotangent in roots:
        if successor is None and edge.edge_kind == NODE:
            successor, onward = edge, cotangent
        else:
            _send(edge, cotangent, heap, pending, leaves)
    while heap or successor is not None:
        if successor is not None and (not heap or successor.sequence > -heap[0]):
            node, cotangent = successor, onward
        else:
            if successor is not None:
                _send(successor, onward, heap, pending, leaves)
            node, cotangent, _ = pending.pop(-heappop(heap))
        successor = None
        if node.annex is not None:
            cotangent = enter_node(node, cotangent, create_graph, captures)  # type: ignore[misc]
        if captures is not None:
            if node in captures.nodes:
                captures.take(node, cotangent)
            if node not in captures.needed:
                continue
        saved = node.saved
        if saved.__class__ is not tuple:
            check_saved(node)
            saved = saved.unpack(node)
        for writes in node.writes:
            if writes and writes[-1][0] > node.sequence:
                saved = check_saved(node)
        if plain and node.meta is None:
            gradients = node.vjp(numpy, saved, cotangent)
        else:
            gradients = _vjp(node, saved, cotangent, create_graph)
        if node.annex is not None:
            gradients = leave_node(node, gradients, cotangent, create_graph)  # type: ignore[misc]
        if saved and not retain_graph:
            node.saved = FREED
            node.writes = ()
        for edge, gradient in zip(node.edges, gradients):
            if edge is None or gradient is None:
                continue
            if successor is None and edge.edge_kind == NODE and edge.sequence not in pending:
                successor, onward = edge, gradient
            elif edge is successor:
                onward = onward + gradient
            else:
                _send(edge, gradient, heap, pending, leaves)
    for leaf, gradient, owned in leaves.values():
        if captures is not None:
            captures.take(leaf, gradient)
        else:
            accumulate(leaf, gradient, owned)


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(value)


def _vjp(node: Node, saved: tuple, cotangent: Any, create_graph: bool) -> Sequence[Any]:
    """Run a node's rules in the namespace that its arrays, and the mode of the pass, ask for."""
    meta = node.meta
    if create_graph:
        xp: Any = tensor_namespace
        saved = as_tensors(node, saved)
    elif modes.special:
        arrays = cotangent.values() if node.several else (cotangent,)
        xp = namespace_of((*arrays, *saved))
    else:
        xp = numpy
    if meta is not None and meta.xp is not None and xp is numpy:
        xp = meta.xp
    if node.several:
        cotangent = _filled(node, cotangent, xp)
    if modes.special and modes.state.observers:
        return modes.state.observers[-1].around(node.name(), (), lambda: node.vjp(xp, saved, cotangent))
    return node.vjp(xp, saved, cotangent)


def _send(edge: Any, gradient: Any, heap: list, pending: dict, leaves: dict) -> None:
    """Add a gradient to what is pending for the thing that an edge leads to."""
    if edge.edge_kind == LEAF:
        entry = leaves.get(id(edge))
        leaves[id(edge)] = (edge, gradient, False) if entry is None else _sum(entry, gradient)
        return
    node, index = node_of(edge)
    number = node.sequence  # type: ignore[union-attr]
    entry = pending.get(number)
    if edge.edge_kind == NODE:
        if entry is None:
            heappush(heap, -number)
        pending[number] = (node, gradient, False) if entry is None else _sum(entry, gradient)
        return
    if entry is None:
        heappush(heap, -number)
        entry = pending[number] = (node, {}, False)
    slots = entry[1]
    slots[index] = slots[index] + gradient if index in slots else gradient


def _sum(entry: tuple, gradient: Any) -> tuple:
    """Sum what arrives: the first time into new memory, from then on in place."""
    thing, total, owned = entry
    if owned:
        total += gradient
        return entry
    total = total + gradient
    return thing, total, total.__class__ is np.ndarray


def _filled(node: Node, slots: dict, xp: Any) -> tuple:
    """The cotangents of all outputs of a node with several: zeros for those that none reached."""
    outputs = node.meta.outputs  # type: ignore[union-attr]
    return tuple(
        slots[index] if index in slots else xp.zeros(shape, dtype=dtype) for index, (shape, dtype) in enumerate(outputs)
    )


def as_tensors(node: Node, saved: tuple) -> tuple:
    """A node's saved values as tensors that know their history, for rules that are themselves to be differentiated."""
    values = list(saved)
    fixed = len(node.primitive.operands) - node.primitive.variadic
    logs = iter(node.writes)
    tangents = (node.meta.tangents if node.meta is not None else None) or {}
    for place, kind, index in node.plan.arrays:
        if kind == OUT:
            ports = len(node.primitive.outputs) > 1 or node.primitive.many_outputs
            values[place] = _restored(saved[place], Port(node, index) if ports else node, next(logs, None))
        elif kind == VALUE and index >= fixed:
            edges = node.edges[fixed:]
            values[place] = tuple(
                _restored(v, e, None, place in tangents) for v, e in zip(saved[place], edges, strict=True)
            )
        elif hasattr(saved[place], "dtype"):
            values[place] = _restored(saved[place], node.edges[index], next(logs, None), place in tangents)
        if place in tangents:
            restore_tangents(values[place], tangents[place])
    return tuple(values)


def restore_tangents(value: Any, tangents: Any) -> None:
    """Have a saved value, or each of several, carry the tangents that it had when it was saved."""
    if isinstance(value, tuple):
        for each, carried in zip(value, tangents, strict=True):
            restore_tangents(each, carried)
    elif tangents:
        value._forward = tangents


def _restored(array: Array, edge: Any, writes: list | None, is_dual: bool = False) -> Any:
    """A tensor on a saved array, with the history of the operand or output that it was."""
    if not hasattr(array, "dtype"):
        return array
    if edge is not None and edge.edge_kind == LEAF and not is_dual:
        return edge
    tensor = wrap(array)
    tensor._node = edge
    tensor._writes = writes
    return tensor


def accumulate(leaf: Tensor, gradient: Any, owned: bool) -> None:
    """Add a gradient to a leaf's `.grad`, and call the leaf's hooks."""
    hooks = leaf._hooks
    if hooks is not None:
        gradient = hooks.before(leaf, gradient)
    with _accumulating:
        old = leaf._grad
        if isinstance(gradient, Tensor):  # create_graph: the gradient has a history to keep
            leaf._grad = gradient if old is None else old + gradient
        elif old is None:
            # a fresh array is taken over as it is; one that somebody else may hold is copied
            if gradient.__class__ is np.ndarray and not owned and (getrefcount(gradient) > 4 or gradient.base is not None):
                gradient = gradient.copy()
            leaf._grad = wrap(gradient)
        elif old._node is not None:
            leaf._grad = old + wrap(gradient)
        elif isinstance(old._data, np.ndarray):
            np.add(old._data, gradient, out=old._data, casting="unsafe")
            if old._writes is not None:
                log_write(old._writes, "AccumulateGrad")
        else:
            old._data = old._data + gradient
    if hooks is not None:
        hooks.after(leaf)


class Captures:
    """The tensors whose gradients are wanted, in place of accumulation into leaves."""

    def __init__(self, roots: Sequence[tuple[Any, Any]], inputs: Sequence[Tensor]) -> None:
        self.inputs = [edge_of(tensor) for tensor in inputs]
        self.nodes: set[Node] = set()
        self.gradients: list[Any] = [None] * len(inputs)
        self._places: dict[tuple[int, int], list[int]] = {}
        for place, edge in enumerate(self.inputs):
            if edge is None:
                continue
            node, index = (edge, 0) if edge.edge_kind == LEAF else node_of(edge)
            self._places.setdefault((id(node), index), []).append(place)
            if edge.edge_kind != LEAF:
                self.nodes.add(node)  # type: ignore[arg-type]
        self.needed = self._leading_to_inputs([edge for edge, _ in roots])

    def take(self, thing: Any, gradient: Any) -> None:
        """Keep the gradient that reached a node, or a leaf, for the inputs that are its outputs."""
        if gradient.__class__ is dict:
            for index, part in gradient.items():
                self._keep((id(thing), index), part)
        else:
            self._keep((id(thing), 0), gradient)

    def _keep(self, key: tuple[int, int], gradient: Any) -> None:
        for place in self._places.get(key, ()):
            self.gradients[place] = gradient

    def _leading_to_inputs(self, roots: Sequence[Any]) -> set[Node]:
        """The nodes from which some input can be reached, found by one walk over the graph without recursion."""
        targets = {id(edge) for edge in self.inputs if edge is not None and edge.edge_kind == LEAF}
        order: list[Node] = []
        seen: set[int] = set()
        stack = [node for node, _ in (node_of(edge) for edge in roots if edge.edge_kind != LEAF)]
        while stack:
            node = stack.pop()
            if id(node) in seen:
                continue
            seen.add(id(node))
            order.append(node)  # type: ignore[arg-type]
            stack += [node_of(e)[0] for e in node.edges if e is not None and e.edge_kind != LEAF]  # type: ignore[union-attr]
        order.sort(key=lambda node: node.sequence)
        leading: set[Node] = set()
        for node in order:  # operands first
            for edge in node.edges:
                if edge is None:
                    continue
                if edge.edge_kind == LEAF:
                    if id(edge) in targets:
                        leading.add(node)
                else:
                    maker = node_of(edge)[0]
                    if maker in leading or maker in self.nodes:
                        leading.add(node)
        return leading
