"""Switches that are set for the length of a block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


@contextmanager
def held(module: ModuleType, values: dict[str, Any]) -> Iterator[None]:
    """Give attributes of a module these values for the length of a block."""
    before = {name: getattr(module, name) for name in values}
    vars(module).update(values)
    try:
        yield
    finally:
        vars(module).update(before)
