"""Trees of Python containers: arguments and results may be tuples, lists and dicts of tensors, nested in any way.

`flatten` takes a tree apart into its leaves and a `TreeSpec`, which puts other leaves into the same form.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

__all__ = ["TreeSpec", "broadcast", "flatten", "map_leaves", "register"]

#: for each type of container: its children and what else it takes to make one, and how it is made from both
_CONTAINERS: dict[type, tuple[Callable, Callable]] = {}


def register(
    container: type, take_apart: Callable[[Any], tuple[Iterable, Any]], put_together: Callable[[Iterable, Any], Any]
) -> None:
    """Have containers of this type taken apart; `take_apart` gives the children and whatever `put_together` needs."""
    _CONTAINERS[container] = (take_apart, put_together)


register(tuple, lambda x: (x, None), lambda children, _: tuple(children))
register(list, lambda x: (x, None), lambda children, _: list(children))
register(dict, lambda x: (x.values(), list(x)), lambda children, keys: dict(zip(keys, children, strict=True)))
register(
    OrderedDict, lambda x: (x.values(), list(x)), lambda children, keys: OrderedDict(zip(keys, children, strict=True))
)
register(
    defaultdict,
    lambda x: (x.values(), [x.default_factory, list(x)]),
    lambda children, made: defaultdict(made[0], zip(made[1], children, strict=True)),
)
register(deque, lambda x: (x, x.maxlen), deque)


def _is_named_tuple(kind: type) -> bool:
    return issubclass(kind, tuple) and kind.__bases__ == (tuple,) and hasattr(kind, "_fields")


def _parts(tree: Any) -> tuple[Sequence[Any], Any] | None:
    """The children and the context of a container; None for a leaf."""
    kind = type(tree)
    known = _CONTAINERS.get(kind)
    if known is not None:
        children, context = known[0](tree)
        return list(children), context
    return (tree, kind) if _is_named_tuple(kind) else None


class TreeSpec:
    """The form of a tree: the type of each container and how many leaves it has; None in place of a type is a leaf."""

    __slots__ = ("children", "context", "kind", "leaves")

    def __init__(self, kind: type | None, context: Any = None, children: Sequence[TreeSpec] = ()) -> None:
        self.kind = kind
        self.context = context
        self.children = tuple(children)
        self.leaves: int = 1 if kind is None else sum(child.leaves for child in children)

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """A tree of this form with these leaves."""
        return self._take(iter(leaves))

    def _take(self, leaves: Any) -> Any:
        if self.kind is None:
            return next(leaves)
        children = [child._take(leaves) for child in self.children]
        if _is_named_tuple(self.kind):
            return self.kind(*children)
        return _CONTAINERS[self.kind][1](children, self.context)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (self.kind, self.context, self.children) == (other.kind, other.context, other.children)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self._text(0)

    def _text(self, indent: int) -> str:
        if self.kind is None:
            return "*"
        inside = ",\n".join(
            (" " * (indent + 2) if place else "") + child._text(indent + 2) for place, child in enumerate(self.children)
        )
        return f"TreeSpec({self.kind.__name__}, {self.context}, [{inside}])"

    def pretty(self) -> str:
        """The form as Python writes it, with `*` for each leaf: `(*, {'k': *})`."""
        return repr(self.unflatten([_Star()] * self.leaves))


class _Star:
    def __repr__(self) -> str:
        return "*"


def flatten(tree: Any) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree, in order, and its form.

    >>> leaves, spec = flatten({"a": 1, "b": (2, [3])})
    >>> leaves, spec.unflatten("xyz")
    ([1, 2, 3], {'a': 'x', 'b': ('y', ['z'])})
    """
    leaves: list[Any] = []
    return leaves, _flatten_into(tree, leaves)


_LEAF = TreeSpec(None)


def _flatten_into(tree: Any, leaves: list[Any]) -> TreeSpec:
    parts = _parts(tree)
    if parts is None:
        leaves.append(tree)
        return _LEAF
    children, context = parts
    return TreeSpec(type(tree), context, [_flatten_into(child, leaves) for child in children])


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The tree with `function` of each leaf in its place."""
    leaves, spec = flatten(tree)
    return spec.unflatten(map(function, leaves))


def broadcast(tree: Any, spec: TreeSpec) -> list[Any] | None:
    """One leaf of `tree` for each leaf of `spec`; a leaf that stands for a whole subtree serves all of its leaves.

    None where the forms do not agree.

    >>> broadcast((0, None), flatten((1, [2, 3]))[1])
    [0, None, None]
    """
    parts = _parts(tree)
    if parts is None:
        return [tree] * spec.leaves
    children, context = parts
    if type(tree) is not spec.kind or context != spec.context or len(children) != len(spec.children):
        return None
    result: list[Any] = []
    for child, form in zip(children, spec.children, strict=True):
        part = broadcast(child, form)
        if part is None:
            return None
        result += part
    return result
