"""What a program may set for all files that it saves and loads."""

from __future__ import annotations

from enum import Enum
from typing import Any

from adjoint.lazy import lazy

__all__ = [
    "LoadEndianness", "SourceChangeWarning", "get_crc32_options", "get_default_load_endianness", "get_default_mmap_options",
    "set_crc32_options", "set_default_load_endianness", "set_default_mmap_options",
]  # fmt: skip

mmap = lazy("mmap")


class SourceChangeWarning(Warning):
    """What PyTorch warns of where a class has changed since a whole module was saved. Adjoint does not compare them."""


class LoadEndianness(Enum):
    """The order of bytes that a file is taken to have which does not say it."""

    NATIVE = 1
    LITTLE = 2
    BIG = 3


class _Options:
    endianness: LoadEndianness | None = None
    compute_crc32 = True
    mmap_flags: int | None = None  # None stands for MAP_PRIVATE, which not every platform has


_options = _Options()


def get_default_load_endianness() -> LoadEndianness | None:
    """The order of bytes of files that do not say theirs; None stands for little-endian."""
    return _options.endianness


def set_default_load_endianness(endianness: LoadEndianness | None) -> None:
    """Set the order of bytes of files that do not say theirs."""
    if endianness is not None and not isinstance(endianness, LoadEndianness):
        raise TypeError("Invalid argument type in function set_default_load_endianness")
    _options.endianness = endianness


def get_crc32_options() -> bool:
    """Whether `save` writes check sums, by which `load` finds out that a file was damaged."""
    return _options.compute_crc32


def set_crc32_options(compute_crc32: bool) -> None:
    """Say whether `save` writes check sums. Without them, damage to the numbers in a file goes unnoticed."""
    _options.compute_crc32 = compute_crc32


def get_default_mmap_options() -> int | None:
    """How `load(..., mmap=True)` maps a file: `mmap.MAP_PRIVATE`, or `mmap.MAP_SHARED`."""
    return getattr(mmap, "MAP_PRIVATE", None) if _options.mmap_flags is None else _options.mmap_flags


class set_default_mmap_options:  # noqa: N801  (PyTorch's name)
    """Set how `load(..., mmap=True)` maps files, for good, or within a `with` statement.

    By default writing to a tensor leaves its file as it is. With `mmap.MAP_SHARED` it writes to the file.
    """

    def __init__(self, flags: int) -> None:
        if flags not in (mmap.MAP_PRIVATE, mmap.MAP_SHARED):
            raise ValueError(
                "Invalid argument in function set_default_mmap_options, expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, "
                f"but got {flags}"
            )
        self.prev = _options.mmap_flags
        _options.mmap_flags = flags

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: Any) -> None:
        _options.mmap_flags = self.prev
