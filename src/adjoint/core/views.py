"""Views: tensors that share the memory of another, their base.

A view remembers the operations that lead to it from its base, so that they can be applied again: to the base when its
history changes under the view, and to a cotangent, to find the part of it that belongs to the view.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor, writes_of


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


class View:
    """How a view came from its base."""

    __slots__ = ("base", "path", "recorded", "several")

    def __init__(self, base: Tensor, path: Path, recorded: bool, several: bool) -> None:
        self.base = base
        self.path = path
        self.recorded = recorded  # whether gradients were enabled when it was made
        self.several = several  # whether it is one of several views made by one operation


def link(
    parent: Tensor, tensors: Sequence[Tensor], primitive: Primitive, params: dict[str, Any], recorded: bool
) -> None:
    """Make the results of a view operation views of the tensor that it was applied to."""
    above: View | None = getattr(parent, "_view", None)
    base = parent if above is None else above.base
    writes = writes_of(base)
    path = above.path if above is not None else ()
    several = primitive.many_outputs
    registered = views_of(base)
    for index, tensor in enumerate(tensors):
        step = Link(primitive, params, index if several else None)
        inherited = above is not None and above.several
        tensor._view = View(base, Path((*path, step)), recorded and (above is None or above.recorded), several or inherited)
        tensor._writes = writes
        registered.append(weakref.ref(tensor))


def views_of(base: Tensor) -> list[weakref.ref[Tensor]]:
    """Weak references to the views of a tensor; the dead ones are swept out as the list grows."""
    views: list | None = getattr(base, "_views", None)
    if views is None:
        views = base._views = []
    elif len(views) > 8 and not len(views) & (len(views) - 1):  # at powers of two: a constant cost per view
        views[:] = [view for view in views if view() is not None]
    return views
