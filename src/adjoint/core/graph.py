"""The graph that the backward pass walks: nodes, and the edges between them.

An edge says where a cotangent goes next. It is one of three things:
- a `Node`: the operation, with one output, that made the operand;
- a `Port`: one of the outputs of an operation that has several;
- a leaf tensor itself: the cotangent is added to its `.grad`.

Nodes point towards the leaves only. Nothing points back, so a graph has no reference cycles and dies, by reference
count, the moment the last tensor that leads into it is dropped.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

from adjoint.core import modes
from adjoint.core.advice import ask_why, known_name

if TYPE_CHECKING:
    from adjoint.core.primitive import Plan, Primitive

#: Nodes and in-place writes draw their numbers from this one counter. So "was this array written after that node saved
#: it?" is a comparison of two numbers, and saving a value costs no bookkeeping.
next_sequence = count(1).__next__

NODE, PORT, LEAF = range(3)  # what an edge is


class _Mark:
    """A named object that stands for a special state."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


#: in place of a tensor's node: it is a leaf that requires a gradient
LEAF_MARK = _Mark("<leaf>")
#: in place of a node's saved values, once the backward pass has freed them
FREED = _Mark("<freed>")


class Meta:
    """What the derivative of an operation must adapt to; most nodes need none.

    `operands` has a (shape, dtype) pair for each operand, where one was broadcast or cast on the way in, else None;
    `outputs` the same for each output of an operation with several; `xp` is the namespace of arrays that are not NumPy's;
    `tangents` has the forward-mode tangents of saved values, by their place.
    """

    __slots__ = ("operands", "outputs", "tangents", "xp")

    def __init__(self, operands: tuple | None = None, outputs: tuple | None = None, xp: Any = None) -> None:
        self.operands = operands
        self.outputs = outputs
        self.xp = xp
        self.tangents: dict[int, dict] | None = None


class Annex:
    """What few nodes have: hooks and metadata."""

    __slots__ = ("accumulators", "metadata", "outputs", "place", "post_hooks", "pre_hooks", "retained", "tensor_hooks")

    def __init__(self) -> None:
        self.tensor_hooks: dict | None = None  # output number -> ordered dict of hooks on that output's gradient
        self.retained: dict | None = None  # output number -> weak reference to the tensor that keeps its gradient
        self.pre_hooks: OrderedDict | None = None
        self.post_hooks: OrderedDict | None = None
        self.metadata: dict | None = None
        self.place: Any = None  # where in the program the operation ran, if that was recorded
        self.accumulators: list = []  # those of its leaves that have hooks, which live as long as this node
        self.outputs: dict[int, tuple] = {}  # output number -> (shape, dtype), of edges that a user holds


class Node:
    """One operation of a recorded program, seen from its backward pass.

    `edges` has one entry per operand, None where no gradient is wanted. `saved` holds exactly the values that the
    derivative rules name, as `plan` lists them, and `writes` the in-place write logs of those that are arrays.
    """

    __slots__ = ("__weakref__", "annex", "edges", "meta", "params", "plan", "saved", "sequence", "writes")

    edge_kind: ClassVar[int] = NODE
    is_leaf: ClassVar[bool] = (
        False  # whether the program sees what it made as a leaf: an input of a transformed function
    )
    guards_saved: ClassVar[bool] = False  # whether it checks by itself what it saved, as a user's Function does
    edges: tuple
    plan: Plan
    saved: Any
    writes: Sequence[list]
    params: dict | None
    meta: Meta | None
    annex: Annex | None
    sequence: int

    @property
    def primitive(self) -> Primitive:
        """The record of the operation."""
        return self.plan.primitive

    @property
    def several(self) -> bool:
        """Whether the operation has several outputs with cotangents."""
        return self.plan.several

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
        """Carry the cotangent of the output back to each operand, computing on arrays of the namespace `xp`."""
        return self.plan.vjp(self, xp, saved, cotangent)

    def fill(self, slots: dict[int, Any], xp: Any) -> tuple | None:
        """The cotangents of all outputs of a node with several: zeros for those that none reached; None if none did."""
        if not slots:
            return None
        outputs = self.meta.outputs  # type: ignore[union-attr]
        return tuple(
            slots[index] if index in slots else xp.zeros(shape, dtype=dtype)
            for index, (shape, dtype) in enumerate(outputs)  # type: ignore[arg-type]
        )

    def name(self) -> str:
        """The operation's name, such as `SinBackward0`; some have a longer one than their class."""
        kind = type(expose(self))
        return getattr(kind, "qualified_name", kind.__name__)

    def as_seen(self) -> Any:
        """What stands for the node in programs: the node itself, but for a user's Function."""
        return self

    def ensure_annex(self) -> Annex:
        if self.annex is None:
            self.annex = Annex()
        return self.annex

    def __repr__(self) -> str:
        return f"<{type(expose(self)).__name__} object at {id(self):#x}>"


