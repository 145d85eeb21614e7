"""Products that are made of matrix products and of products element by element: over chosen dimensions, and in chains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import c_type_name, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import mul
from adjoint.ops.complex import conj
from adjoint.ops.dimensions import dimension
from adjoint.ops.linalg.products import vdot
from adjoint.ops.matrix import dot, mm
from adjoint.ops.reduction import sum
from adjoint.ops.shape import permute, reshape

# --- of two tensors ---


@public(aliases=("ger",))
def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of each element of one vector with each of another, as a matrix.

    >>> import adjoint as torch
    >>> torch.outer(torch.tensor([1., 2.]), torch.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    x, y = require_tensors("outer", input, vec2, names=("input", "vec2"))
    for name, vector in (("self", x), ("vec2", y)):
        if vector.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector.ndim}-D")
    return mul(reshape(x, -1, 1), y, out=out)


@public()
def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sums of products along the last dimensions of both tensors; a product by a number where one is 0-d.

    >>> import adjoint as torch
    >>> torch.inner(torch.tensor([1., 2.]), torch.tensor([[3., 4.], [5., 6.]]))
    tensor([11., 17.])
    """
    x, y = require_tensors("inner", input, other)
    if not x.ndim or not y.ndim:
        return mul(x, y, out=out)
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(x.shape)} and {list(y.shape)}"
        )
    return tensordot(x, y, ([-1], [-1]), out=out)


@public(method=False)
def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """The sums of products over some dimensions of both tensors.

    `dims` is a number, of the last dimensions of `a` and the first of `b`; or two lists, which name the dimensions.

    >>> import adjoint as torch
    >>> torch.tensordot(torch.ones(3, 4, 5), torch.ones(4, 3, 2), ([0, 1], [1, 0])).shape
    torch.Size([5, 2])
    """
    a, b = require_tensors("tensordot", a, b, names=("a", "b"))
    of_a, of_b = _contracted(a, b, dims)
    if a.dtype != b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    for i, j in zip(of_a, of_b, strict=True):
        if a.shape[i] != b.shape[j] and 1 not in (a.shape[i], b.shape[j]):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} and second has size "
                f"{b.shape[j]} in dim {j}"
            )
    a = _summed(a, of_a, [b.shape[j] for j in of_b])
    b = _summed(b, of_b, [a.shape[i] for i in of_a])
    free_a, free_b = ([axis for axis in range(x.ndim) if axis not in of] for x, of in ((a, of_a), (b, of_b)))
    rows, columns = [a.shape[axis] for axis in free_a], [b.shape[axis] for axis in free_b]
    inner = math.prod(a.shape[axis] for axis in of_a)
    left, right = permute(a, *free_a, *of_a), permute(b, *of_b, *free_b)
    if math.prod(rows) == math.prod(columns) == 1:
        product = dot(reshape(left, inner), reshape(right, inner))
    else:
        product = mm(reshape(left, math.prod(rows), inner), reshape(right, inner, math.prod(columns)))
    result = reshape(product, *rows, *columns)
    return result if out is None else write_out(out, result, "tensordot")


