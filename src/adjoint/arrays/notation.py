"""How formulas are written: as text, which for scalars is Python, and as LaTeX.

Each verb has a style: a function that writes an application of it, and says how tightly the result binds. A verb
without a style is written as a function call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from adjoint.arrays.program import PICK

__all__ = ["Writer", "latex", "latex_name", "latex_number", "number_text", "text"]

# how tightly a piece of text binds: what binds less tightly than its place asks for goes into parentheses
CHOICE, OR, AND, NOT, COMPARISON, LOOSE, SUM, PRODUCT, POWER, ATOM = range(10)

Piece = tuple[str, int]


def text(formula: Any, symbol_text: Callable[[Any], str | None] | None = None, binding: int = CHOICE) -> str:
    """A formula as text. `symbol_text` gives the text of a symbol where it is not its name."""
    return Writer(TEXT, symbol_text).write(formula, binding)


def latex(formula: Any, symbol_text: Callable[[Any], str | None] | None = None, binding: int = CHOICE) -> str:
    """A formula as LaTeX, for math mode."""
    return Writer(LATEX, symbol_text).write(formula, binding)


def number_text(number: Any) -> str:
    """A number as it is written in a formula: exactly, and without a needless `.0`.

    >>> number_text(2.0), number_text(1 - 1e-8), number_text(np.float32(6.7))
    ('2', '0.99999999', '6.7')
    """
    written = str(number) if isinstance(number, np.generic) else repr(number)
    return written.removesuffix(".0")


class Style:
    """One way to write formulas: a style per verb, and how symbols, numbers and calls are written."""

    def __init__(self, **parts: Any) -> None:
        self.verbs: dict[str, Callable[[Writer, Any], Piece]] = parts["verbs"]
        self.symbol: Callable[[Any], str] = parts["symbol"]
        self.number: Callable[[Any], str] = parts["number"]
        self.call: Callable[[str, list[str]], str] = parts["call"]
        self.parentheses: str = parts["parentheses"]


class Writer:
    """Writes a formula in a style."""

    def __init__(self, style: Style, symbol_text: Callable[[Any], str | None] | None = None) -> None:
        self.style = style
        self.symbol_text = symbol_text

    def write(self, part: Any, binding: int = CHOICE) -> str:
        """The text of a formula or number, in parentheses if it binds less tightly than asked."""
        written, tightness = self.piece(part)
        return written if tightness >= binding else self.style.parentheses.format(written)

    def piece(self, part: Any) -> Piece:
        if not hasattr(part, "verb"):
            return self.number(part)
        if part.verb == "symbol":
            return self.symbol(part)
        return self.style.verbs.get(part.verb, _call)(self, part)

    def number(self, number: Any) -> Piece:
        written = self.style.number(number)
        return written, tightness(written)

    def symbol(self, symbol: Any) -> Piece:
        given = self.symbol_text(symbol) if self.symbol_text is not None else None
        if given is None:
            return self.style.symbol(symbol), ATOM
        return given, tightness(given)


def tightness(number: str) -> int:
    """How tightly the text of a number binds: `-1` and `1+2j` have signs, and in LaTeX 1e-8 is a product."""
    if number.endswith("j"):
        return LOOSE
    if "\\cdot" in number:
        return PRODUCT
    return SUM if number.startswith("-") else ATOM


#: verbs of formulas that are written as one name or number
_SINGLE = {"symbol", "full", "datum"}


# --- styles of verbs -----------------------------------------------------------------------------------------------


def infix(sign: str, binding: int, joins: tuple[str, ...] = ()) -> Callable[[Writer, Any], Piece]:
    """`a sign b`; on the right, verbs in `joins` need no parentheses: `a * (b * c)` is `a * b * c`."""

    def style(writer: Writer, formula: Any) -> Piece:
        left, right = formula.operands
        looser = (
            min(binding, SUM) if getattr(left, "verb", "full") in _SINGLE else binding
        )  # in front, -1 needs no parentheses
        tighter = binding if getattr(right, "verb", None) in joins else binding + 1
        return f"{writer.write(left, looser)}{sign}{writer.write(right, tighter)}", binding

    return style


def _loose(sign: str) -> Callable[[Writer, Any], Piece]:
    """`a sign b`, always in parentheses within another formula, since few know how tightly it binds."""

    def style(writer: Writer, formula: Any) -> Piece:
        left, right = formula.operands
        return f"{writer.write(left, ATOM)}{sign}{writer.write(right, ATOM)}", LOOSE

    return style


def minus(sign: str) -> Callable[[Writer, Any], Piece]:
    """A sign in front."""

    def style(writer: Writer, formula: Any) -> Piece:
        (operand,) = formula.operands
        scales = getattr(operand, "verb", None) in {"multiply", "divide", "matmul"}
        return f"{sign}{writer.write(operand, PRODUCT if scales else POWER)}", SUM

    return style


def itself(writer: Writer, formula: Any) -> Piece:
    return writer.piece(formula.operands[0])


def _raised(writer: Writer, formula: Any) -> Piece:
    base, exponent = formula.operands
    return f"{writer.write(base, ATOM)}**{writer.write(exponent, ATOM)}", POWER


def _chosen(writer: Writer, formula: Any) -> Piece:
    condition, a, b = formula.operands
    return f"{writer.write(a, OR)} if {writer.write(condition, OR)} else {writer.write(b, CHOICE)}", CHOICE


def _not(writer: Writer, formula: Any) -> Piece:
    return f"not {writer.write(formula.operands[0], NOT)}", NOT


#: comparisons as "a is below b", with the sign, and whether the operands are swapped for it
_BELOW = {"less": ("<", False), "less_equal": ("<=", False), "greater": ("<", True), "greater_equal": ("<=", True)}


def _ordered(formula: Any) -> tuple[Any, str, Any] | None:
    verb = getattr(formula, "verb", None)
    if verb not in _BELOW:
        return None
    sign, swapped = _BELOW[verb]
    a, b = reversed(formula.operands) if swapped else formula.operands
    return a, sign, b


def both(word: str, signs: dict[str, str]) -> Callable[[Writer, Any], Piece]:
    """`a and b`, or `low <= x <= high` where that is meant."""

    def style(writer: Writer, formula: Any) -> Piece:
        first, second = (_ordered(operand) for operand in formula.operands)
        if first is not None and second is not None:
            for (a, sign, b), (c, other, d) in ((first, second), (second, first)):
                if hasattr(b, "verb") and b is c:
                    low, middle, high = (writer.write(each, LOOSE) for each in (a, b, d))
                    return f"{low} {signs.get(sign, sign)} {middle} {signs.get(other, other)} {high}", COMPARISON
        left, right = (writer.write(operand, AND) for operand in formula.operands)
        return f"{left} {word} {right}", AND

    return style


def parameters_text(formula: Any) -> list[str]:
    """The static parameters of a call that a reader needs."""
    shown = []
    for name, value in formula.parameters.items():
        whole = name == "axis" and value == tuple(range(formula.operands[0].ndim))
        if value is None or value is False or whole:
            continue
        if name == "axis" and isinstance(value, tuple) and len(value) == 1:
            value = value[0]
        shown.append(f"{name}={list(value) if name == 'shape' else value}")
    return shown


def _call(writer: Writer, formula: Any) -> Piece:
    arguments = [writer.write(operand) for operand in formula.operands]
    return writer.style.call(formula.verb, arguments + parameters_text(formula)), ATOM


def _named_call(name: str, *, parameters: bool = True) -> Callable[[Writer, Any], Piece]:
    """A call under a name that says it better than the verb's."""

    def style(writer: Writer, formula: Any) -> Piece:
        arguments = [writer.write(operand) for operand in formula.operands]
        return writer.style.call(name, arguments + (parameters_text(formula) if parameters else [])), ATOM

    return style


