"""Results with named parts, as `max(dim=...)` gives: tuples that print and read as PyTorch's `torch.return_types`."""

from __future__ import annotations

from typing import Any


class _Result(tuple):
    """A tuple whose parts have names."""

    __slots__ = ()
    _fields: tuple[str, ...] = ()

    def __repr__(self) -> str:
        parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


class Extreme(_Result):
    """The extremes along a dimension, and their indices."""

    __slots__ = ()
    _fields = ("values", "indices")

    @property
    def values(self) -> Any:
        return self[0]

    @property
    def indices(self) -> Any:
        return self[1]


max_result = type("max", (Extreme,), {"__slots__": (), "__module__": "torch.return_types"})
min_result = type("min", (Extreme,), {"__slots__": (), "__module__": "torch.return_types"})
