"""What nodes saved, seen from outside: packed by the user's hooks, and as the attributes `_saved_...` of a node.

While a pair of saved-tensor hooks is on, every array that a new node saves is handed to the first of them as a tensor,
and the node keeps what that returns. The second turns it back into a tensor when the backward pass, or anybody else,
asks for the saved value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.core import apply, modes
from adjoint.core.engine import as_tensors, run_node
from adjoint.core.graph import FREED, Node, Port, check_saved, expose, freed, node_of, overwritten, version_of
from adjoint.core.hooks import activate
from adjoint.core.passes import current_pass
from adjoint.core.primitive import (
    DTYPE,
    OUT,
    SHAPE,
    VALUE,
    JointNode,
    PartialsNode,
    TransposeNode,
)
from adjoint.core.tensor import Tensor, edge_of, wrap, writes_of


class SavedTensor:
    """A tensor that a node saved; with hooks, what the first of them packed it into.

    Of one of the node's own results only the array is kept: the result itself leads back to the node.
    """

    __slots__ = ("_edge", "_held", "_is_result", "_log", "_unpack", "_version")

    def __init__(self, tensor: Tensor, node: Node | None) -> None:
        maker, index = node_of(tensor._node)
        self._is_result = node is not None and maker is node
        self._edge = index if self._is_result else edge_of(tensor)
        self._log = writes_of(tensor)
        self._version = version_of(self._log)
        self._held: Any = tensor._data if self._is_result else tensor
        self._unpack: Callable | None = None

    def pack(self, tensor: Tensor, pack: Callable, unpack: Callable) -> None:
        """Keep what `pack` makes of the tensor in its place."""
        with modes.mode(grad_enabled=False):
            packed = pack(tensor)
        if version_of(self._log) != self._version:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as input to pack hook cannot "
                "be modified by in-place operations as this can lead to unexpected side-effects. Please open an issue if "
                "you need to perform in-place operations on the input to a pack hook.\nWork on a clone() of it."
            )
        self._unpack = unpack
        if packed is not tensor or not self._is_result:
            self._held = packed

    def unpack(self, node: Node | None) -> Tensor:
        """The tensor, with the history that it had; an error if it was written to since it was saved."""
        if self._unpack is None:
            if version_of(self._log) != self._version and node is not None:
                array, origin = (self._held, node) if self._is_result else (self._held._data, self._edge)
                raise overwritten(node, array, origin, self._log, self._version)
            return self._with_history(self._held, node) if self._is_result else self._held
        running = current_pass()
        held = self._with_history(self._held, node) if self._is_result and _is_array(self._held) else self._held
        with modes.mode(grad_enabled=modes.state.grad_enabled if running is None else running.recorded):
            result = self._unpack(held)
        if not isinstance(result, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                f"{type(result).__name__}\nIt must undo what the pack hook did."
            )
        return self._with_history(result._data, node)

    def _with_history(self, array: Any, node: Node | None) -> Tensor:
        tensor = wrap(array)
        if not self._is_result:
            tensor._node = self._edge
        elif node is not None:
            tensor._node = Port(node, self._edge) if node.several else node
        if self._unpack is None:
            tensor._writes = self._log
        return tensor

    def register_hooks(self, pack_hook: Callable, unpack_hook: Callable) -> None:
        """Pack the tensor now, and unpack it whenever it is asked for."""
        refuse_uncallable("register_hooks", pack_hook, unpack_hook)
        if self._unpack is not None:
            raise _already_packed()
        activate()
        self.pack(self._with_history(self._held, None) if self._is_result else self._held, pack_hook, unpack_hook)


class Packed:
    """The saved values of an operation's node, where some of them are packed by hooks."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = tuple(values)

    def __getitem__(self, place: int) -> Any:
        value = self.values[place]
        return None if _is_packed(value) else value

    def unpack(self, node: Node, places: Sequence[int] | None = None) -> tuple:
        """The values as the engine takes them; of those that are packed, only the ones at `places`, if given."""
        return tuple(
            _unpacked(value, node, places is None or place in places) for place, value in enumerate(self.values)
        )


