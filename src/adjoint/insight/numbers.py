"""The numbers of a program that ran, once more: the values of its operations, and the cotangents of its backward pass.

What a backward pass has freed is computed again, from leaves, from the variables that still hold a value, and from the
constants that the source names. No code of the user's runs for that, and no `.grad` changes.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from adjoint.arrays import numpy
from adjoint.core.apply import apply
from adjoint.core.graph import FREED, LEAF, Node, node_of
from adjoint.core.primitive import DTYPE, OUT, SHAPE, VALUE
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight.constants import constant_of
from adjoint.insight.naming import Key, key_of
from adjoint.insight.origins import Origins
from adjoint.insight.program import Scope
from adjoint.nn.modules.module import Module


@dataclass
class Step:
    """One node of the backward pass: what came in, and what went out along each edge."""

    node: Node
    cotangent: Any
    gradients: Sequence[Any]


class Numbers:
    """The values of a graph's variables, as far as they can be known; `live` are tensors that still hold some."""

    def __init__(self, graph: Recorded, origins: Origins, live: Mapping[Key, Tensor]) -> None:
        self.graph = graph
        self._origins = origins
        self.values: dict[Key, Any] = {}
        self._constants: dict[tuple[int, int], Any] = {}
        used: dict[int, int] = {}
        for node in graph.nodes:
            for edge in node.edges:
                if edge is not None and edge.edge_kind == LEAF:
                    used[id(edge)] = node.sequence
        for leaf in graph.leaves.values():
            if not _written_after(leaf, used.get(id(leaf), 0)) or _finite(leaf._data):
                self.values[key_of(leaf)] = leaf._data  # after a step it is about what it was; not so once it is NaN
        for key, tensor in live.items():
            made = graph.sequence_of(key)
            if key not in self.values and made is not None and not _written_after(tensor, made):
                self.values[key] = tensor._data
        for node in graph.nodes:
            self._take_saved(node)
        for node in graph.nodes:
            self._compute(node)

    # --- values ---

    def output(self, node: Node, index: int = 0) -> Any:
        """The value of a node's output, or None."""
        return self.values.get((id(node), index))

    def operands(self, node: Node) -> list[Any]:
        """The values of a node's operands, None for those that are not known."""
        return [self._operand(node, index) for index in range(len(node.edges))]

    def _operand(self, node: Node, index: int) -> Any:
        edge = node.edges[index]
        if edge is not None:
            return self.values.get(key_of(edge))
        return self._constants.get((id(node), index))

    def _take_saved(self, node: Node) -> None:
        if node.plan is None or node.saved.__class__ is not tuple:
            return
        fixed = len(node.primitive.operands) - node.primitive.variadic
        for place, (kind, index) in enumerate(node.plan.sources):
            value = node.saved[place]
            if kind == OUT:
                self.values.setdefault((id(node), index), value)
            elif kind == VALUE and index >= fixed:
                for offset, each in enumerate(value):
                    self._take_operand(node, fixed + offset, each)
            elif kind == VALUE:
                self._take_operand(node, index, value)

    def _take_operand(self, node: Node, index: int, value: Any) -> None:
        edge = node.edges[index]
        if edge is None:
            self._constants[id(node), index] = value
        else:
            self.values.setdefault(key_of(edge), value)

    def _compute(self, node: Node) -> None:
        if node.plan is None:
            return
        self._find_constants(node)
        if (id(node), 0) in self.values and not node.several:
            return
        operands = self.operands(node)
        if any(each is None for each in operands):
            return
        try:
            result = apply(node.primitive, [wrap(e) if hasattr(e, "dtype") else e for e in operands], node.params)
        except Exception:  # a constant that the source names was another then
            return
        for index, each in enumerate(result if isinstance(result, tuple) else (result,)):
            self.values.setdefault((id(node), index), each._data)

    def _find_constants(self, node: Node) -> None:
        """The operands of a node that need no gradient, from the source where the node has freed them."""
        missing = [i for i, edge in enumerate(node.edges) if edge is None and (id(node), i) not in self._constants]
        if not missing:
            return
        found = self._origins.occurrences(node)
        if len(found) != 1:
            return
        given = [constant_of(each, found[0].scope) for each in written_operands(found[0].node, found[0].scope)]
        constants = [each for each in given if each is not None]
        if len(constants) == len(missing):
            for index, each in zip(missing, constants, strict=True):
                self._constants[id(node), index] = each

    # --- the backward pass ---

    def backward(self) -> list[Step]:
        """The backward pass from the root, as far as the values are known."""
        steps: list[Step] = []
        root = self.values.get(key_of(self.graph.root))
        if root is None:
            root = np.float32(1)
        waiting: dict[int, dict[int, Any]] = {}
        node, index = node_of(self.graph.root)
        if node is None:
            return steps
        waiting[id(node)] = {index: np.ones_like(root)}
        for node in reversed(self.graph.nodes):
            slots = waiting.pop(id(node), None)
            saved = self._saved(node) if slots else None
            if slots is None or saved is None:
                continue
            try:
                cotangent = node.fill(slots, numpy) if node.several else slots[0]
                gradients = node.vjp(numpy, saved, cotangent)
            except Exception:  # values that do not belong together
                continue
            steps.append(Step(node, cotangent, gradients))
            for edge, gradient in zip(node.edges, gradients, strict=False):
                if edge is None or gradient is None or edge.edge_kind == LEAF:
                    continue
                maker, place = node_of(edge)
                inner = waiting.setdefault(id(maker), {})
                inner[place] = inner[place] + gradient if place in inner else gradient
        return steps

    def _saved(self, node: Node) -> tuple | None:
        """What a node saved, or the same found again."""
        if node.guards_saved or node.plan is None:
            return None
        if node.saved is not FREED:
            return node.saved if node.saved.__class__ is tuple else node.saved.unpack(node)
        fixed = len(node.primitive.operands) - node.primitive.variadic
        saved: list[Any] = []
        for kind, index in node.plan.sources:
            if kind == OUT:
                found: Any = self.output(node, index)
            elif index >= fixed:
                rest = [self._operand(node, place) for place in range(fixed, len(node.edges))]
                found = None if any(each is None for each in rest) else tuple(_facet(kind, each) for each in rest)
            else:
                value = self._operand(node, index)
                found = None if value is None else _facet(kind, self._cast(node, value))
            if found is None:
                return None
            saved.append(found)
        return tuple(saved)

    def _cast(self, node: Node, value: Any) -> Any:
        out = self.output(node)
        promotes = node.primitive.promotes and hasattr(value, "dtype") and out is not None
        return value.astype(out.dtype) if promotes and value.dtype.kind in "biu" and out.dtype.kind in "fc" else value


def _facet(kind: int, value: Any) -> Any:
    if kind == SHAPE:
        return value.shape
    return value.dtype if kind == DTYPE else value


def _finite(array: Any) -> bool:
    return array.dtype.kind in "biu" or bool(np.isfinite(array).all())


def _written_after(tensor: Tensor, sequence: int) -> bool:
    return bool(tensor._writes) and tensor._writes[-1][0] > sequence  # type: ignore[index]


# --- operands in the source -------------------------------------------------------------------------------------


def written_operands(node: ast.AST, scope: Scope) -> list[ast.expr]:
    """The operands of an operation as the source has them."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    if isinstance(node, ast.AugAssign):
        return [node.target, node.value]
    if isinstance(node, ast.UnaryOp):
        return [node.operand]
    if isinstance(node, ast.Call):
        arguments = [*node.args, *(each.value for each in node.keywords)]
        is_method = isinstance(node.func, ast.Attribute) and not isinstance(scope.value(node.func.value), ModuleType)
        if not is_method or isinstance(scope.value(node.func), Module):
            return arguments
        return [node.func.value, *arguments]  # type: ignore[attr-defined]
    return []
