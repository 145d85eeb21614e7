"""Writing to a tensor in place, and what that does to histories.

An in-place operation is its out-of-place form, computed on a stand-in for the old value, and then written into the
tensor's memory. The tensor's history becomes the result's. Where the tensor is a view, the base's history becomes "the
old base with this region replaced", and the views of that base are derived from it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of, numpy
from adjoint.core import modes
from adjoint.core.advice import known_name
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.graph import INTO_VIEW, Node, log_write, next_sequence, node_of
from adjoint.core.primitive import VALUE, Primitive, TransposeNode
from adjoint.core.states import check_inference
from adjoint.core.tensor import Tensor, buffer, edge_of, wrap, writes_of
from adjoint.core.views import Path, forbidden, mark_stale, meta_of, move_retained, view_of

#: called around the computation of an in-place operation when forward mode is on; set by `core.forward`
forward_stand_in: Callable | None = None
forward_follow: Callable | None = None

_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}


def update(tensor: Tensor, compute: Callable[[Tensor], Tensor], name: str, uniform: bool = False) -> Tensor:
    """Set `tensor` to `compute(tensor)` in place, and return it; `name` is the method's, for messages.

    A result that is `uniform`, of equal elements, may be written to elements that share memory.
    """
    check_inference(tensor)
    recording = modes.recording()
    if recording and tensor.requires_grad:
        check_writable(tensor)
    start = next_sequence()
    stand_in = wrap(tensor._data.copy() if modes.special and modes.state.saved_tensors_hooks else tensor._data)
    stand_in._writes = []
    stand_in._node = edge_of(tensor) if recording else None
    forward = modes.special and modes.state.forward_level
    if forward:
        forward_stand_in(tensor, stand_in)  # type: ignore[misc]
    result = compute(stand_in)
    recorded = recording and result._node is not None
    if recorded and not tensor.requires_grad:
        check_writable(tensor)
    check_fits(tensor, result)
    detach_saved(result, stand_in, start)
    write(tensor, result._data, uniform)
    if recorded:
        made = node_of(result._node)[0]
        by = made.name()  # type: ignore[union-attr]
        log_write(writes_of(tensor), by if view_of(tensor) is None else by + INTO_VIEW)
        if not forward:  # the tangent's own nodes come after this one already
            reroute_saved(made, result, tensor)  # type: ignore[arg-type]
        rebase(tensor, result._node)
    else:
        log_write(writes_of(tensor), name)
        mark_stale(tensor)
    if forward:
        forward_follow(tensor, result)  # type: ignore[misc]
    return tensor


def give_memory(tensor: Tensor, source: Tensor, result: Tensor) -> Tensor:
    """Have a tensor show another's memory from now on, with the history of a result."""
    check_inference(tensor)
    if result._node is not None:
        check_writable(tensor)
    tensor._data = buffer(source)
    log_write(writes_of(tensor), "set_")
    if result._node is None:
        mark_stale(tensor)
    else:
        rebase(tensor, result._node)
    return tensor


def check_writable(tensor: Tensor) -> None:
    """Refuse a recorded write to what must keep its value, or whose history cannot follow."""
    view = view_of(tensor)
    if view is not None:
        if view.made is not None:
            raise forbidden(tensor, "is being")
        if tensor.requires_grad and view.base.is_leaf:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place operation.\n"
                "Write under torch.no_grad(), or to a clone() of the leaf."
            )
    if tensor.requires_grad and tensor.is_leaf:
        name = known_name(tensor)
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation.\n"
            f"{f'It is {name}. ' if name is not None else ''}Write under torch.no_grad(), as an optimiser does, or compute a new tensor instead."
        )


def check_fits(tensor: Tensor, result: Tensor) -> None:
    """The result of an in-place operation must have the tensor's shape, and a type that its type can hold."""
    if result._data.shape != tensor._data.shape:
        raise RuntimeError(
            f"output with shape {list(tensor.shape)} doesn't match the broadcast shape {list(result.shape)}"
        )
    if _RANKS[result._data.dtype.kind] > _RANKS[tensor._data.dtype.kind]:
        raise RuntimeError(
            f"result type {scalar_type_name(result.dtype)} can't be cast to the desired output type "
            f"{scalar_type_name(tensor.dtype)}"
        )


