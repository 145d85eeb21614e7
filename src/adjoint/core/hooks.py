"""Hooks: functions of the user's that see gradients as they pass, and may change them.

Hooks on the gradient of a tensor, and on a node as a whole, live in the node's annex; those of a leaf in the leaf's
`LeafHooks`. While a backward pass runs over a graph that has hooks, a `Pass` goes along with it and calls them, with
gradients recorded only if the pass itself is recorded. A leaf's hooks are called as soon as its gradient is complete.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np

from adjoint.core import engine, modes
from adjoint.core.anomaly import check_nan
from adjoint.core.graph import LEAF, LEAF_MARK, PORT, Annex, Node, Port, node_of, type_and_shape
from adjoint.core.tensor import Tensor, wrap

Hook = Callable[..., Any]


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook away again, and so does the end of a `with` block.

    >>> import adjoint as torch
    >>> x = torch.tensor(1., requires_grad=True)
    >>> with x.register_hook(lambda gradient: gradient * 10):
    ...     x.sin().backward()
    >>> x.grad
    tensor(5.4030)
    """

    id: int
    next_id: int = 0
    _numbers = count()

    def __init__(self, hooks_dict: Any, *, extra_dict: Any = None) -> None:
        self.hooks_dict_ref = weakref.ref(hooks_dict)
        self.id = next(RemovableHandle._numbers)
        RemovableHandle.next_id = self.id + 1
        extras = extra_dict if isinstance(extra_dict, list) else [] if extra_dict is None else [extra_dict]
        self.extra_dict_ref = tuple(weakref.ref(each) for each in extras)

    def remove(self) -> None:
        """Take the hook away; a second call does nothing."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple:
        return (self.hooks_dict_ref(), self.id, tuple(reference() for reference in self.extra_dict_ref))

    def __setstate__(self, state: tuple) -> None:
        hooks, self.id, extras = (*state, ())[:3]
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)
        RemovableHandle._numbers = count(RemovableHandle.next_id)
        self.hooks_dict_ref = weakref.ref(OrderedDict() if hooks is None else hooks)
        self.extra_dict_ref = tuple(weakref.ref(OrderedDict() if each is None else each) for each in extras)


def add_hook(hooks: OrderedDict, hook: Hook) -> RemovableHandle:
    """Put a hook at the end of the others."""
    activate()
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


# --- where hooks live --------------------------------------------------------------------------------------------


class LeafHooks:
    """The hooks of one leaf."""

    __slots__ = ("__weakref__", "accumulator", "after", "on_gradient")

    def __init__(self) -> None:
        self.on_gradient: OrderedDict = OrderedDict()
        self.after: OrderedDict = OrderedDict()  # once the gradient has been accumulated
        self.accumulator: Callable[[], AccumulateGrad | None] = lambda: None

    def active(self) -> bool:
        """Whether there is a hook to be called now."""
        accumulator = self.accumulator()
        on_node = accumulator is not None and accumulator.annex is not None
        return bool(self.on_gradient or self.after or on_node)


_leaves_with_hooks: weakref.WeakSet[LeafHooks] = weakref.WeakSet()


def hooks_of_leaf(leaf: Tensor) -> LeafHooks:
    activate()
    if leaf._hooks is None:
        leaf._hooks = LeafHooks()
    _leaves_with_hooks.add(leaf._hooks)
    return leaf._hooks


class AccumulateGrad(Node):
    """The end of the graph at a leaf, seen as a node: it adds what arrives to the leaf's `.grad`.

    The graph itself has leaves at its ends. This node is made when somebody asks for it, and stays the same while
    somebody holds it; a graph through which it was reached holds it once it has hooks.
    """

    __slots__ = ("_consumers", "variable")

    variable: Tensor

    def __init__(self, leaf: Tensor) -> None:
        self.variable = leaf
        self.edges = self.saved = self.writes = ()
        self.sequence = 2**64 - 1
        self.plan = self.params = self.meta = self.annex = None  # type: ignore[assignment]
        self._consumers: weakref.WeakSet[Node] = weakref.WeakSet()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def ensure_annex(self) -> Annex:
        if self.annex is None:
            for consumer in self._consumers:
                consumer.ensure_annex().accumulators.append(self)
        return super().ensure_annex()


def accumulator_of(leaf: Tensor, consumer: Node | None = None) -> AccumulateGrad:
    """The accumulator of a leaf, reached from one of its consumers."""
    hooks = hooks_of_leaf(leaf)
    accumulator = hooks.accumulator()
    if accumulator is None:
        accumulator = AccumulateGrad(leaf)
        hooks.accumulator = weakref.ref(accumulator)
    if consumer is not None and consumer not in accumulator._consumers:
        accumulator._consumers.add(consumer)
        if accumulator.annex is not None:
            consumer.ensure_annex().accumulators.append(accumulator)
    return accumulator


# --- on tensors --------------------------------------------------------------------------------------------------


def _hooks_on_gradient(tensor: Tensor) -> OrderedDict:
    if tensor._node is LEAF_MARK:
        return hooks_of_leaf(tensor).on_gradient
    node, index = node_of(tensor._node)
    annex = node.ensure_annex()  # type: ignore[union-attr]
    if annex.tensor_hooks is None:
        annex.tensor_hooks = {}
    return annex.tensor_hooks.setdefault(index, OrderedDict())


def register_hook(self: Tensor, hook: Hook) -> RemovableHandle:
    """Call `hook(gradient)` whenever the gradient of this tensor is computed; what it returns, if anything, replaces it.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> handle = x.register_hook(lambda gradient: gradient * 2)
    >>> x.sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """
    if self._node is None:
        raise _needs_gradient()
    return add_hook(_hooks_on_gradient(self), hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Hook) -> RemovableHandle:
    """Call `hook(tensor)` whenever a gradient has been added to the `.grad` of this leaf.

    >>> import adjoint as torch
    >>> x = torch.tensor(1., requires_grad=True)
    >>> handle = x.register_post_accumulate_grad_hook(lambda leaf: print(leaf.grad))
    >>> (3 * x).backward()
    tensor(3.)
    """
    if self._node is None:
        raise _needs_gradient()
    if self._node is not LEAF_MARK:
        raise RuntimeError(
            "post accumulate grad hooks cannot be registered on non-leaf tensors\n"
            "Only leaves accumulate. Use register_hook() to see this tensor's gradient."
        )
    return add_hook(hooks_of_leaf(self).after, hook)


def _needs_gradient() -> RuntimeError:
    return RuntimeError(
        "cannot register a hook on a tensor that doesn't require gradient\n"
        "Make it require one first, as in x.requires_grad_()."
    )


def retain_grad(self: Tensor) -> None:
    """Have backward passes keep the gradient of this tensor in its `.grad`, as they do for leaves.

    >>> import adjoint as torch
    >>> x = torch.tensor(1., requires_grad=True)
    >>> y = 3 * x
    >>> y.retain_grad()
    >>> (y * y).backward()
    >>> y.grad
    tensor(6.)
    """
    if self._node is None:
        raise RuntimeError(
            "can't retain_grad on Tensor that has requires_grad=False\nNothing flows back to it: see requires_grad_()."
        )
    if self._node is LEAF_MARK:
        return
    activate()
    node, index = node_of(self._node)
    annex = node.ensure_annex()  # type: ignore[union-attr]
    if annex.retained is None:
        annex.retained = {}
    if not self.retains_grad:
        self._grad = getattr(self, "_grad", None)
        annex.retained[index] = weakref.ref(self)


def backward_hooks(self: Tensor) -> OrderedDict | None:
    """The hooks of `register_hook`, by the ids of their handles; None where there were never any."""
    if self._node is LEAF_MARK:
        hooks = self._hooks.on_gradient if self._hooks is not None else None
    else:
        node, index = node_of(self._node)
        annex = node.annex if node is not None else None
        hooks = annex.tensor_hooks.get(index) if annex is not None and annex.tensor_hooks else None
    return hooks or None


Tensor.register_hook = register_hook  # type: ignore[attr-defined]
Tensor.register_post_accumulate_grad_hook = register_post_accumulate_grad_hook  # type: ignore[attr-defined]
Tensor.retain_grad = retain_grad  # type: ignore[attr-defined]
Tensor._backward_hooks = property(backward_hooks)  # type: ignore[attr-defined]


# --- on nodes ----------------------------------------------------------------------------------------------------


def register_node_hook(self: Node, fn: Hook) -> RemovableHandle:
    """Call `fn(grad_inputs, grad_outputs)` after this node ran; a tuple that it returns replaces `grad_inputs`."""
    annex = self.ensure_annex()
    if annex.post_hooks is None:
        annex.post_hooks = OrderedDict()
    return add_hook(annex.post_hooks, fn)


def register_node_prehook(self: Node, fn: Hook) -> RemovableHandle:
    """Call `fn(grad_outputs)` before this node runs; a tuple that it returns replaces `grad_outputs`."""
    annex = self.ensure_annex()
    if annex.pre_hooks is None:
        annex.pre_hooks = OrderedDict()
    return add_hook(annex.pre_hooks, fn)


def metadata(self: Node) -> dict:
    """A dictionary for the user's own notes on this node; anomaly detection keeps its there too."""
    activate()
    annex = self.ensure_annex()
    if annex.metadata is None:
        annex.metadata = {}
    return annex.metadata


