"""The tangents that tensors carry in forward mode, and the levels that they belong to.

Each open level has a number of its own, higher than those of the levels around it. A tensor keeps its tangents by these
numbers. A level knows, weakly, who carries a tangent for it, and takes all of them away when it is left.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

from adjoint.core import modes
from adjoint.core.graph import LEAF_MARK
from adjoint.core.tensor import Tensor, edge_of, wrap, writes_of


class Tangents(dict[int, Tensor]):
    """The tangents of one tensor, by level."""

    __slots__ = ("__weakref__",)


class Level:
    """One open level: the level around it in its thread, 0 for none, and who carries a tangent for it."""

    __slots__ = ("carriers", "outer")

    def __init__(self, outer: int) -> None:
        self.outer = outer
        self.carriers: list[weakref.ref[Tangents]] = []

    def add(self, tangents: Tangents) -> None:
        carriers = self.carriers
        carriers.append(weakref.ref(tangents))
        if len(carriers) > 64 and not len(carriers) & (len(carriers) - 1):  # at powers of two: a constant cost for each
            carriers[:] = [carrier for carrier in carriers if carrier() is not None]


#: the open levels of all threads, by number
open_levels: dict[int, Level] = {}
_next_number = count(1).__next__


def enter() -> int:
    """Open a level in this thread, and give its number."""
    number = _next_number()
    open_levels[number] = Level(modes.set_mode("forward_level", number))
    return number


def leave(number: int) -> None:
    """Close a level, and drop all of its tangents."""
    level = open_levels.pop(number)
    modes.set_mode("forward_level", level.outer)
    for carrier in level.carriers:
        tangents = carrier()
        if tangents is not None:
            tangents.pop(number, None)


@contextmanager
def level() -> Iterator[int]:
    """Open a level of forward-mode differentiation for a `with` block, and give its number."""
    number = enter()
    try:
        yield number
    finally:
        leave(number)


def is_enabled() -> bool:
    """Whether operations in this thread compute tangents."""
    return modes.state.forward_grad_enabled and not modes.state.inference


def tangents_of(tensor: Any) -> dict[int, Tensor]:
    """The tangents that a tensor carries, by level."""
    return getattr(tensor, "_forward", None) or {}


def tangent(tensor: Any, number: int) -> Tensor | None:
    """The tangent that a tensor carries for a level, or None."""
    return tangents_of(tensor).get(number)


def levels_of(operands: Iterable[Any]) -> list[int]:
    """The levels for which any of these carries a tangent, the outermost first."""
    return sorted({number for operand in operands for number in tangents_of(operand)})


def carry(tensor: Tensor, tangents: dict[int, Tensor]) -> None:
    """Have a tensor carry these tangents, those of levels that are still open, and no others."""
    held = Tangents()
    for number, value in tangents.items():
        level = open_levels.get(number)
        if level is not None:
            held[number] = value
            level.add(held)
    tensor._forward = held


def attach(tensor: Tensor, value: Tensor, number: int) -> None:
    """Have a tensor carry a tangent for a level, beside those that it carries."""
    carry(tensor, {**tangents_of(tensor), number: value})


def alias(tensor: Tensor) -> Tensor:
    """Another handle on the same array and the same place in the graph."""
    other = wrap(tensor._data)
    other._node = edge_of(tensor) if tensor._node is LEAF_MARK else tensor._node
    other._writes = writes_of(tensor)
    return other


def with_tangent(primal: Tensor, value: Tensor, number: int) -> Tensor:
    """An alias of `primal` that carries `value` as its tangent for a level."""
    dual = alias(primal)
    carry(dual, {**tangents_of(primal), number: value})
    return dual


def below(tensor: Any, number: int) -> Any:
    """The tensor as the levels below `number` see it: without the tangents of that level and those above."""
    carried = tangents_of(tensor)
    if not carried:
        return tensor
    other = alias(tensor)
    kept = {each: value for each, value in carried.items() if each < number}
    if kept:
        carry(other, kept)
    return other
