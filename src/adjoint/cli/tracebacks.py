"""Exceptions of the user's program, shown as the user's own: without the frames of the command that ran it."""

import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from adjoint.core import absent, face
from adjoint.ops import later

INTERRUPTED = 130  # what a shell reports for a program ended by Ctrl-C
_OURS = (f"{Path(__file__).parent}{os.sep}", absent.__file__, face.__file__, later.__file__)


def as_the_users_own(error: BaseException, hidden: tuple[str, ...] = ()) -> BaseException:
    """`error`, and all it came from, without our frames; with a note where an object of Adjoint's lacks a name.

    Left out too are the frames of files whose paths begin with one of `hidden`.
    """
    for each in _family(error, seen=set()):
        each.__traceback__ = _without(each.__traceback__, _OURS + hidden)
    _note_absence(error)
    return error


def formatted(error: BaseException) -> str:
    """`error` as Python prints it."""
    return "".join(traceback.format_exception(error))


def shown(error: BaseException, hidden: tuple[str, ...] = ()) -> int:
    """Show an exception of the user's program as Python has it, by `sys.excepthook`, and return the exit status."""
    as_the_users_own(error, hidden)
    sys.excepthook(type(error), error, error.__traceback__)
    return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1


def passes(error: BaseException, function: Any) -> bool:
    """Whether an exception came up in the file of this function."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    return any(frame.f_code.co_filename == file for frame, _ in traceback.walk_tb(error.__traceback__))


def _family(error: BaseException | None, seen: set[int]) -> Iterator[BaseException]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield error
    for relative in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        yield from _family(relative, seen)


def _without(frames: TracebackType | None, files: tuple[str, ...]) -> TracebackType | None:
    kept = []
    while frames:
        if not frames.tb_frame.f_code.co_filename.startswith(files):
            kept.append(frames)
        frames = frames.tb_next
    shown = None
    for frame in reversed(kept):
        shown = TracebackType(shown, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return shown


def _note_absence(error: BaseException) -> None:
    if not isinstance(error, AttributeError) or error.name is None or error.obj is None:
        return
    owner = error.obj if isinstance(error.obj, type) else type(error.obj)
    if owner.__module__.partition(".")[0] in {"adjoint", "torch"}:
        error.add_note(absent.absence(f"torch.{owner.__name__}", error.name, dir(owner)))
