"""Results with named parts, as `max(dim=...)` gives: tuples that print and read as PyTorch's `torch.return_types`."""

from __future__ import annotations

from operator import itemgetter
from typing import Any


class _Result(tuple):
    """A tuple whose parts have names."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


def named_result(name: str, *fields: str) -> type[Any]:
    """The class of an operation's results, made from the parts in a tuple.

    >>> pair = named_result("pair", "values", "indices")((1, 2))
    >>> pair.indices
    2
    """
    parts = {field: property(itemgetter(place)) for place, field in enumerate(fields)}
    return type(name, (_Result,), {"__slots__": (), "__module__": "torch.return_types", "_fields": fields, **parts})


max_result = named_result("max", "values", "indices")
min_result = named_result("min", "values", "indices")
aminmax_result = named_result("aminmax", "min", "max")
