"""Attention, and its gradient: so many heads at a time that their weights stay in the processor's cache.

Queries, keys and values have four axes: examples, heads, places, and the numbers of a place.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.kernels.blocks import blocks
from adjoint.arrays.kernels.softmax import write_derivative, write_softmax
from adjoint.arrays.numpy import Array


def _groups(weights: Array) -> Iterator[tuple[slice, ...]]:
    """Places of heads that are worked on together."""
    for examples in blocks(weights):
        several = weights[examples]
        yield from ((examples, heads) for heads in blocks(several[0])) if len(several) == 1 else ((examples,),)


def _turned(x: Array) -> Array:
    return x.swapaxes(-1, -2)


def attention(q: Array, k: Array, v: Array, *mask: Array, scale: float, is_causal: bool) -> tuple[Array, Array]:
    """The weighted values, and the weights: `softmax(q @ k.mT * scale + mask)`, 0 for a query that sees no key."""
    weights = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
    out = np.empty((*q.shape[:-1], v.shape[-1]), q.dtype)
    added = blind = None
    if is_causal:
        added = numpy.broadcast_to(causal(q.shape[-2], k.shape[-2], q.dtype), weights.shape)
    elif mask:
        added = numpy.broadcast_to(mask[0], weights.shape)
        hidden = np.isneginf(np.maximum.reduce(mask[0], -1, keepdims=True))
        blind = np.broadcast_to(hidden, (*weights.shape[:-1], 1)) if hidden.any() else None
    for group in _groups(weights):
        scores, weight = np.matmul(q[group], _turned(k[group])), weights[group]
        scores *= scale
        if added is not None:
            scores += added[group]
        if blind is not None:
            np.copyto(scores, 0, where=blind[group])
        write_softmax(scores, -1, weight)
        if blind is not None:
            np.copyto(weight, 0, where=blind[group])
        np.matmul(weight, v[group], out=out[group])
    return out, weights


@lru_cache(maxsize=16)
def causal(queries: int, keys: int, dtype: np.dtype) -> Array:
    """What is added to scores so that a query sees the keys up to its own place."""
    return np.where(np.tri(queries, keys, dtype=bool), 0, -np.inf).astype(dtype)


def attention_vjp(
    by_out: Array, by_weights: Array, q: Array, k: Array, v: Array, weights: Array, *, scale: float, by_mask: bool
) -> tuple[Array | None, ...]:
    """The gradients of queries, keys and values, and, if asked for, of what was added to the scores."""
    by_q, by_k, by_v = (np.empty(x.shape, x.dtype) for x in (q, k, v))
    by_scores = np.empty_like(weights) if by_mask else None
    asked = by_weights.any()
    for group in _groups(weights):
        g, weight = by_out[group], weights[group]
        change = np.matmul(g, _turned(v[group]))
        if asked:
            change += by_weights[group]
        write_derivative(change, weight, -1, change)
        if by_scores is not None:
            by_scores[group] = change
        change *= scale
        np.matmul(change, k[group], out=by_q[group])
        np.matmul(_turned(change), q[group], out=by_k[group])
        np.matmul(_turned(weight), g, out=by_v[group])
    return by_q, by_k, by_v, by_scores
