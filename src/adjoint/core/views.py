"""Views: tensors that share the memory of another, their base.

A view remembers the operations that lead to it from its base, so that they can be applied again: to the base when its
history changes under the view, and to a cotangent, to find the part of it that belongs to the view.

When memory is written to, the views of it become *stale*: their histories must be derived from the base anew. That
happens when somebody next asks for one, as in PyTorch, and costs nothing where nobody does. To ask is to read the slot
`_node`; so a stale tensor is given a class in which `_node` is computed, and gets its own class back with the answer.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign, namespace_of, numpy
from adjoint.core import modes
from adjoint.core import tensor as tensors
from adjoint.core.graph import LEAF_MARK, Meta, Node, Nowhere, expose, next_sequence, node_of, short_name, version_of
from adjoint.core.primitive import Primitive, TransposeNode
from adjoint.core.states import enter, leave, make_inference
from adjoint.core.tensor import Tensor, edge_of, retains, set_requires_grad, writes_of


class Link:
    """One step from a tensor to a view of it: a view primitive with its static parameters."""

    __slots__ = ("output", "params", "primitive")

    def __init__(self, primitive: Primitive, params: dict[str, Any], output: int | None = None) -> None:
        self.primitive = primitive
        self.params = params
        self.output = output  # which of the results, where the operation makes several views at once

    def on_array(self, xp: Any, array: Any) -> Any:
        result = self.primitive.forward(xp, array, **self.params)
        return result if self.output is None else result[self.output]


class Path(tuple[Link, ...]):
    """The steps from a base to a view. It does not hold the base, so that nodes of the base's graph may hold it."""

    __slots__ = ()

    def on_array(self, xp: Any, array: Any) -> Any:
        """The part of an array of the base's shape that belongs to the view; it shares the array's memory."""
        for step in self:
            array = step.on_array(xp, array)
        return array


#: How a view was made, where that forbids to derive its history anew; the words are those of the message.
IN_NO_GRAD, IN_INFERENCE, ONE_OF_SEVERAL, IN_FUNCTION = "no_grad", "inference", "several", "function"


class View:
    """How a view came from its base."""

    __slots__ = ("base", "made", "path", "version")

    def __init__(self, base: Tensor, path: Path, made: str | None, version: int) -> None:
        self.base = base
        self.path = path
        self.made = made  # one of the above, or None
        self.version = version  # of the memory, when the view's history was last derived


def link(parent: Tensor, tensors: Sequence[Tensor], primitive: Primitive, params: dict[str, Any]) -> None:
    """Make the results of a view operation views of the tensor that it was applied to."""
    above = view_of(parent)
    base = parent if above is None else above.base
    if parent.is_inference():
        for tensor in tensors:
            make_inference(tensor, parent)
        return
    writes = writes_of(base)
    several = primitive.many_outputs
    made: str | None = ONE_OF_SEVERAL if several else None
    if modes.special:
        if modes.state.inference:
            made = IN_INFERENCE
        elif not modes.state.grad_enabled:
            made = IN_NO_GRAD
    if made is None and above is not None:
        made = above.made
    path = above.path if above is not None else ()
    version = version_of(writes)
    registered = views_of(base)
    for index, tensor in enumerate(tensors):
        step = Link(primitive, params, index if several else None)
        tensor._view = View(base, Path((*path, step)), made, version)
        tensor._writes = writes
        if tensor._node is None and base._node is not None:
            tensor._node = Nowhere()
        registered.append(weakref.ref(tensor))


def view_of(tensor: Tensor) -> View | None:
    """How a tensor is a view; None where it is none."""
    return getattr(tensor, "_view", None)


def base_of(tensor: Tensor) -> Tensor:
    """The base of a view; the tensor itself where it is none."""
    view = view_of(tensor)
    return tensor if view is None else view.base


def views_of(base: Tensor) -> list[weakref.ref[Tensor]]:
    """Weak references to the views of a memory, which its aliases share; the dead are swept out as the list grows."""
    views: list | None = getattr(base, "_views", None)
    if views is None:
        views = base._views = []
    elif len(views) > 8 and not len(views) & (len(views) - 1):  # at powers of two: a constant cost per view
        views[:] = [view for view in views if view() is not None]
    return views


# --- histories after a write -------------------------------------------------------------------------------------


def mark_stale(tensor: Tensor) -> None:
    """After a write to a tensor's memory: have the histories of the views of it derived anew."""
    own: View | None = getattr(tensor, "_view", None)
    for reference in getattr(tensor if own is None else own.base, "_views", ()):
        view = reference()
        if (
            view is not None
            and not isinstance(view, Stale)
            and (view._node is not None or view._view.base._node is not None)
        ):
            enter(view, Stale)


def follow_base(base: Tensor) -> None:
    """After `requires_grad` of a leaf was changed: views without history require a gradient where their base does."""
    for reference in getattr(base, "_views", ()):
        view = reference()
        if view is None or view._view.base is not base or isinstance(view, Stale):
            continue
        if base._node is None:
            if isinstance(view._node, Nowhere):
                view._node = None
        elif view._view.version != version_of(writes_of(base)):
            enter(view, Stale)
        elif view._node is None:
            view._node = Nowhere()


tensors.follow_base = follow_base

_history: Any = Tensor.__dict__["_node"]  # the slot itself, which a stale tensor's `_node` hides


