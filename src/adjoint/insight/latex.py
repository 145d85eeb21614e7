"""An explanation in LaTeX: a document of its own, and the short display that notebooks can show."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from adjoint.arrays import notation
from adjoint.insight.document import Document, Row, Section, document_of, value_latex
from adjoint.insight.rendering import formula_latex
from adjoint.insight.steps import OperationStep
from adjoint.insight.value import Value, summarise

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

_HEAD = r"""\documentclass{article}
\usepackage[a4paper, margin=2cm]{geometry}
\usepackage{amsmath, amssymb}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\begin{document}
"""


def latex_of(explanation: Explanation) -> str:
    """The explanation as a LaTeX document that compiles by itself."""
    return _ascii("\n".join([_HEAD, *_body(document_of(explanation)), r"\end{document}", ""]))


def display_of(explanation: Explanation) -> str:
    """The local derivatives and the gradients, as one aligned display."""
    operations = [step for step in explanation.steps if isinstance(step, OperationStep)]
    rows = [row for step in operations for row in _display_rows(step)]
    rows += [
        (formula_latex(symbol), value_latex(summarise(gradient._data)))
        for symbol, gradient in explanation.totals.values()
    ]
    body = " \\\\\n".join(f"{row[0]} &= " + " = ".join(part for part in row[1:] if part) for row in rows)
    return f"$$\\begin{{aligned}}\n{body}\n\\end{{aligned}}$$"


def _display_rows(step: OperationStep) -> Iterator[tuple[str, ...]]:
    for definition in step.definitions:
        if definition.formula is not None:
            formula = formula_latex(definition.formula)
            yield notation.latex_name(definition.name), formula, _value(definition.value)
    for sent in step.sent:
        if sent.ratio is not None and sent.derivative is not None:
            yield formula_latex(sent.ratio), formula_latex(sent.derivative), _value(sent.derivative_value)


def _value(value: Value | None) -> str:
    return "" if value is None else value_latex(value)


# --- the document --------------------------------------------------------------------------------------------------


def _body(document: Document) -> Iterator[str]:
    yield rf"\section*{{{_text(document.title)}}}"
    yield r"\subsection*{Forward}"
    yield from _aligned(document.definitions)
    yield r"\subsection*{Backward}"
    yield from _aligned([document.start])
    for number, section in enumerate(document.sections, 1):
        yield from _section(number, section)
    if document.relations:
        yield r"\subsection*{In your own variables}"
        yield from _aligned(document.relations)
    if document.formulas:
        yield r"\subsection*{As one formula}"
        yield from (f"\\[\n{formula}\n\\]" for formula in document.formulas)
    yield r"\subsection*{Gradients}"
    yield from _aligned([Row("", row.sides, row.value) for row in document.gradients])
    if document.note:
        yield _text(document.note)


def _section(number: int, section: Section) -> Iterator[str]:
    title = f"${section.latex}$" if section.latex else _text(section.words)
    yield rf"\medskip\textbf{{{number}.}} {title}"
    if section.made_by:
        yield rf"\hfill\texttt{{{_text(section.made_by)}}}"
    if section.line is not None:
        yield rf"\\ \texttt{{{_text(section.line.text)}}} \hfill {_text(section.line.place)}"
    yield from _aligned(section.rows)


def _aligned(rows: Sequence[Row]) -> Iterator[str]:
    """Equations in one column, with their labels in another."""
    if rows:
        yield r"\begin{align*}"
        yield " \\\\\n".join(_equation(row) for row in rows)
        yield r"\end{align*}"


def _equation(row: Row) -> str:
    shown = r"\text{(not kept)}" if row.value is None else value_latex(row.value)
    sides = row.sides if row.sides[-1:] == (shown,) and len(row.sides) > 1 else (*row.sides, shown)
    label = rf"\text{{{_text(row.label)}}}\quad " if row.label else ""
    if len(sides) == 1:
        return rf"{label}&\phantom{{=}} {sides[0]}"
    return f"{label}{sides[0]} &= {' = '.join(sides[1:])}"


_SPECIAL = {character: "\\" + character for character in "_#$%&{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}", "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}", "-": "{-}",
}  # fmt: skip


def _text(text: str) -> str:
    """Text in which nothing is a command."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def _ascii(text: str) -> str:
    """Other letters as commands, since not every LaTeX knows them: Greek ones as such, others by their code."""
    return "".join(character if character.isascii() else _command(character) for character in text)


def _command(character: str) -> str:
    name = unicodedata.name(character, "").split()
    if name[:1] == ["GREEK"] and name[2:3] == ["LETTER"] and len(name) == 4:
        letter = {"LAMDA": "lambda"}.get(name[3], name[3].lower())
        upper = letter.capitalize() if name[1] == "CAPITAL" else letter
        if letter in notation.GREEK and (name[1] == "SMALL" or upper in _UPPER):
            return rf"\ensuremath{{\{upper}}}"
    return rf"\text{{U+{ord(character):04X}}}"


#: capital Greek letters that do not look like Latin ones
_UPPER = {"Gamma", "Delta", "Theta", "Lambda", "Xi", "Pi", "Sigma", "Phi", "Psi", "Omega"}
