"""Simplify a program without changing any result.

One pass over the operations rewrites each by the rules for its verb, and drops what was computed before; a second one
drops what nobody needs. The rules keep every bit of IEEE arithmetic (`x * 1` is `x`, but `x + 0` is not: it turns -0
into 0), but for powers with small constant exponents, which become products as they do in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.program import Operand, Operation, Program, Value
from adjoint.arrays.traced import TracedArray, recording, traced
from adjoint.arrays.verbs import ARRANGEMENTS, ELEMENTWISE, REDUCTIONS

__all__ = ["simplify"]

Rule = Callable[["Rewriter", Operation], Operand | None]


def simplify(program: Program, known: dict[Value, Operand] | None = None) -> Program:
    """A program that computes the same with fewer operations, where these values are `known` numbers."""
    return without_dead_code(with_early_views(without_dead_code(rewritten(program, RULES, known))))


def rewritten(program: Program, rules: dict[str, list[Rule]], known: dict[Value, Operand] | None = None) -> Program:
    """Apply the rules to every operation, and compute what occurs twice once."""
    rewriter = Rewriter(program, rules, program.uses())
    rewriter.known |= known or {}
    with recording(rewriter.program):
        for operation in program.operations:
            rewriter.known[operation.result] = rewriter.place(
                operation, [rewriter.look_up(x) for x in operation.operands]
            )
    rewriter.program.outputs = [rewriter.look_up(x) for x in program.outputs]
    rewriter.program.updates = {number: rewriter.look_up(x) for number, x in program.updates.items()}
    return rewriter.program


class Rewriter:
    """Builds the new program. Rules write into it with the verbs of `traced`, through `apply`."""

    def __init__(self, old: Program, rules: dict[str, list[Rule]], uses: dict[Value, int]) -> None:
        self.rules = rules
        self.uses = uses  # how often values of the old program, and what replaces them, are used there
        self.program = Program()
        self.program.inputs = list(old.inputs)
        self.program.captures = dict(old.captures)
        self.known: dict[Value, Operand] = {}  # values of the old program -> operands of the new one
        self.made: dict[tuple, Operand] = {}

    def look_up(self, operand: Operand) -> Operand:
        return self.known.get(operand, operand) if isinstance(operand, Value) else operand

    def apply(self, verb: str, *operands: Operand, **parameters: Any) -> Operand:
        """The result of a verb, itself simplified."""
        wrapped = [TracedArray(x) if isinstance(x, Value) else x for x in operands]
        count = len(self.program.operations)
        result = getattr(traced, verb)(*wrapped, **parameters)
        if len(self.program.operations) == count:
            return result.value  # the verb had nothing to do
        operation = self.program.operations.pop()
        return self.place(operation, operation.operands)

    def place(self, operation: Operation, operands: Sequence[Operand]) -> Operand:
        """Put an operation into the new program, unless a rule has something better or it is there already."""
        result = operation.result
        if any(new is not old for new, old in zip(operands, operation.operands, strict=True)):
            operation = Operation(operation.verb, operands, operation.parameters, result.shape, result.dtype)
            self.uses[operation.result] = self.uses.get(result, 1)
        key = operation.key()
        if key not in self.made:
            self.made[key] = self.improved(operation)
        return self.made[key]

    def improved(self, operation: Operation) -> Operand:
        for rule in self.rules.get(operation.verb, ()):
            better = rule(self, operation)
            if better is not None:
                return better
        self.program.operations.append(operation)
        return operation.result


def without_dead_code(program: Program) -> Program:
    """Keep only what the results need."""
    needed = {x for x in program.results() if isinstance(x, Value)}
    kept = []
    for operation in reversed(program.operations):
        if operation.result in needed:
            kept.append(operation)
            needed.update(operation.values())
    program.operations = kept[::-1]
    program.captures = {value: array for value, array in program.captures.items() if value in needed}
    return program


def with_early_views(program: Program) -> Program:
    """Move views that are the only use of an elementwise result up to its operands, so that it need not be stored."""
    movable = {*ARRANGEMENTS, "getitem"} - {"broadcast_to"}
    return rewritten(program, RULES | {verb: [*RULES[verb], move_up] for verb in movable})


def move_up(rewriter: Rewriter, view: Operation) -> Operand | None:
    source = view.operands[0].operation
    if source is None or source.verb not in ELEMENTWISE or rewriter.uses.get(source.result) != 1:
        return None
    whole = source.result
    if len(view.operands) > 1 or any(x.size not in (1, whole.size) for x in source.values()):
        return None
    moved = []
    for x in source.operands:
        if isinstance(x, Value) and x.shape:
            x = _reshaped(rewriter, x, whole.shape) if x.size == whole.size else _broadcast(rewriter, x, whole.shape)
            rewriter.uses.setdefault(x, 1)
            x = rewriter.apply(view.verb, x, **view.parameters)
        moved.append(x)
    result = rewriter.apply(source.verb, *moved, **source.parameters)
    rewriter.uses[result] = rewriter.uses.get(view.result, 1)
    return result if result.shape == view.result.shape else None


def _reshaped(rewriter: Rewriter, x: Operand, shape: tuple[int, ...]) -> Operand:
    return x if x.shape == shape else rewriter.apply("reshape", x, shape=shape)


# --- rules -------------------------------------------------------------------------------------------------------


def fill_of(operand: Operand) -> Any:
    """The number that fills an array or that an operand is; None where elements differ or are not known."""
    if not isinstance(operand, Value):
        return operand
    operation = operand.operation
    return operation.parameters["fill_value"] if operation is not None and operation.verb == "full" else None


def full(rewriter: Rewriter, shape: tuple[int, ...], number: Any) -> Operand:
    return rewriter.apply("full", shape, number) if shape else number


def fold(rewriter: Rewriter, operation: Operation) -> Operand | None:
    """Numbers and arrays filled with one number give the like."""
    fills = [fill_of(x) for x in operation.operands]
    result = operation.result
    if all(fill is not None for fill in fills):
        number = operation.evaluate(fills)
        return full(rewriter, result.shape, np.asarray(number, result.dtype)[()])
    numbers = [x if fill is None else fill for x, fill in zip(operation.operands, fills, strict=True)]
    if any(x is not y for x, y in zip(numbers, operation.operands, strict=True)):
        shape = np.broadcast_shapes(*(x.shape for x in numbers if isinstance(x, Value)))
        if shape == result.shape:
            return rewriter.apply(operation.verb, *numbers, **operation.parameters)
    return None


def late_broadcast(rewriter: Rewriter, operation: Operation) -> Operand | None:
    """Compute on what is broadcast, before it is."""
    narrow = [_source(x, "broadcast_to") if isinstance(x, Value) else None for x in operation.operands]
    if all(x is None for x in narrow):
        return None
    operands = [x if source is None else source for x, source in zip(operation.operands, narrow, strict=True)]
    result = rewriter.apply(operation.verb, *operands, **operation.parameters)
    return _broadcast(rewriter, result, operation.result.shape)


def _source(value: Operand, verb: str) -> Operand | None:
    """The operand of the operation that made a value, if that applies the given verb."""
    made = value.operation if isinstance(value, Value) else None
    return made.operands[0] if made is not None and made.verb == verb else None


def _broadcast(rewriter: Rewriter, x: Operand, shape: tuple[int, ...]) -> Operand:
    if not isinstance(x, Value):
        return full(rewriter, shape, x)
    return x if x.shape == shape else rewriter.apply("broadcast_to", x, shape=shape)


def _like(rewriter: Rewriter, x: Operand, operation: Operation) -> Operand | None:
    """`x` as the result of an operation that leaves it as it is; None if the types show that it does not."""
    return _broadcast(rewriter, x, operation.result.shape) if x.dtype == operation.result.dtype else None


def _is(operand: Operand, number: float) -> bool:
    return not isinstance(operand, Value) and operand == number


def product(rewriter: Rewriter, operation: Operation) -> Operand | None:
    x, y = operation.operands
    if _is(x, 1):
        x, y = y, x
    if _is(y, 1):
        return _like(rewriter, x, operation)
    return None


def quotient(rewriter: Rewriter, operation: Operation) -> Operand | None:
    x, y = operation.operands
    return _like(rewriter, x, operation) if _is(y, 1) and isinstance(x, Value) else None


def total(rewriter: Rewriter, operation: Operation) -> Operand | None:
    x, y = operation.operands
    if operation.result.dtype.kind in "iu" and _is(x, 0):
        x, y = y, x
    if operation.result.dtype.kind in "iu" and _is(y, 0) and isinstance(x, Value):
        return _like(rewriter, x, operation)
    return None


def difference(rewriter: Rewriter, operation: Operation) -> Operand | None:
    x, y = operation.operands
    # x - (-0.0) is x + 0.0, which is not x where x is -0.0
    if isinstance(x, Value) and _is(y, 0) and not np.signbit(float(y)):
        return _like(rewriter, x, operation)
    return None


def negation(rewriter: Rewriter, operation: Operation) -> Operand | None:
    return _source(operation.operands[0], "negative")


def power(rewriter: Rewriter, operation: Operation) -> Operand | None:
    x, y = operation.operands
    if (
        isinstance(y, Value)
        or not isinstance(x, Value)
        or x.dtype != operation.result.dtype
        or x.dtype.kind not in "fiu"
    ):
        return None
    apply = rewriter.apply
    if y == 1:
        return _like(rewriter, x, operation)
    if y in (2, 3):
        square = apply("multiply", x, x)
        return square if y == 2 else apply("multiply", square, x)
    if x.dtype.kind == "f" and y in (0.5, -1, -2):
        return apply("sqrt", x) if y == 0.5 else apply("divide", 1, apply("multiply", x, x) if y == -2 else x)
    return None


def square(rewriter: Rewriter, operation: Operation) -> Operand | None:
    (x,) = operation.operands
    return rewriter.apply("multiply", x, x) if x.dtype.kind != "b" else None


def reciprocal(rewriter: Rewriter, operation: Operation) -> Operand | None:
    return rewriter.apply("divide", 1, operation.operands[0]) if operation.result.dtype.kind == "f" else None


def choice(rewriter: Rewriter, operation: Operation) -> Operand | None:
    condition, x, y = operation.operands
    if isinstance(condition, Value):
        return None
    chosen = x if condition else y
    return _like(rewriter, chosen, operation) if hasattr(chosen, "dtype") else None


def cast(rewriter: Rewriter, operation: Operation) -> Operand | None:
    (x,) = operation.operands
    return x if hasattr(x, "dtype") and x.dtype == operation.result.dtype else None


def scalar(rewriter: Rewriter, operation: Operation) -> Operand | None:
    """An array of no dimensions filled with a number is the number."""
    return operation.parameters["fill_value"] if not operation.result.shape else None


def arranged_full(rewriter: Rewriter, operation: Operation) -> Operand | None:
    fill = fill_of(operation.operands[0])
    return None if fill is None else full(rewriter, operation.result.shape, fill)


def as_reshape(rewriter: Rewriter, operation: Operation) -> Operand | None:
    return rewriter.apply("reshape", operation.operands[0], shape=operation.result.shape)


def same_shape(rewriter: Rewriter, operation: Operation) -> Operand | None:
    """Nothing to do, or two steps of one kind that are one."""
    (x,), shape = operation.operands, operation.result.shape
    if x.shape == shape:
        return x
    source = _source(x, operation.verb)
    return rewriter.apply(operation.verb, source, shape=shape) if source is not None else None


def permutation(rewriter: Rewriter, operation: Operation) -> Operand | None:
    (x,), axes = operation.operands, operation.parameters["axes"]
    if axes == tuple(range(len(axes))):
        return x
    source = _source(x, "permute_dims")
    if source is None:
        return None
    inner = x.operation.parameters["axes"]
    return rewriter.apply("permute_dims", source, axes=tuple(inner[axis] for axis in axes))


def reduction(rewriter: Rewriter, operation: Operation) -> Operand | None:
    """Reductions drop the axes that they reduce; `keepdims` is a reshape afterwards. Axes of size 1 need no reduction."""
    (x,), axes = operation.operands, operation.parameters["axis"]
    result = operation.result
    wide = tuple(axis for axis in axes if x.shape[axis] != 1)
    if len(wide) == len(axes) and axes and not operation.parameters["keepdims"]:
        return None
    if wide:
        x = rewriter.apply(operation.verb, x, axis=wide, keepdims=False)
    reshaped = _reshaped(rewriter, x, result.shape)
    return rewriter.apply("astype", reshaped, dtype=result.dtype)


RULES: dict[str, list[Rule]] = {verb: [fold, late_broadcast] for verb in ELEMENTWISE}
RULES |= {verb: [arranged_full] for verb in (*ARRANGEMENTS, "getitem")}
RULES |= {verb: [reduction] for verb in REDUCTIONS}
RULES["full"] = [scalar]
for _verb, _rules in {
    "multiply": [product], "divide": [quotient], "add": [total], "subtract": [difference], "negative": [negation],
    "power": [power], "square": [square], "reciprocal": [reciprocal], "where": [choice], "astype": [cast],
    "expand_dims": [as_reshape], "squeeze": [as_reshape], "reshape": [same_shape], "broadcast_to": [same_shape],
    "permute_dims": [permutation],
}.items():  # fmt: skip
    RULES[_verb] += _rules
