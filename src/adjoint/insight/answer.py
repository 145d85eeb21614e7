"""What `why` returns: the cause of a gradient that is missing, not finite, or zero, with the line that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from adjoint.core.graph import Node
from adjoint.insight.source import SourceLine


@dataclass(frozen=True)
class Answer:
    """An answer to `why(x)`. It prints as text, and shows itself in notebooks.

    `kind` is the cause in a word or two, as in the table of `why`. `line` is the line of the program that it comes
    from, None where none can be named; where several lines may be it, `line` is None and `candidates` has them.
    `node` is the operation in the graph, where it is one. `summary` says it in a sentence, `details` add to it, and
    `remedy` is what to do.
    """

    kind: str
    summary: str
    line: SourceLine | None = None
    candidates: Sequence[SourceLine] = ()
    node: Node | None = None
    details: Sequence[str] = ()
    remedy: str = ""
    others: Sequence[SourceLine] = field(default=())  # further lines that have a part in it

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing wrong with the gradient."""
        return self.kind == "healthy"

    def __str__(self) -> str:
        lines = [self.summary]
        if self.line is not None:
            lines.append(f"  at     {_shown(self.line)}")
        lines += [f"  maybe  {_shown(each)}" for each in self.candidates]
        lines += [f"  also   {_shown(each)}" for each in self.others]
        lines += [f"  {each}" for each in self.details]
        if self.remedy:
            lines.append(f"  To do: {self.remedy}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def missing(
    name: str, kind: str, reason: str, lines: Sequence[SourceLine] = (), node: Node | None = None, remedy: str = "",
    details: Sequence[str] = (), others: Sequence[SourceLine] = (), *, certain: bool = True,
) -> Answer:  # fmt: skip
    """The answer for a gradient that is None; of several `lines`, or where it is not `certain`, all are candidates."""
    line = lines[0] if len(lines) == 1 and certain else None
    candidates = () if line is not None else tuple(lines)
    return Answer(kind, f"{name}.grad is None: {reason}", line, candidates, node, details, remedy, others)


def _shown(line: SourceLine) -> str:
    return f"{line}: {line.text}" if line.text else str(line)
