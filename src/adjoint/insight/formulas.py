"""The derivative of an operation as one line of text, read off its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import notation
from adjoint.arrays.formula import Formula, Part, Symbol, constant
from adjoint.arrays.symbolic import symbolic
from adjoint.core.primitive import OUT, SHAPE, VALUE, Primitive, Step, call_rule

_REAL = np.dtype(np.float64)


def derivative_text(primitive: Primitive) -> str:
    """The derivatives of an operation, a line per operand; for products of arrays, what goes back to each operand.

    Empty for operations whose derivative depends on static parameters other than numbers, or that have none.

    >>> from adjoint.ops.pointwise import sin
    >>> derivative_text(sin.primitive)
    'd/dx sin(x) = cos(x)'
    """
    return "\n".join(f"{head} = {notation.text(formula)}" for head, formula in _lines(primitive))


def partials(primitive: Primitive) -> dict[str, Formula]:
    """For an elementwise operation, the derivative by each operand that has one, as a formula of the operands.

    The formula's symbols are the operands and static parameters by the record's names. Empty for other operations.
    """
    if primitive.jvp not in ("partials", "diagonal") or primitive.variadic:
        return {}
    symbols = {name: Symbol(name, (), _REAL) for name in (*primitive.operands, *primitive.parameters)}
    operands = [symbols[name] for name in primitive.operands]
    params = {name: symbols[name] for name in primitive.parameters}
    out = primitive.forward(symbolic, *operands, **params)
    return dict(_partials(primitive, operands, params, out))


def _lines(primitive: Primitive) -> Iterator[tuple[str, Formula]]:
    if primitive.jvp in ("partials", "diagonal") and not primitive.variadic:
        symbols = {name: Symbol(name, (), _REAL) for name in (*primitive.operands, *primitive.parameters)}
        operands = [symbols[name] for name in primitive.operands]
        params = {name: symbols[name] for name in primitive.parameters}
        written = _written(primitive, operands, params)
        out = Symbol(written, (), _REAL)
        for name, formula in _partials(primitive, operands, params, out):
            yield f"d/d{name} {written}", formula
    elif primitive.jvp == "multilinear":
        for name, formula in _transposes(primitive):
            yield f"{name}.grad", formula


def _written(primitive: Primitive, operands: Sequence[Symbol], params: dict[str, Symbol]) -> str:
    """An operation as a formula, if it is a verb on its operands, else as a call."""
    formula = primitive.forward(symbolic, *operands, **params)
    if tuple(formula.operands) == tuple(operands) or formula.verb == "negative":
        return notation.text(formula, binding=notation.POWER)
    arguments = [*(symbol.name for symbol in operands), *(f"{name}={name}" for name in params)]
    return f"{primitive.name}({', '.join(arguments)})"


def _partials(
    primitive: Primitive, operands: Sequence[Symbol], params: dict[str, Any], out: Formula
) -> Iterator[tuple[str, Formula]]:
    plan = primitive.plan(primitive.usable_mask((1 << len(operands)) - 1))
    saved = _saved(plan.sources, operands, out)
    one = constant(1, (), _REAL)
    for step in plan.steps:
        yield primitive.operands[step.index], _derivative(primitive, step, params, saved, one)


def _saved(sources: Sequence[tuple[int, int]], operands: Sequence[Formula], out: Formula) -> tuple:
    facets: dict[int, Any] = {
        VALUE: lambda index: operands[index],
        OUT: lambda _: out,
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
    """What goes back to each operand of a product, with `g` for what comes in."""
    for shapes in _SHAPES:
        operands = [Symbol(name, shape, _REAL) for name, shape in zip(primitive.operands, shapes, strict=True)]
        out = primitive.forward(symbolic, *operands)
        plan = primitive.plan(3)
        saved = _saved(plan.sources, operands, out)
        cotangent = Symbol("g", out.shape, _REAL)
        sent = [call_rule(step, None, saved, symbolic, cotangent) for step in plan.steps]
        if all(formula.shape == operand.shape for formula, operand in zip(sent, operands, strict=True)):
            yield from ((operand.name, formula) for operand, formula in zip(operands, sent, strict=True))
            return
