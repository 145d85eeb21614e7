"""Files and objects like files: written so that nothing is ever lost, and opened for reading."""

from __future__ import annotations

import io
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["is_path", "opened", "replacing", "writing"]


def is_path(f: Any) -> bool:
    """Whether an argument names a file, rather than being one."""
    return isinstance(f, str | os.PathLike)


@contextmanager
def writing(f: Any) -> Iterator[Any]:
    """An object to write bytes to: the argument itself, or the file that it names, which is replaced at the end."""
    if is_path(f):
        with replacing(f) as file:
            yield file
        return
    if not callable(getattr(f, "write", None)):
        raise AttributeError("expected 'f' to be string, path, or a file-like object with a 'write' attribute")
    yield f
    if hasattr(f, "flush"):
        f.flush()


@contextmanager
def replacing(path: Any) -> Iterator[Any]:
    """A file that takes the place of another one in a single step, once all of it has reached the disk.

    Until then the old file is whole, and stays so if the program fails, is killed, or loses its power. All that a killed
    program leaves behind is a hidden file beside it, `.NAME.....tmp`.
    """
    target = Path(os.path.realpath(path))  # what a symbolic link points to is replaced, not the link
    if not target.parent.is_dir():
        raise RuntimeError(f"Parent directory {Path(path).parent} does not exist.")
    if target.is_dir():
        raise RuntimeError(f"open file failed with strerror: Is a directory\n{path} must name a file.")
    mode = target.stat().st_mode if target.exists() else None
    if mode is not None and not stat.S_ISREG(mode):  # a device or a pipe cannot be replaced
        with target.open("wb") as file:
            yield file
        return
    temporary = target.with_name(f".{target.name[:40]}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make sure that a new name in a folder outlives a loss of power, where the system can promise that."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(number)
    except OSError:
        pass
    finally:
        os.close(number)


@contextmanager
def opened(f: Any) -> Iterator[Any]:
    """An object to read bytes from: the file that the argument names, or itself, which must be able to seek."""
    if is_path(f):
        with Path(f).open("rb") as file:
            yield file
        return
    try:
        f.seek(f.tell())
    except (io.UnsupportedOperation, AttributeError) as error:
        raise type(error)(
            f"{error}. You can only torch.load from a file that is seekable. Please pre-load the data into a buffer like "
            "io.BytesIO and try to load from it instead."
        ) from None
    yield f
