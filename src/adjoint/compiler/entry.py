"""A function compiled for one kind of arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign
from adjoint.compiler.backward import Apart, Call, CompiledFunctionBackward, Together
from adjoint.compiler.build import build
from adjoint.compiler.environment import Environment
from adjoint.compiler.runtime import Executable, element_strides
from adjoint.compiler.tracing import Lifted, Output, Trace
from adjoint.core import modes
from adjoint.core.apply import apply
from adjoint.core.graph import LEAF_MARK, Port, log_write
from adjoint.core.pytree import TreeSpec, flatten
from adjoint.core.tensor import Tensor, buffer, edge_of, wrap, writes_of

__all__ = ["Entry"]

MOST_WASTED = 8  # how many calls in a row may compute gradients that are not asked for

Leaves = Sequence[Any]  # of the arguments
Source = Callable[[Leaves], Any]


class Entry:
    """A trace with its machine code, ready to be called with arguments of the kind that it was made from.

    It does not hold on to those: it knows where among the leaves of the arguments each tensor is found.
    """

    def __init__(
        self, function: Callable, leaves: Leaves, spec: TreeSpec | None, trace: Trace, environment: Environment
    ) -> None:
        self.function = function
        self.spec = spec
        self.environment = environment
        self.named = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]  # whose identities are parts of keys
        self.places = {id(leaf): place for place, leaf in reversed(list(enumerate(leaves)))}

        program, derivative = trace.program, trace.derivative
        self.sources = [self.source(each) for each in trace.lifted]
        self.updated = [self.sources[number] for number in program.updates]
        self.grads = [(self.source(each), place) for each, place in trace.grads]
        self.makers = {output: self.maker(output) for output in trace.outputs}
        self.outputs = trace.outputs
        self.result_spec = trace.spec
        others = [each for each in trace.lifted if id(each.tensor) not in self.places]
        self.states = [(self.source(each), _state(each.tensor)) for each in others]
        self.aliases = [(self.source(one), self.source(other)) for one, other in trace.aliases]
        strides = {each.value: element_strides(np.asarray(each.data)) for each in trace.lifted}
        self.gradients: Together | Apart | None = None
        self.last_used = [True]  # whether the gradients of the last call were
        self.wasted = 0
        if derivative is None:
            self.executable = Executable(build(program, strides))
        else:
            self.differentiable = [trace.outputs[number] for number in derivative.outputs]
            self.differentiated = [self.source(each) for each in derivative.inputs]
            self.to_split = (program, len(program.outputs), derivative.cotangents, derivative.gradients, strides)
            if [cotangent.shape for cotangent in derivative.cotangents] == [()]:
                (cotangent,) = derivative.cotangents
                count = len(program.outputs)
                self.gradients = Together(program, count, cotangent, derivative.gradients, strides)
            else:
                self.gradients = Apart(*self.to_split)
            self.executable = self.gradients.executable
        for output in self.outputs:
            output.same = output.alias = output.view_of = None
        del self.places

    def source(self, lifted: Lifted) -> Source:
        """A function from the arguments' leaves to the tensor that is meant."""
        if lifted.is_memory:
            tensor = wrap(lifted.data)
            return lambda leaves: tensor
        if lifted.grad_of is not None:
            leaf = self.source(lifted.grad_of)
            return lambda leaves: leaf(leaves)._grad
        place = self.places.get(id(lifted.tensor))
        if place is not None:
            return lambda leaves: leaves[place]
        tensor = lifted.tensor
        return lambda leaves: tensor

    def maker(self, output: Output) -> Callable[[Leaves, list[Any]], Any]:
        """A function from the arguments' leaves and the program's results to one leaf of what the function returns."""
        if output.place is not None:
            place, make = output.place, _freed if output.is_freed else _fresh
            return lambda leaves, results: make(results[place])
        if output.outside is None:
            constant = output.constant
            return lambda leaves, results: constant
        source, path = self.source(output.outside), output.path
        if output.alias is not None:
            return lambda leaves, results: _alias(source(leaves))
        return lambda leaves, results: _view(source(leaves), path)

    def matches(self, leaves: Leaves) -> bool:
        """Whether everything else than the arguments is as it was."""
        if not self.environment.holds():
            return False
        for source, state in self.states:
            if _state(source(leaves)) != state:
                return False
        return all(one(leaves)._data is other(leaves)._data for one, other in self.aliases)

    def __call__(self, leaves: Leaves) -> Any:
        tensors = [source(leaves) for source in self.sources]
        if self.updated:
            for source in self.updated:
                buffer(source(leaves))  # a scalar becomes an array, which can be written to
            if self.is_entangled(leaves, tensors):
                args, kwargs = self.arguments(leaves)
                return self.function(*args, **kwargs)
        arrays = [np.asarray(tensor._data) for tensor in tensors]
        results = self.executable(*arrays)
        for source in self.updated:
            log_write(writes_of(source(leaves)), "compiled function")
        for source, place in self.grads:
            source(leaves)._grad = None if place is None else wrap(results[place])
        made = {output: make(leaves, results) for output, make in self.makers.items()}
        if self.gradients is not None:
            self.connect(made, leaves, tensors, arrays, results)
        return self.result_spec.unflatten([made[output] for output in self.outputs])

    def is_entangled(self, leaves: Leaves, tensors: list[Tensor]) -> bool:
        """Whether what is written to shares memory with something else, or must not be written to."""
        for source in self.updated:
            target = source(leaves)
            if not target._data.flags.writeable:
                return True
            if any(np.may_share_memory(target._data, x._data) for x in tensors if x is not target):
                return True
        return False

    def arguments(self, leaves: Leaves) -> tuple[Sequence[Any], dict[str, Any]]:
        return (leaves, {}) if self.spec is None else self.spec.unflatten(leaves)

    def connect(
        self, made: dict[Output, Any], leaves: Leaves, tensors: list[Tensor], arrays: list[Any], results: list[Any]
    ) -> None:
        """Give the outputs their place in the graph."""
        assert self.gradients is not None
        inputs = [source(leaves) for source in self.differentiated]
        logs = [writes_of(tensor) for tensor in tensors]
        needed = [logs[number] for number in self.gradients.saved_inputs]
        call = Call(self.gradients.gradients(arrays, results), self.rerun(leaves), needed, logs)
        outputs = [made[output] for output in self.differentiable]
        shapes = [(x._data.shape, x._data.dtype) for x in outputs]
        node = CompiledFunctionBackward([edge_of(x) for x in inputs], call, shapes)
        for index, tensor in enumerate(outputs):
            tensor._node = Port(node, index) if node.several else node
        if isinstance(self.gradients, Together):
            self.watch(call)

    def watch(self, call: Call) -> None:
        """Stop to compute gradients along with the value when nobody wants them."""
        self.wasted = 0 if self.last_used[0] else self.wasted + 1
        self.last_used = call.used
        if self.wasted >= MOST_WASTED:
            self.gradients = Apart(*self.to_split)
            self.executable = self.gradients.executable

    def rerun(self, leaves: Leaves) -> Callable[[], tuple[list[Tensor], list[Tensor]]]:
        """A function that runs the original eagerly on these arguments: its differentiable outputs, and their inputs."""
        kept = [_with_history(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves]

        def run() -> tuple[list[Tensor], list[Tensor]]:
            args, kwargs = self.arguments(kept)
            returned, _ = flatten(self.function(*args, **kwargs))
            found = dict(zip(self.outputs, returned, strict=True))
            return [found[output] for output in self.differentiable], [source(kept) for source in self.differentiated]

        return run


def _fresh(array: Any) -> Tensor:
    tensor = wrap(array)
    if modes.special and modes.state.inference:
        tensor._inference = True
    return tensor


def _freed(array: Any) -> Tensor:
    """A tensor whose history a backward pass has used up."""
    tensor = wrap(array)
    tensor._node = CompiledFunctionBackward((), None, [(array.shape, array.dtype)])
    return tensor


def _alias(tensor: Tensor) -> Tensor:
    """Another tensor on the same memory, outside the graph."""
    alias = wrap(buffer(tensor))
    alias._writes = writes_of(tensor)
    return alias


def _view(tensor: Tensor, path: Sequence[Any]) -> Tensor:
    """A view, made as the function itself would make it."""
    for step in path:
        made = apply(step.primitive, (tensor,), step.params)
        tensor = made if step.output is None else made[step.output]
    return tensor


def _with_history(tensor: Tensor) -> Tensor:
    """A tensor that stays what this one is now; a leaf is itself."""
    if tensor._node is LEAF_MARK:
        return tensor
    same = wrap(tensor._data)
    same._node, same._writes = tensor._node, tensor._writes
    return same


def _state(tensor: Tensor | None) -> Any:
    """What a program depends on, of a tensor that is no argument."""
    if tensor is None:
        return None
    data, node = tensor._data, tensor._node
    strides = None if data.__class__ is not np.ndarray or data.flags.c_contiguous else data.strides
    return is_foreign(data), data.shape, data.dtype, strides, node is None, node is LEAF_MARK and tensor._grad is None