def _listed(writer: Writer, formula: Any) -> Piece:
    arrays = ", ".join(writer.write(operand) for operand in formula.operands)
    return writer.style.call(formula.verb, [f"[{arrays}]", *parameters_text(formula)]), ATOM


def is_matrix_transpose(formula: Any) -> bool:
    axes = formula.parameters["axes"]
    ndim = len(axes)
    return ndim > 1 and axes == (*range(ndim - 2), ndim - 1, ndim - 2)


def _transposed(mark: str) -> Callable[[Writer, Any], Piece]:
    def style(writer: Writer, formula: Any) -> Piece:
        if not is_matrix_transpose(formula):
            return _call(writer, formula)
        return f"{writer.write(formula.operands[0], ATOM)}{mark}", POWER

    return style


def _index_text(writer: Writer, template: Any, arrays: tuple[Any, ...]) -> str:
    """An index as it is written between brackets."""
    rest = iter(arrays)

    def written(part: Any) -> str:
        if part is PICK:
            return writer.write(next(rest))
        if isinstance(part, slice):
            start, stop, step = ("" if each is None else str(each) for each in (part.start, part.stop, part.step))
            return f"{start}:{stop}" + (f":{step}" if step else "")
        return "..." if part is Ellipsis else str(part)

    return ", ".join(map(written, template)) if isinstance(template, tuple) else written(template)


