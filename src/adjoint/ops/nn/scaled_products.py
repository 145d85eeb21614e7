"""Scaled dot-product attention: averages of values, weighted by how well their keys fit the queries (Vaswani et al., 2017)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays.fused import fused
from adjoint.arrays.kernels.attention import causal
from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import FLOAT, c_type_name, float32, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.choice import where
from adjoint.ops.comparison import eq
from adjoint.ops.conversion import to_dtype
from adjoint.ops.filling import masked_fill
from adjoint.ops.matrix import matmul
from adjoint.ops.nn.dropout import dropout
from adjoint.ops.nn.softmax import softmax, softmax_derivative

# --- the record: for queries, keys and values of four axes, as PyTorch computes it in one loop ---


def _turned(xp: Any, x: Any) -> Any:
    return xp.permute_dims(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@fused("attention")
def _attention(xp: Any, q: Any, k: Any, v: Any, *mask: Any, scale: float, is_causal: bool) -> tuple[Any, Any]:
    scores, blind = xp.matmul(q, _turned(xp, k)) * scale, None
    if is_causal:
        scores = scores + xp.asarray(causal(q.shape[-2], k.shape[-2], xp.numpy_dtype(q)))
    elif mask:
        blind = xp.max(mask[0], axis=-1, keepdims=True) == -math.inf
        scores = xp.where(blind, 0, scores + mask[0])
    weights = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = weights / xp.sum(weights, axis=-1, keepdims=True)
    weights = weights if blind is None else xp.where(blind, 0, weights)
    return xp.matmul(weights, v), weights


@fused("attention_vjp")
def _gradients(
    xp: Any, by_out: Any, by_weights: Any, q: Any, k: Any, v: Any, weights: Any, *, scale: float, by_mask: bool
) -> tuple[Any, ...]:
    by_scores = softmax_derivative(xp, xp.matmul(by_out, _turned(xp, v)) + by_weights, weights, axis=-1)
    by_product = by_scores * scale
    by_q, by_k = xp.matmul(by_product, k), xp.matmul(_turned(xp, by_product), q)
    return by_q, by_k, xp.matmul(_turned(xp, weights), by_out), by_scores if by_mask else None


def _attention_vjp(
    xp: Any, g: Any, q: Any, k: Any, v: Any, mask: Any, weights: Any, *, scale: float
) -> tuple[Any, ...]:
    *gradients, by_scores = _gradients(xp, *g, q, k, v, weights, scale=scale, by_mask=bool(mask))
    return *gradients, *(unbroadcast(xp, by_scores, each.shape) for each in mask)


def _attention_jvp(xp: Any, tangents: Any, q: Any, k: Any, v: Any, weights: Any, *, scale: float) -> tuple[Any, Any]:
    by_q, by_k, by_v, *by_mask = tangents
    change = xp.zeros_like(weights)
    if by_q is not None:
        change = change + xp.matmul(by_q, _turned(xp, k)) * scale
    if by_k is not None:
        change = change + xp.matmul(q, _turned(xp, by_k)) * scale
    for each in by_mask:
        change = change if each is None else change + each
    change = softmax_derivative(xp, change, weights, axis=-1)
    moved = xp.matmul(change, v)
    return moved if by_v is None else moved + xp.matmul(weights, by_v), change


_attention_record = general(
    "scaled_dot_product_attention",
    lambda xp, q, k, v, *mask, scale, is_causal: _attention(xp, q, k, v, *mask, scale=scale, is_causal=is_causal),
    vjp=_attention_vjp,
    jvp=_attention_jvp,
    promotes="common",
    outputs=("out", "weights"),
    node="ScaledDotProductFlashAttentionForCpuBackward0",
)

# --- the function ---


@public(module="nn.functional", method=False)
@one_under_autocast
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
    is_causal: bool = False, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """`softmax(query @ key.mT * scale + mask) @ value`, for queries (..., L, E), keys (..., S, E) and values (..., S, V).

    The scale is 1 / sqrt(E) unless given. A mask of truth values says which keys a query may see, one of numbers is added;
    with `is_causal` a query sees the keys up to its own place. Where a query sees no key the result is 0. With `enable_gqa`
    several heads of queries, along the third dimension from the end, share one of keys and values.

    >>> import adjoint as torch
    >>> q = k = torch.tensor([[1., 0.], [0., 1.]])
    >>> torch.nn.functional.scaled_dot_product_attention(q, k, torch.tensor([[1.], [2.]]), is_causal=True)
    tensor([[1.0000],
            [1.6698]])
    """
    query, key, value = require_tensors(
        "scaled_dot_product_attention", query, key, value, names=("query", "key", "value")
    )
    _check_attention(query, key, value, attn_mask, is_causal)
    kind = query.dtype
    wide = float32 if kind.itemsize == 2 else kind
    query, key, value = (to_dtype(each, wide) for each in (query, key, value))
    if enable_gqa and query.ndim > 2:
        key, value = (_shared_by_heads(each, query.shape[-3]) for each in (key, value))
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    fused = query.ndim == 4 and dropout_p == 0  # what PyTorch computes in one loop; elsewhere it scales both factors
    if fused and wide is kind and _fits_one_loop(query, key, value, attn_mask):
        mask = () if attn_mask is None else (_added(attn_mask, kind.numpy),)
        return _attention_record(query, key, value, *mask, scale=float(scale), is_causal=is_causal)[0]
    if fused:
        scores = matmul(query, key.transpose(-2, -1)) * scale
    else:
        root = math.sqrt(abs(scale))
        scores = matmul(query * math.copysign(root, scale), key.transpose(-2, -1) * root)
    if is_causal:
        scores = masked_fill(scores, wrap(np.tri(*scores.shape[-2:]) == 0), -math.inf)
    blind = None
    if attn_mask is not None:
        if attn_mask.dtype.rank == FLOAT:
            scores = scores + to_dtype(attn_mask, wide)
        else:
            scores = where(attn_mask, scores, -math.inf)
        blind = eq(scores, -math.inf).all(-1, keepdim=True)
        scores = masked_fill(scores, blind, 0)
    if (
        fused and wide is not kind and scores.numel()
    ):  # that loop rounds the weights to 16 bits before it divides by their sum
        weights = (scores - scores.detach().amax(-1, keepdim=True)).exp()
        total = weights.sum(-1, keepdim=True)
        result = matmul(to_dtype(to_dtype(weights, kind), wide), value) / total
        return to_dtype(result if blind is None else masked_fill(result, blind, 0), kind)
    weights = softmax(scores, -1)
    if blind is not None:
        weights = masked_fill(weights, blind, 0)
    return to_dtype(matmul(dropout(weights, dropout_p), value), kind)


def _fits_one_loop(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> bool:
    """Whether the operands are such as PyTorch has one loop for."""
    shapes = query.shape, key.shape, value.shape
    alike = shapes[1] == shapes[2] and shapes[0][:2] == shapes[1][:2] and shapes[0][3] == shapes[1][3]
    return alike and all(map(all, shapes)) and (mask is None or (mask.ndim in (2, 4) and not mask.requires_grad))


def _added(mask: Tensor, dtype: np.dtype) -> Tensor:
    """A mask as numbers to be added: minus infinity for what is not to be seen."""
    return where(mask, wrap(dtype.type(0)), -math.inf) if mask._data.dtype.kind == "b" else mask


def _check_attention(query: Tensor, key: Tensor, value: Tensor, mask: Any, is_causal: bool) -> None:
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if not query.dtype is key.dtype is value.dtype:
        types = [c_type_name(each.dtype) for each in (query, key, value)]
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{types[0]} key.dtype: {types[1]} and value.dtype: {types[2]} instead."
        )
    if query.dtype.rank != FLOAT:
        raise RuntimeError(f"expected scalar type Float but found {scalar_type_name(query.dtype)}")
    if mask is None:
        return
    if mask._data.dtype.kind != "b" and mask.dtype not in (query.dtype, float32):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{c_type_name(mask.dtype)} and  query.dtype: {c_type_name(query.dtype)} instead."
        )
    if is_causal:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True\n"
            "Put both into the mask."
        )


def _shared_by_heads(x: Tensor, heads: int) -> Tensor:
    """Keys or values, repeated so that each head of the queries has its own."""
    if x.shape[-3] == 0 or heads % x.shape[-3]:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    times = heads // x.shape[-3]
    return x.unsqueeze(-3).expand(*x.shape[:-2], times, *x.shape[-2:]).flatten(-4, -3)
