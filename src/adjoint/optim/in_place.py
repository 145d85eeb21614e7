"""Steps on the memory of parameters: NumPy writes in place, block by block, with no tensors in between.

A step takes this path where nothing but the new numbers would come of it: real floating-point parameters in plain
NumPy memory, in a thread whose operations nobody records, watches or transforms. Writes are noted as those of in-place
operations are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.core import modes
from adjoint.core.graph import log_write
from adjoint.core.states import check_inference
from adjoint.core.tensor import Tensor, buffer, writes_of
from adjoint.core.views import mark_stale

_BLOCK = 1 << 14  # a few rows of as many float32 stay in a core's own cache

Rows = Sequence[np.ndarray]


def possible(*settings: Any) -> bool:
    """Whether steps of this thread may work on memory; settings that are tensors need operations."""
    state = modes.state
    watched = state.grad_enabled or state.inference or state.forward_level or state.observers or state.batch_levels
    if watched or state.before_write is not None or state.namespace is not None:
        return False
    return not any(isinstance(setting, Tensor) for setting in settings)


def rows(gradient: Tensor, *changed: Tensor) -> Rows | None:
    """The memory of tensors of one size and type, each as one row; None where a step must use operations."""
    for tensor in changed:
        check_inference(tensor)
    first = buffer(gradient)
    found = []
    for tensor in (gradient, *changed):
        memory = buffer(tensor)
        if memory.__class__ is not np.ndarray or memory.dtype != first.dtype or memory.size != first.size:
            return None
        if not memory.flags.c_contiguous:
            return None
        found.append(memory if memory.ndim == 1 else memory.reshape(-1))
    return found if first.dtype.char in "fd" else None


def blocks(found: Rows, scratch: int) -> Iterator[Rows]:
    """The rows in blocks, each time followed by some blocks of scratch memory of the same size and type."""
    size = found[0].size
    spare = [np.empty(min(size, _BLOCK), found[0].dtype) for _ in range(scratch)]
    if size <= _BLOCK:
        yield *found, *spare
        return
    for start in range(0, size, _BLOCK):
        parts = [row[start : start + _BLOCK] for row in found]
        yield *parts, *(each[: parts[0].size] for each in spare)


def written(tensor: Tensor, *by: str) -> None:
    """Note that operations of these names wrote to a tensor."""
    writes = writes_of(tensor)
    for name in by:
        log_write(writes, name)
    mark_stale(tensor)


def advance(step: Tensor) -> float:
    """Add one to the count of steps, and return it."""
    memory = buffer(step)
    memory += 1
    written(step, "add_")
    return memory.item()
