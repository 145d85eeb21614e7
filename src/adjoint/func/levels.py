"""What is open in this thread: the transformed functions that are running, outermost first."""

from __future__ import annotations

import threading
from typing import Any


class _Open(threading.local):
    transforms: tuple[Any, ...] = ()


_open = _Open()


class transform:  # noqa: N801  (used as a statement: `with transform(...)`)
    """Note that a transform is open: a `vmap` by the number of its level, a `jvp` by ("jvp", its level), any other by its kind."""

    def __init__(self, mark: Any) -> None:
        self._mark = mark

    def __enter__(self) -> None:
        self._outer = _open.transforms
        _open.transforms = (*self._outer, self._mark)

    def __exit__(self, *_: object) -> None:
        _open.transforms = self._outer


def open_transforms() -> tuple[Any, ...]:
    return _open.transforms
