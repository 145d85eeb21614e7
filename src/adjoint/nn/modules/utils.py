"""A number, or one per axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import repeat
from typing import Any

__all__ = ["consume_prefix_in_state_dict_if_present"]


def per_axis(axes: int) -> Callable[[Any], tuple]:
    """A function that repeats a number for each of so many axes, and leaves a sequence as it is."""

    def tuple_of(value: Any) -> tuple:
        return tuple(value) if isinstance(value, Iterable) else tuple(repeat(value, axes))

    return tuple_of


_single, _pair, _triple, _quadruple = map(per_axis, (1, 2, 3, 4))


def consume_prefix_in_state_dict_if_present(state_dict: dict[str, Any], prefix: str) -> None:
    """Take a prefix off the keys of a state, and of its metadata, in place.

    >>> state = {"module.weight": 1}
    >>> consume_prefix_in_state_dict_if_present(state, "module.")
    >>> state
    {'weight': 1}
    """
    for key in [key for key in state_dict if key.startswith(prefix)]:
        state_dict[key.removeprefix(prefix)] = state_dict.pop(key)
    metadata: Any = getattr(state_dict, "_metadata", {})
    for key in list(metadata):
        if key and (key == prefix.replace(".", "") or key.startswith(prefix)):
            metadata[key[len(prefix) :]] = metadata.pop(key)
