"""Formulas: what a computation looks like when its arrays are symbols.

A formula is a verb applied to formulas and numbers. It knows the shape and the type that its value has, so rules that
look at those run on formulas as they run on arrays. It has no elements.

    >>> import numpy as np
    >>> from adjoint.arrays.formula import Symbol
    >>> from adjoint.arrays.symbolic import symbolic
    >>> y = Symbol("y", (), np.dtype(np.float32))
    >>> symbolic.cos(y) / (2 * y)
    cos(y) / (2 * y)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import notation
from adjoint.arrays.program import evaluate

Part = Any  # an operand of a formula: a formula, or a Python number
_ENDLESS = 10**9  # a length beyond which formulas are not told apart: it grows exponentially with their depth


class Formula:
    """A verb applied to operands, with static parameters.

    Formulas share parts. `length` counts the parts of one as it is written, where what is shared stands several times;
    `depth` says how deep they are nested.
    """

    __slots__ = ("depth", "dtype", "length", "operands", "parameters", "shape", "verb")
    length: int
    depth: int
    __array_ufunc__ = None  # NumPy's arrays and scalars leave operators to us
    __hash__ = object.__hash__

    def __init__(
        self, verb: str, operands: Sequence[Part], parameters: dict[str, Any], shape: tuple[int, ...], dtype: np.dtype
    ) -> None:
        self.verb = verb
        self.operands: tuple[Part, ...] = tuple(operands)
        self.parameters = parameters
        self.shape = shape
        self.dtype = dtype
        length, depth = 1, 0
        for part in self.operands:
            if isinstance(part, Formula):
                length += part.length
                depth = max(depth, part.depth)
        self.length = min(length, _ENDLESS)
        self.depth = depth + 1

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    def __bool__(self) -> bool:
        """Whether a condition holds in general: two different formulas are equal only for particular numbers."""
        if self.verb in _HOLD_IN_GENERAL:
            return _HOLD_IN_GENERAL[self.verb](*self.operands)
        raise TypeError(f"whether {self} holds depends on numbers, and a formula has none")

    def __repr__(self) -> str:
        return notation.text(self)


class Symbol(Formula):
    """A variable, by its name; `value` is the array or number that it stands for, where that is known."""

    __slots__ = ("latex", "name", "value")

    def __init__(
        self, name: str, shape: tuple[int, ...], dtype: np.dtype, value: Any = None, latex: str | None = None
    ) -> None:
        super().__init__("symbol", (), {}, tuple(shape), dtype)
        self.name = name
        self.value = value
        self.latex = latex


def same(a: Part, b: Part) -> bool:
    """Whether two operands are seen at once to be the same: one formula, one symbol, or equal numbers."""
    if isinstance(a, Symbol) and isinstance(b, Symbol):
        return a.name == b.name and a.value is b.value
    if isinstance(a, Formula) or isinstance(b, Formula):
        return a is b
    return bool(a == b)


_HOLD_IN_GENERAL: dict[str, Callable[[Part, Part], bool]] = {"equal": same, "not_equal": lambda a, b: not same(a, b)}


def number_of(part: Part) -> Any:
    """The number that a part is at every element, or None."""
    if isinstance(part, Formula):
        return part.operands[0] if part.verb == "full" else None
    return part


def datum(number: Any) -> Formula:
    """A number from the program's data: unlike a `constant`, never worked into the formula around it."""
    return Formula("datum", (number,), {}, (), np.result_type(number))


def constant(number: Any, shape: tuple[int, ...], dtype: np.dtype) -> Formula:
    """A formula that is one number at every element."""
    return Formula("full", (number,), {}, tuple(shape), dtype)


def build(
    verb: str,
    operands: Sequence[Part],
    shape: tuple[int, ...],
    dtype: np.dtype,
    parameters: dict[str, Any] | None = None,
) -> Formula:
    """A verb applied to operands, written in the simplest way that is seen at once: `x` for `x * 1`, `a - b` for `a + -b`."""
    rewrite = _REWRITES.get(verb)
    result = rewrite(*operands, **(parameters or {})) if rewrite is not None else None
    if result is None:
        return Formula(verb, operands, parameters or {}, shape, dtype)
    return _shaped(result, shape, dtype)


