"""The derivative of an operation as one line of text, read off its record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import notation
from adjoint.arrays.formula import Formula, Part, Symbol, constant
from adjoint.arrays.symbolic import symbolic
from adjoint.core.primitive import OUT, SHAPE, VALUE, Primitive, Step, call_rule

_REAL = np.dtype(np.float64)


def derivative_text(primitive: Primitive) -> str:
    """The derivatives of an operation, a line per operand; where it mixes elements, what goes back to each operand.

    Empty for operations without a derivative, and for those whose formula depends on static parameters.

    >>> from adjoint.ops.pointwise import sin
    >>> derivative_text(sin.primitive)
    'd/dx sin(x) = cos(x)'
    """
    if _is_elementwise(primitive):
        operands, params = _symbols(primitive)
        written = _written(primitive, operands, params)
        found = _partials(primitive, operands, params, lambda: Symbol(written, (), _REAL))
        return "\n".join(f"d/d{name} {written} = {notation.text(formula)}" for name, formula in found.items())
    sent = cotangent_formulas(primitive)
    return "\n".join(f"g -> {name}: {notation.text(formula)}" for name, formula in sent.items())


def partials(primitive: Primitive, **given: Any) -> dict[str, Formula]:
    """For an elementwise operation, the derivative by each operand that has one, as a formula of the operands.

    The formula's symbols are the operands and the static parameters, by the record's names; parameters may be `given`
    as numbers. Empty for other operations.
    """
    if not _is_elementwise(primitive):
        return {}
    operands, symbols = _symbols(primitive)
    params = symbols | given
    return _partials(primitive, operands, params, lambda: primitive.forward(symbolic, *operands, **params))


def _is_elementwise(primitive: Primitive) -> bool:
    return primitive.jvp in ("partials", "diagonal") and not primitive.variadic


def _symbols(primitive: Primitive) -> tuple[list[Symbol], dict[str, Any]]:
    """Symbols for the operands and for the static parameters."""
    operands = [Symbol(name, (), _REAL) for name in primitive.operands]
    return operands, {name: Symbol(name, (), _REAL) for name in primitive.parameters}


def _written(primitive: Primitive, operands: Sequence[Symbol], params: dict[str, Symbol]) -> str:
    """An operation as a formula, if it is a verb on its operands, else as a call."""
    try:
        formula = primitive.forward(symbolic, *operands, **params)
    except TypeError:  # what it computes depends on a parameter's number
        formula = None
    if formula is not None and (tuple(formula.operands) == tuple(operands) or formula.verb == "negative"):
        return notation.text(formula, binding=notation.POWER)
    return f"{primitive.title}({', '.join([*(symbol.name for symbol in operands), *params])})"


def _partials(
    primitive: Primitive, operands: Sequence[Symbol], params: dict[str, Any], out: Callable[[], Formula]
) -> dict[str, Formula]:
    plan = primitive.plan(primitive.usable_mask((1 << len(operands)) - 1))
    saved = _saved(plan.sources, operands, out)
    one = constant(1, (), _REAL)
    try:
        return {primitive.operands[step.index]: _derivative(primitive, step, params, saved, one) for step in plan.steps}
    except (RuntimeError, TypeError):  # the operation refuses to be differentiated, or depends on a parameter's number
        return {}


def _saved(sources: Sequence[tuple[int, int]], operands: Sequence[Formula], out: Callable[[], Formula]) -> tuple:
    facets: dict[int, Any] = {
        VALUE: lambda index: operands[index],
        OUT: lambda _: out(),
        SHAPE: lambda index: operands[index].shape,
    }
    return tuple(facets.get(kind, lambda index: operands[index].dtype)(index) for kind, index in sources)


def _derivative(primitive: Primitive, step: Step, params: dict[str, Any], saved: tuple, one: Formula) -> Formula:
    if primitive.jvp != "partials":
        factor: Part = call_rule(step, params, saved, symbolic, one)
    elif isinstance(step.rule, int):
        factor = step.rule
    else:
        factor = call_rule(step, params, saved, symbolic)
        factor = symbolic.where(factor, 1, 0) if primitive.gates else factor
    return factor if isinstance(factor, Formula) else constant(factor, (), _REAL)


#: shapes of operands, by their number, in the order in which they are tried; letters are sizes
_SHAPES = {1: ("mn", "mm", "m"), 2: ("mn nk", "mn n", "n n", "mn mn", "mm mn"), 3: ("mk mn nk",)}
_SIZES = ({"m": 2, "n": 3, "k": 4}, {"m": 5, "n": 6, "k": 7})
_LONGEST = 40  # parts of a formula that is still read


def cotangent_formulas(primitive: Primitive) -> dict[str, Formula]:
    """What goes back to each operand of an operation that mixes elements, for a cotangent `g` and real operands.

    The operands are symbols of shapes that the operation takes. Empty for operations with static parameters, with several
    results, or with any number of operands; for those whose rule does not run on formulas; and where the formula is
    another one for other shapes.
    """
    several = primitive.variadic or primitive.many_outputs or len(primitive.outputs) > 1
    if several or primitive.parameters or not primitive.rules or _is_elementwise(primitive):
        return {}
    for letters in _SHAPES.get(len(primitive.operands), ()):
        shapes = [[tuple(sizes[each] for each in word) for word in letters.split()] for sizes in _SIZES]
        found, larger = (_sent_for(primitive, each) for each in shapes)
        if found:
            stacked = [(9, *shape) for shape in shapes[0]]
            others = [larger, _sent_for(primitive, stacked)]
            if all(len(shape) == 1 for shape in shapes[0][1:]):
                others.append(_sent_for(primitive, [stacked[0], *shapes[0][1:]]))
            is_general = larger and all(_texts(each) == _texts(found) for each in others if each)
            return found if is_general else {}
    return {}


def _texts(formulas: dict[str, Formula]) -> list[str]:
    return [notation.text(formula) for formula in formulas.values()]


def _sent_for(primitive: Primitive, shapes: Sequence[tuple[int, ...]]) -> dict[str, Formula]:
    """What goes back to operands of these shapes; empty where there is no such formula, or a long one."""
    operands = [Symbol(name, shape, _REAL) for name, shape in zip(primitive.operands, shapes, strict=True)]
    try:
        sent = _sent(primitive, operands)
    except Exception:  # operands of these shapes are not taken, or a rule does with arrays what has no formula
        return {}
    found = {name: formula for name, formula in sent.items() if isinstance(formula, Formula)}
    fits = all(found[each.name].shape == each.shape for each in operands if each.name in found)
    return found if fits and all(formula.length <= _LONGEST for formula in found.values()) else {}


def _sent(primitive: Primitive, operands: Sequence[Symbol]) -> dict[str, Any]:
    out = primitive.forward(symbolic, *operands)
    plan = primitive.plan(primitive.usable_mask((1 << len(operands)) - 1))
    saved = _saved(plan.sources, operands, lambda: out)
    cotangent = Symbol("g", out.shape, _REAL)
    if primitive.joint:
        return dict(zip(primitive.operands, call_rule(plan.steps[0], {}, saved, symbolic, cotangent), strict=True))
    return {primitive.operands[step.index]: _part(step, saved, cotangent) for step in plan.steps}


def _part(step: Step, saved: tuple, cotangent: Symbol) -> Any:
    if isinstance(step.rule, int):
        return cotangent if step.rule == 1 else symbolic.negative(cotangent)
    return call_rule(step, {}, saved, symbolic, cotangent)