def visible_places(node: Node) -> Sequence[int]:
    """The places among a node's edges of the operands that can have a gradient at all."""
    primitive = getattr(type(node), "primitive", None)
    if primitive is None or primitive.joint or primitive.variadic:
        return range(len(node.edges))
    return [place for place in range(len(node.edges)) if primitive.rules[place] is not None]


def next_functions(self: Node) -> tuple[tuple[Node | None, int], ...]:
    """For each operand, the node that its gradient goes to and which of that node's outputs it was."""
    following: list[tuple[Node | None, int]] = []
    for place in visible_places(self):
        edge = self.edges[place]
        leads_to_leaf = edge is not None and edge.edge_kind == LEAF
        following.append((accumulator_of(edge, self), 0) if leads_to_leaf else node_of(edge))
    return tuple(following)


Node.register_hook = register_node_hook  # type: ignore[attr-defined]
Node.register_prehook = register_node_prehook  # type: ignore[attr-defined]
Node.metadata = property(metadata)  # type: ignore[attr-defined]
Node.next_functions = property(next_functions)  # type: ignore[attr-defined]
Node._sequence_nr = lambda self: self.sequence  # type: ignore[attr-defined]


def edge_to(node: Node, output: int) -> Any:
    """The engine's edge to one output of a node."""
    if isinstance(node, AccumulateGrad):
        return node.variable
    return Port(node, output) if node.several else node


