"""The steps of a chain rule worked out: what an explanation is made of."""

from __future__ import annotations

from dataclasses import dataclass

from adjoint.arrays.formula import Formula, Symbol
from adjoint.core.tensor import Tensor
from adjoint.insight.source import SourceLine
from adjoint.insight.value import Value


@dataclass(frozen=True)
class Definition:
    """A variable of the program: a leaf, or what an operation computed. `value` is None where it was not kept."""

    name: str
    formula: Formula | None
    value: Value | None
    made_by: str


@dataclass(frozen=True)
class Sent:
    """What an operation sends back to one operand, before it is summed where the operand was broadcast.

    `derivative` is that of the result by the operand, where it is a formula per element; its symbol is `ratio`.
    """

    to: str
    ratio: Symbol | None
    derivative: Formula | None
    derivative_value: Value | None
    formula: Formula
    value: Value


@dataclass(frozen=True)
class OperationStep:
    """One operation of the backward pass: the cotangents that came in, and what goes out to each operand.

    `line` is that of the program which called the operation, or None where that is not known.
    """

    definitions: tuple[Definition, ...]
    cotangents: tuple[Symbol, ...]
    values: tuple[Value, ...]
    sent: tuple[Sent, ...]
    line: SourceLine | None = None


@dataclass(frozen=True)
class BroadcastStep:
    """The sum, over its copies, of what an operation sends to an operand that it had broadcast."""

    variable: str
    consumer: str
    shape: tuple[int, ...]
    whole: tuple[int, ...]
    axes: tuple[int, ...]  # of `whole`, over which the sum goes
    sent: Value
    total: Value


@dataclass(frozen=True)
class SumStep:
    """The cotangent of a variable with several consumers: the sum of what they send."""

    variable: str
    cotangent: Symbol
    parts: tuple[tuple[str, Value], ...]  # the consumer, and what it sends
    total: Value


@dataclass(frozen=True)
class AccumulationStep:
    """What `backward()` adds to a leaf's `.grad`; `before` is what is there already."""

    leaf: str
    cotangent: Symbol
    gradient: Value
    before: Value | None
    after: Tensor


Step = OperationStep | BroadcastStep | SumStep | AccumulationStep


@dataclass(frozen=True)
class Relation:
    """Between two of the user's own variables, through unnamed results: the derivative of one by the other.

    For programs of numbers `formula` is that derivative. Else it is what goes back from one to the other, in terms of
    the cotangent `ratio` of the first.
    """

    result: str
    operand: str
    ratio: Symbol
    formula: Formula
    value: Value


@dataclass(frozen=True)
class Chain:
    """The whole derivative by one of the user's variables: a sum of products of the derivatives along each path."""

    variable: str
    cotangent: Symbol
    paths: tuple[tuple[Symbol, ...], ...]
    value: Value