class Stale:
    """Mixed into the class of a view while its history is out of date: `_node` is derived when it is asked for."""

    __slots__ = ()

    def _derived(self: Any) -> Any:
        view: View = self._view
        old = _history.__get__(self)
        if view.base._node is None and (old is None or old is LEAF_MARK or isinstance(old, Nowhere)):
            settle(self, LEAF_MARK if old is LEAF_MARK else None)
            return self._node
        if view.made is not None:
            if modes.special and not modes.state.grad_enabled:
                return old  # nobody will follow it
            raise forbidden(self, "its base or another view of its base has been")
        derive(self)
        return self._node

    _node = property(_derived, lambda self, node: settle(self, node))

    @property
    def requires_grad(self: Any) -> bool:
        own = _history.__get__(self)
        return self._view.base._node is not None or (own is not None and not isinstance(own, Nowhere))

    @requires_grad.setter
    def requires_grad(self: Any, value: bool) -> None:
        set_requires_grad(self, value)

    @property
    def is_leaf(self: Any) -> bool:
        with modes.mode(grad_enabled=True):  # who asks for it is told where there is none
            node = node_of(self._node)[0]
        return node is None or node.is_leaf

    @property
    def grad_fn(self: Any) -> Any:
        with modes.mode(grad_enabled=True):
            node = node_of(self._node)[0]
        return None if node is None or node.is_leaf else expose(node)

    @property
    def output_nr(self: Any) -> int:
        return node_of(_history.__get__(self))[1]

    @property
    def retains_grad(self: Any) -> bool:
        return retains(self, _history.__get__(self))


def settle(tensor: Tensor, node: Any) -> None:
    """Give a stale view a history, and with it the class that it had."""
    leave(tensor)
    tensor._node = node
    tensor._view.version = version_of(tensor._writes)


def derive(tensor: Tensor) -> None:
    """Derive the history of a view from its base."""
    view: View = tensor._view
    base = view.base
    old = _history.__get__(tensor)
    node = Node()
    node.edges = (edge_of(base),)
    node.plan = as_strided.plan(1)
    node.saved, node.writes = (base._data.shape, base._data.dtype), ()
    node.params = {"path": view.path}
    node.sequence = next_sequence()
    node.meta, node.annex = meta_of(base), None
    settle(tensor, node)
    move_retained(tensor, old, node)


def meta_of(base: Tensor) -> Meta | None:
    return Meta(xp=namespace_of((base._data,))) if is_foreign(base._data) else None


def move_retained(tensor: Tensor, old: Any, new: Any) -> None:
    """A tensor that retains its gradient goes on to do so with its new history; its hooks stay with the old one."""
    node, index = node_of(old)
    if node is None or node.annex is None or not node.annex.retained:
        return
    if retains(tensor, old):
        kept = node.annex.retained.pop(index)
        node, index = node_of(new)
        annex = node.ensure_annex()  # type: ignore[union-attr]
        annex.retained = {**(annex.retained or {}), index: kept}


def forbidden(tensor: Tensor, written: str) -> RuntimeError:
    """The error for a write to a view, or to what it shares memory with, that the way it was made forbids."""
    made = tensor._view.made
    node, index = node_of(_history.__get__(tensor))
    name = None if node is None or node.is_leaf else short_name(node.name())
    if name is None or made in (IN_NO_GRAD, IN_INFERENCE):
        source = (
            "A view was created in"
            if name is None
            else f"Output {index} of {name} is a view of a view which was created in"
        )
        block, context = (
            ("inference mode", "in normal mode") if made == IN_INFERENCE else ("no_grad mode", "with grad mode enabled")
        )
        head = f"{source} {block} and {written} modified inplace {context}."
    else:
        head = f"Output {index} of {name} is a view and {written} modified inplace."
    return RuntimeError(f"{head} {_WHY_FORBIDDEN[made]}")


_AMBIGUOUS = (
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the "
    "view and the inplace either both inside the {} block (if you don't want the inplace to be tracked) or both outside "
    "(if you want the inplace to be tracked)."
)
_WHY_FORBIDDEN = {
    IN_NO_GRAD: _AMBIGUOUS.format("no_grad"),
    IN_INFERENCE: _AMBIGUOUS.format("inference_mode"),
    ONE_OF_SEVERAL: (
        "This view is the output of a function that returns multiple views. Such functions do not allow the output views "
        "to be modified inplace. You should replace the inplace operation by an out-of-place one."
    ),
    IN_FUNCTION: (
        "This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to "
        "handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect "
        "gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function."
    ),
}


def _spread(xp: Any, g: Any, shape: tuple[int, ...], dtype: np.dtype, path: Path) -> Any:
    """Zeros of a base's shape with `g` where the view is, which may be one part of complex numbers."""
    size = int(np.prod(shape))
    counted = np.arange(size)
    if dtype.kind == "c":  # imaginary parts are counted on from where the real ones end
        counted = counted + 1j * (counted + size)
    reached = path.on_array(numpy, counted.reshape(shape)).reshape(-1)
    imaginary = reached.dtype.kind == "f" and bool((reached >= size).any())
    places = reached.real.astype(np.int64) - size * imaginary
    flat = xp.place(xp.reshape(g, (-1,)), (xp.asarray(places),), (size,))
    if reached.dtype.kind == "f":
        flat = xp.astype(flat, dtype) * (1j if imaginary else 1)
    return xp.reshape(flat, shape)


#: a view of a base that was written to since the view was made
as_strided = Primitive(
    "as_strided",
    lambda xp, base, *, path: path.on_array(xp, base),
    (lambda xp, g, base_shape, base_dtype, *, path: _spread(xp, g, base_shape, base_dtype, path),),
    node_type=TransposeNode,
    jvp="linear",
)