def _indexed(writer: Writer, formula: Any) -> Piece:
    x, *arrays = formula.operands
    return f"{writer.write(x, ATOM)}[{_index_text(writer, formula.parameters['index'], tuple(arrays))}]", ATOM


def _one_of_several(writer: Writer, formula: Any) -> Piece:
    """One of the results of a call that has several."""
    return f"{writer.write(formula.operands[0], ATOM)}[{formula.parameters['place']}]", ATOM


def _placed(writer: Writer, formula: Any) -> Piece:
    """Zeros, with values added at an index."""
    values, *arrays = formula.operands
    index = _index_text(writer, formula.parameters["index"], tuple(arrays))
    return writer.style.call("place", [writer.write(values), f"at=[{index}]"]), ATOM


def _replaced(writer: Writer, formula: Any) -> Piece:
    x, values, *arrays = formula.operands
    index = _index_text(writer, formula.parameters["index"], tuple(arrays))
    return writer.style.call("put", [writer.write(x), writer.write(values), f"at=[{index}]"]), ATOM


_TEXT_VERBS: dict[str, Callable[[Writer, Any], Piece]] = {
    "add": infix(" + ", SUM, ("add", "subtract")), "subtract": infix(" - ", SUM),
    "multiply": infix(" * ", PRODUCT, ("multiply", "divide")), "divide": infix(" / ", PRODUCT),
    "matmul": infix(" @ ", PRODUCT), "floor_divide": _loose(" // "), "remainder": _loose(" % "),
    "bitwise_and": _loose(" & "), "bitwise_or": _loose(" | "), "bitwise_xor": _loose(" ^ "),
    "power": _raised, "negative": minus("-"),
    "equal": infix(" == ", COMPARISON), "not_equal": infix(" != ", COMPARISON),
    "less": infix(" < ", COMPARISON), "less_equal": infix(" <= ", COMPARISON),
    "greater": infix(" > ", COMPARISON), "greater_equal": infix(" >= ", COMPARISON),
    "logical_and": both("and", {}), "logical_or": infix(" or ", OR, ("logical_or",)), "logical_not": _not,
    "where": _chosen, "full": itself, "datum": itself, "astype": itself, "copy": itself,
    "broadcast_to": _named_call("broadcast", parameters=False), "permute_dims": _transposed("^T"),
    "concat": _listed, "stack": _listed, "getitem": _indexed, "result": _one_of_several, "place": _placed, "put": _replaced,
}  # fmt: skip

TEXT = Style(
    verbs=_TEXT_VERBS,
    symbol=lambda symbol: symbol.name,
    number=number_text,
    call=lambda name, arguments: f"{name}({', '.join(arguments)})",
    parentheses="({})",
)


# --- LaTeX ---------------------------------------------------------------------------------------------------------


def latex_name(name: str) -> str:
    r"""A variable's name in LaTeX: one letter in italics, a final number as an index.

    >>> latex_name("x"), latex_name("v12"), latex_name("y_pred")
    ('x', 'v_{12}', '\\mathrm{y\\_pred}')
    """
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    if not letters.isidentifier():
        letters, digits = name, ""
    escaped = "".join(_ESCAPES.get(character, character) for character in letters)
    base = "\\" + letters if letters in GREEK else letters if len(letters) == 1 else rf"\mathrm{{{escaped}}}"
    return f"{base}_{{{digits}}}" if digits else base


