"""Formulas as SymPy expressions, for what only a computer algebra system can do: simplify, solve, plot, compare."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from adjoint.arrays.formula import Formula, Part, Symbol
from adjoint.insight import special_forms
from adjoint.lazy import lazy

sympy = lazy("sympy", extra="insight")

_DEEPEST = 100
_LONGEST = 2000
_SIMPLIFIED = 400  # longer ones are left as they are: simplifying could take minutes
_CHOICES = 4  # with more choices between cases there are too many cases

#: verbs whose function in SymPy has another name
_NAMES = {
    "abs": "Abs", "maximum": "Max", "minimum": "Min", "fmax": "Max", "fmin": "Min", "ceil": "ceiling", "conj": "conjugate", "real": "re", "imag": "im",
    "equal": "Eq", "not_equal": "Ne", "logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not",
}  # fmt: skip


def _assuming(condition: Any, expression: Any) -> Any:
    """An expression where a condition holds: given `a <= b`, Max(a, b) is b and Min(a, b) is a."""
    known: dict[Any, Any] = {}
    for each in condition.args if isinstance(condition, sympy.And) else (condition,):
        if isinstance(each, (sympy.LessThan, sympy.StrictLessThan, sympy.GreaterThan, sympy.StrictGreaterThan)):
            known |= {sympy.Max(each.lts, each.gts): each.gts, sympy.Min(each.lts, each.gts): each.lts}
    for _ in known:  # one bound stands inside of the other
        expression = expression.xreplace(known)
    return expression


#: verbs that are operators, or that SymPy writes with other functions
_FORMS: dict[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "negative": operator.neg, "power": operator.pow,
    "less": operator.lt, "less_equal": operator.le, "greater": operator.gt, "greater_equal": operator.ge,
    "square": lambda a: a**2,
    "reciprocal": lambda a: 1 / a,
    "remainder": lambda a, b: a - b * sympy.floor(a / b),
    "floor_divide": lambda a, b: sympy.floor(a / b),
    "fmod": lambda a, b: a - b * sympy.sign(a / b) * sympy.floor(sympy.Abs(a / b)),
    "copysign": lambda a, b: sympy.Abs(a) * sympy.sign(b),
    "hypot": lambda a, b: sympy.sqrt(a**2 + b**2),
    "logaddexp": lambda a, b: sympy.log(sympy.exp(a) + sympy.exp(b)),
    "logaddexp2": lambda a, b: sympy.log(2**a + 2**b, 2),
    "isnan": lambda a: sympy.false, "isinf": lambda a: sympy.false, "isfinite": lambda a: sympy.true,  # symbols are numbers
    "trunc": lambda a: sympy.sign(a) * sympy.floor(sympy.Abs(a)),
    "expm1": lambda a: sympy.exp(a) - 1,
    "log1p": lambda a: sympy.log(1 + a),
    "log2": lambda a: sympy.log(a, 2),
    "log10": lambda a: sympy.log(a, 10),
    "sigmoid": lambda a: 1 / (1 + sympy.exp(-a)),
    "where": lambda condition, a, b: sympy.Piecewise((_assuming(condition, a), condition), (b, True)),
    "full": lambda a: a, "datum": lambda a: a, "astype": lambda a: a, "broadcast_to": lambda a: a, "reshape": lambda a: a,
}  # fmt: skip


#: verbs of truth values; for others those count as 1 and 0
_OF_TRUTH = {"logical_and", "logical_or", "logical_xor", "logical_not"}


def _counted(operand: Any) -> Any:
    """An operand as a number, which a truth value is too."""
    is_truth = isinstance(operand, sympy.logic.boolalg.Boolean) and not isinstance(operand, sympy.Symbol)
    return sympy.Piecewise((1, operand), (0, True)) if is_truth else operand


def to_sympy(formula: Part) -> Any:
    """A formula of numbers as a SymPy expression; symbols of real type are real there.

    Raises ValueError where it has shapes, and where it is too long to be of use.

    >>> from adjoint.arrays.symbolic import symbolic
    >>> x = Symbol("x", (), np.dtype(np.float64))
    >>> to_sympy(symbolic.cos(x) / 2)
    cos(x)/2
    """
    if isinstance(formula, Formula):
        if formula.shape:
            raise ValueError(f"the formula has shape {list(formula.shape)}, and SymPy gets formulas of numbers only")
        if formula.depth > _DEEPEST or formula.length > _LONGEST:
            raise ValueError(
                f"the formula has {formula.length} parts, and no more than {_LONGEST} are of use to a reader"
            )
    known: dict[int, Any] = {}

    def look_up(part: Part) -> Any:
        if not isinstance(part, Formula):
            return _number(part)
        if id(part) not in known:
            known[id(part)] = convert(part)
        return known[id(part)]

    def convert(part: Formula) -> Any:
        if isinstance(part, Symbol):
            return sympy.Symbol(part.name, **({} if part.dtype.kind == "c" else {"real": True}))
        operands = [look_up(operand) for operand in part.operands]
        if part.verb not in _OF_TRUTH:
            conditions = part.verb == "where"  # of which the first is one
            operands[conditions:] = map(_counted, operands[conditions:])
        if part.verb in special_forms.FORMS:
            return special_forms.FORMS[part.verb](*operands, **part.parameters)
        form = _FORMS.get(part.verb)
        if form is not None:
            return form(*operands)
        name = _NAMES.get(part.verb, part.verb)
        return (getattr(sympy, name, None) or sympy.Function(name))(*operands)

    return look_up(formula)


def simplified(formula: Formula) -> Any:
    """A formula as a SymPy expression, simplified, each case of its own, if it is not too long for that."""
    expression = to_sympy(formula)
    if formula.length > _SIMPLIFIED or len(expression.atoms(sympy.Piecewise)) > _CHOICES:
        return expression
    folded = sympy.piecewise_fold(expression)
    if not isinstance(folded, sympy.Piecewise):
        return sympy.simplify(folded)
    return sympy.Piecewise(*((sympy.simplify(case), condition) for case, condition in folded.args))


def _number(number: Any) -> Any:
    """A number, as a fraction where it is meant as one: 0.5 and 1/3 are, 1e-08 is not."""
    if isinstance(number, np.generic):
        number = float(str(number)) if number.dtype.kind in "fV" else number.item()
    if isinstance(number, bool | int):
        return sympy.sympify(number)
    if isinstance(number, complex):
        return _number(number.real) + _number(number.imag) * sympy.I
    if not np.isfinite(number):
        return sympy.sympify(number)
    near = Fraction(number).limit_denominator(1000)
    return sympy.Rational(near.numerator, near.denominator) if float(near) == number else sympy.Float(number)
