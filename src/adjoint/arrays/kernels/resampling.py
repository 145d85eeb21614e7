"""Maps along axes, from `source` elements to `target` ones, each of which is a weighted sum of a few: its taps.

Interpolation, average pooling and padding by elements of the input itself are such maps, one for each axis. A map is
named by a description of its taps, so that it can be a static parameter, and the transpose of a map is one too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from adjoint.arrays.numpy import Array


class Taps(NamedTuple):
    """The elements that each result is a sum of, and their weights, as matrices with a row for each result.

    An element of -1 marks a tap that is not there; no weights are weights of 1.
    """

    elements: np.ndarray
    weight: np.ndarray | None


class Map(NamedTuple):
    """A map along one axis: its kind, a key of `KINDS`, the numbers of elements, and what more the kind needs to know."""

    kind: str
    source: int
    target: int
    options: tuple = ()
    transposed: bool = False
    rounded: str = ""  # the type of 16 bits that the weights are rounded to, if they are

    def transpose(self) -> Map:
        return self._replace(transposed=not self.transposed)

    @property
    def result(self) -> int:
        """How many elements there are after the map."""
        return self.source if self.transposed else self.target

    @property
    def taps(self) -> Taps:
        found = KINDS[self.kind](self.source, self.target, *self.options)
        if self.rounded:
            found = _rounded(found, self.rounded, complementary=self.kind == "linear")
        return _transposed(found, self.source) if self.transposed else found


def _rounded(taps: Taps, dtype: str, complementary: bool) -> Taps:
    """The taps with weights rounded to a type; of two that are `complementary`, the first as 1 less the second."""
    weight = taps.weight.astype(dtype).astype(np.float32)  # type: ignore[union-attr]
    if complementary:
        weight[:, 0] = (1 - weight[:, 1]).astype(dtype)
    return Taps(taps.elements, weight)


def _transposed(taps: Taps, source: int) -> Taps:
    """For each element of the source, the results that it is a tap of."""
    present = taps.elements >= 0
    result, _ = np.nonzero(present)
    element = taps.elements[present]
    order = np.argsort(element, kind="stable")
    element, result = element[order], result[order]
    counts = np.bincount(element, minlength=source)
    column = np.arange(len(element)) - np.repeat(np.cumsum(counts) - counts, counts)
    index = np.full((source, counts.max(initial=1)), -1)
    index[element, column] = result
    if taps.weight is None:
        return Taps(index, None)
    weight = np.zeros(index.shape)
    weight[element, column] = taps.weight[present][order]
    return Taps(index, weight)


# --- carrying maps out ---


class _Column(NamedTuple):
    """One tap of every result: of which results, from where, and with which weights."""

    rows: Any
    picked: Any
    weight: Any


def progression(index: np.ndarray) -> Any:
    """Indices as a slice where they are evenly spaced, which is a view in place of a copy."""
    if len(index) == 1:
        return slice(int(index[0]), int(index[0]) + 1)
    steps = np.diff(index)
    if len(index) and steps[0] > 0 and (steps == steps[0]).all():
        return slice(int(index[0]), int(index[-1]) + 1, int(steps[0]))
    return index


def picked(x: Array, index: Any, axis: int) -> Array:
    """The elements at these indices, or in this slice, along an axis."""
    if isinstance(index, slice):
        return x[(*(slice(None),) * axis, index)]
    return x.take(index, axis)


@lru_cache(maxsize=256)
def _columns(described: Map) -> list[_Column]:
    index, weight = described.taps
    columns = []
    for place in range(index.shape[1]):
        at = index[:, place]
        rows: Any = at >= 0
        scale = None if weight is None else weight[:, place]
        if rows.all():
            columns.append(_Column(None, progression(at), scale))
        elif rows.any():
            kept = np.flatnonzero(rows)
            columns.append(_Column(progression(kept), progression(at[kept]), None if scale is None else scale[kept]))
    return columns


@lru_cache(maxsize=64)
def _matrix(described: Map, dtype: np.dtype) -> np.ndarray:
    """The map as a matrix, (source, result)."""
    index, weight = described.taps
    matrix = np.zeros((described.target if described.transposed else described.source, described.result), dtype)
    rows, places = np.nonzero(index >= 0)
    np.add.at(matrix, (index[rows, places], rows), 1 if weight is None else weight[rows, places])
    return matrix


#: up to so many elements for each tap, a product with the map as a matrix takes less time than taking the taps
_DENSE = 24


def resample(x: Array, *, maps: Sequence[Map | None]) -> Array:
    """`x` with a map applied along each of its last axes; None leaves an axis as it is."""
    first = x.ndim - len(maps)
    finite: bool | None = None
    for axis, described in reversed(list(enumerate(maps, first))):
        if described is None:
            continue
        columns = _columns(described)
        if len(columns) > 1 and x.shape[axis] <= _DENSE * len(columns) and x.dtype.kind in "fc" and x.size:
            if finite is None:  # in a product of matrices 0 times infinity would spread
                finite = bool(np.isfinite(x.sum()))
            if finite:
                x = _by_matrix(x, _matrix(described, x.real.dtype), axis)
                continue
        x = _by_taps(x, columns, described.result, axis)
    return x


def _by_matrix(x: Array, matrix: np.ndarray, axis: int) -> Array:
    if axis == x.ndim - 1:
        return (x.reshape(-1, x.shape[-1]) @ matrix).reshape(*x.shape[:-1], matrix.shape[1])
    after = x.shape[axis + 1 :]
    result = matrix.T @ x.reshape(*x.shape[: axis + 1], -1)
    return result.reshape(*x.shape[:axis], matrix.shape[1], *after)


def _by_taps(x: Array, columns: Sequence[_Column], size: int, axis: int) -> Array:
    result: Array | None = None
    lead = (slice(None),) * axis
    for rows, source, weight in columns:
        part = picked(x, source, axis)
        if weight is not None:
            part = part * weight.astype(x.real.dtype).reshape(-1, *(1,) * (x.ndim - axis - 1))
        if result is None and rows is None:
            result = part if part.base is None else part.copy()
            continue
        if result is None:
            result = np.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
        target = lead if rows is None else (*lead, rows)
        result[target] += part
    return np.zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype) if result is None else result


# --- the kinds of maps -------------------------------------------------------------------------------------------


def _ranges(starts: np.ndarray, ends: np.ndarray, dtype: Any = np.int64) -> np.ndarray:
    """The indices from each start to before each end, with -1 after them."""
    places = starts[:, None] + np.arange(max((ends - starts).max(initial=1), 1))
    return np.where(places < ends[:, None], places, -1)


def _pooled(source: int, target: int, kernel: int, stride: int, padding: int, divided: str | float) -> Taps:
    """Windows of neighbours; `divided` by how many are "inside", or are "padded" or inside, or by a number, or not at all."""
    starts = np.arange(target) * stride - padding
    ends = np.minimum(starts + kernel, source + padding)
    low, high = np.maximum(starts, 0), np.minimum(ends, source)
    index = _ranges(low, high)
    if divided == "":
        return Taps(index, None)
    counts = high - low if divided == "inside" else ends - starts if divided == "padded" else np.full(target, divided)
    return Taps(index, np.repeat(1 / counts[:, None], index.shape[1], 1))


def adaptive_bounds(source: int, target: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the windows begin and end that divide an axis into so many parts, which overlap where they do not fit."""
    places = np.arange(target)
    return places * source // max(target, 1), -(-(places + 1) * source // max(target, 1))


