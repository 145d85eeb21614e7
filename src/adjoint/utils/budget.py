"""Any program's saved values within a number of bytes, by recomputing.

Each operation inside a `budget` block notes how its result was made: the primitive, its operands, its parameters. When
the values saved for the backward pass pass half of the budget, some are let go, and made again from these notes when the
backward pass asks for them; the other half is room for what is made again.

Which ones go is decided by a ruler. Results are numbered as they are made, and the first to go are those whose number is
divisible by the lowest power of two: of a long chain every second value goes, then every second of the rest, so that what
is kept lies evenly. Values made again obey the same ruler, so that a stretch too long for the free room is itself kept at
even distances.

The cost, for a chain of n values with room for k: nothing where n <= k/2; at most one more forward pass where
n <= (k/2)^2 / 2; beyond that, about one more each time that n grows by a factor of k/4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from heapq import heappop, heappush
from typing import Any
from weakref import ref

import numpy as np

from adjoint.core import modes
from adjoint.core.apply import apply
from adjoint.core.graph import Node, node_of, version_of
from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor, wrap, writes_of

__all__ = ["budget"]


class budget:  # noqa: N801  (used as a statement: `with budget(10**8):`)
    """Keep what the operations of this block save for their derivatives within so many bytes.

    Run the forward pass inside the block; the backward pass may come later. What you hold yourself, the program's inputs
    and its parameters are not counted. The gradients are exactly the same.

    >>> import adjoint as torch
    >>> from adjoint.utils.checkpoint import budget
    >>> x = torch.ones(1000, requires_grad=True)
    >>> with budget(40_000):  # room for ten of the hundred values
    ...     y = x
    ...     for _ in range(100):
    ...         y = torch.sin(y)
    >>> y.sum().backward()
    >>> x.grad[0]
    tensor(0.0037)
    """

    def __init__(self, bytes: int) -> None:
        if bytes <= 0:
            raise ValueError(f"a budget is a positive number of bytes, not {bytes}")
        self._keeper = _Keeper(bytes)

    def __enter__(self) -> budget:
        modes.set_mode("observers", (*modes.state.observers, self._keeper))
        return self

    def __exit__(self, *_: object) -> None:
        modes.set_mode("observers", tuple(each for each in modes.state.observers if each is not self._keeper))

    @property
    def recomputed(self) -> int:
        """How many operations have been carried out again so far."""
        return self._keeper.recomputed


class _Source:
    """An operand that was not made in the block: held as it is, and not counted."""

    __slots__ = ("_version", "_writes", "array")

    def __init__(self, tensor: Tensor) -> None:
        self.array = tensor._data
        self._writes = writes_of(tensor)
        self._version = version_of(self._writes)

    def value(self) -> Any:
        if version_of(self._writes) != self._version:
            raise RuntimeError(
                "a value that was let go under budget() cannot be made again, since an operand of it was written in place "
                "after the forward pass.\nRun the backward pass before writing to it, or compute it outside of the block."
            )
        return self.array


class _Made:
    """A result of an operation in the block, and how to make it again."""

    __slots__ = (
        "__weakref__", "dtype", "is_view", "nbytes", "number", "operands", "output", "params", "primitive", "shape", "uses",
        "value", "version",
    )  # fmt: skip

    def __init__(
        self, primitive: Primitive, operands: list[Any], params: dict, output: int | None, number: int, tensor: Tensor
    ) -> None:
        data = tensor._data
        self.primitive, self.operands, self.params, self.output = primitive, operands, params, output
        self.number = number
        self.is_view = primitive.view
        self.dtype, self.shape, self.nbytes = data.dtype, data.shape, int(data.nbytes)
        self.version = version_of(tensor._writes)
        self.uses = 0  # how many nodes want the value
        self.value: Any = None

    def make(self, arrays: list[Any]) -> Any:
        """The value, from those of the operands."""
        operands = [wrap(array) if hasattr(array, "dtype") else array for array in arrays]
        with modes.mode(grad_enabled=False, observers=()):
            result = apply(self.primitive, operands, self.params)
        return (result if self.output is None else result[self.output])._data


class _Kept:
    """In place of a node's saved values: some as they are, some as notes of how they were made."""

    __slots__ = ("_keeper", "values")

    def __init__(self, keeper: _Keeper, values: tuple) -> None:
        self._keeper = keeper
        self.values = values
        for value in values:
            if isinstance(value, _Made):
                keeper.want(value)

    def __getitem__(self, place: int) -> Any:
        return self.values[place]  # a note has a `dtype` and a `shape`, as what asks here wants

    def unpack(self, node: Node) -> tuple:
        """The values themselves."""
        return tuple(self._keeper.value(value) if isinstance(value, _Made) else value for value in self.values)

    def __del__(self) -> None:
        for value in self.values:
            if isinstance(value, _Made):
                self._keeper.release(value)


