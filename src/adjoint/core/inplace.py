"""Writing to a tensor in place, and what that does to histories.

An in-place operation is its out-of-place form, computed on a stand-in for the old value, and then written into the
tensor's memory. The tensor's history becomes the result's. Where the tensor is a view, the base's history becomes "the
old base with this region replaced", and every living view of that base is derived from it anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign, namespace_of, numpy
from adjoint.core import modes
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.graph import LEAF_MARK, Meta, Node, log_write, next_sequence, node_of
from adjoint.core.primitive import Primitive, TransposeNode
from adjoint.core.tensor import Tensor, buffer, edge_of, wrap, writes_of
from adjoint.core.views import Path, View

#: called around the computation of an in-place operation when forward mode is on; set by `core.forward`
forward_stand_in: Callable | None = None
forward_follow: Callable | None = None

_RANKS = {"b": 0, "i": 1, "u": 1, "f": 2, "V": 2, "c": 3}


def update(tensor: Tensor, compute: Callable[[Tensor], Tensor], name: str) -> Tensor:
    """Set `tensor` to `compute(tensor)` in place, and return it; `name` is the method's, for messages."""
    recording = not modes.special or modes.state.grad_enabled
    if recording:
        check_writable(tensor)
    start = next_sequence()
    stand_in = wrap(tensor._data)
    stand_in._writes = []
    stand_in._node = tensor if tensor._node is LEAF_MARK else tensor._node
    forward = modes.special and modes.state.forward_level
    if forward:
        forward_stand_in(tensor, stand_in)  # type: ignore[misc]
    result = compute(stand_in)
    check_fits(tensor, result)
    detach_saved(result, stand_in, start)
    write(tensor, result)
    if result._node is not None and recording:
        made = node_of(result._node)[0]
        log_write(writes_of(tensor), made.name())  # type: ignore[union-attr]
        reroute_saved(made, result, tensor)  # type: ignore[arg-type]
        rebase(tensor, result._node)
    else:
        log_write(writes_of(tensor), name)
        view = getattr(tensor, "_view", None)
        refresh_views(tensor if view is None else view.base)
    if forward:
        forward_follow(tensor, result)  # type: ignore[misc]
    return tensor


def check_writable(tensor: Tensor) -> None:
    """Refuse to write, while gradients are recorded, to what must keep its value."""
    if tensor._node is None:
        return
    view: View | None = getattr(tensor, "_view", None)
    if view is not None and view.several and tensor._node is not LEAF_MARK:
        node, index = node_of(tensor._node)
        raise RuntimeError(
            f"Output {index} of {_maker(view, node)} is a view and is being modified inplace. This view is the output of a "
            "function that returns multiple views. Such functions do not allow the output views to be modified inplace. "
            "You should replace the inplace operation by an out-of-place one."
        )
    if view is not None and view.base.is_leaf:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation.\n"
            "Write under torch.no_grad(), or to a clone() of the leaf."
        )
    if tensor.is_leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation.\n"
            "Write under torch.no_grad(), as an optimiser does, or compute a new tensor instead."
        )


def _maker(view: View, node: Node | None) -> str:
    made_by = view.path[-1].primitive.node_type.__name__ if node is None else node.name()
    return made_by.partition("Backward")[0]


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


def write(tensor: Tensor, result: Tensor) -> None:
    """Copy the result's elements into the tensor's memory."""
    memory = buffer(tensor)
    namespace_of((memory, result._data)).write(memory, result._data)


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
    view: View | None = getattr(tensor, "_view", None)
    if view is None or not view.recorded:
        tensor._node = edge
        refresh_views(tensor)
        return
    base = view.base
    node = _copy_slices.node_type()
    node.edges = (edge_of(base) if base._node is not None else None, edge)
    node.plan = _copy_slices.plan(3)
    node.saved, node.writes = (base._data.shape,), ()
    node.params = {"path": view.path}
    node.sequence = next_sequence()
    node.meta, node.annex = _meta(base), None
    base._node = node
    refresh_views(base)


def refresh_views(base: Tensor) -> None:
    """Derive the history of every living view from its base anew."""
    for reference in getattr(base, "_views", ()):
        tensor = reference()
        if tensor is None or not tensor._view.recorded or tensor._node is LEAF_MARK or base._node is None:
            continue
        if tensor._view.several:
            tensor._node = BrokenView(tensor)
            continue
        node = _as_strided.node_type()
        node.edges = (edge_of(base),)
        node.plan = _as_strided.plan(1)
        node.saved, node.writes = (base._data.shape,), ()
        node.params = {"path": tensor._view.path}
        node.sequence = next_sequence()
        node.meta, node.annex = _meta(base), None
        tensor._node = node


def _meta(base: Tensor) -> Meta | None:
    return Meta(xp=namespace_of((base._data,))) if is_foreign(base._data) else None


class BrokenView(Node):
    """In place of the node of one of several views made at once, after their base was written to."""

    __slots__ = ("message",)

    def __init__(self, tensor: Tensor) -> None:
        node, index = node_of(tensor._node)
        made_by = _maker(tensor._view, None if node.__class__ is BrokenView else node)
        self.message = node.message if isinstance(node, BrokenView) else (
            f"Output {index} of {made_by} is a view and its base or another view of its base has been modified inplace. "
            "This view is the output of a function that returns multiple views. Such functions do not allow the output "
            "views to be modified inplace. You should replace the inplace operation by an out-of-place one."
        )
        self.edges = self.saved = self.writes = ()
        self.sequence = next_sequence()
        self.meta = self.annex = self.params = None

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Any:
        raise RuntimeError(self.message)


def _outside(xp: Any, shape: tuple[int, ...], path: Path) -> Any:
    """True for the elements of a base that a view does not reach."""
    outside = np.ones(shape, bool)
    path.on_array(numpy, outside)[...] = False
    return xp.asarray(outside)


def _replace(xp: Any, base: Any, value: Any, *, path: Path) -> Any:
    result = base.copy()
    path.on_array(xp, result)[...] = value
    return result


#: a base of which a view was written to: the old base outside the view, the written value inside
_copy_slices = Primitive(
    "copy_slices",
    _replace,
    (
        lambda xp, g, base_shape, *, path: xp.where(_outside(xp, base_shape, path), g, 0),
        lambda xp, g, *, path: path.on_array(xp, g),
    ),
    node_type=TransposeNode,
    node="CopySlices",
    jvp="linear",
)


def _spread(xp: Any, g: Any, shape: tuple[int, ...], path: Path) -> Any:
    """Zeros of a base's shape with `g` where the view is."""
    places = path.on_array(numpy, np.arange(int(np.prod(shape))).reshape(shape))
    flat = xp.place(xp.reshape(g, (-1,)), (xp.asarray(places.reshape(-1)),), (int(np.prod(shape)),))
    return xp.reshape(flat, shape)


#: a view of a base that was written to since the view was made
_as_strided = Primitive(
    "as_strided",
    lambda xp, base, *, path: path.on_array(xp, base),
    (lambda xp, g, base_shape, *, path: _spread(xp, g, base_shape, path),),
    node_type=TransposeNode,
    jvp="linear",
)
