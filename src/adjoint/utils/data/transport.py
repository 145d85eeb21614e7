"""Objects on their way between processes: pickled, with their arrays beside the pickle, in memory that both share.

What is sent is laid out in one image: the sizes of its parts, then the parts, the pickle first and after it the memory of
each array. A small image goes through the pipe itself. A larger one is written to a file without a name, which lives in
memory and ends with the processes that hold it; the pipe carries a handle to it, and the receiver's tensors lie in it.
Where there is no such file, one with a name does, which the receiver reads and removes.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import pickle
import socket
import struct
import sys
import tempfile
from array import array
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakSet

import numpy as np

from adjoint import multiprocessing as _tensors_travel  # noqa: F401 - it tells the pickler how

__all__ = ["hang_up", "pack", "receive", "send", "unpack"]

_INLINE = 16 << 10  # bytes; below this, a file costs more than it saves
_ALIGNMENT = 64
_HEADER = struct.Struct("<qqq")  # the number of the message, the size of its image, and where that is
_HANDLE, _NO_HANDLE = b"+", b"-"  # what the handle of a file comes with, and what comes instead
_IN_MESSAGE, _IN_MEMORY, _IN_FILE = range(3)
_HAS_MEMORY_FILES = hasattr(os, "memfd_create") and hasattr(socket, "send_fds")

#: maps of files; before Python 3.13 each holds a descriptor, of which a process has not many
_maps: WeakSet[mmap.mmap] = WeakSet()
_MOST_MAPS = 128

Image = list[memoryview | bytes]  # the parts of an image, to be written one after the other


def pack(thing: Any) -> Image:
    """The image of an object."""
    stream, buffers = io.BytesIO(), []  # type: ignore[var-annotated]
    ForkingPickler(stream, 5, True, buffers.append).dump(thing)
    parts = [stream.getbuffer(), *(each.raw() for each in buffers)]
    table = array("q", [len(parts), *(part.nbytes for part in parts)]).tobytes()
    image: Image = [table + bytes(-len(table) % _ALIGNMENT)]
    for part in parts:
        image += [part, bytes(-part.nbytes % _ALIGNMENT)]
    return image


def unpack(image: memoryview) -> Any:
    """The object of an image; its arrays lie in the image's memory."""
    count = struct.unpack_from("q", image)[0]
    sizes = struct.unpack_from(f"{count}q", image, 8)
    start = 8 + 8 * count
    parts = []
    for size in sizes:
        start += -start % _ALIGNMENT
        parts.append(image[start : start + size])
        start += size
    return pickle.loads(parts[0], buffers=parts[1:])


def send(connection: Connection, number: int, image: Image) -> None:
    """Send an image, with the number of what it answers."""
    size = sum(len(part) for part in image)
    if size <= _INLINE:
        connection.send_bytes(b"".join([_HEADER.pack(number, size, _IN_MESSAGE), *image]))
    elif not (_HAS_MEMORY_FILES and _sent_in_memory(connection, number, size, image)):
        with tempfile.NamedTemporaryFile(prefix="adjoint-", delete=False) as named:
            try:
                _write(named, image)
                connection.send_bytes(_HEADER.pack(number, size, _IN_FILE) + os.fsencode(named.name))
            except BaseException:
                Path(named.name).unlink()
                raise


def _sent_in_memory(connection: Connection, number: int, size: int, image: Image) -> bool:
    """Whether the system had room for the file, and for another handle on its way."""
    try:
        with open(os.memfd_create("adjoint"), "wb") as file:  # noqa: PTH123 - a descriptor has no path
            _write(file, image)
            connection.send_bytes(_HEADER.pack(number, size, _IN_MEMORY))
            with _socket(connection) as channel:
                try:
                    socket.send_fds(channel, [_HANDLE], [file.fileno()])
                except OSError:
                    channel.sendall(_NO_HANDLE)
                    return False
    except ConnectionError:
        raise
    except OSError:
        return False
    return True


def _write(file: Any, image: Image) -> None:
    for part in image:
        file.write(part)
    file.flush()


def receive(connection: Connection) -> tuple[int, memoryview]:
    """The number of the next message, and the image that it brought, which `unpack` opens."""
    message = memoryview(bytearray(connection.recv_bytes()))  # a bytearray, so that its tensors can be written to
    number, size, place = _HEADER.unpack_from(message)
    rest = message[_HEADER.size :]
    if place == _IN_MESSAGE:
        return number, rest
    if place == _IN_FILE:
        path = Path(os.fsdecode(bytes(rest)))
        image = np.fromfile(path, np.uint8)
        path.unlink()
        return number, memoryview(image)  # type: ignore[arg-type]
    with _socket(connection) as channel:
        mark, descriptors, *_ = socket.recv_fds(channel, 1, 1)
    if mark == _NO_HANDLE:
        return receive(connection)  # it comes in another way
    if not descriptors:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE)) if mark else EOFError
    with open(descriptors[0], "rb") as file:  # noqa: PTH123
        return number, memoryview(_mapped(file, size))


def _mapped(file: BinaryIO, size: int) -> Any:
    """The file as memory; a page that is written to becomes the writer's own, so that no fork sees it change."""
    if sys.version_info >= (3, 13):
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY, trackfd=False)
    if len(_maps) >= _MOST_MAPS:
        file.seek(0)  # both sides share the place where it was written last
        return np.fromfile(file, np.uint8, size)
    mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
    _maps.add(mapped)
    return mapped


def hang_up(connection: Connection) -> None:
    """End a connection for both sides, even where a fork holds a copy of it."""
    if connection.closed:
        return
    if hasattr(socket, "AF_UNIX"):
        with suppress(OSError), _socket(connection) as channel:
            channel.shutdown(socket.SHUT_RDWR)
    connection.close()


def _socket(connection: Connection) -> socket.socket:
    return socket.fromfd(connection.fileno(), socket.AF_UNIX, socket.SOCK_STREAM)