def _is_array(value: Any) -> bool:
    return not isinstance(value, Tensor) and hasattr(value, "dtype")


def _is_packed(value: Any) -> bool:
    return isinstance(value, SavedTensor) or (
        isinstance(value, tuple) and any(isinstance(v, SavedTensor) for v in value)
    )


def _unpacked(value: Any, node: Node, wanted: bool) -> Any:
    if not _is_packed(value):
        return value
    if not wanted:
        return None
    if isinstance(value, SavedTensor):
        return value.unpack(node)._data
    return tuple(each.unpack(node)._data if isinstance(each, SavedTensor) else each for each in value)


def pack_saved(node: Node, operands: Sequence[Any], results: Sequence[Tensor]) -> None:
    """Pack the arrays that a new node saved with the innermost pair of hooks, if there is one."""
    if not modes.state.saved_tensors_hooks:
        return
    hooks = modes.state.saved_tensors_hooks[-1]
    values = list(node.saved)
    fixed = len(node.primitive.operands) - node.primitive.variadic
    for place, kind, index in node.plan.arrays:
        if kind == OUT:
            values[place] = _packed(results[index], values[place], node, hooks)
        elif index >= fixed:
            values[place] = tuple(
                _packed(operand, array, node, hooks)
                for operand, array in zip(operands[fixed:], values[place], strict=True)
            )
        else:
            values[place] = _packed(operands[index], values[place], node, hooks)
    node.saved = Packed(values)
    node.writes = ()


apply.on_record.append(pack_saved)


def _packed(tensor: Any, array: Any, node: Node, hooks: tuple[Callable, Callable]) -> Any:
    if not _is_array(array) or not isinstance(tensor, Tensor):
        return array
    if tensor._data is not array:  # it was cast to the type in which the operation computes
        tensor = wrap(array)
    saved = SavedTensor(tensor, node)
    saved.pack(tensor, *hooks)
    return saved


def refuse_uncallable(function: str, *hooks: Any) -> None:
    for hook in hooks:
        if not callable(hook):
            raise TypeError(
                f"{function}(): incompatible function arguments. The following argument types are supported:\n"
                f"    1. (collections.abc.Callable, collections.abc.Callable) -> None\n\nInvoked with: {hook!r}"
            )


def _already_packed() -> RuntimeError:
    return RuntimeError(
        "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one pair of hooks is "
        "allowed at a time."
    )


# --- the attributes of a node ------------------------------------------------------------------------------------

_OPERAND_NAMES = {"x": "self", "y": "other", "xs": "tensors"}  # where a record does not say otherwise
_PARAMETER_NAMES = {"axis": "dim", "axes": "dims", "keepdims": "keepdim"}


def saved_names(node: Node) -> dict[str, tuple[int, int] | str]:
    """PyTorch's names for what a kind of node can save: where each is taken from, or a static parameter's name."""
    primitive = node.primitive
    names: dict[str, tuple[int, int] | str] = {
        _PARAMETER_NAMES.get(name, name): name for step in primitive.plan(_all(node)).steps for name in step.parameters
    }
    for kind, index in primitive.plan(_all(node)).sources:
        if kind == OUT:
            name = "result" if len(primitive.outputs) == 1 else primitive.outputs[index]
        else:
            operand = primitive.operands[index]
            name = primitive.saved_as.get(operand) or _OPERAND_NAMES.get(operand, operand)
        names[name + {SHAPE: "_sym_sizes", DTYPE: "_scalar_type"}.get(kind, "")] = (kind, index)
    return names


def _all(node: Node) -> int:
    return node.primitive.usable_mask((1 << len(node.edges)) - 1)


