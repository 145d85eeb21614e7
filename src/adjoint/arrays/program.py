"""A program of verbs: what tracing records and `adjoint.compiler` works on.

Every operation applies one verb and has one result. Its operands are results of earlier operations, inputs of the
program, captured arrays, or numbers: Python's, which are weak in type promotion, or NumPy's, which are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.verbs import JOINS

Operand = Any  # a Value, a Python number or a NumPy scalar


class _Pick:
    """Marks the place of an array in a template of an index."""

    def __repr__(self) -> str:
        return "[]"


PICK = _Pick()


class Value:
    """An array that exists while a program runs: its shape and type are known, its elements are not."""

    __slots__ = ("dtype", "operation", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: np.dtype, operation: Operation | None = None) -> None:
        self.shape = shape
        self.dtype = dtype
        self.operation = operation  # what computes it; None for inputs and captured arrays

    @property
    def size(self) -> int:
        count = 1
        for length in self.shape:
            count *= length
        return count

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def __repr__(self) -> str:
        return f"<{self.dtype}{list(self.shape)}>"


class Operation:
    """One verb applied to operands, with static parameters."""

    __slots__ = ("operands", "parameters", "result", "verb")

    def __init__(
        self,
        verb: str,
        operands: Sequence[Operand],
        parameters: dict[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype,
    ) -> None:
        self.verb = verb
        self.operands = tuple(operands)
        self.parameters = parameters
        self.result = Value(shape, dtype, self)

    def values(self) -> Iterator[Value]:
        """The operands that are arrays."""
        return (operand for operand in self.operands if isinstance(operand, Value))

    def evaluate(self, arrays: Sequence[Any]) -> Any:
        """The result on given arrays and numbers in place of the operands, by NumPy."""
        return evaluate(self.verb, arrays, self.parameters)

    def key(self) -> tuple:
        """Equal for operations that compute the same."""
        operands = tuple(
            ("value", id(x)) if isinstance(x, Value) else (type(x), repr(x), getattr(x, "dtype", None))
            for x in self.operands
        )
        return self.verb, operands, repr(self.parameters), self.result.shape, self.result.dtype

    def __repr__(self) -> str:
        return f"<operation {self.verb} -> {self.result!r}>"


class Program:
    """Operations in the order in which they run, what goes in, and what comes out."""

    def __init__(self) -> None:
        self.inputs: list[Value] = []
        self.captures: dict[Value, np.ndarray] = {}  # arrays from outside, by reference: later writes to them count
        self.operations: list[Operation] = []
        self.outputs: list[Operand] = []
        self.updates: dict[int, Operand] = {}  # at the end, input number k is overwritten with this
        self._captured: dict[int, Value] = {}

    def add_input(self, shape: tuple[int, ...], dtype: np.dtype) -> Value:
        value = Value(tuple(shape), np.dtype(dtype))
        self.inputs.append(value)
        return value

    def capture(self, array: np.ndarray) -> Value:
        """An array from outside, as a value. The same array gives the same value."""
        value = self._captured.get(id(array))
        if value is None:
            value = self._captured[id(array)] = Value(array.shape, array.dtype)
            self.captures[value] = array
        return value

    def add(
        self,
        verb: str,
        operands: Sequence[Operand],
        parameters: dict[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype,
    ) -> Value:
        operation = Operation(verb, operands, parameters, tuple(shape), np.dtype(dtype))
        self.operations.append(operation)
        return operation.result

    def results(self) -> list[Operand]:
        """All that the program computes for the outside: outputs, then the new values of inputs."""
        return [*self.outputs, *self.updates.values()]

    def uses(self) -> dict[Value, int]:
        """How often each value is an operand or a result."""
        counts: dict[Value, int] = {}
        for operation in self.operations:
            for value in operation.values():
                counts[value] = counts.get(value, 0) + 1
        for value in self.results():
            if isinstance(value, Value):
                counts[value] = counts.get(value, 0) + 1
        return counts

    def run(self, *inputs: Any) -> tuple[list[Any], dict[int, Any]]:
        """Evaluate by NumPy, one verb after the other: the outputs, and the new values of the inputs written to."""
        known: dict[Any, Any] = dict(zip(self.inputs, inputs, strict=True)) | self.captures

        def look_up(operand: Operand) -> Any:
            return known[operand] if isinstance(operand, Value) else operand

        for operation in self.operations:
            known[operation.result] = operation.evaluate([look_up(x) for x in operation.operands])
        return [look_up(x) for x in self.outputs], {number: look_up(x) for number, x in self.updates.items()}

    def __str__(self) -> str:
        names: dict[Any, str] = {value: f"x{number}" for number, value in enumerate(self.inputs)}
        names |= {value: f"c{number}" for number, value in enumerate(self.captures)}

        def show(operand: Operand) -> str:
            return names[operand] if isinstance(operand, Value) else repr(operand)

        lines = [f"{names[value]}: {value.dtype}{list(value.shape)}" for value in (*self.inputs, *self.captures)]
        for number, operation in enumerate(self.operations):
            result = operation.result
            names[result] = f"v{number}"
            arguments = [show(x) for x in operation.operands]
            arguments += [f"{name}={value}" for name, value in operation.parameters.items()]
            lines.append(f"v{number}: {result.dtype}{list(result.shape)} = {operation.verb}({', '.join(arguments)})")
        lines += [f"x{number} := {show(value)}" for number, value in self.updates.items()]
        lines.append("return " + ", ".join(show(value) for value in self.outputs))
        return "\n".join(lines)


def numpy_verb(verb: str) -> Callable[..., Any]:
    """The function of NumPy arrays that carries out a verb."""
    return getattr(numpy, verb, None) or getattr(np, verb)


def evaluate(verb: str, operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    """A verb carried out by NumPy on operands in the form in which operations hold them."""
    return _CALLS.get(verb, _call)(numpy_verb(verb), operands, parameters)


def _call(function: Callable[..., Any], operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    return function(*operands, **parameters)


def _call_with_list(function: Callable[..., Any], operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    return function(list(operands), **parameters)


def filled(index: Any, arrays: Sequence[Any]) -> Any:
    """A template of an index with its marks replaced by the arrays, in order."""
    rest = iter(arrays)
    if isinstance(index, tuple):
        return tuple(next(rest) if part is PICK else part for part in index)
    return next(rest) if index is PICK else index


def _getitem(function: Callable[..., Any], operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    return function(operands[0], filled(parameters["index"], operands[1:]))


def _place(function: Callable[..., Any], operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    return function(operands[0], filled(parameters["index"], operands[1:]), parameters["shape"])


def _put(function: Callable[..., Any], operands: Sequence[Any], parameters: dict[str, Any]) -> Any:
    x, values, *arrays = operands
    return function(x, filled(parameters["index"], arrays), values)


# How the verbs whose signature is not "operands, then parameters" are called.
_CALLS = dict.fromkeys(JOINS, _call_with_list) | {"getitem": _getitem, "place": _place, "put": _put}
