"""What happened of late, for those who ask later why a gradient is missing: backward passes, `zero_grad`, steps.

Only rare events are noted, none of them an operation. A note is a tuple; it holds what the event was about weakly, and
a place in the program as a code object and an instruction, which become a file and a line when somebody asks.
"""

from __future__ import annotations

from collections import deque
from sys import _getframe
from types import CodeType
from typing import Any, NamedTuple
from weakref import ref

from adjoint.core.callers import caller
from adjoint.core.graph import next_sequence

BACKWARD, ZERO_GRAD, STEP, RECORDING_OFF = "backward", "zero_grad", "step", "recording off"

_KEPT = 16  # of each kind


class Event(NamedTuple):
    """One event. `subject` refers weakly to what it was about, `sequence` orders it among nodes and writes."""

    subject: Any
    code: CodeType
    instruction: int
    sequence: int

    @property
    def line(self) -> int:
        """The number of the line in the user's program."""
        return line_of(self.code, self.instruction)


_latest: dict[str, deque[tuple]] = {kind: deque(maxlen=_KEPT) for kind in (BACKWARD, ZERO_GRAD, STEP, RECORDING_OFF)}


_users_file = ""  # the last file of the user's that was met: to compare with it is quicker than to look at its path


def note(kind: str, subject: Any) -> None:
    """Note an event, at the place in the user's program that led to it; to be called by what the program calls."""
    global _users_file  # noqa: PLW0603
    frame = _getframe(2)
    code, instruction = frame.f_code, frame.f_lasti
    if code.co_filename is not _users_file:
        code, instruction = place_of_caller()
        _users_file = code.co_filename
    _latest[kind].append((ref(subject), code, instruction, next_sequence()))


def place_of_caller() -> tuple[CodeType, int]:
    """The innermost place in the program that is the user's own, as a code object and an instruction."""
    frame = caller()
    return frame.f_code, frame.f_lasti


def line_of(code: CodeType, instruction: int) -> int:
    """The number of the line that an instruction belongs to."""
    lines = (line for start, end, line in code.co_lines() if start <= instruction < end and line is not None)
    return next(lines, code.co_firstlineno)


def latest(kind: str, subject: Any = None) -> Event | None:
    """The latest event of a kind, about a subject if one is given; None where there was none or it is forgotten."""
    return next((event for event in all_latest(kind) if subject is None or event.subject() is subject), None)


def all_latest(kind: str) -> list[Event]:
    """The events of a kind that are remembered, the latest first."""
    return [Event(*each) for each in reversed(_latest[kind])]
