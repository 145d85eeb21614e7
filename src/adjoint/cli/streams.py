"""What a running cell writes: shown at once, and kept."""

import io
from typing import Any, TextIO

from adjoint.cli.notebook import Output


class Recorder(io.TextIOBase):
    """A stream in the place of `sys.stdout` or `sys.stderr`: it keeps in `outputs` what it passes on to `shown_on`."""

    def __init__(self, kind: str, shown_on: TextIO, outputs: list[Output]) -> None:
        self._kind = kind
        self._shown_on = shown_on
        self._outputs = outputs

    def write(self, text: str) -> int:
        written = self._shown_on.write(text)
        if text:
            self._outputs.append(Output(self._kind, text))
        return written

    def flush(self) -> None:
        self._shown_on.flush()

    def fileno(self) -> int:
        return self._shown_on.fileno()

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return False  # as in a notebook, so that a program writes the same here and there

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._shown_on.encoding

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shown_on, name)
