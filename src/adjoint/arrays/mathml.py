"""Formulas as MathML, which browsers show by themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape

from adjoint.arrays import notation
from adjoint.arrays.notation import (
    ATOM,
    CHOICE,
    COMPARISON,
    LOOSE,
    NOT,
    OR,
    POWER,
    PRODUCT,
    Piece,
    Style,
    Writer,
    both,
    infix,
    is_matrix_transpose,
    itself,
    minus,
    parameters_text,
    template,
)

__all__ = ["cases", "formula", "name", "number", "words"]

_RATIO = re.compile(r"(direct )?d(\(.+\)|[^()/]+)/d(\(.+\)|[^()/]+)")
_MINUS = "\N{MINUS SIGN}"
_SPACE = "\N{NO-BREAK SPACE}"  # others at the ends of a text are not shown
_THIN = "<mspace width='0.15em'/>"
_TIMES = "\N{DOT OPERATOR}"


def formula(part: Any, symbol_text: Callable[[Any], str | None] | None = None, binding: int = CHOICE) -> str:
    """A formula as the inside of a `<math>` element. `symbol_text` gives that of a symbol where it is not its name.

    >>> import numpy as np
    >>> from adjoint.arrays.formula import Symbol, build
    >>> x = Symbol("x", (), np.dtype(np.float64))
    >>> formula(build("multiply", (2, x), (), x.dtype))
    '<mn>2</mn><mo>⋅</mo><mi>x</mi>'
    """
    return _Writer(MATHML, symbol_text).write(part, binding)


@lru_cache(10_000)
def name(text: str) -> str:
    """A variable's name: with a final number as an index, `dy/dx` as a fraction.

    >>> name("v12")
    '<msub><mi>v</mi><mn>12</mn></msub>'
    """
    ratio = _RATIO.fullmatch(text)
    if ratio is not None:
        direct, above, below = ratio.groups()
        note = words("direct ") if direct else ""
        return f"{note}<mfrac>{_row(_differential(above))}{_row(_differential(below))}</mfrac>"
    letters = text.rstrip("0123456789")
    index = text[len(letters) :]
    if index and letters.isidentifier() and not letters.endswith("_"):
        return f"<msub><mi>{escape(letters)}</mi><mn>{index}</mn></msub>"
    return f"<mi>{escape(text)}</mi>"


def number(value: Any) -> str:
    """A number, or the text of one.

    >>> number("-1e-08")
    '<mo>−</mo><mn>1</mn><mo>⋅</mo><msup><mn>10</mn><mn>−8</mn></msup>'
    """
    text = value if isinstance(value, str) else notation.number_text(value)
    if text.startswith("-"):
        return _sign(_MINUS) + number(text[1:])
    mantissa, separator, exponent = text.partition("e")
    if separator and exponent.lstrip("+-").isdigit():
        power = str(int(exponent)).replace("-", _MINUS)
        return f"<mn>{mantissa}</mn>{_sign(_TIMES)}<msup><mn>10</mn><mn>{power}</mn></msup>"
    return f"<mn>{escape({'inf': '∞'}.get(text, text))}</mn>"


def words(text: str) -> str:
    """Plain text within a formula."""
    return f"<mtext>{escape(text).replace(' ', _SPACE)}</mtext>"


def cases(pairs: Iterable[tuple[str, str]]) -> str:
    """What holds in which case; the condition is empty for all others."""
    rows = "".join(
        f"<mtr><mtd>{case}</mtd><mtd>{words('if ') + condition if condition else words('else')}</mtd></mtr>"
        for case, condition in pairs
    )
    return _row(f"{_sign('{')}<mtable>{rows}</mtable>")


def _differential(variable: str) -> str:
    bare = variable[1:-1] if variable.startswith("(") else variable
    space = _THIN if len(bare) > 1 else ""  # else `d` reads as the name's first letter
    return f"<mi>d</mi>{space}{name(bare)}"


def _sign(text: str) -> str:
    return f"<mo>{escape(text)}</mo>"


def _row(inside: str) -> str:
    return f"<mrow>{inside}</mrow>"


def _fenced(opening: str, inside: str, closing: str) -> str:
    return _row(_sign(opening) + inside + _sign(closing))


def _call(title: str, arguments: Iterable[str]) -> str:
    comma = _sign(",")
    return f"<mi>{escape(title)}</mi><mo>&#8289;</mo>{_fenced('(', comma.join(arguments), ')')}"


# --- styles of verbs -----------------------------------------------------------------------------------------------


class _Writer(Writer):
    """A writer whose numbers and symbols bind as their text does."""

    def number(self, number: Any) -> Piece:
        return self.style.number(number), notation.tightness(notation.number_text(number))

    def symbol(self, symbol: Any) -> Piece:
        given = self.symbol_text(symbol) if self.symbol_text is not None else None
        if given is None:
            return self.style.symbol(symbol), ATOM
        return number(given), notation.tightness(given)

    def piece(self, part: Any) -> Piece:
        if hasattr(part, "verb") and part.verb != "symbol" and part.verb not in self.style.verbs:
            return self.call(part.verb, part), ATOM
        return super().piece(part)

    def call(self, title: str, part: Any) -> str:
        arguments = [self.write(operand) for operand in part.operands]
        return _call(title, arguments + [words(text) for text in parameters_text(part)])


def _named(title: str) -> Callable[[Writer, Any], Piece]:
    """A call under a name that says it better than the verb's."""
    return lambda writer, part: (_call(title, map(writer.write, part.operands)), ATOM)