# --- during a pass -----------------------------------------------------------------------------------------------

_pass_numbers = count().__next__
_running = threading.local()


def current_pass() -> Pass | None:
    """The backward pass that this thread is in, inside hooks and Functions; None outside."""
    running = getattr(_running, "passes", None)
    return running[-1] if running else None


class Pass:
    """A backward pass over a graph with hooks: the engine tells it what happens, and it calls them."""

    __slots__ = ("_awaited", "_leaf", "_reached", "captures", "number", "on_tensors", "recorded", "roots")

    def __init__(
        self, roots: Sequence[tuple[Any, Any]], on_tensors: bool, recorded: bool, captures: engine.Captures | None
    ) -> None:
        self.number = _pass_numbers()
        self.roots = [edge for edge, _ in roots]
        self.on_tensors = on_tensors  # whether cotangents are tensors, not arrays
        self.recorded = recorded
        self.captures = captures
        self._leaf: Tensor | None = None  # the leaf whose hooks are running
        self._reached: set[Any] | None = None
        self._awaited: dict[int, int] | None = None
        if _leaves_with_hooks:
            idle = [hooks for hooks in _leaves_with_hooks if not hooks.active()]
            for hooks in idle:
                _leaves_with_hooks.discard(hooks)
            if _leaves_with_hooks:
                self._walk()
        if not hasattr(_running, "passes"):
            _running.passes = []
        _running.passes.append(self)

    def end(self) -> None:
        _running.passes.remove(self)

    def at(self, node: Node | None) -> Node | None:
        """What the pass is at: the leaf whose hooks are running, else the engine's node."""
        return node if self._leaf is None else accumulator_of(self._leaf)

    def executes(self, tensor: Tensor) -> bool:
        """Whether this pass will compute the gradient of a tensor, or has done so."""
        if self.captures is not None:
            return self.captures.executes(tensor if tensor._node is LEAF_MARK else node_of(tensor._node)[0])
        if self._reached is None:
            self._walk()
        return (id(tensor) if tensor._node is LEAF_MARK else node_of(tensor._node)[0]) in self._reached  # type: ignore[operator]

    def _walk(self) -> None:
        """Find what the pass will reach, and how many gradients each leaf with hooks will receive."""
        self._reached = set()
        self._awaited = {}
        stack = list(self.roots)
        while stack:
            edge = stack.pop()
            if edge is None:
                continue
            if edge.edge_kind == LEAF:
                self._reached.add(id(edge))
                if edge._hooks is not None:
                    self._awaited[id(edge)] = self._awaited.get(id(edge), 0) + 1
                continue
            node = edge.node if edge.edge_kind == PORT else edge
            if node not in self._reached and (self.captures is None or node in self.captures.needed):
                self._reached.add(node)
                stack += node.edges

    def arrived(self, leaf: Tensor, leaves: dict) -> None:
        """A gradient has arrived at a leaf: if it was the last, the leaf's turn has come."""
        if self._awaited and id(leaf) in self._awaited:
            self._awaited[id(leaf)] -= 1
            if not self._awaited[id(leaf)]:
                self.finish(*leaves.pop(id(leaf)))

    def reach(self, node: Node, cotangent: Any) -> Any:
        """Call the hooks on the gradients of a node's outputs, and keep those that a tensor retains."""
        annex: Annex = node.annex  # type: ignore[assignment]
        if annex.tensor_hooks:
            with modes.mode(grad_enabled=self.recorded):
                for index, hooks in annex.tensor_hooks.items():
                    cotangent = _with_slot(cotangent, index, self._through(hooks, _slot(cotangent, index)))
        for index, reference in (annex.retained or {}).items():
            tensor, gradient = reference(), _slot(cotangent, index)
            if tensor is not None and gradient is not None:
                kept = _given(gradient.copy() if isinstance(gradient, np.ndarray) else gradient)
                old = getattr(tensor, "_grad", None)
                with modes.mode(grad_enabled=self.recorded):
                    tensor._grad = kept if old is None else old + kept
        return cotangent

    def enter(self, node: Node, cotangent: Any) -> Any:
        """Call the hooks that come before a node runs."""
        cotangent = self.reach(node, cotangent)
        hooks = node.annex.pre_hooks  # type: ignore[union-attr]
        if not hooks:
            return cotangent
        given = _outputs(node, cotangent)
        with modes.mode(grad_enabled=self.recorded):
            for hook in list(hooks.values()):
                given = _checked_tuple(hook, given, hook(given))
        taken = [self._taken(each) for each in given]
        return {i: each for i, each in enumerate(taken) if each is not None} if node.several else taken[0]

    def leave(self, node: Node, gradients: Sequence[Any], cotangent: Any) -> Sequence[Any]:
        """Call the hooks that come after a node ran."""
        hooks = node.annex.post_hooks  # type: ignore[union-attr]
        if not hooks:
            return gradients
        places = visible_places(node)
        given = tuple(_given(gradients[place]) for place in places)
        outputs = _outputs(node, cotangent)
        with modes.mode(grad_enabled=self.recorded):
            for hook in list(hooks.values()):
                given = _checked_tuple(hook, given, hook(given, outputs))
        result = list(gradients)
        for place, each in zip(places, given, strict=True):
            result[place] = self._taken(each)
        if modes.state.anomaly:
            check_nan(node, result)
        return result

    def finish(self, leaf: Tensor, gradient: Any, owned: bool) -> None:
        """A leaf's gradient is complete: call the leaf's hooks, and accumulate or capture it."""
        captured = self.captures is not None and not self.captures.adds_to(leaf)
        if captured and id(leaf) not in self.captures.targets:  # type: ignore[union-attr]
            return
        hooks: LeafHooks = leaf._hooks
        self._leaf = leaf
        with modes.mode(grad_enabled=self.recorded):
            if hooks.on_gradient:
                gradient, owned = self._through(hooks.on_gradient, gradient), False
            if captured:
                self.captures.take(leaf, gradient)  # type: ignore[union-attr]
            else:
                self._accumulate(leaf, gradient, owned, hooks)
        self._leaf = None

    def _accumulate(self, leaf: Tensor, gradient: Any, owned: bool, hooks: LeafHooks) -> None:
        before, after = _node_hooks(hooks.accumulator())
        given = (_given(gradient),)
        for hook in before:
            given = _checked_tuple(hook, given, hook(given))
        if before:
            gradient = self._taken(given[0])
        if gradient is not None:
            if isinstance(gradient, np.ndarray) and (before or after or not owned):
                gradient = gradient.copy()  # a hook, or somebody else, may hold it
            engine.accumulate(leaf, gradient, True)
        value: Any = leaf
        for hook in list(hooks.after.values()):
            value = checked(hook, value, hook(value))
        for hook in after:
            hook((), given)

    def _through(self, hooks: OrderedDict, gradient: Any) -> Any:
        """A gradient, as a chain of hooks leaves it."""
        value = _given(gradient)
        for hook in list(hooks.values()):
            value = checked(hook, value, hook(value))
        return self._taken(value)

    def _taken(self, value: Tensor | None) -> Any:
        """What a hook gave, as the engine carries it: a tensor where the pass computes on tensors, else an array."""
        return value if value is None or self.on_tensors else value._data