def expose(node: Node) -> Node:
    """The node as a program sees it: of the class that bears the operation's name.

    Until somebody looks, most nodes are plain `Node`s: Python is quicker where all objects that pass are of one class.
    """
    if node.__class__ is Node:
        node.__class__ = node.plan.primitive.node_type
    return node.as_seen()


class Nowhere(Node):
    """In place of the node of a view without history whose base requires a gradient.

    Such a view requires a gradient, as PyTorch has it, but is a leaf through which none ever arrives anywhere.
    """

    __slots__ = ()

    is_leaf = True
    several = False

    def __init__(self) -> None:
        self.edges = self.saved = self.writes = ()
        self.sequence = next_sequence()
        self.plan = self.params = self.meta = self.annex = None  # type: ignore[assignment]

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Any:
        return ()


class Port:
    """An edge to one output of a node that has several."""

    __slots__ = ("index", "node")

    edge_kind: ClassVar[int] = PORT

    def __init__(self, node: Node, index: int) -> None:
        self.node = node
        self.index = index


def node_of(edge: Any) -> tuple[Node | None, int]:
    """The node behind an edge that leads to one, and which of its outputs."""
    if edge is None or edge is LEAF_MARK or edge.edge_kind == LEAF:
        return None, 0
    if edge.edge_kind == PORT:
        return edge.node, edge.index
    return edge, 0


def public_name(node: Node) -> str:
    """The function that a node's name stands for: `clamp_min` for ClampMinBackward0."""
    words = re.findall("[A-Z][a-z0-9]*", node.name().partition("Backward")[0])
    return "_".join(words).lower()


# --- in-place writes ---------------------------------------------------------------------------------------------
# A write log is a list shared by all tensors that share memory; each entry is (sequence number, what wrote, version).
# What wrote is a node's name (`AddBackward0`) where the write is part of a graph, else the method's (`add_`).

_KEPT_WRITES = 64

#: the number of the latest write to any memory: what was saved after it cannot be stale
last_write = 0

#: what follows the name of what wrote to a view
INTO_VIEW = " to a view"
#: what wrote, where a tensor was given other data as `x.data = y` does, which is no new version
NEW_DATA = "data"


def log_write(writes: list, by: str) -> None:
    """Note that the memory behind this log was written to, by the operation named."""
    global last_write  # noqa: PLW0603
    last_write = next_sequence()
    version = (writes[-1][2] if writes else 0) + (by != NEW_DATA)
    writes.append((last_write, by, version))
    if len(writes) > 2 * _KEPT_WRITES:
        del writes[:_KEPT_WRITES]


def version_of(writes: list | None) -> int:
    """How often the memory behind this log was written to."""
    return writes[-1][2] if writes else 0


def version_at(writes: list, sequence: int) -> int:
    """The version that the memory had when the node with this sequence number saved it."""
    for stamp, _, version in reversed(writes):
        if stamp <= sequence:
            return version
    return writes[0][2] - 1


def check_saved(node: Node) -> tuple:
    """A node's saved values; an error where they are gone, or were written to since they were saved."""
    if node.guards_saved:
        return ()
    if node.saved is FREED:
        raise freed(node)
    for place, writes, origin in node.primitive.saved_arrays(node):
        since = [by for stamp, by, _ in writes if stamp > node.sequence]
        if not since:
            continue
        if set(since) != {NEW_DATA}:
            raise stale(node, writes)
        if origin is not None and origin.edge_kind == LEAF:  # the leaf was given other data: the rules see those
            node.saved = (*node.saved[:place], origin._data, *node.saved[place + 1 :])
    return node.saved if node.saved.__class__ is tuple else node.saved.unpack(node)


