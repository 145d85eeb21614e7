"""Whether a cell's outputs are those saved in the file."""

import difflib
import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from adjoint.cli.notebook import Output

_STREAMS = ("stdout", "stderr")
_NAMES = {"stdout": "printed", "stderr": "on stderr", "result": "result", "display": "displayed", "error": "exception"}

# What differs from one run to the next, and from one library to another, though a program does the same.
_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
_WARNING = re.compile(r"^.*:\d+: (\w*Warning: .*\n)(  .*\n)?", re.MULTILINE)
_TIMES = re.compile(r"^(CPU times|Wall time): .*\n", re.MULTILINE)


def difference(saved: Iterable[Output], made: Iterable[Output], is_timed: bool = False) -> list[str]:
    """The lines in which the outputs `made` differ from those `saved`, marked `+` and `-`; none if they are the same.

    Left out are addresses in memory, the place that a warning comes from, pictures, and where `is_timed` the times.
    Of an exception its name is compared.
    """
    before, after = (list(_lines(_regular(outputs, is_timed))) for outputs in (saved, made))
    if before == after:
        return []
    _, _, *changes = difflib.unified_diff(before, after, lineterm="", n=2)
    return [line for line in changes if not line.startswith("@@")]


def _regular(outputs: Iterable[Output], is_timed: bool) -> Iterator[tuple[str, str]]:
    """Pairs of kind and text, with the pieces of each stream joined."""
    shown = (output for output in outputs if output.kind != "picture")
    for is_stream, group in groupby(shown, key=lambda output: output.kind in _STREAMS):
        if not is_stream:
            yield from ((output.kind, output.name or _ADDRESS.sub("at 0x...", output.text)) for output in group)
            continue
        pieces = list(group)
        for kind in _STREAMS:
            text = _ADDRESS.sub("at 0x...", "".join(piece.text for piece in pieces if piece.kind == kind))
            if kind == "stderr":
                text = _WARNING.sub(r"\1", text)
            if is_timed:
                text = _TIMES.sub("", text)
            if text:
                yield kind, text


def _lines(outputs: Iterable[tuple[str, str]]) -> Iterator[str]:
    for kind, text in outputs:
        yield f"{_NAMES[kind]}:"
        yield from (f"  {line}" for line in text.removesuffix("\n").split("\n"))
        if kind in _STREAMS and not text.endswith("\n"):
            yield "(without a new line at its end)"