def _node_hooks(node: Node | None) -> tuple[list, list]:
    annex = None if node is None else node.annex
    if annex is None:
        return [], []
    return list((annex.pre_hooks or {}).values()), list((annex.post_hooks or {}).values())


def _given(gradient: Any) -> Tensor | None:
    return gradient if gradient is None or isinstance(gradient, Tensor) else wrap(gradient)


def _slot(cotangent: Any, index: int) -> Any:
    return cotangent.get(index) if cotangent.__class__ is dict else cotangent


def _with_slot(cotangent: Any, index: int, value: Any) -> Any:
    if cotangent.__class__ is not dict:
        return value
    kept = {place: each for place, each in cotangent.items() if place != index}
    return kept if value is None else {**kept, index: value}


def _outputs(node: Node, cotangent: Any) -> tuple[Tensor | None, ...]:
    """The cotangents of a node's outputs, None where none arrived."""
    if not node.several:
        return (_given(cotangent),)
    return tuple(_given(cotangent.get(index)) for index in range(len(node.meta.outputs)))  # type: ignore[union-attr, arg-type]


# --- what a hook may return --------------------------------------------------------------------------------------


def checked(hook: Hook, value: Any, result: Any) -> Any:
    """The value after a hook: its result where it returned one, which must be like the value; else the value."""
    if result is None:
        return value
    if not isinstance(result, Tensor):
        raise TypeError(
            f"expected Variable, but hook returned '{type(result).__name__}'\n"
            "A hook returns None, to leave the gradient as it is, or the tensor that replaces it."
        )
    if value is None:
        raise RuntimeError(
            "can't replace a None gradient with a non-None value\nNo gradient reached this tensor: the hook got None."
        )
    name = getattr(hook, "__name__", "<unknown>")
    if result._data.dtype != value._data.dtype:
        was, got = (type_and_shape(each._data).partition(" ")[0] for each in (value, result))
        raise RuntimeError(f"hook '{name}' has changed the type of value (was {was} got {got})")
    if result._data.shape != value._data.shape:
        raise RuntimeError(
            f"hook '{name}' has changed the size of value\nIt was {list(value.shape)}, and is {list(result.shape)}."
        )
    return result


def _checked_tuple(hook: Hook, values: tuple, result: Any) -> tuple:
    if result is None:
        return values
    if not isinstance(result, tuple):
        raise TypeError(
            f"expected tuple, but hook returned '{type(result).__name__}'\n"
            "A hook on a node returns None, or a tuple with a gradient, or None, for each of those it got."
        )
    if len(result) != len(values):
        raise RuntimeError(
            f"hook '{getattr(hook, '__name__', '<unknown>')}' has returned an incorrect number of values "
            f"(got {len(result)}, but expected {len(values)})"
        )
    return tuple(None if new is None else checked(hook, old, new) for old, new in zip(values, result, strict=True))


def activate() -> None:
    """Have backward passes look for hooks from now on."""
    engine.begin_pass = Pass