class _Keeper:
    """Observes the operations of a block; holds what they save, within the budget."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = 0
        self.recomputed = 0
        self._count = 0
        self._ruler: list[tuple[int, int, ref[_Made]]] = []  # what may go, the first to go in front
        self._made: dict[int, tuple[ref[Tensor], _Made]] = {}  # id of tensor -> the note of how it was made

    # --- the forward pass ---

    def operation(self, primitive: Primitive, operands: Sequence[Any], params: dict | None, call: Callable) -> Any:
        """Carry out an operation, note how its results were made, and take over what its node saved."""
        result = call()
        tensors = result if isinstance(result, tuple) else (result,)
        node = next((node for node, _ in (node_of(tensor._node) for tensor in tensors) if node is not None), None)
        if node is None or not all(isinstance(tensor._data, (np.ndarray, np.generic)) for tensor in tensors):
            return result
        notes = [self._note_of(operand) if isinstance(operand, Tensor) else operand for operand in operands]
        for output, tensor in enumerate(tensors):
            self._count += 1
            place = output if isinstance(result, tuple) else None
            made = _Made(primitive, notes, params or {}, place, self._count, tensor)
            key = id(tensor)
            self._made[key] = (ref(tensor, partial(self._forget, key)), made)
        if node.saved.__class__ is tuple and node.saved:
            self._take_over(node, [*operands, *tensors])
        self._shrink(self.limit // 2)
        return result

    def _forget(self, key: int, _: ref[Tensor]) -> None:
        self._made.pop(key, None)

    def backward(self, node: Node, call: Callable) -> Any:
        """A backward pass inside the block goes its own way."""
        return call()

    def _note_of(self, tensor: Tensor) -> _Source | _Made:
        found = self._made.get(id(tensor))
        if found is not None and found[1].version == version_of(tensor._writes):
            return found[1]
        return _Source(tensor)

    def _take_over(self, node: Node, tensors: list[Any]) -> None:
        """Replace the node's saved arrays, where they were made in the block, by notes."""
        notes = {}
        for tensor in tensors:
            if isinstance(tensor, Tensor):
                note = self._note_of(tensor)
                if isinstance(note, _Made):
                    notes[id(tensor._data)] = note
        values = tuple(notes.get(id(value), value) for value in node.saved)
        for value, note in zip(node.saved, values, strict=True):
            if isinstance(note, _Made) and not note.is_view and note.value is None:
                self._hold(note, value)
        node.saved = _Kept(self, values)

    # --- what is held ---

    def want(self, note: _Made) -> None:
        """One more node wants this value; a view's is its base's."""
        note.uses += 1
        if note.is_view and isinstance(note.operands[0], _Made):
            self.want(note.operands[0])

    def release(self, note: _Made) -> None:
        """One node wants it no more."""
        note.uses -= 1
        if note.is_view and isinstance(note.operands[0], _Made):
            self.release(note.operands[0])
        if note.uses == 0 and note.value is not None:
            self._let_go(note)

    def _hold(self, note: _Made, value: Any) -> None:
        note.value = value
        self.held += note.nbytes
        heappush(self._ruler, (note.number & -note.number, note.number, ref(note)))

    def _let_go(self, note: _Made) -> None:
        note.value = None
        self.held -= note.nbytes

    def _shrink(self, limit: int) -> None:
        """Let values go, by the ruler, until the rest is within the limit."""
        while self.held > limit and self._ruler:
            note = heappop(self._ruler)[2]()
            if note is not None and note.value is not None:
                self._let_go(note)

    # --- the backward pass ---

    def value(self, wanted: _Made) -> Any:
        """The value of a note, made again from the nearest values that are there."""
        if wanted.value is not None:
            return wanted.value
        missing = _missing(wanted)
        values: dict[int, Any] = {}  # those that the way there needs, however short the room becomes
        waiting: dict[int, int] = {}  # how often each is still to be used
        for operand in (operand for note in missing for operand in note.operands if isinstance(operand, _Made)):
            waiting[id(operand)] = waiting.get(id(operand), 0) + 1
            if operand.value is not None:
                values[id(operand)] = operand.value
        value = None
        for note in missing:
            self._shrink(max(self.limit - note.nbytes, 0))
            value = note.make([_value_of(operand, values) for operand in note.operands])
            self.recomputed += 1
            for operand in note.operands:
                if isinstance(operand, _Made):
                    waiting[id(operand)] -= 1
                    if not waiting[id(operand)]:
                        del values[id(operand)]
            if waiting.get(id(note)):
                values[id(note)] = value
            if note.uses and not note.is_view:
                self._hold(note, value)
        return value


def _missing(wanted: _Made) -> list[_Made]:
    """The notes whose values must be made, in order, to make the one that is wanted."""
    found: dict[int, _Made] = {}
    stack = [wanted]
    while stack:
        note = stack.pop()
        if id(note) in found:
            continue
        found[id(note)] = note
        stack += [each for each in note.operands if isinstance(each, _Made) and each.value is None]
    return sorted(found.values(), key=lambda note: note.number)


def _value_of(operand: Any, values: dict[int, Any]) -> Any:
    if isinstance(operand, _Made):
        return values[id(operand)]
    return operand.value() if isinstance(operand, _Source) else operand
