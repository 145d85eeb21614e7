"""An explanation as text: lines, each with a kind by which a terminal may colour it; and how formulas are shown anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from adjoint.arrays import notation
from adjoint.arrays.formula import Formula, Symbol
from adjoint.core.tensor import Tensor, text_of
from adjoint.insight.steps import AccumulationStep, BroadcastStep, Chain, Definition, OperationStep, Sent, SumStep
from adjoint.insight.value import Value, digits, summarise

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

Line = tuple[str, str]  # the kind, and the text

_REMARK = "\t"  # in a line, before the name of an operation
_WIDEST = 64  # where such names stand at most
_LONGEST = 60  # parts of a formula that is shown


def lines(explanation: Explanation) -> Iterator[Line]:
    """The explanation, line by line, with the names of operations in one column."""
    loose = list(_lines(explanation))
    starts = [len(text.partition(_REMARK)[0]) for _, text in loose if _REMARK in text]
    column = max((start for start in starts if start <= _WIDEST), default=0) + 2
    for kind, text in loose:
        start, mark, remark = text.partition(_REMARK)
        yield kind, f"{start:<{column}}{' ' if len(start) >= column else ''}{remark}" if mark else text


def _lines(explanation: Explanation) -> Iterator[Line]:
    yield "title", title_of(explanation)
    yield "", ""
    yield "heading", "Forward"
    for definition in explanation.definitions:
        yield "definition", f"  {equation(definition)}{_REMARK}{definition.made_by}"
    yield "", ""
    yield "heading", f"Backward, from {explanation.start.name} = {summarise(explanation.start.value)}"
    for number, step in enumerate(explanation.steps, 1):
        yield from _step_lines(step, number)
    yield "", ""
    if explanation.relations:
        yield "heading", "In your own variables"
        routes = Counter(relation.operand for relation in explanation.relations)
        for relation in explanation.relations:
            name = relation.ratio.name
            if not explanation.is_scalar and routes[relation.operand] > 1:
                name += f" by way of {relation.result}"
            yield "local", f"  {name} = {_evaluated(relation.formula, relation.value)}"
        for chain in explanation.chains:
            yield from _chain_lines(chain)
        yield "", ""
    yield "heading", "Gradients"
    for symbol, gradient in explanation.totals.values():
        yield (
            "gradient",
            f"  {symbol.name} = {tensor_text(gradient)}".replace("\n", "\n" + " " * (len(symbol.name) + 5)),
        )
    if explanation.unknown:
        yield "", ""
        yield "note", unknown_text(explanation.unknown)


def title_of(explanation: Explanation) -> str:
    """What is differentiated by what."""
    return f"{explanation.top} differentiated by {listed(explanation.gradients)}"


def unknown_text(names: Sequence[str]) -> str:
    """A sentence on constants whose values nobody kept; empty where there are none."""
    if not names:
        return ""
    them = "it" if len(names) == 1 else "them"
    return f"{listed(names)}: no derivative needs {them}, so the graph did not keep {them}. explain(f, *inputs) shows {them}."


def listed(names: Iterable[str]) -> str:
    """`x, w and b`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def tensor_text(tensor: Tensor) -> str:
    """A tensor as it prints, or its summary where it is large."""
    return text_of(tensor) if tensor.numel() <= 100 else summarise(tensor._data).text


# --- formulas and numbers ------------------------------------------------------------------------------------------


def is_readable(formula: Formula) -> bool:
    """Whether a formula is short enough to be read."""
    return formula.length <= _LONGEST and formula.depth <= _LONGEST


def formula_text(formula: Formula, binding: int = notation.CHOICE) -> str:
    """A formula as text, if it is short enough to be read."""
    if not is_readable(formula):
        return f"(a formula of {formula.length} parts)"
    return notation.text(formula, binding=binding)


def formula_latex(formula: Formula) -> str:
    """A formula in LaTeX, if it is short enough to be read."""
    if not is_readable(formula):
        return rf"\text{{(a formula of {formula.length} parts)}}"
    return notation.latex(formula)


def with_numbers(
    formula: Formula, write: Callable[..., str] = notation.text, write_number: Callable[[str], str] = str
) -> str | None:
    """A formula with its numbers put in; None where a symbol in it has none, or has many."""
    missing = False

    def number(symbol: Symbol) -> str | None:
        nonlocal missing
        if symbol.value is None or getattr(symbol.value, "shape", ()) != ():
            missing = True
            return None
        return write_number(digits(summarise(symbol.value).number))

    if not is_readable(formula):
        return None
    text = write(formula, number, notation.OR)
    return None if missing else text


def chained(*texts: str | None) -> str:
    """Texts that are equal in value, joined by `=`, each once."""
    return " = ".join(distinct(texts))


