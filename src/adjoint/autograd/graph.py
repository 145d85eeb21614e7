"""`torch.autograd.graph`: the graph itself, and hooks on what it saves."""

from __future__ import annotations

import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal, NamedTuple

import numpy as np

from adjoint.core import graph, hooks, modes, saved
from adjoint.core.graph import log_write
from adjoint.core.hooks import RemovableHandle, accumulator_of
from adjoint.core.passes import Pass, current_pass
from adjoint.core.tensor import Tensor, wrap, writes_of

__all__ = [
    "saved_tensors_hooks", "save_on_cpu", "disable_saved_tensors_hooks", "register_multi_grad_hook",
    "allow_mutation_on_saved_tensors", "Node", "GradientEdge", "get_gradient_edge", "increment_version",
]  # fmt: skip


class Node(ABC):
    """A node of the graph: an operation, a leaf's accumulator, or one application of a user's Function.

    >>> import adjoint as torch
    >>> x = torch.tensor(1., requires_grad=True)
    >>> isinstance(x.sin().grad_fn, torch.autograd.graph.Node)
    True
    """

    @abstractmethod
    def name(self) -> str:
        """The node's name, such as `SinBackward0`."""

    @property
    @abstractmethod
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """For each operand, the node that its gradient goes to and which of that node's outputs it was."""

    @property
    @abstractmethod
    def metadata(self) -> dict:
        """A dictionary for the user's own notes."""

    @abstractmethod
    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after this node ran; a tuple that it returns replaces `grad_inputs`."""

    @abstractmethod
    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before this node runs; a tuple that it returns replaces `grad_outputs`."""


Node.register(graph.Node)


class GradientEdge(NamedTuple):
    """One output of a node: where a gradient flows to. `backward` and `grad` take it in place of a tensor.

    It keeps the node alive, but not the memory of the tensor.
    """

    node: Any  # a `Node`
    output_nr: int
    ownership_token: Any = None

    def stand_in(self, cotangent: Tensor | None = None) -> Tensor:
        """A tensor with this place in the graph, and with zeros for its numbers."""
        node, output = getattr(self.node, "_node", self.node), self.output_nr
        if isinstance(node, hooks.AccumulateGrad):
            return node.variable
        known = node.annex.outputs.get(output) if node.annex is not None else None
        if known is None and node.several:
            known = node.meta.outputs[output]
        if known is None:  # the edge was made by hand
            known = ((), np.dtype(np.float32)) if cotangent is None else (cotangent._data.shape, cotangent._data.dtype)
        shape, dtype = known
        tensor = wrap(np.broadcast_to(np.zeros((), dtype), shape))
        tensor._node = hooks.edge_to(node, output)
        return tensor


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The gradient edge of a tensor that requires a gradient.

    >>> import adjoint as torch
    >>> x = torch.tensor(2., requires_grad=True)
    >>> y = x * x
    >>> edge = torch.autograd.graph.get_gradient_edge(y)
    >>> torch.autograd.grad(y.sin(), edge)
    (tensor(-0.6536),)
    """
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients\n"
            "Make it require one first, as in x.requires_grad_()."
        )
    node = tensor.grad_fn
    if node is None:
        return GradientEdge(accumulator_of(tensor), 0)
    hooks.activate()
    getattr(node, "_node", node).ensure_annex().outputs[tensor.output_nr] = (tensor._data.shape, tensor._data.dtype)
    return GradientEdge(node, tensor.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Note that the memory of a tensor, or of several, was written to in a way that goes unnoticed otherwise.

    >>> import adjoint as torch
    >>> x = torch.ones(2)
    >>> torch.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    tensors = [tensor] if isinstance(tensor, Tensor) else list(tensor) if isinstance(tensor, Iterable) else [tensor]
    if not all(isinstance(each, Tensor) for each in tensors):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    for each in tensors:
        if not each.is_inference():  # which has no version
            log_write(writes_of(each), "increment_version")


# --- hooks on what is saved --------------------------------------------------------------------------------------


class saved_tensors_hooks:  # noqa: N801
    """In this block, tensors that operations save for their derivatives are packed by `pack_hook`.

    `pack_hook(tensor)` may return anything; `unpack_hook` gets that when the tensor is needed, and returns a tensor like
    it. Of nested blocks only the innermost counts.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.tolist(), torch.tensor):
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor(6.)
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        if modes.state.saved_tensors_hooks_disabled is not None:
            raise RuntimeError(modes.state.saved_tensors_hooks_disabled)
        saved.refuse_uncallable("saved_tensors_hooks", self.pack_hook, self.unpack_hook)
        hooks.activate()
        pair = (self.pack_hook, self.unpack_hook)
        modes.set_mode("saved_tensors_hooks", (*modes.state.saved_tensors_hooks, pair))

    def __exit__(self, *_: object) -> None:
        modes.set_mode("saved_tensors_hooks", modes.state.saved_tensors_hooks[:-1])