def saved_attribute(self: Node, name: str) -> Any:
    """What a node saved, by PyTorch's name for it: `_saved_self`, `_saved_result`; None if it did not need it."""
    prefix = next((each for each in ("_saved_", "_raw_saved_") if name.startswith(each)), "")
    source = saved_names(self).get(name.removeprefix(prefix)) if prefix and self.plan is not None else None
    if source is None or (prefix == "_raw_saved_" and (isinstance(source, str) or source[0] > OUT)):
        raise AttributeError(f"'{type(expose(self)).__name__}' object has no attribute '{name}'", name=name, obj=self)
    if isinstance(source, str):
        return (self.params or {})[source]
    place = self.plan.sources.index(source) if source in self.plan.sources else None
    if prefix == "_raw_saved_":
        return RawSaved(self, place)
    if place is None:
        return None
    if self.saved is FREED:
        raise freed(self)
    return _value(self, place)


def _value(node: Node, place: int) -> Any:
    values = node.saved.unpack(node, [place]) if isinstance(node.saved, Packed) else check_saved(node)
    kind, index = node.plan.sources[place]
    value = as_tensors(node, values)[place]
    if kind == VALUE and not isinstance(value, (Tensor, tuple)):
        is_scalar = node.primitive.rules[index] is None  # PyTorch's scalar argument; else a number in a tensor's place
        return value if is_scalar or value is None else wrap(np.asarray(value))
    return value


def attributes(self: Node) -> list[str]:
    """The attributes of a node, with those for what it saved."""
    names = list(object.__dir__(self))
    if self.plan is not None:
        for name, source in saved_names(self).items():
            names.append(f"_saved_{name}")
            if not isinstance(source, str) and source[0] <= OUT:
                names.append(f"_raw_saved_{name}")
    return names


# On the classes that a program sees, not on `Node` itself: Python would no longer take its short way to the attributes
# of any node, in the engine's loop above all.
for _kind in (PartialsNode, TransposeNode, JointNode):
    _kind.__getattr__ = saved_attribute  # type: ignore[union-attr]
    _kind.__dir__ = attributes  # type: ignore[assignment, method-assign]


def call(self: Node, *cotangents: Tensor | None) -> Any:
    """The gradients of a node's operands from those of its outputs, computed as a backward pass would."""
    given = [each if each is None or modes.recording() else each._data for each in cotangents]
    slots = {place: each for place, each in enumerate(given) if each is not None}
    gradients = run_node(self, check_saved(self), slots if self.several else given[0], modes.recording())
    results = tuple(each if each is None or isinstance(each, Tensor) else wrap(each) for each in gradients)
    return results[0] if len(results) == 1 else results


Node.__call__ = call  # type: ignore[method-assign]


class RawSaved:
    """The saved value of an operation's node as the node holds it, on which hooks can be set."""

    __slots__ = ("_node", "_place")

    def __init__(self, node: Node, place: int | None) -> None:
        self._node = node
        self._place = place

    def register_hooks(self, pack_hook: Callable, unpack_hook: Callable) -> None:
        """Pack the value now, and unpack it whenever the backward pass asks for it."""
        refuse_uncallable("register_hooks", pack_hook, unpack_hook)
        node, place = self._node, self._place
        if node.saved is FREED:
            raise RuntimeError(
                "Calling register_hooks on a saved tensor after it has been freed. Saved intermediate values of the graph "
                "are freed when you call .backward() or autograd.grad(). Specify retain_graph=True if you need to backward "
                "through the graph a second time or if you need to access saved variables after calling backward."
            )
        if place is None or not (_is_array(self._node.saved[place]) or _is_packed(_raw(node, place))):
            raise RuntimeError("Calling register_hooks on a saved tensor with value None is forbidden")
        if _is_packed(_raw(node, place)):
            raise _already_packed()
        activate()
        tensor = as_tensors(node, check_saved(node))[place]
        log = next((log for at, log, _ in node.primitive.saved_arrays(node) if at == place), None)
        saved = SavedTensor(tensor, node)
        saved.pack(tensor, pack_hook, unpack_hook)
        values = list(node.saved.values if isinstance(node.saved, Packed) else node.saved)
        values[place] = saved
        node.saved = Packed(values)
        node.writes = [each for each in node.writes if each is not log]


def _raw(node: Node, place: int) -> Any:
    return node.saved.values[place] if isinstance(node.saved, Packed) else node.saved[place]