GREEK = {
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma",
    "tau", "phi", "chi", "psi", "omega",
}  # fmt: skip
_ESCAPES = {character: "\\" + character for character in "_#$%&{}"} | {"\\": r"\backslash "}


def latex_number(number: Any) -> str:
    r"""A number, or the text of one, in LaTeX.

    >>> latex_number(1e-8)
    '1 \\cdot 10^{-8}'
    """
    written = number if isinstance(number, str) else number_text(number)
    mantissa, separator, exponent = written.partition("e")
    if separator and exponent.lstrip("+-").isdigit():
        return rf"{mantissa} \cdot 10^{{{int(exponent)}}}"
    return {"inf": r"\infty", "-inf": r"-\infty", "True": "1", "False": "0"}.get(written, written)


def template(pattern: str, *bindings: int, tightness: int = ATOM) -> Callable[[Writer, Any], Piece]:
    """Operands put into a pattern, each as tight as its place asks."""

    def style(writer: Writer, formula: Any) -> Piece:
        return pattern.format(*(writer.write(*pair) for pair in zip(formula.operands, bindings))), tightness

    return style


_LATEX_FUNCTIONS = {
    "sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "log", "max", "min",
}  # fmt: skip
_LATEX_NAMES = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "sigmoid": r"\sigma", "maximum": "max", "minimum": "min",
}  # fmt: skip


def _latex_call(name: str, arguments: list[str]) -> str:
    name = _LATEX_NAMES.get(name, name)
    if name in _LATEX_FUNCTIONS or name.startswith("arc"):
        name = "\\" + name
    elif not name.startswith("\\"):
        name = rf"\operatorname{{{name}}}".replace("_", r"\_")
    return rf"{name}\left({', '.join(arguments)}\right)"


_LATEX_VERBS: dict[str, Callable[[Writer, Any], Piece]] = _TEXT_VERBS | {
    "multiply": infix(r" \cdot ", PRODUCT, ("multiply", "divide")),
    "matmul": infix(r" \, ", PRODUCT),
    "divide": template(r"\frac{{{}}}{{{}}}", CHOICE, CHOICE, tightness=PRODUCT),
    "power": template("{}^{{{}}}", ATOM, CHOICE, tightness=POWER),
    "sqrt": template(r"\sqrt{{{}}}", CHOICE),
    "abs": template(r"\left|{}\right|", CHOICE),
    "floor": template(r"\left\lfloor {} \right\rfloor", CHOICE),
    "ceil": template(r"\left\lceil {} \right\rceil", CHOICE),
    "conj": template(r"\overline{{{}}}", CHOICE),
    "equal": infix(" = ", COMPARISON), "not_equal": infix(r" \ne ", COMPARISON),
    "less_equal": infix(r" \le ", COMPARISON), "greater_equal": infix(r" \ge ", COMPARISON),
    "logical_and": both(r"\wedge", {"<=": r"\le"}), "logical_or": infix(r" \vee ", OR, ("logical_or",)),
    "logical_not": template(r"\neg {}", NOT, tightness=NOT),
    "floor_divide": template(r"\left\lfloor \frac{{{}}}{{{}}} \right\rfloor", CHOICE, CHOICE),
    "remainder": template(r"{} \bmod {}", ATOM, ATOM, tightness=LOOSE),
    "permute_dims": _transposed(r"^{\top}"),
    "where": lambda writer, formula: (
        r"\begin{{cases}} {1} & \text{{if }} {0} \\ {2} & \text{{else}} \end{{cases}}".format(
            *(writer.write(operand) for operand in formula.operands)
        ),
        ATOM,
    ),
}  # fmt: skip

LATEX = Style(
    verbs=_LATEX_VERBS,
    symbol=lambda symbol: symbol.latex or latex_name(symbol.name),
    number=latex_number,
    call=_latex_call,
    parentheses=r"\left({}\right)",
)
