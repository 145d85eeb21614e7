"""What is open in this thread: the transformed functions that are running, outermost first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class _Open(threading.local):
    transforms: tuple[Any, ...] = ()


_open = _Open()


@contextmanager
def transform(mark: Any) -> Iterator[None]:
    """Note that a transform is open: a `vmap` by the number of its level, a `jvp` by ("jvp", its level), any other by its kind."""
    outer = _open.transforms
    _open.transforms = (*outer, mark)
    try:
        yield
    finally:
        _open.transforms = outer


def open_transforms() -> tuple[Any, ...]:
    return _open.transforms
