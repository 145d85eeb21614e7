"""`draw`: the recorded graph of a tensor as a picture, without its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.formula import Symbol
from adjoint.arrays.symbolic import symbolic
from adjoint.core.apply import not_a_tensor
from adjoint.core.callers import caller
from adjoint.core.dtypes import from_numpy_dtype
from adjoint.core.graph import FREED, Node
from adjoint.core.primitive import OUT, VALUE
from adjoint.core.recorded import Recorded
from adjoint.core.saved import saved_names
from adjoint.core.tensor import Tensor
from adjoint.insight.files import Path, written
from adjoint.insight.naming import Key, Names, key_of, key_of_tensor, names_in
from adjoint.insight.picture import Arrow, Box, Picture, dot, svg
from adjoint.nn.parameter import Parameter

Kind = tuple[tuple[int, ...], np.dtype]  # the shape and the type of an array


class Drawing:
    """The graph of one or several tensors, to look at: it prints as text, and notebooks show it as a picture.

    `svg()` and `dot()` return the picture in these languages, and write it to a file where they are given a path.
    """

    def __init__(
        self, roots: Sequence[Tensor], params: Mapping[str, Tensor], names: Names, saved: bool, shapes: bool
    ) -> None:
        graphs = [Recorded(root) for root in roots]
        nodes = {id(node): node for graph in graphs for node in graph.nodes}
        self._nodes = sorted(nodes.values(), key=lambda node: node.sequence)
        leaves = {key: leaf for graph in graphs for key, leaf in graph.leaves.items()}
        used = dict.fromkeys(id(edge) for node in self._nodes for edge in node.edges if id(edge) in leaves)
        self._leaves = {key: leaves[key] for key in (*used, *leaves)}  # in the order of their first use
        self._names = {key: name for key, (name, _) in names.tensors.items()}
        self._params = {key_of_tensor(each) for each in params.values()}
        self._roots = {key_of_tensor(root) for root in roots}
        self._kinds = _kinds(self._nodes, self._leaves, names) if shapes else {}
        self._saved = saved
        self._labels = self._labelled(roots, names)
        self.picture = self._picture(roots)

    def __str__(self) -> str:
        rows = [
            (self._called(key), "parameter" if self._is_parameter(key) else "leaf", key) for key in self._leaf_keys()
        ]
        rows += [(self._labels[id(node)], self._applied(node), _key(node)) for node in self._nodes]
        width = max(len(name) for name, _, _ in rows)
        kinds = [self._kind_text(key) for _, _, key in rows]
        lines = [
            f"  {name:<{width}}  {made}{f'  {kind}' if kind else ''}"
            for (name, made, _), kind in zip(rows, kinds, strict=True)
        ]
        return "\n".join([f"{self.picture.title}: {self.picture.description}", *lines])

    __repr__ = __str__

    def svg(self, path: Path | None = None) -> str:
        """The picture as SVG. With a path, the file is written too."""
        return written(svg(self.picture), path)

    def dot(self, path: Path | None = None) -> str:
        """The picture in Graphviz's language, DOT. With a path, the file is written too."""
        return written(dot(self.picture), path)

    def _repr_svg_(self) -> str:
        return self.svg()

    # --- names ---

    def _labelled(self, roots: Sequence[Tensor], names: Names) -> dict[int, str]:
        """What operations are called: by the names of their results, or by a number. Roots have a name."""
        for root in roots:
            if key_of_tensor(root) not in self._names:
                self._names[key_of_tensor(root)] = names.unused("y", "result")
        unnamed = [node for node in self._nodes if not self._named(node)]
        numbers = {id(node): f"({number})" for number, node in enumerate(unnamed, 1)}
        return numbers | {id(node): self._named(node) for node in self._nodes if id(node) not in numbers}

    def _named(self, node: Node) -> str:
        """The names of those of a node's results that have one."""
        outputs = len(node.meta.outputs) if node.several and node.meta is not None and node.meta.outputs else 1
        return ", ".join(self._names[id(node), place] for place in range(outputs) if (id(node), place) in self._names)

    def _called(self, key: Key) -> str:
        """What the text calls a leaf, or a result of an operation."""
        return self._names.get(key) or self._labels.get(key[0]) or "(leaf)"

    def _applied(self, node: Node) -> str:
        """`MulBackward0(w, x)`."""
        return f"{node.name()}({', '.join(self._called(key_of(edge)) for edge in node.edges if edge is not None)})"

    # --- the picture ---

    def _leaf_keys(self) -> list[Key]:
        return [(leaf, 0) for leaf in self._leaves]

    def _is_parameter(self, key: Key) -> bool:
        return key in self._params or isinstance(self._leaves[key[0]], Parameter)

    def _picture(self, roots: Sequence[Tensor]) -> Picture:
        boxes: list[Box] = []
        places: dict[int, int] = {}  # the identity of a node or leaf -> the place of its box
        for leaf in self._leaves:
            key = leaf, 0
            kind = "parameter" if self._is_parameter(key) else "leaf"
            places[leaf] = len(boxes)
            boxes.append(self._box((self._names.get(key, kind),), kind, key))
        for node in self._nodes:
            places[id(node)] = len(boxes)
            name = self._named(node)
            boxes.append(self._box((name, node.name()) if name else (node.name(),), "operation", _key(node)))
        arrows = [
            Arrow(places[key_of(edge)[0]], places[id(node)])
            for node in self._nodes
            for edge in node.edges
            if edge is not None
        ]
        if self._saved:
            for node in self._nodes:
                for name, held in _saved_by(node):
                    text = f"{name} {_text_of_kind(held)}" if held is not None else name
                    arrows.append(Arrow(len(boxes), places[id(node)], is_dashed=True))
                    boxes.append(Box((text,), "saved", f"saved for {node.name()}: {text}"))
        title = f"Graph of {' and '.join(self._called(key_of_tensor(root)) for root in roots)}"
        return Picture(title, self._description(), boxes, arrows)

    def _box(self, lines: tuple[str, ...], kind: str, key: Key) -> Box:
        text = self._kind_text(key)
        title = ", ".join([*lines, kind] if kind != "operation" else lines)
        is_root = any(root[0] == key[0] for root in self._roots)
        return Box((*lines, text) if text else lines, kind, f"{title}, {text}" if text else title, is_root)

    def _kind_text(self, key: Key) -> str:
        kinds = [self._kinds[each] for each in sorted(self._kinds) if each[0] == key[0]] if self._kinds else []
        return ", ".join(map(_text_of_kind, kinds))

    def _description(self) -> str:
        counts = [(len(self._nodes), "operation"), (len(self._leaves), "leaf")]
        return ", ".join(
            f"{count} {word if count == 1 else {'leaf': 'leaves'}.get(word, word + 's')}" for count, word in counts
        )


