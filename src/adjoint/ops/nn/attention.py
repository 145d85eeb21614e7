"""Attention: averages of values, weighted by how well their keys fit the queries (Vaswani et al., 2017)."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import FLOAT, c_type_name, float32, scalar_type_name
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.choice import where
from adjoint.ops.comparison import eq
from adjoint.ops.conversion import to_dtype
from adjoint.ops.filling import masked_fill
from adjoint.ops.joining import cat
from adjoint.ops.linalg.products import baddbmm
from adjoint.ops.matrix import matmul
from adjoint.ops.nn.dropout import dropout
from adjoint.ops.nn.linear import linear
from adjoint.ops.nn.padding import pad
from adjoint.ops.nn.softmax import softmax

_NAMES = ("query", "key", "value")


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
    query, key, value = require_tensors("scaled_dot_product_attention", query, key, value, names=_NAMES)
    _check_attention(query, key, value, attn_mask, is_causal)
    kind = query.dtype
    wide = float32 if kind.itemsize == 2 else kind
    query, key, value = (to_dtype(each, wide) for each in (query, key, value))
    if enable_gqa and query.ndim > 2:
        key, value = (_shared_by_heads(each, query.shape[-3]) for each in (key, value))
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    fused = query.ndim == 4 and dropout_p == 0  # what PyTorch computes in one loop; elsewhere it scales both factors
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


@public(module="nn.functional", method=False)
def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """Attention in several subspaces, the heads: what `nn.MultiheadAttention` computes, of (L, N, E) or (L, E).

    The queries, keys and values are projected, attention is computed per head, and the heads together are projected. Also
    returned are the weights, unless `need_weights` is False. Masks are of truth values that say which keys are hidden, or
    numbers to be added.
    """
    query, key, value = require_tensors("multi_head_attention_forward", query, key, value, names=_NAMES)
    _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    batched = query.ndim == 3
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, examples, width = query.shape
    groups = examples * num_heads
    padding = added_mask(key_padding_mask, "key_padding_mask", query.dtype, beside=attn_mask)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    causal = is_causal and padding is None and not need_weights
    mask = None if causal else added_mask(attn_mask, "attn_mask", query.dtype)
    _demand(width == embed_dim_to_check, f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}")
    _demand(width % num_heads == 0, f"embed_dim {width} not divisible by num_heads {num_heads}")
    weights = _projections(
        use_separate_proj_weight, key, value, in_proj_weight, (q_proj_weight, k_proj_weight, v_proj_weight)
    )
    biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
    q, k, v = (linear(*each) for each in zip((query, key, value), weights, biases, strict=True))
    if mask is not None:
        mask = _checked_mask(mask, (length, key.shape[0]), groups)
    if bias_k is not None and bias_v is not None:
        _demand(static_k is None, "bias cannot be added to static key.")
        _demand(static_v is None, "bias cannot be added to static value.")
        k, v = (cat([x, bias.expand(1, examples, -1)]) for x, bias in ((k, bias_k), (v, bias_v)))
        mask, padding = _widened(mask), _widened(padding)
    else:
        _demand(bias_k is None, "bias_k is set but bias_v is None")
        _demand(bias_v is None, "bias_v is set but bias_k is None")
    q = _heads(q, groups)
    k, v = (
        _heads(x, groups) if static is None else _checked_static(static, name, groups, width // num_heads)
        for x, static, name in ((k, static_k, "static_k"), (v, static_v, "static_v"))
    )
    if add_zero_attn:
        k, v = (cat([x, wrap(np.zeros((groups, 1, width // num_heads), x._data.dtype))], 1) for x in (k, v))
        mask, padding = _widened(mask), _widened(padding)
    if padding is not None:
        padding = padding.view(examples, 1, 1, -1).expand(-1, num_heads, -1, -1).reshape(groups, 1, -1)
        mask = padding if mask is None else mask + padding
    dropped = dropout_p if training else 0.0
    shown = None
    if need_weights:
        factors = q * math.sqrt(1 / q.shape[-1]), k.transpose(-2, -1)
        shown = dropout(softmax(matmul(*factors) if mask is None else baddbmm(mask, *factors), -1), dropped)
        found = matmul(shown, v)
        shown = shown.view(examples, num_heads, length, -1)
        shown = shown.mean(1) if average_attn_weights else shown
    else:
        if mask is not None and mask.shape[0] != 1:
            mask = mask.view(examples, num_heads, -1, k.shape[1])
        q, k, v = (x.view(examples, num_heads, *x.shape[1:]) for x in (q, k, v))
        found = scaled_dot_product_attention(q, k, v, mask, dropped, causal).flatten(0, 1)
    result = linear(found.transpose(0, 1).reshape(length, examples, width), out_proj_weight, out_proj_bias)
    if not batched:
        result, shown = result.squeeze(1), None if shown is None else shown.squeeze(0)
    return result, shown


def _demand(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _check_shapes(query: Tensor, key: Tensor, value: Tensor, padding: Any, mask: Any, heads: int) -> None:
    """Refuse operands of different kinds: with a dimension of examples and without one."""
    if query.ndim not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor"
        )
    kind = f"For {'batched' if query.ndim == 3 else 'unbatched'} ({query.ndim}-D) `query`, expected"
    _demand(
        key.ndim == value.ndim == query.ndim,
        f"{kind} `key` and `value` to be {query.ndim}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively",
    )
    if padding is not None:
        _demand(
            padding.ndim == query.ndim - 1,
            f"{kind} `key_padding_mask` to be `None` or {query.ndim - 1}-D but found {padding.ndim}-D tensor instead",
        )
        if query.ndim == 3:
            for axis, size in ((0, key.shape[1]), (1, key.shape[0])):
                found = padding.shape[axis]
                _demand(found == size, f"Expected key_padded_mask.shape[{axis}] to be {size}, but got {found}")
    if mask is not None:
        _demand(
            mask.ndim in (2, 3), f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead"
        )
        expected = (heads, query.shape[0], key.shape[0])
        if query.ndim == 2 and mask.ndim == 3:
            _demand(
                tuple(mask.shape) == expected, f"Expected `attn_mask` shape to be {expected} but got {mask.shape!r}"
            )


def added_mask(
    mask: Tensor | None, name: str, dtype: DType, beside: Tensor | None = None, beside_name: str = "attn_mask"
) -> Tensor | None:
    """A mask as numbers to be added: minus infinity where a mask of truth values is true."""
    if mask is None:
        return None
    boolean = mask._data.dtype.kind == "b"
    _demand(boolean or mask.dtype.rank == FLOAT, f"only bool and floating types of {name} are supported")
    if beside is not None and beside.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {beside_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    return masked_fill(wrap(np.zeros(mask.shape, dtype.numpy)), mask, -math.inf) if boolean else mask


def _projections(
    separate: bool, key: Tensor, value: Tensor, together: Tensor | None, apart: tuple[Tensor | None, ...]
) -> tuple[Any, ...]:
    """The matrices that project queries, keys and values."""
    if separate:
        _demand(
            key.shape[:2] == value.shape[:2],
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
        )
        for each, name in zip(apart, "qkv", strict=True):
            _demand(each is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
        return apart
    _demand(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
    _demand(together is not None, "use_separate_proj_weight is False but in_proj_weight is None")
    return together.chunk(3)  # type: ignore[union-attr]


def _checked_mask(mask: Tensor, size: tuple[int, int], groups: int) -> Tensor:
    expected = size if mask.ndim == 2 else (groups, *size)
    if tuple(mask.shape) != expected:
        raise RuntimeError(f"The shape of the {mask.ndim}D attn_mask is {mask.shape!r}, but should be {expected}.")
    return mask.unsqueeze(0) if mask.ndim == 2 else mask


def _widened(mask: Tensor | None) -> Tensor | None:
    """A mask for one key more, which all queries see."""
    return None if mask is None else pad(mask, (0, 1))


def _heads(x: Tensor, groups: int) -> Tensor:
    """(L, N, E) as (N * heads, L, E / heads)."""
    return x.reshape(x.shape[0], groups, -1).transpose(0, 1)


def _checked_static(x: Tensor, name: str, groups: int, width: int) -> Tensor:
    for axis, size in ((0, groups), (2, width)):
        _demand(x.shape[axis] == size, f"expecting {name}.size({axis}) of {size}, but got {x.shape[axis]}")
    return x
