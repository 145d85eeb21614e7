"""Run a function on traced arrays, and learn all that it does: the program, what goes in, what comes out.

While the function runs, every tensor from outside that it touches, argument or not, holds a traced array in place of its
own. Afterwards all of them are as they were before. What the function did to them (writes in place, gradients that a
backward pass inside of it accumulated) is found by comparing, and becomes part of the trace, to be done at each call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adjoint.arrays.batched import BatchedArray
from adjoint.arrays.program import Operand, Program, Value
from adjoint.arrays.traced import ControlFlowOnTracedValue, TracedArray, recording
from adjoint.core import modes
from adjoint.core.engine import Captures
from adjoint.core.engine import run as run_backward
from adjoint.core.graph import FREED, LEAF, LEAF_MARK, Node, node_of
from adjoint.core.pytree import TreeSpec, flatten
from adjoint.core.random import default_generator
from adjoint.core.tensor import Tensor, edge_of, mark_leaf

__all__ = ["Derivative", "Lifted", "Output", "Trace", "Untraceable", "trace"]


class Untraceable(ControlFlowOnTracedValue):
    """The function does something that a program of arrays cannot do."""


@dataclass(eq=False)
class Lifted:
    """A tensor from outside, which holds a traced array while the function runs."""

    tensor: Tensor
    data: Any  # its own array
    node: Any
    grad: Any
    writes: list | None
    value: Value  # the input of the program that stands for its array
    array: TracedArray
    grad_of: Lifted | None = None  # the leaf whose gradient this is, if it is one
    is_memory: bool = False  # the tensor is a passing one, on an array that stays

    @property
    def requires_grad(self) -> bool:
        return self.node is not None


@dataclass(eq=False)
class Output:
    """One leaf of what the function returned."""

    place: int | None = None  # which result of the program it is
    constant: Any = None  # or what else than a tensor
    same: Lifted | None = None  # or a tensor from outside, as it is;
    alias: Lifted | None = None  # another tensor on the memory of one;
    view_of: Lifted | None = None  # a view of one,
    path: Sequence[Any] = ()  # by these steps
    differentiable: bool = False
    is_freed: bool = False  # it has a history, which a backward pass in the function has used up
    value: Operand = None  # the tensor's array, in any case

    @property
    def outside(self) -> Lifted | None:
        """The tensor from outside that this is, or is a part of."""
        return self.same or self.alias or self.view_of


@dataclass
class Trace:
    """A function as a program, for arguments like those it was traced with."""

    program: Program
    lifted: list[Lifted]  # one for each input of the program, in order
    aliases: list[tuple[Lifted, Lifted]]  # tensors that hold the very array of one of these
    outputs: list[Output]
    spec: TreeSpec
    grads: list[tuple[Lifted, int | None]]  # leaves whose `.grad` becomes this result of the program, or None
    derivative: Derivative | None = None

    @property
    def updated(self) -> list[Lifted]:
        """The tensors that are written to."""
        return [each for number, each in enumerate(self.lifted) if number in self.program.updates]


@dataclass
class Derivative:
    """How the gradients are computed: operations at the end of the same program."""

    outputs: list[int]  # which of `Trace.outputs` have cotangents,
    cotangents: list[Value]  # and the inputs of the program that stand for these
    inputs: list[Lifted]
    gradients: list[Operand | None] = field(default_factory=list)


def trace_once(function: Callable[[], Any], given: Iterable[Tensor]) -> Trace:
    """The trace of a function without arguments. Tensors that are `given` are lifted first, and in this order."""
    return _Tracer().trace(function, given)


class _Tracer:
    """Watches the operations of a function, and lifts the tensors that they meet."""

    def __init__(self) -> None:
        self.program = Program()
        self.lifted: list[Lifted] = []
        self.by_tensor: dict[int, Lifted] = {}
        self.by_array: dict[int, Lifted] = {}
        self.aliases: list[tuple[Lifted, Lifted]] = []

    def trace(self, function: Callable[[], Any], given: Iterable[Tensor]) -> Trace:
        try:
            with modes.mode(observers=(self,)), recording(self.program, self.adopt):
                for tensor in given:
                    self.lift(tensor)
                leaves, spec = flatten(function())
                outputs = self.outputs(leaves)
                grads = self.grads()
                self.check_histories()
                self.program.updates = {
                    number: each.array.value
                    for number, each in enumerate(self.lifted)
                    if each.array.value is not each.value
                }
                result = Trace(self.program, self.lifted, self.aliases, outputs, spec, grads)
                result.derivative = self.derivative(leaves, outputs)
                return result
        finally:
            self.restore()

    # --- tensors from outside ---

    def operation(self, primitive: Any, operands: Iterable[Any], params: Any, call: Callable[[], Any]) -> Any:
        """Called for each operation of this thread."""
        for operand in operands:
            if isinstance(operand, Tensor):
                self.lift(operand)
        return call()

    def backward(self, node: Node, call: Callable[[], Any]) -> Any:
        """Called for each step of a backward pass."""
        return call()

    def lift(self, tensor: Tensor, grad_of: Lifted | None = None) -> None:
        """Have a tensor hold a traced array until the trace ends."""
        data = tensor._data
        while isinstance(data, BatchedArray):
            data = data.array
        if isinstance(data, TracedArray):
            return
        if data is not tensor._data or not isinstance(data, (np.ndarray, np.generic)):
            raise Untraceable("a transform works on arrays from outside")
        leaf = tensor._node is LEAF_MARK
        if leaf and tensor._hooks is not None:
            raise Untraceable("a tensor has hooks, which are Python functions")
        known = self.by_array.get(id(data))
        value = known.value if known is not None else self.program.add_input(data.shape, data.dtype)
        array = known.array if known is not None else TracedArray(value)
        own_grad = getattr(tensor, "_grad", None)
        lifted = Lifted(tensor, data, tensor._node, own_grad, tensor._writes, value, array, grad_of)
        self.by_tensor[id(tensor)] = lifted
        if known is None:
            self.by_array[id(data)] = lifted
            self.lifted.append(lifted)
        else:
            self.aliases.append((lifted, known))
        tensor._data, tensor._writes = array, None
        if tensor._node is not None:
            mark_leaf(tensor)
            tensor._grad = own_grad if leaf else None
        if leaf and own_grad is not None:
            self.lift(own_grad, grad_of=lifted)

    def adopt(self, array: np.ndarray) -> TracedArray:
        """The traced array that stands for one that the function writes to."""
        known = self.by_array.get(id(array))
        if known is None:
            raise Untraceable("the function writes to an array that it did not read")
        return known.array

    def restore(self) -> None:
        for each in self.by_tensor.values():
            tensor = each.tensor
            tensor._data, tensor._writes = each.data, each.writes
            if each.node is not None or tensor._node is not None:
                tensor._node, tensor._grad = each.node, each.grad

    # --- what the function did ---

    def outputs(self, leaves: Sequence[Any]) -> list[Output]:
        made: dict[int, Output] = {}
        for leaf in leaves:
            if id(leaf) not in made:
                made[id(leaf)] = self.output(leaf) if isinstance(leaf, Tensor) else Output(constant=leaf)
        return [made[id(leaf)] for leaf in leaves]

    def output(self, leaf: Tensor) -> Output:
        own = self.by_tensor.get(id(leaf))
        if own is not None:
            return Output(same=own, value=own.array.value)
        self.lift(leaf)
        value = leaf._data.value
        view = getattr(leaf, "_view", None)
        base = self.by_tensor.get(id(view.base)) if view is not None else None
        if view is not None and base is not None:
            return Output(view_of=base, path=view.path, value=value)
        aliased = next((each for each in self.lifted if each.array is leaf._data and each.tensor is not leaf), None)
        if aliased is not None and leaf._node is None:
            return Output(alias=aliased, value=value)
        self.program.outputs.append(value)
        output = Output(place=len(self.program.outputs) - 1, value=value)
        if leaf._node is not None:
            output.is_freed = any(node.saved is FREED for node in _nodes_behind(leaf._node))
            output.differentiable = not output.is_freed
        return output

    def grads(self) -> list[tuple[Lifted, int | None]]:
        """The leaves whose `.grad` is another tensor than before."""
        changed: list[tuple[Lifted, int | None]] = []
        for each in self.by_tensor.values():
            if each.node is None:
                continue
            grad = each.tensor._grad
            if grad is (each.grad if each.node is LEAF_MARK else None):
                continue
            if each.node is not LEAF_MARK or (grad is not None and grad._node is not None):
                raise Untraceable("a backward pass goes on to what was computed outside")
            if grad is None:
                changed.append((each, None))
                continue
            self.lift(grad)
            changed.append((each, len(self.program.outputs)))
            self.program.outputs.append(grad._data.value)
        return changed

    def check_histories(self) -> None:
        """A tensor from outside must have the history that it had: a graph cannot be changed from inside."""
        for each in self.by_tensor.values():
            expected = LEAF_MARK if each.node is not None else None
            if each.tensor._node is not expected:
                raise Untraceable("a tensor from outside became part of a graph by a write in place")

    def derivative(self, leaves: Sequence[Any], outputs: Sequence[Output]) -> Derivative | None:
        """Trace the backward pass of what was returned, for cotangents that the program gets as further inputs."""
        roots: list[tuple[Any, Any]] = []
        found = Derivative([], [], [])
        for number, (leaf, output) in enumerate(zip(leaves, outputs, strict=True)):
            if output.differentiable and output not in outputs[:number]:
                value = self.program.add_input(leaf._data.shape, leaf._data.dtype)
                found.outputs.append(number)
                found.cotangents.append(value)
                roots.append((edge_of(leaf), TracedArray(value)))
        if not roots:
            return None
        reached = _leaves_of([edge for edge, _ in roots])
        found.inputs = [each for each in self.by_tensor.values() if id(each.tensor) in reached]
        captures = Captures(roots, [each.tensor for each in found.inputs])
        run_backward(roots, captures=captures)
        found.gradients = [self.gradient(each) for each in captures.gradients]
        return found

    def gradient(self, gradient: Any) -> Operand | None:
        if gradient is None:
            return None
        if isinstance(gradient, TracedArray):
            return gradient.value
        return self.program.capture(gradient) if isinstance(gradient, np.ndarray) else gradient


# --- twice ---


def trace(function: Callable[[], Any], given: Sequence[Tensor]) -> Trace:
    """The trace of a function, if it is the same each time.

    What depends on more than arrays (the time, counters) shows when a function is traced twice. Which tensors it makes
    itself shows, too: they are other ones the second time. To the program, those are constants.
    """
    first = _without_random_numbers(function, given)
    for _ in range(2):  # the first run may have filled caches
        second = _without_random_numbers(function, given)
        if _settle(first, second):
            return second
        first = second
    raise Untraceable("it does not do the same each time it is called")


def _without_random_numbers(function: Callable[[], Any], given: Sequence[Tensor]) -> Trace:
    """Trace a function that draws no random numbers; if it does, the generator forgets that it did."""
    before = _random_state()
    try:
        traced = trace_once(function, given)
    finally:
        after = _random_state()
        if before != after:
            seed, state = before
            default_generator.manual_seed(seed)
            if state is not None:
                default_generator.restore(state)
    if before != after:
        raise Untraceable("it draws random numbers")
    return traced


def _random_state() -> tuple[int, bytes | None]:
    """The seed of the random numbers, and how far the drawing has come; None where it has not begun."""
    begun = default_generator._made is not None
    return default_generator.initial_seed(), default_generator.state() if begun else None


def _settle(before: Trace, trace: Trace) -> bool:
    """Whether two traces are equal. If so, constants are told apart from tensors of the outside in the second."""
    if str(before.program) != str(trace.program) or len(before.lifted) != len(trace.lifted):
        return False
    if not _equal_captures(before.program, trace.program):
        return False
    program = trace.program
    inside: set[Lifted] = set()
    for old, new in zip(before.lifted, trace.lifted, strict=True):
        if old.tensor is new.tensor:
            continue
        if old.data is new.data and not new.requires_grad:
            new.is_memory = True
        elif _equal(old.data, new.data) and not new.requires_grad:
            inside.add(new)
            program.captures[new.value] = np.array(new.data)
        else:
            return False
    for output in trace.outputs:
        if output.outside in inside:
            output.same = output.alias = output.view_of = None
            output.place = len(program.outputs)
            program.outputs.append(output.value)
    _drop_inputs(trace, inside)
    return True


def _drop_inputs(trace: Trace, inside: set[Lifted]) -> None:
    """Leave out the inputs that are constants, and those that are not used."""
    program = trace.program
    used = set(program.uses()) | {output.outside.value for output in trace.outputs if output.outside is not None}
    if trace.derivative is not None:
        used |= {x for x in trace.derivative.gradients if isinstance(x, Value)}
    updates = {trace.lifted[number]: value for number, value in program.updates.items()}
    kept = [each for each in trace.lifted if each not in inside and (each.value in used or each in updates)]
    program.inputs = [*(each.value for each in kept), *program.inputs[len(trace.lifted) :]]
    program.updates = {number: updates[each] for number, each in enumerate(kept) if each in updates}
    trace.lifted = kept


def _equal_captures(one: Program, other: Program) -> bool:
    return all(x is y or _equal(x, y) for x, y in zip(one.captures.values(), other.captures.values(), strict=True))


def _equal(x: Any, y: Any) -> bool:
    return x.dtype == y.dtype and x.shape == y.shape and np.asarray(x).tobytes() == np.asarray(y).tobytes()


def _nodes_behind(edge: Any) -> Iterator[Node]:
    """The nodes of a graph, from one edge on."""
    seen: set[int] = set()
    stack = [edge]
    while stack:
        node = node_of(stack.pop())[0]
        if node is not None and id(node) not in seen:
            seen.add(id(node))
            yield node
            stack += node.edges


def _leaves_of(edges: Iterable[Any]) -> set[int]:
    """The ids of the leaf tensors that a graph leads to."""
    found = {id(edge) for edge in edges if edge.edge_kind == LEAF}
    for edge in edges:
        for node in _nodes_behind(edge):
            found |= {id(each) for each in node.edges if each is not None and each.edge_kind == LEAF}
    return found