def distinct(texts: Iterable[str | None]) -> list[str]:
    """The texts that are there, without those that say what the one before them does."""
    kept: list[str] = []
    for text in texts:
        if text and text not in kept[-1:]:
            kept.append(text)
    return kept


def equation(definition: Definition) -> str:
    """`y = sin(x) = 0.14112`."""
    formula = None if definition.formula is None else formula_text(definition.formula, notation.OR)
    value = "(not kept)" if definition.value is None else definition.value.text
    return chained(definition.name, formula, value)


def _evaluated(formula: Formula, value: Value) -> str:
    return chained(formula_text(formula, notation.OR), with_numbers(formula), value.text)


def _chain_lines(chain: Chain) -> Iterator[Line]:
    if len(chain.paths) == 1 and len(chain.paths[0]) == 1:
        return  # the relation says it already
    names = " + ".join(" * ".join(symbol.name for symbol in path) for path in chain.paths)
    numbers = _joined(
        " + ", (_joined(" * ", (summarise(symbol.value).text for symbol in path)) for path in chain.paths)
    )
    yield "gradient", f"  {chain.cotangent.name} = {names}"
    yield "gradient", f"  {' ' * len(chain.cotangent.name)} = {numbers} = {chain.value}"


def _joined(sign: str, texts: Iterable[str]) -> str:
    """Numbers joined by a sign; complex ones, and negative ones behind it, in parentheses."""
    return sign.join(
        f"({text})" if text.endswith("j") or (place and text.startswith("-")) else text
        for place, text in enumerate(texts)
    )


# --- steps ---------------------------------------------------------------------------------------------------------


@singledispatch
def _step_lines(step: Any, number: int) -> Iterator[Line]:
    raise TypeError(f"no step: {step!r}")


@_step_lines.register
def _(step: OperationStep, number: int) -> Iterator[Line]:
    for place, definition in enumerate(step.definitions):
        head = f"{number:3}. " if place == 0 else "     "
        yield "operation", f"{head}{equation(definition)}{_REMARK}{definition.made_by}"
    width = max([6, *(len(f"to {sent.to}") for sent in step.sent)])
    if step.line is not None:
        yield "note", f"       {'at':<{width}}  {step.line.text}{_REMARK}{step.line.place}"
    for symbol, value in zip(step.cotangents, step.values, strict=True):
        yield "in", f"       {'in':<{width}}  {symbol.name} = {value}"
    for sent in step.sent:
        if sent.derivative is not None and sent.derivative_value is not None and sent.ratio is not None:
            text = _evaluated(sent.derivative, sent.derivative_value)
            yield "local", f"       {'local':<{width}}  {sent.ratio.name} = {text}"
        yield "out", f"       {'to ' + sent.to:<{width}}  {_sent_text(sent)}"


def _sent_text(sent: Sent) -> str:
    return _evaluated(sent.formula, sent.value)


def broadcast_text(step: BroadcastStep) -> str:
    """What a step does that sums over copies, in words."""
    axes = ", ".join(map(str, step.axes))
    over = f"axes {axes}" if len(step.axes) > 1 else f"axis {axes}"
    shapes = f"from {list(step.shape)} to {list(step.whole)}"
    return f"{step.variable} was broadcast {shapes}: what comes back is summed over {over}"


def sum_text(step: SumStep) -> str:
    """What a step does that sums what several consumers send, in words."""
    return f"{step.variable} is used {len(step.parts)} times: what comes back is summed"


@_step_lines.register
def _(step: BroadcastStep, number: int) -> Iterator[Line]:
    yield "operation", f"{number:3}. {broadcast_text(step)}"
    yield "in", f"       from {step.consumer}: {step.sent}"
    yield "out", f"       sum: {step.total}"


@_step_lines.register
def _(step: SumStep, number: int) -> Iterator[Line]:
    yield "operation", f"{number:3}. {sum_text(step)}"
    for consumer, value in step.parts:
        yield "in", f"       from {consumer}: {value}"
    simple = all(value.number is not None for _, value in step.parts)
    numbers = _joined(" + ", (value.text for _, value in step.parts)) if simple else None
    yield "out", f"       {chained(step.cotangent.name, numbers, step.total.text)}"


@_step_lines.register
def _(step: AccumulationStep, number: int) -> Iterator[Line]:
    head = f"{number:3}. {step.leaf}.grad"
    if step.before is None:
        yield "operation", f"{head} = {chained(step.cotangent.name, step.gradient.text)}"
        return
    after = summarise(step.after._data).text
    simple = step.before.number is not None
    numbers = _joined(" + ", (step.before.text, step.gradient.text)) if simple else None
    yield "operation", f"{head} = {chained(f'what it holds + {step.cotangent.name}', numbers, after)}"
