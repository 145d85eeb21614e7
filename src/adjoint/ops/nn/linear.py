"""Linear and bilinear layers, and vectors of truth for indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import multilinear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.linalg.products import addmm
from adjoint.ops.matrix import matmul


@public(module="nn.functional", method=False)
def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """`input @ weight.T + bias`: input of shape (..., m), weights (n, m) or (m,), bias (n,) or ().

    >>> import adjoint as torch
    >>> torch.nn.functional.linear(torch.tensor([[1.0, 2.0]]), torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.ones(2))
    tensor([[2., 4.]])
    """
    x, w = require_tensors("linear", input, weight, names=("input", "weight"))
    if w.ndim != 2 or bias is None or bias.ndim > 1:
        result = matmul(x, w.t() if w.ndim == 2 else w)
        result = result if bias is None else result + bias
    elif x.ndim == 2:
        result = addmm(bias, x, w.t())
    else:
        result = addmm(bias, x.reshape(-1, x.shape[-1] if x.ndim else 1), w.t()).view(*x.shape[:-1], w.shape[0])
    return result if out is None else write_out(out, result, "linear")


def _trilinear(xp: Any, x: Any, y: Any, weight: Any) -> Any:
    """The sums over i and j of `x[n, i] * weight[o, i, j] * y[n, j]`, of shape (n, o)."""
    outputs, left, right = weight.shape
    mixed = xp.matmul(x, xp.reshape(xp.permute_dims(weight, (1, 0, 2)), (left, outputs * right)))
    mixed = xp.reshape(mixed, (x.shape[0], outputs, right))
    return xp.squeeze(xp.matmul(mixed, xp.expand_dims(y, -1)), -1)


def _weight_transpose(xp: Any, g: Any, x: Any, y: Any) -> Any:
    rows, left, right = x.shape[0], x.shape[1], y.shape[1]
    products = xp.expand_dims(xp.conj(x), 2) * xp.expand_dims(xp.conj(y), 1)
    summed = xp.matmul(xp.permute_dims(g, (1, 0)), xp.reshape(products, (rows, left * right)))
    return xp.reshape(summed, (g.shape[1], left, right))


_trilinear_record = multilinear(
    "trilinear",
    _trilinear,
    transposes=(
        lambda xp, g, y, weight: _trilinear(xp, g, xp.conj(y), xp.conj(xp.permute_dims(weight, (1, 0, 2)))),
        lambda xp, g, x, weight: _trilinear(xp, g, xp.conj(x), xp.conj(xp.permute_dims(weight, (2, 0, 1)))),
        _weight_transpose,
    ),
    promotes="common",
)


@public(method=False)
@public(module="nn.functional", method=False)
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`input1 @ weight[o] @ input2 + bias[o]` for each output o; inputs (..., m) and (..., k), weights (n, m, k).

    >>> import adjoint as torch
    >>> torch.nn.functional.bilinear(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]]), torch.ones(1, 2, 1))
    tensor([[9.]])
    """
    x, y, w = require_tensors("bilinear", input1, input2, weight, names=("input1", "input2", "weight"))
    if x.shape[:-1] != y.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(x.shape[:-1])} and {list(y.shape[:-1])}"
        )
    if w.ndim != 3:
        raise RuntimeError(f"bilinear(): weight must be 3D tensor, but got {w.ndim}D tensor")
    for place, each in ((1, x), (2, y)):
        if each.shape[-1] != w.shape[place]:
            raise RuntimeError(
                f"bilinear(): input{place} size does not match weight size: got {each.shape[-1]} but expected {w.shape[place]}"
            )
    rows = int(np.prod(x.shape[:-1], dtype=int))
    mixed = _trilinear_record(x.reshape(rows, x.shape[-1]), y.reshape(rows, y.shape[-1]), w)
    result = mixed.reshape(*x.shape[:-1], w.shape[0])
    return result if bias is None else result + bias


@public(module="nn.functional", method=False)
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """For each index a vector of zeros with a 1 at that place; as many classes as the largest index asks for.

    >>> import adjoint as torch
    >>> torch.nn.functional.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    (indices,) = require_tensors("one_hot", tensor)
    if indices._data.dtype != np.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if not indices.numel():
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    elif indices.min().item() < 0:
        raise RuntimeError("Class values must be non-negative.")
    elif num_classes == 0 or num_classes < -1 or -1 < num_classes <= indices.max().item():
        raise RuntimeError("Class values must be smaller than num_classes.")
    count = int(indices.max().item()) + 1 if num_classes == -1 else num_classes
    return (indices.unsqueeze(-1) == wrap(np.arange(count))).long()