def _contracted(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    """The dimensions of each tensor that the argument `dims` names."""
    if isinstance(dims, Tensor):
        dims = dims.tolist() if dims.numel() > 1 else int(dims.item())
    if isinstance(dims, tuple | list):
        of_a, of_b = ([each] if isinstance(each, int) else list(each) for each in dims)
    else:
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        of_a, of_b = list(range(-dims, 0)), list(range(dims))
    if len(of_a) != len(of_b):
        raise RuntimeError("both dimension lists should have same length")
    return [dimension(each, a.ndim) for each in of_a], [dimension(each, b.ndim) for each in of_b]


def _summed(x: Tensor, axes: Sequence[int], others: Sequence[int]) -> Tensor:
    """Summed up along the dimensions that meet one of size 1 in the other tensor."""
    repeated = [axis for axis, size in zip(axes, others, strict=True) if size == 1 != x.shape[axis]]
    return sum(x, repeated, keepdim=True) if repeated else x


@public()
def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The Kronecker product: `other`, multiplied by each element of `input` in turn, laid out as the elements are.

    >>> import adjoint as torch
    >>> torch.kron(torch.tensor([[1., 2.]]), torch.ones(2, 1))
    tensor([[1., 2.],
            [1., 2.]])
    """
    x, y = require_tensors("kron", input, other)
    ndim = max(x.ndim, y.ndim)
    left, right = ((1,) * (ndim - each.ndim) + tuple(each.shape) for each in (x, y))
    product = mul(
        reshape(x, *(size for each in left for size in (each, 1))),
        reshape(y, *(size for each in right for size in (1, each))),
    )
    result = reshape(product, tuple(m * n for m, n in zip(left, right, strict=True)))
    return result if out is None else write_out(out, result, "kron")


@public(module="linalg", method=False)
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """The scalar products of the vectors along a dimension of two tensors that broadcast, those of the first conjugated.

    >>> import adjoint as torch
    >>> torch.linalg.vecdot(torch.tensor([[1., 2.], [3., 4.]]), torch.tensor([1., 1.]))
    tensor([3., 7.])
    """
    x, y = require_tensors("linalg_vecdot", x, y, names=("x", "y"))
    if x.dtype.rank < 2:
        raise RuntimeError(
            f"linalg.vecdot: Expected a floating point or complex tensor as input. Got {scalar_type_name(x.dtype)}"
        )
    if x.dtype != y.dtype:
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type "
            f"{scalar_type_name(x.dtype)} and y of type {scalar_type_name(y.dtype)} instead"
        )
    if x.ndim == y.ndim == 1:
        return vdot(x, y, out=out)
    return sum(mul(conj(x), y), dim, out=out)


# --- of several matrices ---


@public(module="linalg", method=False)
def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of two or more matrices, in the order that takes the fewest multiplications.

    The first may be a vector, which stands for a row, and so may the last, for a column.

    >>> import adjoint as torch
    >>> torch.linalg.multi_dot([torch.ones(2), torch.ones(2, 3), torch.ones(3, 4)])
    tensor([6., 6., 6., 6.])
    """
    if not isinstance(tensors, tuple | list):
        raise TypeError(
            "linalg_multi_dot(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    chain = list(tensors)
    if len(chain) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(chain)}")
    _check_chain(chain)
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    kept = ([] if row else [chain[0].shape[0]]) + ([] if column else [chain[-1].shape[1]])
    if row:
        chain[0] = reshape(chain[0], 1, -1)
    if column:
        chain[-1] = reshape(chain[-1], -1, 1)
    result = _product(chain, _splits([chain[0].shape[0], *(each.shape[1] for each in chain)]), 0, len(chain) - 1)
    if row or column:
        result = reshape(result, tuple(kept))
    return result if out is None else write_out(out, result, "multi_dot")


def _check_chain(chain: list[Tensor]) -> None:
    for place, each in enumerate(chain):
        at_end = "first" if not place else "last" if place == len(chain) - 1 else ""
        if at_end and each.ndim not in (1, 2):
            raise RuntimeError(f"multi_dot(): the {at_end} tensor must be 1D or 2D but got {each.ndim}D")
        if not at_end and each.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {place} must be 2D but got {each.ndim}D")
        if each.dtype != chain[0].dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {c_type_name(chain[0].dtype)} and "
                f"tensor {place} {c_type_name(each.dtype)}"
            )
    for place, (left, right) in enumerate(pairwise(chain)):
        if left.shape[-1] != right.shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {place} and {place + 1} with shapes {list(left.shape)} and {list(right.shape)} "
                "cannot be multiplied"
            )


def _splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of a chain of matrices of sizes[k] by sizes[k + 1], so that the products cost least.

    Cormen et al., Introduction to Algorithms, section 15.2 (matrix-chain multiplication).
    """
    count = len(sizes) - 1
    cost = {(place, place): 0 for place in range(count)}
    splits: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for start in range(count - length):
            end = start + length
            costs = [
                cost[start, place] + cost[place + 1, end] + sizes[start] * sizes[place + 1] * sizes[end + 1]
                for place in range(start, end)
            ]
            cost[start, end] = min(costs)
            splits[start, end] = start + costs.index(min(costs))
    return splits


def _product(chain: list[Tensor], splits: dict[tuple[int, int], int], start: int, end: int) -> Tensor:
    if start == end:
        return chain[start]
    split = splits[start, end]
    return mm(_product(chain, splits, start, split), _product(chain, splits, split + 1, end))


@public(method=False)
def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """The product of one or more matrices, in the order that takes the fewest multiplications.

    `linalg.multi_dot` does the same, and takes vectors at the ends.
    """
    chain = require_tensors("chain_matmul", *matrices, names=[str(place) for place in range(len(matrices))])
    if not chain:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for each in chain:
        if each.ndim != 2:
            raise RuntimeError(f"Tensor dimension is {each.ndim}, expected 2 instead.")
    if len(chain) == 1:
        return chain[0] if out is None else write_out(out, chain[0])
    return multi_dot(chain, out=out)