def _shaped(result: Part, shape: tuple[int, ...], dtype: np.dtype) -> Formula:
    """What a rewrite gave, in the shape and type of what it stands for."""
    if not isinstance(result, Formula):
        return constant(result, shape, dtype)
    if result.verb == "full":
        return constant(result.operands[0], shape, dtype)
    if result.dtype != dtype:
        result = Formula("astype", (result,), {"dtype": dtype}, result.shape, dtype)
    if result.shape != shape:
        result = Formula("broadcast_to", (result,), {"shape": shape}, shape, dtype)
    return result


# --- rewrites: per verb, what an application of it is better written as, or None -----------------------------------


def _join(verb: str, *operands: Part) -> Formula:
    """An elementwise verb between the parts of a formula that is being rewritten."""
    arrays = [operand for operand in operands if isinstance(operand, Formula)]
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    return build(verb, operands, shape, np.result_type(*(array.dtype for array in arrays)))


def _is(part: Part, verb: str) -> bool:
    return isinstance(part, Formula) and part.verb == verb


def _add(a: Part, b: Part) -> Part | None:
    if number_of(a) == 0:
        return b
    if number_of(b) == 0:
        return a
    if _is(b, "negative"):
        return _join("subtract", a, b.operands[0])
    if _is(a, "negative"):
        return _join("subtract", b, a.operands[0])
    return _join("multiply", 2, a) if isinstance(a, Formula) and same(a, b) else None


def _subtract(a: Part, b: Part) -> Part | None:
    if number_of(b) == 0:
        return a
    if number_of(a) == 0 and isinstance(b, Formula):
        return _join("negative", b)
    return _join("add", a, b.operands[0]) if _is(b, "negative") else None


def _multiply(a: Part, b: Part) -> Part | None:
    for x, y in ((a, b), (b, a)):
        number = number_of(x)
        if number is not None and number in (0, 1):
            return 0 if number == 0 else y
        if isinstance(number, int | float) and number < 0 and isinstance(y, Formula):
            return _join("negative", _join("multiply", -number, y))
        if _is(x, "negative"):
            return _join("negative", _join("multiply", *((x.operands[0], y) if x is a else (y, x.operands[0]))))
        if _is(x, "divide") and number_of(x.operands[0]) == 1:
            return _join("divide", y, x.operands[1])
    if number_of(a) is None:  # numbers in front: 2 * cos(x) * x for cos(x) * (2 * x)
        if number_of(b) is not None:
            return _join("multiply", b, a)
        if _is(b, "multiply") and number_of(b.operands[0]) is not None:
            return _join("multiply", b.operands[0], _join("multiply", a, b.operands[1]))
    return _join("power", a, 2) if isinstance(a, Formula) and number_of(a) is None and same(a, b) else None


def _divide(a: Part, b: Part) -> Part | None:
    if number_of(b) == 1 or number_of(a) == 0:
        return a
    if _is(a, "negative"):
        return _join("negative", _join("divide", a.operands[0], b))
    if _is(a, "divide") and same(a.operands[1], b):
        return _join("divide", a.operands[0], _join("power", b, 2) if isinstance(b, Formula) else b * b)
    return None


def _power(a: Part, b: Part) -> Part | None:
    return {1: a, 0: 1}.get(number_of(b)) if isinstance(a, Formula) else None


def _negative(a: Part) -> Part | None:
    if number_of(a) is not None:
        return -number_of(a)
    if _is(a, "negative"):
        return a.operands[0]
    return _join("subtract", a.operands[1], a.operands[0]) if _is(a, "subtract") else None


def _where(condition: Part, a: Part, b: Part) -> Part | None:
    holds = number_of(condition)
    if holds is not None:
        return a if holds else b
    return a if same(a, b) or (number_of(a) is not None and number_of(a) == number_of(b)) else None


