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
from adjoint.core import graph, modes
from adjoint.core.anomaly import checked_vjp, report_failure
from adjoint.core.graph import FREED, LEAF, LEAF_MARK, NODE, Node, Port, check_saved, log_write, node_of
from adjoint.core.primitive import OUT, VALUE, cast_back
from adjoint.core.states import check_inference
from adjoint.core.tensor import Tensor, wrap
from adjoint.core.views import mark_stale

Array = Any

_accumulating = Lock()  # held while a gradient is added to a leaf's, since threads may share leaves

#: makes the companion of a backward pass that calls hooks: `core.passes.Pass`
companion: Callable | None = None
#: the same, once the first hook was registered; None before
begin_pass: Callable | None = None


def run(
    roots: Sequence[tuple[Any, Any]],
    retain_graph: bool = False,
    create_graph: bool = False,
    captures: Captures | None = None,
    recorded: bool | None = None,
) -> None:
    """Send the cotangents of `roots`, pairs of (edge, cotangent), back through the graph.

    Without `captures` each leaf's sum is added to its `.grad`. With them, only the nodes that lead to what is captured
    run, and their gradients are kept in `captures` instead. With `create_graph` cotangents are tensors and the rules
    compute on tensors, so that the result can be differentiated again; else they are arrays.
    """
    if modes.special and recorded is None:
        if modes.state.forward_level and not create_graph:
            # tangents flow through the backward pass only where it computes on tensors
            with modes.mode(grad_enabled=False):
                return run([(edge, as_tensor(each)) for edge, each in roots], retain_graph, True, captures, False)
        if create_graph:
            with modes.mode(grad_enabled=True):
                return run(roots, retain_graph, True, captures, True)
    heap: list[int] = []  # sequence numbers of the pending nodes, negated: the highest comes first
    pending: dict[int, tuple] = {}  # sequence number -> (node, cotangent, whether we own its memory)
    leaves: dict[int, tuple] = {}  # id of leaf -> the same
    plain = not create_graph and not modes.special
    successor = None  # a node that waits outside of the heap, since it is likely to be the next
    watch = None
    if begin_pass is not None:
        watch = begin_pass(roots, create_graph, create_graph and recorded is not False, captures)
    node = None
    if captures is not None:
        outer, modes.state.partial_pass = modes.state.partial_pass, True
    try:
        for edge, cotangent in roots:
            if successor is None and edge.edge_kind == NODE:
                successor, onward = edge, cotangent
            else:
                _send(edge, cotangent, heap, pending, leaves, watch)
        while heap or successor is not None:
            if successor is not None and (not heap or successor.sequence > -heap[0]):
                node, cotangent = successor, onward
            else:
                if successor is not None:
                    _send(successor, onward, heap, pending, leaves, watch)
                node, cotangent, _ = pending.pop(-heappop(heap))
            successor = None
            if captures is not None:
                if node not in captures.needed:
                    if (
                        watch is not None
                        and node.annex is not None
                        and (node in captures.nodes or watch.starts_at(node))
                    ):
                        cotangent = watch.reach(node, cotangent)
                    if node in captures.nodes:
                        captures.take(node, cotangent)
                    continue
                if node in captures.nodes:
                    captures.take(node, cotangent)
            if node.annex is not None:
                watch = watch or begin_pass(roots, create_graph, create_graph, captures)  # type: ignore[misc]
                cotangent = watch.enter(node, cotangent)
            saved, plan = node.saved, node.plan
            if cotangent is None:
                gradients: Sequence[Any] = (None,) * len(node.edges)
            else:
                if saved.__class__ is not tuple:
                    saved = check_saved(node)
                if graph.last_write > node.sequence:
                    for writes in node.writes:
                        if writes and writes[-1][0] > node.sequence:
                            saved = check_saved(node)
                if plain and plan is not None and node.meta is None:
                    gradients = plan.straight(node, numpy, saved, cotangent)
                else:
                    gradients = run_node(node, saved, cotangent, create_graph)
            if node.annex is not None:
                gradients = watch.leave(node, gradients, cotangent)  # type: ignore[union-attr]
            if saved and not retain_graph and (plan is None or plan.arrays):
                node.saved = FREED
                node.writes = ()
            edges = node.edges
            if len(edges) == 1 and gradients[0] is not None:  # the same as below, at less cost
                edge, onward = edges[0], gradients[0]
                if edge is not None and edge.edge_kind == NODE and edge.sequence not in pending:
                    successor = edge
                elif edge is not None:
                    _send(edge, onward, heap, pending, leaves, watch)
                continue
            place = 0  # counted by hand: a zip costs as much as an operation on a number
            for edge in edges:
                gradient = gradients[place]
                place += 1
                if edge is None:
                    continue
                if gradient is None:
                    _send(edge, None, heap, pending, leaves, watch)
                elif successor is None and edge.edge_kind == NODE and edge.sequence not in pending:
                    successor, onward = edge, gradient
                elif edge.edge_kind == LEAF and watch is None:
                    entry = leaves.get(id(edge))
                    leaves[id(edge)] = (edge, gradient, False) if entry is None else _sum(entry, gradient)
                elif edge is successor:
                    onward = onward + gradient
                else:
                    _send(edge, gradient, heap, pending, leaves, watch)
        for leaf, gradient, owned in leaves.values():
            if leaf._hooks is not None:
                watch.finish(leaf, gradient, owned)  # type: ignore[union-attr]
            elif captures is not None and not captures.adds_to(leaf):
                captures.take(leaf, gradient)
            elif gradient is not None:
                accumulate(leaf, gradient, owned)
    except Exception:
        if modes.special and modes.state.anomaly:
            report_failure(node if watch is None else watch.at(node))
        raise
    finally:
        if captures is not None:
            modes.state.partial_pass = outer
        if watch is not None:
            watch.end()


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(value)