def freed(node: Node) -> RuntimeError:
    """The error for saved values that a backward pass has freed."""
    name = known_name(node)
    held = f" of {name}" if name is not None else ""
    return RuntimeError(
        "Trying to backward through the graph a second time (or directly access saved tensors after they have "
        "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
        "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or if "
        "you need to access saved tensors after calling backward.\n"
        f"The operation{held} is {node.name()}: run the forward pass again, or pass retain_graph=True to the first backward().\n"
        + (
            ask_why(node, "which backward pass freed it")
            if held
            else "adjoint.why(loss) says which backward pass freed it."
        )
    )


def stale(node: Node, writes: list) -> RuntimeError:
    """The error for a value saved by an operation's node that an in-place operation has overwritten."""
    saved = next((each for each in node.primitive.saved_arrays(node) if each[1] is writes), None)
    array, origin = (node.saved[saved[0]], saved[2]) if saved is not None else (None, None)
    return overwritten(node, array, origin, writes, version_at(writes, node.sequence))


def overwritten(node: Node, array: Any, origin: Any, writes: list, expected: int) -> RuntimeError:
    """The error for an array that a node saved at one version and finds at another; `origin` is the edge to what it was."""
    writers = [by for _, by, version in writes if version > expected]
    name = _name_now(node, node_of(origin)[0], writers)
    which = f", which is output 0 of {short_name(name)}," if name else ""
    if modes.state.anomaly:
        hint = (
            "the backtrace further above shows the operation that failed to compute its gradient. The variable in question "
            "was changed in there or anywhere later. Good luck!"
        )
    else:
        hint = (
            "enable anomaly detection to find the operation that failed to compute its gradient, with "
            "torch.autograd.set_detect_anomaly(True, check_nan=False)."
        )
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"[{type_and_shape(array) if hasattr(array, 'dtype') else 'torch.Tensor'}]{which} is at version "
        f"{version_of(writes)}; expected version {expected} instead. Hint: {hint}\n"
        f"{node.name()} saved it for its derivative; since then it was written by {', '.join(short_name(by).rpartition('::')[2] for by in writers)}. "
        "Write out of place there, or save a clone().\n" + ask_why(writes, "at which line")
    )


def _name_now(node: Node, maker: Node | None, writers: Sequence[str]) -> str | None:
    """The name of the node that the tensor which `node` saved has since it was written to."""
    if maker is None or maker is node:
        return None if maker is None else maker.name()
    if maker.plan is not None and (maker.primitive.view or maker.primitive.name == "as_strided"):
        return "AsStridedBackward0"
    recorded = [by for by in writers if "Backward" in by]
    if not recorded:
        return maker.name()
    return "torch::autograd::CopySlices" if recorded[-1].endswith(INTO_VIEW) else recorded[-1]


def short_name(name: str) -> str:
    """A node's name as PyTorch's messages shorten it: `Mul` for `MulBackward0`, `Fill2` for `FillBackward2`."""
    return re.sub("Backward0?([0-9]*)(?= |$)", r"\1", name)


def type_and_shape(array: Any) -> str:
    """`torch.FloatTensor [3]`, as PyTorch's messages call an array."""
    return f"torch.{_TENSOR_TYPES.get(array.dtype.name, 'FloatTensor')} {list(array.shape)}"


_TENSOR_TYPES = {
    "float32": "FloatTensor", "float64": "DoubleTensor", "float16": "HalfTensor", "bfloat16": "BFloat16Tensor",
    "int64": "LongTensor", "int32": "IntTensor", "int16": "ShortTensor", "int8": "CharTensor", "uint8": "ByteTensor",
    "bool": "BoolTensor", "complex64": "ComplexFloatTensor", "complex128": "ComplexDoubleTensor",
}  # fmt: skip