def _real_alone(a: Part) -> Part | None:
    return a if isinstance(a, Formula) and a.dtype.kind != "c" else None


def _conj(a: Part) -> Part | None:
    return a.operands[0] if _is(a, "conj") else _real_alone(a)


def _same_shape(a: Part, shape: tuple[int, ...]) -> Part | None:
    return a if a.shape == shape or number_of(a) is not None else None


def _reshape(a: Part, shape: tuple[int, ...]) -> Part | None:
    """Nothing, where the shape stays; a sum over axes that are then put back is a sum that keeps them."""
    if _is(a, "sum"):
        (whole,), axes = a.operands, a.parameters["axis"]
        if shape == tuple(1 if axis in axes else size for axis, size in enumerate(whole.shape)):
            return build("sum", (whole,), shape, a.dtype, {"axis": axes, "keepdims": True})
    return _same_shape(a, shape)


def _over_no_axis(a: Part, axis: tuple[int, ...], **_: Any) -> Part | None:
    return a if axis == () else None


def _same_order(a: Part, axes: tuple[int, ...]) -> Part | None:
    return a if axes == tuple(range(len(axes))) or number_of(a) is not None else None


def _moved(a: Part, axis: Any) -> Part | None:
    """Axes put in, left out or turned round: nothing, where there are none, or one number is everywhere."""
    return a if axis == () or number_of(a) is not None else None


def _in_type(a: Part, dtype: np.dtype) -> Part | None:
    """A cast, which a formula leaves away in its text."""
    number = number_of(a)
    if number is not None:
        return dtype.type(number).item() if dtype.kind in "biufc" else number
    return a if a.dtype == dtype else None


def _logical(verb: str) -> Callable[..., Part | None]:
    """On truth values, `&` means "and"."""

    def rewrite(*parts: Part) -> Part | None:
        dtypes = {part.dtype if isinstance(part, Formula) else np.dtype(type(part)) for part in parts}
        return _join(verb, *parts) if dtypes == {np.dtype(bool)} else None

    return rewrite


_REWRITES: dict[str, Callable[..., Part | None]] = {
    "bitwise_and": _logical("logical_and"), "bitwise_or": _logical("logical_or"),
    "bitwise_xor": _logical("logical_xor"), "bitwise_invert": _logical("logical_not"),
    "add": _add, "subtract": _subtract, "multiply": _multiply, "divide": _divide, "power": _power,
    "negative": _negative, "where": _where, "conj": _conj, "real": _real_alone, "astype": _in_type,
    "reshape": _reshape, "broadcast_to": _same_shape, "permute_dims": _same_order,
    "expand_dims": _moved, "squeeze": _moved, "flip": _moved, "sum": _over_no_axis,
    "prod": _over_no_axis, "max": _over_no_axis, "min": _over_no_axis,
}  # fmt: skip


# --- numbers in place of symbols -----------------------------------------------------------------------------------


def value_of(formula: Part, values: Mapping[str, Any] | None = None) -> Any:
    """The value of a formula, computed by NumPy with `values`, by name, in place of its symbols, else their own.

    >>> x = Symbol("x", (), np.dtype(np.float64))
    >>> float(value_of(build("power", (x, 2), x.shape, x.dtype), {"x": 3.0}))
    9.0
    """
    known: dict[int, Any] = {}

    def look_up(part: Part) -> Any:
        if not isinstance(part, Formula):
            return part
        if id(part) not in known:
            known[id(part)] = value(part)
        return known[id(part)]

    def value(part: Formula) -> Any:
        if isinstance(part, Symbol):
            found = (values or {}).get(part.name, part.value)
            if found is None:
                raise ValueError(f"the formula has a symbol {part.name!r} whose value is not known")
            return found
        if part.verb == "datum":
            return part.operands[0]
        if part.verb == "full":
            return np.full(part.shape, part.operands[0], part.dtype)[()]
        operands = [look_up(operand) for operand in part.operands]
        if part.verb == "result":  # one of several
            return operands[0][part.parameters["place"]]
        return evaluate(part.verb, operands, part.parameters)

    return look_up(formula)