class save_on_cpu(saved_tensors_hooks):  # noqa: N801
    """In this block, tensors that operations save are kept in the main memory, and go back to their device when needed.

    Those that are there already are kept as they are.
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda tensor: (tensor.device, tensor.cpu()), lambda packed: packed[1].to(packed[0]))


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """In this block, to use saved-tensor hooks is a RuntimeError with this message.

    >>> import adjoint as torch
    >>> with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     with torch.autograd.graph.save_on_cpu():
    ...         pass
    Traceback (most recent call last):
        ...
    RuntimeError: not here
    """
    if modes.state.saved_tensors_hooks:
        raise RuntimeError(error_message)
    with modes.mode(saved_tensors_hooks_disabled=error_message):
        yield


class _Snapshot:
    """A saved tensor that is copied when its memory is about to be written to."""

    __slots__ = ("__weakref__", "generation", "tensor")

    def __init__(self, tensor: Tensor, generation: object) -> None:
        self.tensor = tensor
        self.generation = generation


class _Mutation:
    """The tensors saved in a block of `allow_mutation_on_saved_tensors`."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Let go of what was saved so far; graphs recorded until now can no longer be differentiated."""
        self._generation = object()
        self._unwritten: dict[int, tuple[list, list[weakref.ref[_Snapshot]]]] = {}  # id of write log -> saved since

    def pack(self, tensor: Tensor) -> _Snapshot:
        snapshot = _Snapshot(tensor.detach(), self._generation)
        writes = writes_of(tensor)
        self._unwritten.setdefault(id(writes), (writes, []))[1].append(weakref.ref(snapshot))
        return snapshot

    def before_write(self, writes: list) -> None:
        """Copy what shares the memory behind this log."""
        _, snapshots = self._unwritten.pop(id(writes), (None, []))
        for snapshot in (reference() for reference in snapshots):
            if snapshot is not None:
                snapshot.tensor = snapshot.tensor.clone()

    def unpack(self, snapshot: _Snapshot) -> Tensor:
        if snapshot.generation is not self._generation:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context in which the graph was "
                "originally recorded.\nCall backward() inside the block, before its clear()."
            )
        return snapshot.tensor


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[_Mutation]:
    """In this block, tensors that were saved for a derivative may be written to: they are copied first.

    Backward passes over what is recorded here must run before the block ends.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     z = y ** 2
    ...     y.mul_(10)
    ...     z.sum().backward()
    tensor([10., 20.], grad_fn=<MulBackward0>)
    >>> x.grad
    tensor([2., 4.])
    """
    if modes.state.before_write is not None:
        raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
    context = _Mutation()
    with saved_tensors_hooks(context.pack, context.unpack), modes.mode(before_write=context.before_write):
        try:
            yield context
        finally:
            context.clear()


# --- hooks on several gradients ----------------------------------------------------------------------------------


class _MultiHandle(RemovableHandle):
    """The handle of a hook on several tensors."""

    handles: tuple[RemovableHandle, ...]

    def __init__(self, handles: Iterable[RemovableHandle]) -> None:
        self.handles = tuple(handles)

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __getstate__(self) -> tuple:
        return self.handles

    def __setstate__(self, state: tuple) -> None:
        self.handles = state


def register_multi_grad_hook(
    tensors: Sequence[Tensor],
    fn: Callable[[Sequence[Tensor | None]], None] | Callable[[Tensor], None],
    *,
    mode: Literal["all", "any"] = "all",
) -> RemovableHandle:
    """Call `fn` in each backward pass once the gradients of several tensors are there.

    With mode "all", `fn` gets the list of all their gradients, None for those that the pass does not compute. With "any"
    it gets the first gradient that is computed.

    >>> import adjoint as torch
    >>> a, b = (torch.tensor(value, requires_grad=True) for value in (2., 3.))
    >>> handle = torch.autograd.graph.register_multi_grad_hook([a, b], print)
    >>> (a * b).backward()
    [tensor(3.), tensor(2.)]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock = threading.Lock()
    if mode == "any":
        seen: weakref.WeakSet[Pass] = weakref.WeakSet()

        def first(gradient: Tensor) -> None:
            running = _running_pass()
            with lock:
                is_first = running not in seen
                seen.add(running)
            if is_first:
                fn(gradient)  # type: ignore[arg-type]

        return _MultiHandle(tensor.register_hook(first) for tensor in tensors if tensor.requires_grad)
    if not all(tensor.requires_grad for tensor in tensors):
        raise AssertionError(
            "Expected gradient function to be set\nNo gradient flows to a tensor that does not require one: leave it out."
        )
    arrived: weakref.WeakKeyDictionary[Pass, dict[int, Tensor | None]] = weakref.WeakKeyDictionary()

    def hook_for(place: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            running = _running_pass()
            with lock:
                gradients = arrived.setdefault(running, {})
                gradients[place] = gradient
                is_last = len(gradients) == sum(running.executes(tensor) for tensor in tensors)
                if is_last:
                    del arrived[running]
            if is_last:
                fn([gradients.get(each) for each in range(len(tensors))])  # type: ignore[arg-type]

        return hook

    return _MultiHandle(tensor.register_hook(hook_for(place)) for place, tensor in enumerate(tensors))


def _running_pass() -> Pass:
    running = current_pass()
    if running is None:
        raise RuntimeError("expected this hook to be called inside a backward call")
    return running
