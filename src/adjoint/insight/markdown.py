"""An explanation in Markdown: tables whose formulas stand between dollar signs, as GitHub and notebooks show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from adjoint.insight.document import Document, Row, Section, document_of

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation
    from adjoint.insight.source import SourceLine


def markdown_of(explanation: Explanation) -> str:
    """The explanation as a Markdown document."""
    return "\n".join(_lines(document_of(explanation)))


def _lines(document: Document) -> Iterator[str]:
    yield from (f"# {_text(document.title)}", "")
    yield from ("## Forward", "")
    yield from _table(("Variable", "Value", "Made by"), map(_defined, document.definitions))
    yield from (f"## Backward, from {_math(document.start.latex)} = {_shown(document.start)}", "")
    for number, section in enumerate(document.sections, 1):
        yield from _section(number, section)
    if document.relations:
        yield from ("## In your own variables", "")
        yield from _table(
            ("", "Derivative", "Value"), ((each.label, _math(each.latex), _shown(each)) for each in document.relations)
        )
    if document.formulas:
        yield from ("## As one formula", "")
        for formula in document.formulas:
            yield from (f"$${formula}$$", "")
    yield from ("## Gradients", "")
    yield from _table(("Gradient", "Value"), ((_math(each.latex), _shown(each)) for each in document.gradients))
    if document.note:
        yield from (_text(document.note), "")


def _defined(row: Row) -> tuple[str, str, str]:
    return _math(row.latex), _shown(row), row.label


def _section(number: int, section: Section) -> Iterator[str]:
    title = _math(section.latex) if section.latex else _text(section.words)
    yield from (f"### {number}. {title}", "")
    if section.made_by:
        yield from (f"`{section.made_by}`{_place(section.line)}", "")
    rows = ((each.label, _math(each.latex), _shown(each)) for each in section.rows)
    yield from _table(("", "Formula", "Value"), rows)


def _place(line: SourceLine | None) -> str:
    """Where an operation was called, with the line's text as code."""
    if line is None:
        return ""
    fence = "`" * (1 + max(map(len, re.findall("`+", line.text)), default=0))
    code = f": {fence}{' ' if '`' in line.text else ''}{line.text}{' ' if '`' in line.text else ''}{fence}"
    return f" at {_text(line.place)}{code if line.text else ''}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _math(latex: str) -> str:
    """A formula between dollar signs; a bar would end a table's cell."""
    return "$" + latex.replace("|", r"\vert ") + "$" if latex else ""


def _shown(row: Row) -> str:
    return "(not kept)" if row.value is None else _text(row.value.text)


def _text(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~])", r"\\\1", text)
