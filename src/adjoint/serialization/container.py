"""PyTorch's container: a zip archive whose records are not compressed, each starting at a multiple of 64 bytes.

Since no record is compressed, and none may overlap another one, all that an archive holds is no larger than its file.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adjoint.core.tensor import Memory
from adjoint.lazy import lazy

__all__ = ["ALIGNMENT", "Archive", "ArchiveWriter"]

zipfile = lazy("zipfile")

ALIGNMENT = 64
_WIDEST = 16  # bytes of an element
_VERSION = b"3\n"
_NEWEST_VERSION = 10
_LIMIT = 0xFFFFFFFF  # of what 32 bits hold: what reaches it stands in an extra field, in 64 bits

_LOCAL = struct.Struct("<4s5H3L2H")  # the header before a record
_CENTRAL = struct.Struct("<4s6H3L5H2L")  # that of the same record in the list at the end
_FLAGS = 1 << 3 | 1 << 11  # the check sum follows the record; names are UTF-8


# --- writing ---


class ArchiveWriter:
    """Writes records one after another, and never goes back: for any object that has `write`."""

    def __init__(self, file: Any, folder: str, with_checksums: bool = True) -> None:
        self._file = file
        self._folder = folder
        self._with_checksums = with_checksums
        self._position = 0
        self._entries: list[bytes] = []
        self._names = self._data = 0  # check sums of all names, and of all records

    def record(self, name: str, data: bytes | memoryview) -> None:
        """Write one record."""
        title, size = f"{self._folder}/{name}".encode(), len(data)
        checksum = zlib.crc32(data) if self._with_checksums else 0
        self._names = zlib.crc32(title, self._names)
        self._data = zlib.crc32(checksum.to_bytes(4, "little"), self._data)
        start, flags = self._position, _FLAGS if size else 1 << 11
        self._write(self._local_header(title, size, start, flags))
        self._write(data)
        if size:
            large = size >= _LIMIT or start >= _LIMIT
            self._write(struct.pack("<4sL2Q" if large else "<4s3L", b"PK\x07\x08", checksum, size, size))
        extra = _large(*(each for each in (size, size, start) if each >= _LIMIT))
        sizes = (min(size, _LIMIT), min(size, _LIMIT))
        self._entries.append(
            _CENTRAL.pack(
                b"PK\x01\x02", 0, 45 if extra else 0, flags, 0, 0, 0, checksum, *sizes, len(title), len(extra), 0, 0, 0, 0,
                min(start, _LIMIT),
            ) + title + extra
        )  # fmt: skip

    def close(self) -> None:
        """Write the version, and the list of all records."""
        self.record("version", _VERSION)
        self.record(".data/serialization_id", f"{self._names:020d}{self._data:020d}".encode())
        start, listed, count = self._position, b"".join(self._entries), len(self._entries)
        self._write(listed)
        end = self._position
        self._write(
            struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 0x031E, 45, 0, 0, count, count, len(listed), start)
            + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)
            + struct.pack(
                "<4s4H2LH", b"PK\x05\x06", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), min(len(listed), _LIMIT),
                min(start, _LIMIT), 0,
            )
        )  # fmt: skip

    def _local_header(self, title: bytes, size: int, start: int, flags: int) -> bytes:
        """The header of a record, with an extra field that brings the record to a multiple of the alignment."""
        extra = _large(*([size] * 2 if size >= _LIMIT else []), *([start] if start >= _LIMIT else []))
        before = start + _LOCAL.size + len(title) + len(extra) + 4
        padding = -before % ALIGNMENT
        extra += struct.pack("<2sH", b"FB", padding) + b"Z" * padding
        sizes = _LIMIT if size >= _LIMIT else 0
        version = 45 if size >= _LIMIT or start >= _LIMIT else 0
        return (
            _LOCAL.pack(b"PK\x03\x04", version, flags, 0, 0, 0, 0, sizes, sizes, len(title), len(extra)) + title + extra
        )

    def _write(self, data: Any) -> None:
        self._file.write(data)
        self._position += len(data)


def _large(*sizes: int) -> bytes:
    """The extra field of sizes that need 64 bits; nothing where there are none."""
    return struct.pack(f"<2H{len(sizes)}Q", 1, 8 * len(sizes), *sizes) if sizes else b""


# --- reading ---


class _Record(NamedTuple):
    start: int
    size: int
    checksum: int


class Archive:
    """The records of an archive, which are read on demand: from the file, or from the memory that it is mapped to."""

    def __init__(self, file: Any, mapped: Any = None) -> None:
        self._file = file
        self._mapped = mapped
        self._records = self._listed()
        if not self.has("version"):
            raise _failure("locating file version: file not found")
        try:
            version = int(self.read("version"))
        except ValueError:
            raise RuntimeError("Couldn't parse the version of the file as a number\nThe file is damaged.") from None
        if version > _NEWEST_VERSION:
            raise RuntimeError(
                f"Attempted to read a PyTorch file with version {version}, but the maximum supported version for reading is "
                f"{_NEWEST_VERSION}. The version of your PyTorch installation may be too old, please upgrade PyTorch to latest "
                "version to mitigate this issue."
            )

    def _listed(self) -> dict[str, _Record]:
        """The records by name, each found to be where the list says, and to overlap none of the others."""
        try:
            archive = zipfile.ZipFile(self._file)
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError, OSError) as error:
            raise _failure("reading zip archive: failed finding central directory", error) from None
        entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
        folder = archive.infolist()[0].filename.partition("/")[0] if entries else ""
        ends = [entry.header_offset for entry in entries[1:]] + [archive.start_dir]
        records: dict[str, _Record] = {}
        for entry, end in zip(entries, ends, strict=True):
            name = entry.filename.removeprefix(f"{folder}/")
            if name in records:
                raise _failure(f"reading zip archive: there are two records by the name {name}")
            records[name] = self._located(entry, end)
        return records

    def _located(self, entry: Any, end: int) -> _Record:
        """Where a record lies, which its own header says."""
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1 or entry.compress_size != entry.file_size:
            raise _failure(
                f"reading zip archive: {entry.filename} is compressed or encrypted",
                "Unpack the archive, and pack it again without compression.",
            )
        self._file.seek(entry.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise _failure(f"reading zip archive: no header for {entry.filename}")
        *_, title, extra = _LOCAL.unpack(header)
        start = entry.header_offset + _LOCAL.size + title + extra
        if start + entry.file_size > end:
            raise _failure(f"reading zip archive: {entry.filename} reaches beyond its place")
        return _Record(start, entry.file_size, entry.CRC)

    def __contains__(self, name: str) -> bool:
        return name in self._records

    has = __contains__

    def read(self, name: str) -> bytes:
        """A record as bytes."""
        return self.array(name, copied=True).tobytes()

    def array(self, name: str, copied: bool = False) -> Memory:
        """A record as an array of bytes, which may be written to. Where it is mapped, it is not read yet."""
        if name not in self._records:
            raise _failure(f"locating file {name}: file not found")
        record = self._records[name]
        is_aligned = not record.start % _WIDEST  # as PyTorch's are, but for archives that were packed by hand
        if self._mapped is not None and not copied and record.size and is_aligned:
            return Memory(record.size, np.uint8, self._mapped, record.start)
        self._file.seek(record.start)
        found = Memory(record.size, np.uint8)
        if _fill(found.data, self._file) < record.size:
            raise _failure(f"reading file {name}: the file ends within it")
        if record.checksum and zlib.crc32(found.data) != record.checksum:  # 0 stands for none
            raise _failure(f"reading file {name}: its bytes are not those that were saved")
        return found


def _fill(target: memoryview, file: Any) -> int:
    """Fill memory from a file; how many bytes there were."""
    read_into: Callable | None = getattr(file, "readinto", None)
    filled = 0
    while filled < len(target):
        if read_into is not None:
            count = read_into(target[filled:])
        else:
            data = file.read(len(target) - filled)
            count = len(data)
            target[filled : filled + count] = data
        if not count:
            break
        filled += count
    return filled


def _failure(what: str, reason: object = "") -> RuntimeError:
    why = f" ({reason})" if isinstance(reason, Exception) else ""
    advice = reason if isinstance(reason, str) and reason else "Load an earlier file, or get this one again."
    return RuntimeError(
        f"PytorchStreamReader failed {what}.\nThe file is damaged, or was not written by torch.save{why}. {advice}"
    )
