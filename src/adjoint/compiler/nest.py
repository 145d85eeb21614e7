"""Decide how a kernel's loops run: their order, which of them is vectorised, and how they are shared among threads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from adjoint.arrays.program import Operation, Value
from adjoint.compiler.fuse import Kernel, external_operands
from adjoint.compiler.layout import Layout, contiguous

__all__ = ["Access", "Nest", "Partial", "accumulator_dtype", "nest"]

#: How long things take, in units of one addition of one element.
COSTS = dict.fromkeys(
    ("exp", "expm1", "log", "log1p", "sin", "cos", "tanh", "sigmoid", "erf", "log2", "log10", "tan", "asin", "acos",
     "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "atan2", "power", "remainder", "floor_divide"), 12,
) | {"divide": 6, "sqrt": 6}  # fmt: skip
MEMORY_COST = 2
CHUNK_COST = 1 << 20  # what one thread does before it looks for more work
MOST_CHUNKS = 64
LARGE = 1 << 16  # elements, from where on the time in the loop pays for a longer compilation


@dataclass
class Access:
    """How the loops walk through a buffer: at loop indices i, j, ... lies element `offset + i * strides[0] + ...`."""

    buffer: Value
    dtype: np.dtype
    strides: tuple[int, ...]
    offset: int = 0

    def depth(self, order: Sequence[int]) -> int:
        """How many of the loops, from the outermost on, decide the position."""
        return max((place + 1 for place, dim in enumerate(order) if self.strides[dim]), default=0)


@dataclass(eq=False)
class Partial:
    """Where the threads leave their shares of a reduction: one accumulator per chunk and element of the result."""

    reduction: Operation
    buffer: Value


@dataclass(eq=False)
class Nest:
    """The loops of a kernel."""

    kernel: Kernel
    lengths: list[int]
    reduced: list[bool]
    loads: dict[Value, Access]
    stores: dict[Value, Access]
    results: dict[Operation, Access]  # of the reductions
    order: list[int] = field(default_factory=list)  # the loops, the outermost first
    vector: int | None = None  # the loop that runs over lanes
    width: int = 1  # how many lanes
    chunked: int | None = None  # the loop that is shared among threads
    chunk: int = 0  # how many of its steps are one chunk
    chunks: int = 1
    partials: dict[Operation, Partial] = field(default_factory=dict)

    @property
    def first_reduced(self) -> int:
        """The place in `order` where the reduced loops begin."""
        return next((place for place, dim in enumerate(self.order) if self.reduced[dim]), len(self.order))


def accumulator_dtype(reduction: Operation) -> np.dtype:
    """The type in which results are accumulated: float32 is summed in float64."""
    dtype = reduction.result.dtype
    return np.dtype(np.float64) if dtype == np.float32 and reduction.verb == "sum" else dtype


def nest(kernel: Kernel, layouts: dict[Value, Layout], vector_bytes: int) -> Nest:
    """Plan the loops of a kernel for vectors of this size."""
    loops = _accesses(kernel, layouts)
    _join(loops)
    size = 1
    for length in loops.lengths:
        size *= length
    _choose_vector(loops, vector_bytes, size)
    _choose_order(loops)
    _choose_chunks(loops, size)
    return loops


def _accesses(kernel: Kernel, layouts: dict[Value, Layout]) -> Nest:
    shape, axes = kernel.shape, kernel.axes or ()
    loads = {}
    for value in external_operands(kernel):
        layout = layouts[value].broadcast_to(shape)
        loads[value] = Access(layout.buffer, value.dtype, layout.strides, layout.offset)
    stores = {value: Access(value, value.dtype, contiguous(shape)) for value in kernel.stored}
    results = {}
    for reduction in kernel.reductions:
        rest = iter(contiguous(reduction.result.shape))
        strides = tuple(0 if axis in axes else next(rest) for axis in range(len(shape)))
        results[reduction] = Access(reduction.result, reduction.result.dtype, strides)
    return Nest(kernel, list(shape), [axis in axes for axis in range(len(shape))], loads, stores, results)


def _join(loops: Nest) -> None:
    """Make one loop of neighbouring ones wherever every access goes through them in regular steps."""
    accesses = [*loops.loads.values(), *loops.stores.values(), *loops.results.values()]
    kept = [dim for dim, length in enumerate(loops.lengths) if length != 1]
    lengths: list[int] = []
    reduced: list[bool] = []
    strides: list[list[int]] = [[] for _ in accesses]
    for dim in kept:
        length = loops.lengths[dim]
        if (
            lengths
            and reduced[-1] == loops.reduced[dim]
            and all(walked[-1] == access.strides[dim] * length for walked, access in zip(strides, accesses))
        ):
            lengths[-1] *= length
            for walked, access in zip(strides, accesses):
                walked[-1] = access.strides[dim]
            continue
        lengths.append(length)
        reduced.append(loops.reduced[dim])
        for walked, access in zip(strides, accesses):
            walked.append(access.strides[dim])
    loops.lengths, loops.reduced = lengths, reduced
    for walked, access in zip(strides, accesses):
        access.strides = tuple(walked)


def _choose_vector(loops: Nest, vector_bytes: int, size: int) -> None:
    if not loops.lengths:
        return
    types = [operation.result.dtype for operation in loops.kernel.operations]
    types += [access.dtype for access in loops.loads.values()] + [accumulator_dtype(r) for r in loops.results]
    numbers = [dtype.itemsize for dtype in types if dtype.kind == "f"] or [dtype.itemsize for dtype in types] or [8]
    lanes = vector_bytes // min(max(min(numbers), 4), 8)
    last = len(loops.lengths) - 1
    longest = max(range(len(loops.lengths)), key=lambda dim: loops.lengths[dim])
    short = loops.lengths[last] < lanes and loops.lengths[longest] >= 4 * loops.lengths[last]
    loops.vector = longest if short else last
    # Several registers side by side keep the processor busy while a long chain of operations waits for its results.
    heavy = sum(operation.verb in COSTS for operation in loops.kernel.operations) >= 3 and size >= LARGE
    widest = lanes * (8 if heavy else 4)
    length = loops.lengths[loops.vector]
    loops.width = min(widest, 1 << (length - 1).bit_length())


def _choose_order(loops: Nest) -> None:
    """Kept loops outside, reduced ones inside, each with the vectorised one innermost: results accumulate in registers."""
    dims = range(len(loops.lengths))
    kept = [dim for dim in dims if not loops.reduced[dim] and dim != loops.vector]
    inner = [dim for dim in dims if loops.reduced[dim] and dim != loops.vector]
    if loops.vector is not None:
        (inner if loops.reduced[loops.vector] else kept).append(loops.vector)
    loops.order = kept + inner


def _choose_chunks(loops: Nest, size: int) -> None:
    kernel = loops.kernel
    cost = sum(COSTS.get(operation.verb, 1) for operation in kernel.operations)
    cost += MEMORY_COST * (len(loops.loads) + len(loops.stores)) + len(loops.results)
    wanted = min(cost * size // CHUNK_COST, MOST_CHUNKS)
    if wanted < 2:
        return
    dim = _chunked(loops, wanted)
    if dim is None:
        return
    step = loops.width if dim == loops.vector else 1
    pieces = -(-loops.lengths[dim] // step)
    loops.chunked = dim
    loops.chunk = -(-pieces // min(wanted, pieces)) * step
    loops.chunks = -(-loops.lengths[dim] // loops.chunk)
    if loops.reduced[dim]:
        for reduction in loops.results:
            shape = (loops.chunks, *reduction.result.shape)
            loops.partials[reduction] = Partial(reduction, Value(shape, accumulator_dtype(reduction)))


def _chunked(loops: Nest, wanted: int) -> int | None:
    """The loop to share: the outermost if it has enough steps, else the longest. None if that gives too little."""

    def pieces(dim: int) -> int:
        return loops.lengths[dim] // (loops.width if dim == loops.vector else 1)

    outermost = loops.order[0]
    if pieces(outermost) >= wanted:
        return outermost
    dim = max(loops.order, key=pieces)
    if loops.reduced[dim]:
        kept = 1
        for length, reduced in zip(loops.lengths, loops.reduced):
            kept *= 1 if reduced else length
        if kept * wanted > 1 << 16:  # the shares would take more memory than they save time
            return None
    return dim if pieces(dim) >= 2 else None