def run_node(node: Node, saved: tuple, cotangent: Any, create_graph: bool) -> Sequence[Any]:
    """Run a node's rules in the namespace that its arrays, and the mode of the pass, ask for."""
    meta = node.meta
    if create_graph:
        xp: Any = tensor_namespace
        saved = as_tensors(node, saved) if saved and node.plan is not None else saved
    elif modes.special:
        arrays = cotangent.values() if node.several else (cotangent,)
        xp = namespace_of((*arrays, *saved))
    else:
        xp = numpy
    if meta is not None and meta.xp is not None and xp is numpy:
        xp = meta.xp
    if node.several:
        cotangent = node.fill(cotangent, xp)
        if cotangent is None:
            return (None,) * len(node.edges)
    if modes.special and modes.state.observers:
        return modes.state.observers[-1].backward(node, lambda: node.vjp(xp, saved, cotangent))
    if modes.special and modes.state.anomaly:
        return checked_vjp(node, xp, saved, cotangent)
    if create_graph and meta is not None and meta.xp is not None:
        with modes.mode(namespace=meta.xp):  # the rules' tensors may hold arrays that are not NumPy's
            return node.vjp(xp, saved, cotangent)
    return node.vjp(xp, saved, cotangent)


def _send(edge: Any, gradient: Any, heap: list, pending: dict, leaves: dict, watch: Any) -> None:
    """Add a gradient, or None where a rule gave none, to what is pending for the thing that an edge leads to."""
    if edge.edge_kind == LEAF:
        entry = leaves.get(id(edge))
        leaves[id(edge)] = (edge, gradient, False) if entry is None else _sum(entry, gradient)
        if watch is not None:
            watch.arrived(edge, leaves)
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
    slots: dict[int, Any] = entry[1]
    if gradient is not None:
        slots[index] = slots[index] + gradient if index in slots else gradient


def _sum(entry: tuple, gradient: Any) -> tuple:
    """Sum what arrives: the first time into new memory, from then on in place."""
    thing, total, owned = entry
    if gradient is None:
        return entry
    if total is None:
        return thing, gradient, False
    if owned:
        total += gradient
        return entry
    total = total + gradient
    return thing, total, total.__class__ is np.ndarray


