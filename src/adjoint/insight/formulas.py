"""The derivative of an operation as one line of text, read off its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import notation
from adjoint.arrays.formula import Formula, Part, Symbol, constant
from adjoint.arrays.symbolic import symbolic
from adjoint.core.primitive import OUT, SHAPE, VALUE, Primitive, Step, call_rule

_REAL = np.dtype(np.float64)


def derivative_text(primitive: Primitive) -> str:
    """The derivatives of an operation, a line per operand; for products of arrays, what goes back to each operand.

    Empty for operations without a derivative, and for those whose derivative is no formula per element.

    >>> from adjoint.ops.pointwise import sin
    >>> derivative_text(sin.primitive)
    'd/dx sin(x) = cos(x)'
    """
    if _is_elementwise(primitive):
        operands, params = _symbols(primitive)
        written = _written(primitive, operands, params)
        found = _partials(primitive, operands, params, lambda: Symbol(written, (), _REAL))
        return "\n".join(f"d/d{name} {written} = {notation.text(formula)}" for name, formula in found.items())
    if primitive.jvp == "multilinear":
        return "\n".join(f"g -> {name}: {notation.text(formula)}" for name, formula in _transposes(primitive))
    return ""


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


#: shapes of two operands of a product, in the order in which they are tried
_SHAPES = (((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3,)))


def _transposes(primitive: Primitive) -> Iterator[tuple[str, Formula]]:
    """What goes back to each operand of a product of two, with `g` for what comes in."""
    for shapes in _SHAPES if len(primitive.operands) == 2 and not primitive.parameters else ():
        operands = [Symbol(name, shape, _REAL) for name, shape in zip(primitive.operands, shapes, strict=True)]
        try:
            sent = _sent(primitive, operands)
        except ValueError:  # the product is not one of operands of these shapes
            continue
        if all(formula.shape == operand.shape for formula, operand in zip(sent, operands, strict=True)):
            yield from ((operand.name, formula) for operand, formula in zip(operands, sent, strict=True))
            return


def _sent(primitive: Primitive, operands: Sequence[Symbol]) -> list[Formula]:
    out = primitive.forward(symbolic, *operands)
    plan = primitive.plan((1 << len(operands)) - 1)
    saved = _saved(plan.sources, operands, lambda: out)
    cotangent = Symbol("g", out.shape, _REAL)
    return [call_rule(step, None, saved, symbolic, cotangent) for step in plan.steps]