def drawing(y: Tensor | Sequence[Tensor], params: Mapping[str, Tensor] | None, *, saved: bool, shapes: bool) -> Drawing:
    """The drawing of the graph that leads to a tensor, or to several."""
    roots = [y] if isinstance(y, Tensor) else list(y) if isinstance(y, list | tuple) else []
    for root in roots or [y]:
        if not isinstance(root, Tensor):
            raise not_a_tensor("draw", "y", 1, root)
        if root._node is None:
            raise RuntimeError(
                "element 0 of tensors does not require grad and does not have a grad_fn\n"
                "draw() shows how a tensor was computed from leaves that require a gradient, and this one was from none."
            )
    names = Names()
    for name, each in (params or {}).items():
        names.add(name, each)
    return Drawing(roots, params or {}, names.then(names_in(caller())), saved, shapes)


def _key(node: Node) -> Key:
    return id(node), 0


# --- shapes, and what nodes saved ----------------------------------------------------------------------------------


def _text_of_kind(kind: Kind) -> str:
    """`float32 [2, 3]`."""
    return f"{str(from_numpy_dtype(kind[1])).removeprefix('torch.')} {list(kind[0])}"


def _kinds(nodes: Sequence[Node], leaves: Mapping[int, Tensor], names: Names) -> dict[Key, Kind]:
    """The shapes and types of leaves and results, as far as the graph tells, or a rule run on their shapes does."""
    tensors = [tensor for _, tensor in names.tensors.values()]
    kinds = {key_of_tensor(each): (each._data.shape, each._data.dtype) for each in (*leaves.values(), *tensors)}
    for node in nodes:
        outputs = node.meta.outputs if node.meta is not None else None
        kinds |= {(id(node), place): kind for place, kind in enumerate(outputs or ())}
        operands = node.meta.operands if node.meta is not None else None
        for edge, kind in zip(node.edges, operands or (), strict=False):
            if edge is not None and kind[1] is not None:
                kinds.setdefault(key_of(edge), kind)
        for source, index, array in _saved_arrays(node):
            if source == OUT and index < node.primitive.differentiable_outputs:
                kinds.setdefault((id(node), index), (array.shape, array.dtype))
            elif source == VALUE and node.edges[index] is not None and not operands:
                kinds.setdefault(key_of(node.edges[index]), (array.shape, array.dtype))
    for node in nodes:
        if (id(node), 0) not in kinds and node.plan is not None and not node.several:
            kind = _computed_kind(node, kinds)
            if kind is not None:
                kinds[id(node), 0] = kind
    return kinds


