"""Distances between vectors, and vectors brought to a length."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.autocast import one_under_autocast
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import div
from adjoint.ops.broadcasting import broadcast_shapes, broadcast_tensors
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimension
from adjoint.ops.refusals import common_type, not_implemented_for

# --- norms, and how they change ---


def _length(xp: Any, d: Any, p: float, axis: Any, keepdims: bool = False) -> Any:
    """The p-norm along some axes."""
    sizes = xp.abs(d)
    if p == 0:
        return xp.sum(xp.astype(d != 0, xp.numpy_dtype(sizes)), axis=axis, keepdims=keepdims)
    if p == 1:
        return xp.sum(sizes, axis=axis, keepdims=keepdims)
    if p == 2:
        return xp.sqrt(xp.sum(sizes * sizes, axis=axis, keepdims=keepdims))
    if math.isinf(p):
        return (xp.max if p > 0 else xp.min)(sizes, axis=axis, keepdims=keepdims)
    return xp.sum(sizes**p, axis=axis, keepdims=keepdims) ** (1 / p)


def _slope(xp: Any, d: Any, length: Any, p: float, shared: tuple[int, ...] | None = None) -> Any:
    """The derivative of a p-norm by each element, where `length` is the norm in a shape that broadcasts with `d`.

    Where it has none it is 0. Of the largest elements each has the whole of it, or, along the axes `shared`, a part.
    """
    if p == 0:
        return xp.zeros_like(d)
    if p == 1:
        return xp.sign(d)
    nonzero = xp.where(length == 0, 1, length)
    if p == 2:
        return xp.where(length == 0, 0, d / nonzero)
    if math.isinf(p):
        attained = xp.astype(xp.abs(d) == length, xp.numpy_dtype(length))
        if shared is not None:
            attained = attained / xp.sum(attained, axis=shared, keepdims=True)
        return xp.sign(d) * attained
    sizes = xp.where(d == 0, 1, xp.abs(d))
    return xp.where(xp.logical_or(d == 0, length == 0), 0, xp.sign(d) * (sizes / nonzero) ** (p - 1))


def _inner(xp: Any, x: Any, y: Any) -> Any:
    """The products of which the sum is the inner product of real vectors, or of complex ones as real."""
    return xp.real(xp.conj(x) * y) if xp.numpy_dtype(x).kind == "c" else x * y


def _between(tangents: Any) -> Any:
    """The tangent of a difference."""
    x, y = tangents
    return x if y is None else -y if x is None else x - y


# --- of two tensors ---


def _dist_slope(xp: Any, x: Any, y: Any, out: Any, p: float) -> Any:
    d = x - y
    return _slope(xp, d, out, p, tuple(range(len(d.shape))))


_dist = general(
    "dist",
    lambda xp, x, y, *, p: _length(xp, x - y, p, None),
    vjp=(
        lambda xp, g, x, y, out, *, p: g * _dist_slope(xp, x, y, out, p),
        lambda xp, g, x, y, out, *, p: -g * _dist_slope(xp, x, y, out, p),
    ),
    jvp=lambda xp, tangents, x, y, out, *, p: xp.sum(_inner(xp, _dist_slope(xp, x, y, out, p), _between(tangents))),
    promotes="common",
)


@public()
def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of the difference, over all elements.

    >>> import adjoint as torch
    >>> torch.dist(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 6.0]))
    tensor(5.)
    """
    x, y = require_tensors("dist", input, other)
    if not math.prod(broadcast_shapes(x.shape, y.shape)) and math.isinf(p):
        return (x - y).abs().sum()
    return _dist(x, y, p=float(p))


