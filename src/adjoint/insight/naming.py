"""The caller's own names for the tensors of a program: which variable holds which leaf, result or constant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import FrameType
from typing import Any

import numpy as np

from adjoint.core.graph import LEAF, node_of
from adjoint.core.tensor import Tensor, edge_of

Key = tuple[int, int]  # the identity of a leaf or node, and which of the node's outputs

_LOOKED_INTO = 100  # of a longer list or dict, only so many elements are looked at


def key_of(edge: Any) -> Key:
    """The identity of what an edge leads to: a leaf, or one output of a node."""
    if edge.edge_kind == LEAF:
        return id(edge), 0
    node, index = node_of(edge)
    return id(node), index


def key_of_tensor(tensor: Tensor) -> Key:
    """The identity of a tensor as an edge would lead to it."""
    return key_of(tensor if tensor._node is None else edge_of(tensor))


class Names:
    """Names for tensors, looked up by identity; the first name that is given to one stays."""

    def __init__(self) -> None:
        self.tensors: dict[Key, tuple[str, Tensor]] = {}
        self._by_memory: dict[int, tuple[str, Tensor]] = {}
        self._by_writes: dict[int, list[tuple[str, Tensor]]] = {}
        self._taken: set[str] = set()

    def add(self, name: str, tensor: Tensor) -> None:
        """Let `name` stand for a tensor, unless one of them has the other already."""
        key = key_of_tensor(tensor)
        if name in self._taken or key in self.tensors:
            return
        self._taken.add(name)
        self.tensors[key] = name, tensor
        if tensor._node is None:  # a constant, which a graph knows only as an array
            self._by_memory[id(tensor._data)] = name, tensor
            if tensor._writes is not None:
                self._by_writes.setdefault(id(tensor._writes), []).append((name, tensor))

    def add_all(self, scope: Mapping[str, Any]) -> None:
        """Give the tensors of a scope their variables' names, then those inside of containers and modules."""
        items = [(name, value) for name, value in scope.items() if name[:1] != "_" and name.isidentifier()]
        for name, value in items:
            if isinstance(value, Tensor):
                self.add(name, value)
        for name, value in items:
            for inner, tensor in inside(name, value):
                self.add(inner, tensor)

    def then(self, others: Names) -> Names:
        """These names, and those of `others` for what has none yet."""
        for name, tensor in others.tensors.values():
            self.add(name, tensor)
        return self

    def of_constant(self, array: Any, logs: Iterable[list]) -> str | None:
        """The name of a tensor that needs no gradient, found by the array, and the logs of writes, that a node saved."""
        found = self._by_memory.get(id(array))
        if found is not None:
            return found[0]
        for name, tensor in (pair for log in logs for pair in self._by_writes.get(id(log), ())):
            data = tensor._data
            if data.shape == array.shape and data.dtype == array.dtype and np.array_equal(data, array):
                return name
        return None

    def fresh(self, stem: str, start: int = 1) -> Iterator[str]:
        """New names that no variable has: `v1`, `v2` and so on."""
        number = start
        while True:
            name = f"{stem}{number}"
            number += 1
            if name not in self._taken:
                self._taken.add(name)
                yield name

    def unused(self, *candidates: str) -> str:
        """The first of these names that no variable has; with a number behind the last if all are taken."""
        for name in candidates:
            if name not in self._taken:
                self._taken.add(name)
                return name
        return next(self.fresh(candidates[-1]))


def inside(name: str, value: Any) -> Iterator[tuple[str, Tensor]]:
    """The tensors in a container or module, each with the expression that leads to it."""
    if isinstance(value, list | tuple):
        named = ((f"{name}[{place}]", item) for place, item in enumerate(value[:_LOOKED_INTO]))
    elif isinstance(value, dict):
        named = ((f"{name}[{key!r}]", item) for key, item in list(value.items())[:_LOOKED_INTO])
    elif hasattr(type(value), "named_parameters") and not isinstance(value, type):
        named = ((f"{name}.{path}", item) for path, item in value.named_parameters())
    else:
        return
    yield from ((path, item) for path, item in named if isinstance(item, Tensor))


def names_in(frame: FrameType) -> Names:
    """The names of a frame: its local variables, then the global ones."""
    names = Names()
    names.add_all(frame.f_locals)
    if frame.f_globals is not frame.f_locals:
        names.add_all({name: value for name, value in frame.f_globals.items() if name not in frame.f_locals})
    return names