def _computed_kind(node: Node, kinds: Mapping[Key, Kind]) -> Kind | None:
    """What an operation's own rule says of the shape of its result, given those of its operands."""
    operands = [kinds.get(key_of(edge)) if edge is not None else None for edge in node.edges]
    for source, index, array in _saved_arrays(node):
        if source == VALUE and operands[index] is None:
            operands[index] = array.shape, array.dtype
    if any(kind is None for kind in operands):
        return None
    symbols = [Symbol(f"x{place}", *kind) for place, kind in enumerate(operands) if kind is not None]
    try:
        result = node.primitive.forward(symbolic, *symbols, **(node.params or {}))
    except Exception:  # a rule may do with arrays what has no formula
        return None
    first = result[0] if isinstance(result, tuple | list) else result
    return (first.shape, first.dtype) if hasattr(first, "shape") else None


def _saved_arrays(node: Node) -> list[tuple[int, int, Any]]:
    """The arrays that a node saved: from an operand or a result, which of them, and the array."""
    if node.plan is None or node.saved is FREED:
        return []
    fixed = len(node.primitive.operands) - node.primitive.variadic
    found = [(kind, index, node.saved[place]) for place, kind, index in node.plan.arrays]
    return [
        (kind, index, each)
        for kind, index, each in found
        if hasattr(each, "dtype") and not (kind == VALUE and index >= fixed)
    ]


def _saved_by(node: Node) -> list[tuple[str, Kind | None]]:
    """What a node saved, by PyTorch's names; no shape where that is not known, as once it was freed."""
    if node.plan is None:
        records = node.saved if isinstance(node.saved, tuple) else ()
        return [
            (f"saved_tensors[{place}]", _kind_of_record(each, node))
            for place, each in enumerate(records)
            if each is not None
        ]
    names = {source: name for name, source in saved_names(node).items() if not isinstance(source, str)}
    arrays = {(kind, index): (array.shape, array.dtype) for kind, index, array in _saved_arrays(node)}
    wanted = [(kind, index) for _, kind, index in node.plan.arrays]
    if node.saved is FREED:
        return [(f"{names[source]} (freed)", None) for source in wanted]
    return [(names[source], arrays[source]) for source in wanted if source in arrays]


def _kind_of_record(record: Any, node: Node) -> Kind | None:
    try:
        data = record.unpack(node)._data
    except RuntimeError:  # it was written to since
        return None
    return data.shape, data.dtype
