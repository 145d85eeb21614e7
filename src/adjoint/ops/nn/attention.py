"""Attention: averages of values, weighted by how well their keys fit the queries (Vaswani et al., 2017)."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import FLOAT
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.filling import masked_fill
from adjoint.ops.joining import cat
from adjoint.ops.linalg.products import baddbmm
from adjoint.ops.matrix import matmul
from adjoint.ops.nn.dropout import dropout
from adjoint.ops.nn.linear import linear
from adjoint.ops.nn.padding import pad
from adjoint.ops.nn.scaled_products import scaled_dot_product_attention
from adjoint.ops.nn.softmax import softmax

_NAMES = ("query", "key", "value")


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
        queries = query.unsqueeze(1)
        keys = queries if key is query else key.unsqueeze(1)
        query, key, value = queries, keys, keys if value is key else value.unsqueeze(1)
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
    in_heads = False
    if use_separate_proj_weight:
        separate = _checked_weights(key, value, (q_proj_weight, k_proj_weight, v_proj_weight))
        biases = (None, None, None) if in_proj_bias is None else in_proj_bias.chunk(3)
        q, k, v = (linear(*each) for each in zip((query, key, value), separate, biases, strict=True))
    else:
        _demand(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        _demand(in_proj_weight is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        in_heads = query is key is value and all(each is None for each in (bias_k, bias_v, static_k, static_v))
        if in_heads:  # all at once, and one view for what would be three each
            projected = linear(query, in_proj_weight, in_proj_bias)  # type: ignore[arg-type]
            parts = projected.view(length, examples, 3, num_heads, width // num_heads)
            q, k, v = parts.permute(2, 1, 3, 0, 4).unbind()
        else:
            q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias)
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
    if not in_heads:
        q = _heads(q, num_heads)
        k, v = (
            _heads(x, num_heads)
            if static is None
            else _checked_static(static, name, groups, width // num_heads, num_heads)
            for x, static, name in ((k, static_k, "static_k"), (v, static_v, "static_v"))
        )
    if add_zero_attn:
        k, v = (pad(x, (0, 0, 0, 1)) for x in (k, v))
        mask, padding = _widened(mask), _widened(padding)
    if mask is not None:
        mask = mask.unsqueeze(0) if mask.shape[0] == 1 else mask.view(examples, num_heads, length, -1)
    if padding is not None:
        padding = padding.view(examples, 1, 1, -1)
        mask = padding if mask is None else mask + padding
    dropped = dropout_p if training else 0.0
    shown = None
    if need_weights:
        factors = (q * math.sqrt(1 / q.shape[-1])).flatten(0, 1), k.flatten(0, 1).transpose(-2, -1)
        if mask is None:
            scores = matmul(*factors)
        else:
            scores = baddbmm(mask.expand(examples, num_heads, -1, -1).flatten(0, 1), *factors)
        shown = dropout(softmax(scores, -1), dropped).view(examples, num_heads, length, -1)
        found = matmul(shown, v)
        shown = shown.mean(1) if average_attn_weights else shown
    else:
        found = scaled_dot_product_attention(q, k, v, mask, dropped, causal)
    result = linear(found.permute(2, 0, 1, 3).reshape(length, examples, width), out_proj_weight, out_proj_bias)
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


def _checked_weights(key: Tensor, value: Tensor, weights: tuple[Tensor | None, ...]) -> tuple[Any, ...]:
    """The matrices that project queries, keys and values, where each has its own."""
    _demand(
        key.shape[:2] == value.shape[:2],
        f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
    )
    for each, name in zip(weights, "qkv", strict=True):
        _demand(each is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
    return weights


def _projected(query: Tensor, key: Tensor, value: Tensor, weight: Any, bias: Tensor | None) -> tuple[Tensor, ...]:
    """The queries, keys and values, projected by the parts of one matrix: by one product for those that are the same."""
    width = weight.shape[0] // 3
    if query is key is value:
        return _in_parts(linear(query, weight, bias), 3, width)
    if key is not value:
        biases = (None, None, None) if bias is None else bias.chunk(3)
        return tuple(linear(*each) for each in zip((query, key, value), weight.chunk(3), biases, strict=True))
    of_query, of_both = weight.split([width, 2 * width])
    query_bias, bias_of_both = (None, None) if bias is None else bias.split([width, 2 * width])
    return linear(query, of_query, query_bias), *_in_parts(linear(key, of_both, bias_of_both), 2, width)


def _in_parts(x: Tensor, count: int, width: int) -> tuple[Tensor, ...]:
    """(L, N, count * E) as so many of (L, N, E)."""
    return x.view(*x.shape[:-1], count, width).unbind(-2)


def _checked_mask(mask: Tensor, size: tuple[int, int], groups: int) -> Tensor:
    expected = size if mask.ndim == 2 else (groups, *size)
    if tuple(mask.shape) != expected:
        raise RuntimeError(f"The shape of the {mask.ndim}D attn_mask is {mask.shape!r}, but should be {expected}.")
    return mask.unsqueeze(0) if mask.ndim == 2 else mask


def _widened(mask: Tensor | None) -> Tensor | None:
    """A mask for one key more, which all queries see."""
    return None if mask is None else pad(mask, (0, 1))


def _heads(x: Tensor, count: int) -> Tensor:
    """(L, N, E) as (N, heads, L, E / heads)."""
    return x.reshape(x.shape[0], x.shape[1], count, -1).permute(1, 2, 0, 3)


def _checked_static(x: Tensor, name: str, groups: int, width: int, heads: int) -> Tensor:
    for axis, size in ((0, groups), (2, width)):
        _demand(x.shape[axis] == size, f"expecting {name}.size({axis}) of {size}, but got {x.shape[axis]}")
    return x.view(-1, heads, *x.shape[1:])