def _listed(writer: Writer, part: Any) -> Piece:
    arrays = _fenced("[", _sign(",").join(map(writer.write, part.operands)), "]")
    return _call(part.verb, [arrays, *map(words, parameters_text(part))]), ATOM


def _as_text(_: Writer, part: Any) -> Piece:
    """Indexing is written as in the program."""
    return words(notation.text(part)), ATOM


def _transposed(writer: Writer, part: Any) -> Piece:
    if not is_matrix_transpose(part):
        return _call("permute_dims", [writer.write(part.operands[0]), *map(words, parameters_text(part))]), ATOM
    return f"<msup>{_row(writer.write(part.operands[0], ATOM))}<mi>T</mi></msup>", POWER


def _chosen(writer: Writer, part: Any) -> Piece:
    condition, a, b = (writer.write(operand, OR) for operand in part.operands)
    return cases([(a, condition), (b, "")]), ATOM


def _loose(sign: str) -> Callable[[Writer, Any], Piece]:
    return template("{}" + _sign(sign) + "{}", ATOM, ATOM, tightness=LOOSE)


_VERBS: dict[str, Callable[[Writer, Any], Piece]] = {
    "add": infix(_sign("+"), notation.SUM, ("add", "subtract")), "subtract": infix(_sign(_MINUS), notation.SUM),
    "multiply": infix(_sign(_TIMES), PRODUCT, ("multiply", "divide")), "matmul": infix("<mspace width='0.2em'/>", PRODUCT),
    "divide": template("<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>", CHOICE, CHOICE, tightness=PRODUCT),
    "power": template("<msup><mrow>{}</mrow><mrow>{}</mrow></msup>", ATOM, CHOICE, tightness=POWER),
    "negative": minus(_sign(_MINUS)),
    "sqrt": template("<msqrt>{}</msqrt>", CHOICE),
    "abs": template(_fenced("|", "{}", "|"), CHOICE),
    "floor": template(_fenced("⌊", "{}", "⌋"), CHOICE),
    "ceil": template(_fenced("⌈", "{}", "⌉"), CHOICE),
    "conj": template("<mover><mrow>{}</mrow><mo>¯</mo></mover>", CHOICE),
    "floor_divide": template(_fenced("⌊", "<mfrac><mrow>{}</mrow><mrow>{}</mrow></mfrac>", "⌋"), CHOICE, CHOICE),
    "remainder": _loose("mod"), "bitwise_and": _loose("&"), "bitwise_or": _loose("|"), "bitwise_xor": _loose("^"),
    "equal": infix(_sign("="), COMPARISON), "not_equal": infix(_sign("≠"), COMPARISON),
    "less": infix(_sign("<"), COMPARISON), "less_equal": infix(_sign("≤"), COMPARISON),
    "greater": infix(_sign(">"), COMPARISON), "greater_equal": infix(_sign("≥"), COMPARISON),
    "logical_and": both(_sign("∧"), {"<": _sign("<"), "<=": _sign("≤")}),
    "logical_or": infix(_sign("\N{LOGICAL OR}"), OR, ("logical_or",)),
    "logical_not": template(_sign("¬") + "{}", NOT, tightness=NOT),
    "where": _chosen, "full": itself, "datum": itself, "astype": itself, "copy": itself,
    "broadcast_to": _named("broadcast"), "permute_dims": _transposed,
    "concat": _listed, "stack": _listed, "getitem": _as_text, "place": _as_text, "put": _as_text, "result": _as_text,
}  # fmt: skip

MATHML = Style(
    verbs=_VERBS,
    symbol=lambda symbol: name(symbol.name),
    number=number,
    call=_call,
    parentheses=_fenced("(", "{}", ")"),
)