def write(tensor: Tensor, values: Any, uniform: bool) -> None:
    """Copy values into the tensor's memory."""
    memory = buffer(tensor)
    if modes.special and modes.state.before_write is not None:
        modes.state.before_write(writes_of(tensor))
    if uniform and memory.__class__ is np.ndarray and 0 in memory.strides:
        apart = tuple(slice(None) if step else slice(1) for step in memory.strides)  # one of those that share memory
        memory, values = memory[apart], values[apart]
    namespace_of((memory, values)).write(memory, values)


def detach_saved(result: Tensor, stand_in: Tensor, start: int) -> None:
    """Give the new nodes that saved the old value a copy of it, before it is overwritten."""
    if isinstance(stand_in._data, np.generic):
        return
    stack = [node_of(result._node)[0]]
    copy = None
    while stack:
        node = stack.pop()
        if node is None or node.sequence < start or node.saved.__class__ is not tuple:
            continue
        for place, log, _ in node.primitive.saved_arrays(node):
            if log is stand_in._writes:
                copy = stand_in._data.copy() if copy is None else copy
                node.saved = (*node.saved[:place], copy, *node.saved[place + 1 :])
        stack += [node_of(edge)[0] for edge in node.edges if edge is not None]


def reroute_saved(node: Node, result: Tensor, tensor: Tensor) -> None:
    """Where the new node saved its result, that is now the tensor's memory, and later writes to it count."""
    if node.saved.__class__ is tuple and any(value is result._data for value in node.saved):
        node.saved = tuple(tensor._data if value is result._data else value for value in node.saved)
        node.writes = [writes_of(tensor) if log is result._writes else log for log in node.writes]
        node.sequence = next_sequence()  # saved after this write, not before it


def rebase(tensor: Tensor, edge: Any) -> None:
    """Make `edge` the history of a tensor that was written to, and of all that shares its memory."""
    view = view_of(tensor)
    if view is None:
        old, tensor._node = tensor._node, edge
        move_retained(tensor, old, edge)
        mark_stale(tensor)
        return
    base = view.base
    old = base._node
    node = Node()
    node.edges = (edge_of(base), edge)
    node.plan = _copy_plan
    node.saved, node.writes = (base._data.shape, base._data.dtype), ()
    node.params = {"path": view.path}
    node.sequence = next_sequence()
    node.meta, node.annex = meta_of(base), None
    base._node = node
    move_retained(base, old, node)
    mark_stale(tensor)


def _outside(xp: Any, g: Any, shape: tuple[int, ...], dtype: np.dtype, path: Path) -> Any:
    """The cotangent of a base where a view does not reach it, else 0. A view may reach one part of complex numbers."""
    if dtype.kind != "c":
        outside = np.ones(shape, bool)
        path.on_array(numpy, outside)[...] = False
        return xp.where(xp.asarray(outside), g, 0)
    parts = np.full(shape, 1 + 1j)
    path.on_array(numpy, parts)[...] = 0
    real = xp.where(xp.asarray(parts.real != 0), xp.real(g), 0)
    return real + 1j * xp.where(xp.asarray(parts.imag != 0), xp.imag(g), 0)


def _replace(xp: Any, base: Any, value: Any, *, path: Path) -> Any:
    result = base.copy()
    path.on_array(xp, result)[...] = value
    return result


#: a base of which a view was written to: the old base outside the view, the written value inside
_copy_slices = Primitive(
    "copy_slices",
    _replace,
    (
        lambda xp, g, base_shape, base_dtype, *, path: _outside(xp, g, base_shape, base_dtype, path),
        lambda xp, g, *, path: path.on_array(xp, g),
    ),
    node_type=TransposeNode,
    node="torch::autograd::CopySlices",
    jvp="linear",
)
#: PyTorch frees it with the graph, so that what it saves counts as an array, though it is a shape
_copy_plan = _copy_slices.plan(3)
_copy_plan.arrays = [(0, VALUE, 0)]