@public(method=False)
@public(module="nn.functional", method=False)
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norms of `x1 - x2 + eps` along the last dimension.

    >>> import adjoint as torch
    >>> torch.nn.functional.pairwise_distance(torch.tensor([[1.0, 2.0]]), torch.tensor([[4.0, 6.0]]))
    tensor([5.0000])
    """
    x, y = require_tensors("pairwise_distance", x1, x2, names=("x1", "x2"))
    return (x - y + eps).norm(p, -1, keepdim)


@public(method=False)
@public(module="nn.functional", method=False)
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-08) -> Tensor:
    """The cosines of the angles between vectors along `dim`, with lengths of at least `eps`.

    >>> import adjoint as torch
    >>> torch.nn.functional.cosine_similarity(torch.tensor([[1.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([0.6000])
    """
    x, y = require_tensors("cosine_similarity", x1, x2, names=("x1", "x2"))
    common = common_type(x, y)
    if not common.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {scalar_type_name(common)}"
        )
    x, y = broadcast_tensors(to_dtype(x, common), to_dtype(y, common))
    x, y = (each / _at_least(each.norm(2, dim, keepdim=True), eps) for each in (x, y))
    return (x * y).sum(dim)


def _at_least(length: Tensor, eps: float) -> Tensor:
    """A length, or `eps` where it is less; its gradient is that of the length everywhere."""
    return length + (length.detach().clamp_min(eps) - length.detach())


@public(module="nn.functional", method=False)
def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None) -> Tensor:
    """Vectors along `dim`, divided by their p-norms, or by `eps` where these are less.

    >>> import adjoint as torch
    >>> torch.nn.functional.normalize(torch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    (input,) = require_tensors("normalize", input)
    return div(input, input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input), out=out)


# --- of all pairs of rows ---


def _differences(xp: Any, x: Any, y: Any) -> Any:
    return xp.expand_dims(x, -2) - xp.expand_dims(y, -3)


def _cdist_steps(xp: Any, g: Any, x: Any, y: Any, out: Any, p: float) -> Any:
    return xp.expand_dims(g, -1) * _slope(xp, _differences(xp, x, y), xp.expand_dims(out, -1), p)


_cdist = general(
    "cdist",
    lambda xp, x, y, *, p: _length(xp, _differences(xp, x, y), p, -1),
    vjp=(
        lambda xp, g, x, y, out, *, p: xp.sum(_cdist_steps(xp, g, x, y, out, p), axis=-2),
        lambda xp, g, x, y, out, *, p: -xp.sum(_cdist_steps(xp, g, x, y, out, p), axis=-3),
    ),
    jvp=lambda xp, tangents, x, y, out, *, p: xp.sum(
        _slope(xp, _differences(xp, x, y), xp.expand_dims(out, -1), p)
        * _differences(
            xp, *(xp.zeros_like(each) if t is None else t for each, t in zip((x, y), tangents, strict=True))
        ),
        axis=-1,
    ),
    promotes="common",
)


def _turned(xp: Any, x: Any) -> Any:
    """Matrices in the last two axes, transposed."""
    return xp.permute_dims(x, (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2))


def _euclidean(xp: Any, x: Any, y: Any) -> Any:
    """Distances by one product of matrices; PyTorch computes them so where there are many rows."""
    squares = [xp.sum(each * each, axis=-1, keepdims=True) for each in (x, y)]
    left = xp.concat([-2 * x, squares[0], xp.ones_like(squares[0])], -1)
    right = xp.concat([y, xp.ones_like(squares[1]), squares[1]], -1)
    return xp.sqrt(xp.maximum(xp.matmul(left, _turned(xp, right)), 0))


def _euclidean_vjp(xp: Any, g: Any, x: Any, y: Any, out: Any) -> Any:
    ratio = xp.where(out == 0, 0, g / xp.where(out == 0, 1, out))
    return x * xp.sum(ratio, axis=-1, keepdims=True) - xp.matmul(ratio, y)


def _euclidean_jvp(xp: Any, tangents: Any, x: Any, y: Any, out: Any) -> Any:
    """Half the tangents of the squares, `<x - y, tx> + <y - x, ty>`, by the distance."""
    total = xp.zeros_like(out)
    for own, other, tangent, turn in ((x, y, tangents[0], False), (y, x, tangents[1], True)):
        if tangent is not None:
            change = xp.sum(own * tangent, axis=-1, keepdims=True) - xp.matmul(tangent, _turned(xp, other))
            total = total + (_turned(xp, change) if turn else change)
    return xp.where(out == 0, 0, total / xp.where(out == 0, 1, out))


_euclidean_dist = general(
    "euclidean_dist",
    _euclidean,
    vjp=(
        _euclidean_vjp,
        lambda xp, g, x, y, out: _euclidean_vjp(xp, _turned(xp, g), y, x, _turned(xp, out)),
    ),
    jvp=_euclidean_jvp,
    promotes="common",
)

_MODES = {
    "use_mm_for_euclid_dist_if_necessary": None,
    "use_mm_for_euclid_dist": True,
    "donot_use_mm_for_euclid_dist": False,
}
_MANY = 25  # rows, from which on PyTorch takes the product of matrices


@public(method=False)
@one_under_autocast
def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norms of the differences of all rows of `x1`, (..., n, k), from all of `x2`, (..., m, k): (..., n, m).

    >>> import adjoint as torch
    >>> torch.cdist(torch.tensor([[0.0, 0.0], [3.0, 0.0]]), torch.tensor([[3.0, 4.0]]))
    tensor([[5.],
            [4.]])
    """
    x, y = require_tensors("cdist", x1, x2, names=("x1", "x2"))
    if compute_mode not in _MODES:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for name, each in (("X1", x), ("X2", y)):
        if each._data.dtype.kind not in "fV":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {scalar_type_name(each.dtype)}")
        if each.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {each.ndim}D")
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(f"X1 and X2 must have the same number of columns. X1: {x.shape[-1]} X2: {y.shape[-1]}")
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    batch = broadcast_shapes(x.shape[:-2], y.shape[:-2])
    x, y = x.expand(*batch, *x.shape[-2:]), y.expand(*batch, *y.shape[-2:])
    common = common_type(x, y)
    x, y = to_dtype(x, common), to_dtype(y, common)
    if not x.shape[-1]:
        return (x.sum(-1).unsqueeze(-1) - y.sum(-1).unsqueeze(-2)) * 0
    by_product = _MODES[compute_mode]
    if p == 2 and (by_product or (by_product is None and max(x.shape[-2], y.shape[-2]) > _MANY)):
        return _euclidean_dist(x, y)
    return _cdist(x, y, p=float(p))


def _pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(count, 1)


def _pair_differences(xp: Any, x: Any) -> Any:
    first, second = _pairs(x.shape[0])
    return xp.getitem(x, (first,)) - xp.getitem(x, (second,))


def _pdist_vjp(xp: Any, g: Any, x: Any, out: Any, *, p: float) -> Any:
    steps = xp.expand_dims(g, 1) * _slope(xp, _pair_differences(xp, x), xp.expand_dims(out, 1), p)
    first, second = _pairs(x.shape[0])
    return xp.place(steps, (first,), x.shape) - xp.place(steps, (second,), x.shape)


_pdist = general(
    "pdist",
    lambda xp, x, *, p: _length(xp, _pair_differences(xp, x), p, 1),
    vjp=_pdist_vjp,
    jvp=lambda xp, tangents, x, out, *, p: xp.sum(
        _slope(xp, _pair_differences(xp, x), xp.expand_dims(out, 1), p) * _pair_differences(xp, tangents[0]), axis=1
    ),
    promotes="common",
)


@public(method=False)
@public(module="nn.functional", method=False)
def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norms of the differences of all pairs of rows: (0, 1), (0, 2) ... (1, 2) ...

    >>> import adjoint as torch
    >>> torch.nn.functional.pdist(torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    (x,) = require_tensors("pdist", input)
    if x.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {x.ndim}D")
    if x._data.dtype.kind not in "fV":
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    if not x.shape[1]:
        return x.sum(1)[:1].expand(len(_pairs(x.shape[0])[0])) * 0
    return _pdist(x, p=float(p))


# --- brought to a length ---

_TINY = 1e-7  # what PyTorch adds to the norms that it divides by


def _others(ndim: int, axis: int) -> tuple[int, ...]:
    return tuple(each for each in range(ndim) if each != axis)


def _renorm_forward(xp: Any, x: Any, *, p: float, axis: int, limit: float) -> Any:
    length = _length(xp, x, p, _others(len(x.shape), axis), keepdims=True)
    return x * xp.where(length > limit, limit / (length + _TINY), 1)


def _renorm_derivative(xp: Any, change: Any, x: Any, p: float, axis: int, limit: float, transposed: bool) -> Any:
    axes = _others(len(x.shape), axis)
    length = _length(xp, x, p, axes, keepdims=True)
    slope = _slope(xp, x, length, p, axes)
    seen, moved = (x, slope) if transposed else (slope, x)
    shift = xp.sum(_inner(xp, change, seen), axis=axes, keepdims=True) * limit / (length + _TINY) ** 2
    return xp.where(length > limit, change * (limit / (length + _TINY)) - shift * moved, change)


_renorm = general(
    "renorm",
    _renorm_forward,
    vjp=lambda xp, g, x, *, p, axis, limit: _renorm_derivative(xp, g, x, p, axis, limit, True),
    jvp=lambda xp, tangents, x, *, p, axis, limit: _renorm_derivative(xp, tangents[0], x, p, axis, limit, False),
    promotes="common",
)


@public(inplace=True)
def renorm(input: Tensor, p: float, dim: int, maxnorm: float, *, out: Tensor | None = None) -> Tensor:
    """The slices along `dim`, of which those whose p-norm is larger than `maxnorm` are scaled down to it.

    >>> import adjoint as torch
    >>> torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), p=2, dim=0, maxnorm=1)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    (x,) = require_tensors("renorm", input)
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if x.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {x.ndim} dimensions")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    if x._data.dtype.kind in "biu":
        raise not_implemented_for("renorm_scale_factor_cpu", x)
    result = _renorm(x, p=float(p), axis=dimension(dim, x.ndim, "renorm"), limit=float(maxnorm))
    return result if out is None else write_out(out, result)
