"""Where the elements of an array lie: views need no work when loops can read their base's memory in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from adjoint.arrays.program import Operation, Value
from adjoint.arrays.verbs import ARRANGEMENTS

__all__ = ["Layout", "contiguous", "reshaped", "view_layout"]

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Element [i, j, ...] is number `offset + i * strides[0] + j * strides[1] + ...` of the memory of `buffer`."""

    buffer: Value
    shape: Shape
    strides: Shape
    offset: int = 0

    def broadcast_to(self, shape: Shape) -> Layout:
        lead = len(shape) - len(self.shape)
        own = tuple(0 if length == 1 else stride for length, stride in zip(self.shape, self.strides))
        return Layout(self.buffer, shape, (0,) * lead + own, self.offset)

    @property
    def is_contiguous(self) -> bool:
        return self.strides == contiguous(self.shape)


def contiguous(shape: Shape) -> Shape:
    """The strides, in elements, of an array in C order."""
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def view_layout(operation: Operation, source: Layout) -> Layout | None:
    """Where the result of a view verb on `source` lies; None if it has to be copied, or is no view."""
    shape = operation.result.shape
    if operation.verb == "reshape":
        strides = reshaped(source.shape, source.strides, shape)
        return None if strides is None else Layout(source.buffer, shape, strides, source.offset)
    if len(operation.operands) != 1 or operation.verb not in (*ARRANGEMENTS, "getitem"):
        return None
    # NumPy does the arithmetic, on an array of bytes with these strides that nobody reads.
    start = np.zeros(1, np.int8)
    before = np.lib.stride_tricks.as_strided(start, source.shape, source.strides)
    after = operation.evaluate([before])
    moved = after.__array_interface__["data"][0] - start.__array_interface__["data"][0]
    return Layout(source.buffer, shape, after.strides, source.offset + moved)


def reshaped(shape: Shape, strides: Shape, target: Shape) -> Shape | None:
    """The strides of the same memory in another shape, or None if no strides reach it in the right order."""
    if 0 in target:
        return contiguous(target)
    runs = _runs(shape, strides)
    result: list[int] = []
    rest, step = 1, 0  # of the run being split: the elements that are left, and its stride
    for length in reversed(target):
        if length == 1:
            result.append(0)
            continue
        if rest == 1:
            rest, step = runs.pop()
        if rest % length:
            return None
        result.append(step)
        rest //= length
        step *= length
    return tuple(reversed(result))


def _runs(shape: Sequence[int], strides: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbouring dimensions that are one regular sequence, joined: (length, stride) of each."""
    runs: list[tuple[int, int]] = []
    for length, stride in zip(shape, strides):
        if length == 1:
            continue
        if runs and runs[-1][1] == length * stride:
            runs[-1] = (runs[-1][0] * length, stride)
        else:
            runs.append((length, stride))
    return runs
