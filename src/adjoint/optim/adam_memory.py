"""Adam's step on the memory of parameters: by NumPy, or, where the extra `compile` is installed, as machine code.

Both compute the same to the last bit. So an optimizer may begin with the one, and go over to the other once its steps
have taken about as long as it takes to compile.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from adjoint.native.code import machine
from adjoint.native.writer import Writer, family
from adjoint.optim import in_place

#: elements that NumPy steps on in about the time that the compiler takes
WORTH = 1 << 22
#: elements of a step from which on threads are worth being called for
LARGE = 1 << 14
_CHUNK = 1 << 14
_ENTRIES = 5  # of a chunk: addresses of the gradient, the parameter and both means; the number of elements


class Rates(NamedTuple):
    """The numbers of a step on one parameter."""

    kept: float  # of the parameter, by weight decay apart from the gradient
    decay: float  # by the gradient
    first: float  # how far the mean moves towards the gradient
    second_kept: float
    second: float
    scale: float  # of the root of the mean square, which began at 0
    eps: float
    back: float  # minus the rate of learning


Work = tuple[in_place.Rows, Rates]
"""The memory of a gradient, a parameter, its mean and its mean square; and what to do with it."""


def step(work: Work) -> None:
    """One step on one parameter, by NumPy."""
    found, rates = work
    for g, w, mean, square, a, b in in_place.blocks(found, scratch=2):
        if rates.decay:
            g = np.add(np.multiply(w, rates.decay, out=b), g, out=b)
        elif rates.kept != 1:
            w *= rates.kept
        mean += np.multiply(np.subtract(g, mean, out=a), rates.first, out=a)
        square *= rates.second_kept
        square += np.multiply(np.multiply(g, rates.second, out=a), g, out=a)
        root = np.divide(np.sqrt(square, out=a), rates.scale, out=a)
        root += rates.eps
        w += np.divide(np.multiply(mean, rates.back, out=b), root, out=b)


def _write(to: Writer, *, decays: bool) -> None:
    rates, entries = to.entries(2)
    first = to.times(to.chunk, _ENTRIES)
    gradient, parameter, means, squares, count = (to.number_at(entries, to.add(first, k)) for k in range(_ENTRIES))
    numbers = [to.repeated(rates, k) for k in range(len(Rates._fields))]

    def at(place: Any, _: Any) -> None:
        vectors = (to.vector_at(array, place) for array in (gradient, parameter, means, squares))
        g, w, mean, square, *settings = to.formula(*vectors, *numbers)
        of: Any = Rates._make(settings)
        if decays:
            g = w * of.decay + g
        else:
            w = w * of.kept
        mean = mean + (g - mean) * of.first
        square = square * of.second_kept + g * of.second * g
        w = w + mean * of.back / (square.call("llvm.sqrt") / of.scale + of.eps)
        for value, array in ((w, parameter), (mean, means), (square, squares)):
            to.put(value.value, array, place)

    to.loop(0, count, to.lanes, at)
    to.end()


_kernels = family("adam", plain=partial(_write, decays=False), decayed=partial(_write, decays=True))


def step_together(works: Sequence[Work]) -> None:
    """One step on several parameters, by machine code where there is a compiler.

    It works on whole vectors of elements; what is left at the end of a parameter is NumPy's.
    """
    starts = [[row.__array_interface__["data"][0] for row in found] for found, _ in works]
    spans = [(start, start + found[0].nbytes) for (found, _), each in zip(works, starts, strict=True) for start in each]
    apart = all(end <= start for (_, end), (start, _) in pairwise(sorted(spans)))  # else it matters which comes first
    chunks: dict[tuple[np.dtype, Rates], list[tuple[int, ...]]] = {}
    for work, addresses in zip(works, starts, strict=True):
        found, rates = work
        size, kind = found[0].size, found[0].dtype
        if not apart or _kernels(kind) is None:
            step(work)
            continue
        whole = size - size % (machine().vector_bytes // kind.itemsize)
        entries = chunks.setdefault((kind, rates), [])
        for first in range(0, whole, _CHUNK):
            offset = first * kind.itemsize
            entries.append((*(address + offset for address in addresses), min(_CHUNK, whole - first)))
        if whole < size:
            step(([row[whole:] for row in found], rates))
    for (kind, rates), entries in chunks.items():
        kernel = _kernels(kind)["decayed" if rates.decay else "plain"]  # type: ignore[index]
        kernel([np.array(rates, kind), np.array(entries, np.int64)], (), len(entries))
