"""Hooks: functions of the user's that see gradients as they pass, and may change them.

Hooks on the gradient of a tensor, and on a node as a whole, live in the node's annex; those of a leaf in the leaf's
`LeafHooks`. What a backward pass does with them is in `core.passes`.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from adjoint.core import engine
from adjoint.core.graph import LEAF, LEAF_MARK, Annex, Node, Port, expose, node_of
from adjoint.core.tensor import Tensor

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


def activate() -> None:
    """Have backward passes look for hooks from now on."""
    engine.begin_pass = engine.companion


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


leaves_with_hooks: weakref.WeakSet[LeafHooks] = weakref.WeakSet()


def hooks_of_leaf(leaf: Tensor) -> LeafHooks:
    activate()
    if getattr(leaf, "_hooks", None) is None:
        leaf._hooks = LeafHooks()
    leaves_with_hooks.add(leaf._hooks)
    return leaf._hooks


class AccumulateGrad(Node):
    """The end of the graph at a leaf, seen as a node: it adds what arrives to the leaf's `.grad`.

    The graph itself has leaves at its ends. This node is made when somebody asks for it, and stays the same while
    somebody holds it; a graph through which it was reached holds it once it has hooks.
    """

    __slots__ = ("_consumers", "variable")

    several = False
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
    if not self.is_leaf:
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
    if self.is_leaf:
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


Tensor.register_hook = register_hook  # type: ignore[assignment, method-assign]
Tensor.register_post_accumulate_grad_hook = register_post_accumulate_grad_hook  # type: ignore[assignment, method-assign]
Tensor.retain_grad = retain_grad  # type: ignore[assignment, method-assign]
Tensor._backward_hooks = property(backward_hooks)  # type: ignore[attr-defined]
Tensor._post_accumulate_grad_hooks = property(  # type: ignore[attr-defined]
    lambda self: (self._hooks.after or None) if self._node is LEAF_MARK and self._hooks is not None else None
)


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
    if node.plan is None or node.primitive.joint:
        return range(len(node.edges))
    return [place for place, rule in enumerate(node.primitive.rules) if rule is not None]


def next_functions(self: Node) -> tuple[tuple[Node | None, int], ...]:
    """For each operand, the node that its gradient goes to and which of that node's outputs it was."""
    following: list[tuple[Node | None, int]] = []
    for place in visible_places(self):
        edge = self.edges[place]
        if edge is not None and edge.edge_kind == LEAF:
            following.append((accumulator_of(edge, self), 0))
        else:
            node, output = node_of(edge)
            following.append((None if node is None else expose(node), output))
    return tuple(following)


Node.register_hook = register_node_hook  # type: ignore[attr-defined]
Node.register_prehook = register_node_prehook  # type: ignore[attr-defined]
Node.metadata = property(metadata)  # type: ignore[attr-defined]
Node.next_functions = property(next_functions)  # type: ignore[attr-defined]
Node._sequence_nr = lambda self: self.sequence  # type: ignore[attr-defined]


def edge_to(node: Node, output: int) -> Any:
    """The engine's edge to one output of a node, given as programs see it."""
    node = getattr(node, "_node", node)  # what stands for the node of a user's Function
    if isinstance(node, AccumulateGrad):
        return node.variable
    return Port(node, output) if node.several else node
