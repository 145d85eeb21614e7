"""Into a batch and out of it: the four operations that stand at the border of a `vmap`.

Inside a `vmap` a tensor's array hides the batch axis. `enter` hides it and `leave` shows it again: transposes of each
other. A tensor from outside that has no batch axis is the same for all examples, so its gradient is the sum of theirs:
`share` lets it in, and its transpose, `total`, sums. Since all four are records, gradients flow across the border like
across any operation, in both modes and at any order, inside the `vmap` and after it has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.arrays.batched import BatchedArray, batched
from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core import apply as application
from adjoint.core import modes
from adjoint.core.graph import Node, next_sequence, node_of
from adjoint.core.primitive import Primitive, TransposeNode, registry
from adjoint.core.tensor import Tensor, wrap, writes_of
from adjoint.ops.matrix import mm


def _border(xp: Any) -> Any:
    """The namespace that carries out these operations: on arrays of every kind it is the batched one."""
    return xp if xp is tensor_namespace else batched


class _EnteringNode(TransposeNode):
    """The node of a tensor as a `vmap` sees it: a leaf, which must not be written to."""

    __slots__ = ()

    is_leaf = True


class _LeavingNode(TransposeNode):
    """The node of a result of `vmap`, which has the name of the operation that made the result inside."""

    __slots__ = ()

    def name(self) -> str:
        if self.params["axis"]:
            return "PermuteBackward0"
        edge = self.edges[0]
        inside = getattr(edge, "node", edge)
        return inside.name() if isinstance(inside, Node) else "AliasBackward0"


_enter = Primitive(
    "enter_batch",
    lambda xp, x, *, level, axis: batched.enter_batch(x, level=level, axis=axis),
    lambda xp, g, x_shape, *, level, axis: _border(xp).leave_batch(g, level=level, axis=axis, size=x_shape[axis]),
    node_type=_EnteringNode,
    jvp="linear",
    doc="Hide an axis: from here on the tensor stands for one example of those along it.",
)
_leave = Primitive(
    "leave_batch",
    lambda xp, x, *, level, axis, size: batched.leave_batch(x, level=level, axis=axis, size=size),
    lambda xp, g, *, level, axis, size: _border(xp).enter_batch(g, level=level, axis=axis),
    node_type=_LeavingNode,
    jvp="linear",
    doc="Show the hidden axis, as the given one.",
)
_share = Primitive(
    "share_batch",
    lambda xp, x, *, levels: batched.share_batch(x, levels=levels),
    lambda xp, g, *, levels: _border(xp).total_batch(g, levels=levels),
    node_type=TransposeNode,
    jvp="linear",
    doc="The tensor, the same for every example.",
)
_total = Primitive(
    "total_batch",
    lambda xp, x, *, levels: batched.total_batch(x, levels=levels),
    lambda xp, g, *, levels: _border(xp).share_batch(g, levels=levels),
    node_type=TransposeNode,
    jvp="linear",
    doc="The sum over the examples.",
)


def enter(x: Tensor, level: int, axis: int) -> Tensor:
    """`x` inside the `vmap` of this level: one example of those along `axis`."""
    if x._node is None and not modes.state.forward_level:
        inside = wrap(batched.enter_batch(x._data, level=level, axis=axis))
    else:
        inside = application.apply(_enter, (x,), {"level": level, "axis": axis})
    inside._writes = writes_of(x)  # the memory is the same
    return inside


def leave(x: Tensor, level: int, axis: int, size: int) -> Tensor:
    """`x` outside of the `vmap` of this level, with the `size` examples along `axis`."""
    outside = application.apply(_leave, (x,), {"level": level, "axis": axis, "size": size})
    outside._writes = writes_of(x)
    return outside


def open_levels() -> tuple[int, ...]:
    """The levels of the `vmap`s that are open in this thread, outermost first."""
    return modes.state.batch_levels


def new_level() -> int:
    """The number of a new level: higher than that of every operation recorded so far, lower than of those to come."""
    return next_sequence()


def apply_inside_vmap(primitive: Primitive, operands: Sequence[Any], params: dict[str, Any] | None) -> Any:
    """Apply a primitive inside `vmap`: operands with a history outside of it are let in."""
    if primitive in _FOR_ALL_AT_ONCE and modes.state.grad_enabled:
        result = _FOR_ALL_AT_ONCE[primitive](*operands)
        if result is not None:
            return result
    return application.apply(primitive, share(operands), params, let_in=True)


def share(operands: Sequence[Any]) -> list[Any]:
    """The operands of an operation inside `vmap`; those with a history outside of one are let in."""
    levels = modes.state.batch_levels
    innermost = levels[-1]
    return [
        _let_in(operand, levels)
        if isinstance(operand, Tensor) and operand._node is not None and _sequence(operand) < innermost
        else operand
        for operand in operands
    ]


def _let_in(x: Tensor, levels: Sequence[int]) -> Tensor:
    made = _sequence(x)
    entered = {"levels": tuple(level for level in levels if level > made)}
    with modes.mode(batch_levels=()):
        inside = application.apply(_share, (x,), entered)
    inside._writes = writes_of(x)
    return inside


def _sequence(tensor: Tensor) -> int:
    """The number of the operation that made a tensor; 0 for a leaf."""
    node = node_of(tensor._node)[0]
    return 0 if node is None else node.sequence


for _primitive in (_enter, _leave, _share, _total):

    def _on_tensors(x: Tensor, _primitive: Primitive = _primitive, **params: Any) -> Tensor:
        return application.apply(_primitive, (x,), params)

    tensor_namespace.provide(_primitive.name, _on_tensors)

# --- products with a matrix from outside --------------------------------------------------------------------------
# Such a product is one product for all examples, of ordinary tensors outside of the `vmap`. So the matrix' gradient is one
# product too, where the sum over a gradient for each example would take as much memory as all examples have matrices.


def _product(x: Any, y: Any) -> Tensor | None:
    """`x @ y` where one is a matrix with a history outside, and the other differs from example to example."""
    level = modes.state.batch_levels[-1]
    for matrix, other in ((x, y), (y, x)):
        if matrix._node is None or matrix.ndim != 2 or _sequence(matrix) >= level or not _is_batched(other, level):
            continue
        rows = leave(other, level, 0, other._data.array.shape[0])
        with modes.mode(batch_levels=modes.state.batch_levels[:-1]):
            if matrix is y:
                return enter(_rows_times(rows, y), level, 0)
            columns = rows if y.ndim == 1 else rows.transpose(-1, -2)
            product = _rows_times(columns, x.t())
            return enter(product if y.ndim == 1 else product.transpose(-1, -2), level, 0)
    return None


def _rows_times(rows: Tensor, matrix: Tensor) -> Tensor:
    return mm(rows.reshape(-1, rows.shape[-1]), matrix).reshape(*rows.shape[:-1], matrix.shape[1])


def _is_batched(x: Tensor, level: int) -> bool:
    return isinstance(x._data, BatchedArray) and x._data.level == level


_FOR_ALL_AT_ONCE = {registry[name]: _product for name in ("mm", "mv", "vector_by_matrix", "matmul_batched")}

application.apply_inside_vmap = apply_inside_vmap