def _adaptive(source: int, target: int) -> Taps:
    starts, ends = adaptive_bounds(source, target)
    index = _ranges(starts, ends)
    return Taps(index, np.repeat(1 / (ends - starts)[:, None], index.shape[1], 1))


def _reflected(source: int, target: int, before: int) -> Taps:
    places = abs(np.arange(target) - before)
    return Taps((source - 1 - abs(source - 1 - places))[:, None], None)


def _replicated(source: int, target: int, before: int) -> Taps:
    return Taps(np.clip(np.arange(target) - before, 0, source - 1)[:, None], None)


def _circular(source: int, target: int, before: int) -> Taps:
    """What negative padding cuts off is not there to be continued with."""
    after = target - source - before
    kept = source + min(before, 0) + min(after, 0)
    return Taps((max(-before, 0) + (np.arange(target) - max(before, 0)) % kept)[:, None], None)


def _nearest(source: int, target: int, scale: float | None, centred: bool) -> Taps:
    """The element that is nearest, or whose centre is: with the rounding of 32 bits, as PyTorch computes it."""
    if not centred and target == source:
        return Taps(np.arange(target)[:, None], None)
    ratio = np.float32(1 / scale) if scale else np.float32(source) / np.float32(target)
    places = (np.arange(target, dtype=np.float32) + np.float32(0.5 * centred)) * ratio
    return Taps(np.minimum(np.floor(places).astype(np.int64), source - 1)[:, None], None)


def _places(source: int, target: int, scale: float | None, align_corners: bool) -> np.ndarray:
    """Where each result lies among the elements of the source, on an axis on which these lie at 0, 1, 2 ..."""
    if align_corners:
        return np.arange(target) * ((source - 1) / (target - 1) if target > 1 else 0.0)
    return (np.arange(target) + 0.5) * (1 / scale if scale else source / target) - 0.5


def _linear(source: int, target: int, scale: float | None, align_corners: bool) -> Taps:
    places = np.maximum(_places(source, target, scale, align_corners), 0)
    if source == target:
        places = np.arange(target, dtype=np.float64)
    low = np.minimum(places.astype(np.int64), source - 1)
    high = np.minimum(low + 1, source - 1)
    part = np.clip(places - low, 0, 1)
    return Taps(np.stack([low, high], 1), np.stack([1 - part, part], 1))


