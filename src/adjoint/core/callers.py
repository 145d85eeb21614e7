"""Whose code calls: the library's own, or its user's."""

from __future__ import annotations

import sys
from pathlib import Path
from types import CodeType, FrameType

_PACKAGE = str(Path(__file__).parent.parent / "_")[:-1]  # with the separator at its end


def is_ours(code: CodeType) -> bool:
    """Whether code is the library's, not its user's."""
    return code.co_filename.startswith(_PACKAGE)


def caller() -> FrameType:
    """The innermost frame that is not the library's own."""
    frame = sys._getframe(1)
    while frame.f_back is not None and is_ours(frame.f_code):
        frame = frame.f_back
    return frame