def as_tensors(node: Node, saved: tuple) -> tuple:
    """A node's saved values as tensors that know their history, for rules that are themselves to be differentiated."""
    values = list(saved)
    fixed = len(node.primitive.operands) - node.primitive.variadic
    logs = iter(node.writes)
    tangents = (node.meta.tangents if node.meta is not None else None) or {}
    operands = node.meta.operands if node.meta is not None else None
    packed = node.saved.__class__ is not tuple  # what hooks unpacked need not be what the leaf holds
    for place, kind, index in node.plan.arrays:
        if kind == OUT:
            edge = Port(node, index) if node.several else None if index else node
            values[place] = _restored(saved[place], edge, next(logs, None))
        elif kind == VALUE and index >= fixed:
            edges = node.edges[fixed:]
            values[place] = tuple(
                _restored(v, e, None, packed or place in tangents) for v, e in zip(saved[place], edges, strict=True)
            )
        elif hasattr(saved[place], "dtype"):
            array, edge = saved[place], node.edges[index]
            dtype = array.dtype if operands is None else operands[index][1]
            was_cast = array.dtype != dtype and (edge is not None or place in tangents)
            given = cast_back(namespace_of((array,)), array, dtype) if was_cast else array
            values[place] = _restored(given, edge, next(logs, None), packed or place in tangents)
            if was_cast:  # what the operation computed with is a step away from its operand
                restore_tangents(values[place], tangents.get(place))
                values[place] = tensor_namespace.astype(values[place], array.dtype)
                continue
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


def _restored(array: Array, edge: Any, writes: list | None, keeps_array: bool = False) -> Any:
    """A tensor on a saved array, with the history of the operand or output that it was."""
    if not hasattr(array, "dtype"):
        return array
    if edge is not None and edge.edge_kind == LEAF and not keeps_array:
        return edge
    tensor = wrap(array)
    tensor._node = edge
    tensor._writes = writes
    return tensor


def accumulate(leaf: Tensor, gradient: Any, owned: bool) -> None:
    """Add a gradient to a leaf's `.grad`; with `owned`, nobody else holds the gradient's memory."""
    if leaf._node is not LEAF_MARK:
        if leaf.is_leaf:  # it stopped requiring a gradient
            return
        raise RuntimeError(
            "leaf variable has been moved into the graph interior\n"
            "It was a leaf when it was used, and was written to since with a recorded operation, as after detach_()."
        )
    with _accumulating:
        old = leaf._grad
        if isinstance(gradient, Tensor):  # create_graph: the gradient has a history to keep
            leaf._grad = tensor_namespace.copied(gradient) if old is None else old + gradient
        elif old is None:
            # a fresh array is taken over as it is; one that somebody else may hold is copied
            if (
                gradient.__class__ is np.ndarray
                and not owned
                and (getrefcount(gradient) > 4 or gradient.base is not None)
            ):
                gradient = gradient.copy()
            leaf._grad = wrap(gradient)
        else:
            _add_in_place(old, gradient)


def _add_in_place(total: Tensor, gradient: Any) -> None:
    """Add to the tensor in a leaf's `.grad`, whoever else holds it; what is known of its history stays as it is."""
    if type(total) is not Tensor:  # it may be of inference mode
        check_inference(total)
    data = total._data
    if data.__class__ is np.ndarray and 0 not in data.strides:
        np.add(data, gradient, out=data, casting="unsafe")
    elif isinstance(data, np.generic):
        total._data = data + gradient
    else:
        namespace_of((data,)).write(data, data + gradient)
    if total._writes is None:
        total._writes = [(0, "AccumulateGrad", 1)]  # nobody has saved it: no older than the oldest node
    else:
        log_write(total._writes, "AccumulateGrad")
        mark_stale(total)


class Captures:
    """The inputs, given as edges, whose gradients are wanted, in place of accumulation into leaves.

    With `accumulates`, the gradients of leaves among them are added to their `.grad`, and nothing is captured: what is
    no leaf is expected to retain its gradient.
    """

    def __init__(self, roots: Sequence[tuple[Any, Any]], inputs: Sequence[Any], accumulates: bool = False) -> None:
        self.inputs = inputs
        self.accumulates = accumulates
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
        self.targets = {id(edge) for edge in self.inputs if edge is not None and edge.edge_kind == LEAF}
        self.needed = self._leading_to_inputs([edge for edge, _ in roots])
        if accumulates:
            self.needed |= self.nodes

    def adds_to(self, leaf: Tensor) -> bool:
        """Whether the gradient of a leaf is to be added to its `.grad`."""
        return self.accumulates and id(leaf) in self.targets

    def executes(self, thing: Any) -> bool:
        """Whether a node, or a leaf, takes part in the pass."""
        return thing in self.needed or thing in self.nodes if isinstance(thing, Node) else id(thing) in self.targets

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
                    if id(edge) in self.targets:
                        leading.add(node)
                else:
                    maker = node_of(edge)[0]
                    if maker in leading or maker in self.nodes:
                        leading.add(node)
        return leading