def cubic_weights(part: Any, xp: Any = np) -> list[Any]:
    """The weights of four neighbours by cubic convolution (Keys, 1981, a = -3/4), for places past the second of them."""
    a = -0.75

    def near(t: Any) -> Any:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Any) -> Any:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    return [far(part + 1), near(part), near(1 - part), far(2 - part)]


def _cubic(source: int, target: int, scale: float | None, align_corners: bool) -> Taps:
    places = _places(source, target, scale, align_corners)
    low = np.floor(places)
    index = np.clip(low.astype(np.int64)[:, None] + np.arange(-1, 3), 0, source - 1)
    return Taps(index, np.stack(cubic_weights(places - low), 1))


def _triangle(t: np.ndarray) -> np.ndarray:
    return np.maximum(1 - abs(t), 0)


def _keys(t: np.ndarray) -> np.ndarray:
    """The filter of cubic convolution with a = -1/2, as image libraries take it."""
    t, a = abs(t), -0.5
    near, far = ((a + 2) * t - (a + 3)) * t * t + 1, (((t - 5) * t + 8) * t - 4) * a
    return np.where(t < 1, near, np.where(t < 2, far, 0))


def _lanczos(t: np.ndarray) -> np.ndarray:
    return np.where(abs(t) < 3, np.sinc(t) * np.sinc(t / 3), 0)


#: the filters of antialiased interpolation, and how many neighbours they are wide
_FILTERS: dict[str, tuple[Callable, int]] = {"linear": (_triangle, 2), "cubic": (_keys, 4), "lanczos": (_lanczos, 6)}


def _antialiased(source: int, target: int, scale: float | None, align_corners: bool, curve: str) -> Taps:
    """Interpolation with a filter that, where there are fewer results than elements, is as wide as their distance."""
    filtered, width = _FILTERS[curve]
    if align_corners:
        ratio = (source - 1) / (target - 1) if target > 1 else 0.0
    else:
        ratio = 1 / scale if scale else source / target
    stretch = max(ratio, 1.0)
    support = width / 2 * stretch
    centres = ratio * (np.arange(target) + 0.5)
    starts = np.maximum((centres - support + 0.5).astype(np.int64), 0)
    ends = np.minimum((centres + support + 0.5).astype(np.int64), source)
    index = _ranges(starts, ends)
    weight = np.where(index >= 0, filtered((index - centres[:, None] + 0.5) / stretch), 0)
    total = weight.sum(1, keepdims=True)
    return Taps(index, weight / np.where(total == 0, 1, total))


KINDS: dict[str, Callable[..., Taps]] = {
    "pool": _pooled,
    "adaptive": _adaptive,
    "reflect": _reflected,
    "replicate": _replicated,
    "circular": _circular,
    "nearest": _nearest,
    "linear": _linear,
    "cubic": _cubic,
    "antialiased": _antialiased,
}


# --- taps that differ from place to place --------------------------------------------------------------------------
# Each result is a sum over taps, given by a flat index, -1 for one that is not there, and a weight. Here `x` is (batch,
# channels, elements), and indices and weights are (batch, taps, results). The three functions are each other's transposes.


def sample_taps(x: Array, index: Array, weight: Array) -> Array:
    """The weighted sums of the taps: (batch, channels, results)."""
    result = np.zeros((*x.shape[:2], index.shape[2]), x.dtype)
    for place in range(index.shape[1]):
        result += _present(x, index[:, place]) * weight[:, place, None]
    return result


def spread_taps(g: Array, index: Array, weight: Array, *, size: int) -> Array:
    """Each result, times its weights, added to the elements that are its taps."""
    batch, channels = g.shape[:2]
    result = np.zeros((batch, channels, size), g.dtype)
    first = np.arange(batch * channels).reshape(batch, channels, 1) * size
    for place in range(index.shape[1]):
        there = np.broadcast_to(index[:, place, None] >= 0, g.shape)
        np.add.at(result.reshape(-1), (first + index[:, place, None])[there], (g * weight[:, place, None])[there])
    return result


def match_taps(g: Array, x: Array, index: Array) -> Array:
    """For each tap of each result, the sum over channels of the result times the element."""
    sums = [(g * _present(x, index[:, place])).sum(1) for place in range(index.shape[1])]
    return np.stack(sums, 1)


def _present(x: Array, index: Array) -> Array:
    """The elements at indices (batch, results), the same for all channels, and 0 where the index is -1."""
    there = index[:, None] >= 0
    picked = np.take_along_axis(x, np.maximum(index, 0)[:, None], 2)
    return picked if there.all() else np.where(there, picked, 0)
