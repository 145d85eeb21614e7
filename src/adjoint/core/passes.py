"""A backward pass over a graph with hooks.

Once there are hooks, each backward pass has a companion, a `Pass`, which the engine tells what it does, and which calls
them: with gradients recorded only if the pass itself is recorded, and a leaf's as soon as its gradient is complete.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import Any

import numpy as np

from adjoint.core import engine, modes
from adjoint.core.anomaly import check_nan
from adjoint.core.graph import LEAF, LEAF_MARK, PORT, Annex, Node, node_of, type_and_shape
from adjoint.core.hooks import Hook, LeafHooks, accumulator_of, leaves_with_hooks, visible_places
from adjoint.core.tensor import Tensor, wrap

_pass_numbers = count().__next__
_running = threading.local()


def current_pass() -> Pass | None:
    """The backward pass that this thread is in, inside hooks and Functions; None outside."""
    running = getattr(_running, "passes", None)
    return running[-1] if running else None


class Pass:
    """A backward pass over a graph with hooks: the engine tells it what happens, and it calls them."""

    __slots__ = (
        "__weakref__",
        "_awaited",
        "_leaf",
        "_reached",
        "captures",
        "number",
        "on_tensors",
        "recorded",
        "roots",
    )

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
        if leaves_with_hooks:
            idle = [hooks for hooks in leaves_with_hooks if not hooks.active()]
            for hooks in idle:
                leaves_with_hooks.discard(hooks)
            if leaves_with_hooks:
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

    def starts_at(self, thing: Any) -> bool:
        """Whether a node, or a leaf, is the only root: its hooks see the gradient even if that goes no further."""
        return len(self.roots) == 1 and thing is (
            self.roots[0] if isinstance(thing, Tensor) else node_of(self.roots[0])[0]
        )

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
        hooks: LeafHooks = leaf._hooks
        if captured and id(leaf) not in self.captures.targets:  # type: ignore[union-attr]
            if self.starts_at(leaf):
                with modes.mode(grad_enabled=self.recorded):
                    self._through(hooks.on_gradient, gradient)
            return
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
        for hook in list(hooks.after.values()):
            if hook(leaf) is not None:
                raise RuntimeError(
                    "Tensor post accumulate grad hooks should return None.\nSet leaf.grad to replace the gradient."
                )
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


engine.companion = Pass
