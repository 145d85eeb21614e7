"""An explanation for a notebook: headings and tables in HTML, with formulas that the notebook renders from LaTeX.

What is large can be opened: a tensor shows its elements, and many steps fold into one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from adjoint.insight.document import Document, Row, Section, document_of
from adjoint.insight.value import OPENED, Value, digits

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

_STEPS = 60  # more steps are folded
_ELEMENTS = 40_000  # in all; where there are many tensors, fewer elements of each can be opened


def html_of(explanation: Explanation) -> str:
    """The explanation as a piece of HTML, with formulas between dollar signs."""
    return "\n".join(_parts(document_of(explanation)))


def _parts(document: Document) -> Iterator[str]:
    rows = len(document.definitions) + sum(len(section.rows) for section in document.sections)
    most = min(OPENED, 1 + _ELEMENTS // rows)
    yield '<div class="adjoint-explanation">'
    yield f"<h3>{escape(document.title)}</h3>"
    yield "<h4>Forward</h4>"
    forward = (
        (_math(row.latex), _shown(row, most), f"<code>{escape(row.label)}</code>") for row in document.definitions
    )
    yield from _folded(len(document.definitions), "variables", _table(("variable", "value", "made by"), forward))
    yield f"<h4>Backward, from {_math(document.start.latex)} = {_shown(document.start, most)}</h4>"
    yield from _folded(len(document.sections), "steps", _steps(document.sections, most))
    if document.relations:
        yield "<h4>In your own variables</h4>"
        relations = ((escape(row.label), _math(row.latex), _shown(row, most)) for row in document.relations)
        yield from _table(("", "derivative", "value"), relations)
    if document.formulas:
        yield "<h4>As one formula</h4>"
        yield from (f"<p>{_math(formula, displayed=True)}</p>" for formula in document.formulas)
    yield "<h4>Gradients</h4>"
    yield from _table(("gradient", "value"), ((_math(row.latex), _shown(row, most)) for row in document.gradients))
    if document.note:
        yield f"<p>{escape(document.note)}</p>"
    yield "</div>"


def _folded(count: int, what: str, parts: Iterable[str]) -> Iterator[str]:
    if count <= _STEPS:
        yield from parts
        return
    yield f"<details><summary>{count} {what}</summary>"
    yield from parts
    yield "</details>"


def _steps(sections: Sequence[Section], most: int) -> Iterator[str]:
    yield "<table><thead><tr><th>step</th><th></th><th>formula</th><th>value</th></tr></thead>"
    for number, section in enumerate(sections, 1):
        yield "<tbody>"
        title = _math(section.latex) if section.latex else escape(section.words)
        code = f" <code>{escape(section.made_by)}</code>" if section.made_by else ""
        line = section.line
        place = f"<br/><code>{escape(line.text)}</code> <small>{escape(line.place)}</small>" if line is not None else ""
        yield f'<tr><th>{number}</th><th colspan="3" style="text-align: left">{title}{code}{place}</th></tr>'
        for row in section.rows:
            cells = (escape(row.label), _math(row.latex), _shown(row, most))
            yield "<tr><td></td>" + "".join(map(_cell, cells)) + "</tr>"
        yield "</tbody>"
    yield "</table>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "<table><thead><tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>" + "".join(map(_cell, row)) + "</tr>"
    yield "</tbody></table>"


def _cell(content: str) -> str:
    return f'<td style="text-align: left">{content}</td>'


def _math(latex: str, *, displayed: bool = False) -> str:
    sign = "$$" if displayed else "$"
    return f"{sign}{escape(latex, quote=False)}{sign}" if latex else ""


def _shown(row: Row, most: int) -> str:
    """A value; of an array the summary, which opens to show its first elements."""
    if row.value is None:
        return "(not kept)"
    text = escape(row.value.text)
    if row.value.number is not None or not row.value.first or row.value.text.startswith("["):
        return text
    return f"<details><summary>{text}</summary><pre>{escape(elements(row.value, most))}</pre></details>"


def elements(value: Value, most: int = OPENED) -> str:
    """The first elements of a value, a line for each row.

    >>> import numpy as np
    >>> from adjoint.insight.value import summarise
    >>> print(elements(summarise(np.arange(8.0).reshape(2, 4)), 6))
    0  1  2  3
    4  5
    the first 6 of 8
    """
    shown = value.first[:most]
    words = [digits(each) for each in shown]
    width, row = max(map(len, words), default=0), value.shape[-1]
    lines = [
        "  ".join(f"{word:>{width}}" for word in words[start : start + row]) for start in range(0, len(words), row)
    ]
    return "\n".join([*lines, *([f"the first {len(shown)} of {value.size}"] if len(shown) < value.size else [])])
