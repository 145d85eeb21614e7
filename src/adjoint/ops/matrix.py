"""Products of vectors and matrices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core.apply import require_tensors, shapes_differ, write_out
from adjoint.core.dtypes import c_type_name, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import multilinear
from adjoint.core.tensor import Tensor
from adjoint.ops.broadcasting import broadcast_shapes
from adjoint.ops.refusals import not_implemented_for

# --- the records ---


def conjugate_transpose(xp: Any, x: Any) -> Any:
    """The transpose of the matrices in the last two axes, conjugated."""
    axes = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
    return xp.conj(xp.permute_dims(x, axes))


def _outer(xp: Any, x: Any, y: Any) -> Any:
    """The products of the elements of vectors in the last axis of `x` with those of a vector `y`, conjugated."""
    return xp.expand_dims(x, -1) * xp.conj(y)


_MATRICES: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.matmul(x, y),
    "transposes": (
        lambda xp, g, y, x_shape: unbroadcast(xp, xp.matmul(g, conjugate_transpose(xp, y)), x_shape),
        lambda xp, g, x, y_shape: unbroadcast(xp, xp.matmul(conjugate_transpose(xp, x), g), y_shape),
    ),
}
_mm = multilinear("mm", **_MATRICES)
_bmm = multilinear("bmm", **_MATRICES)
#: PyTorch folds a batch into one product and names the last step, a view of its result
_matmul_batched = multilinear("matmul_batched", **_MATRICES, node="UnsafeViewBackward0")
_MATRIX_VECTOR: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.matmul(x, y),
    "transposes": (
        lambda xp, g, y: _outer(xp, g, y),
        lambda xp, g, x, y_shape: unbroadcast(xp, xp.conj(x) * xp.expand_dims(g, -1), y_shape),
    ),
}
_mv = multilinear(
    "mv",
    lambda xp, x, y: xp.matmul(x, y),
    transposes=(lambda xp, g, y: _outer(xp, g, y), lambda xp, g, x: xp.matmul(conjugate_transpose(xp, x), g)),
)
_batch_by_vector = multilinear("batch_by_vector", **_MATRIX_VECTOR, node="UnsafeViewBackward0")
_VECTOR_MATRIX: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.matmul(x, y),
    "transposes": (
        lambda xp, g, y, x_shape: unbroadcast(xp, xp.sum(xp.conj(y) * xp.expand_dims(g, -2), axis=-1), x_shape),
        lambda xp, g, x: xp.expand_dims(xp.conj(x), -1) * xp.expand_dims(g, -2),
    ),
}
_vector_by_matrix = multilinear(
    "vector_by_matrix",
    _VECTOR_MATRIX["forward"],
    transposes=(lambda xp, g, y: xp.matmul(xp.conj(y), g), _VECTOR_MATRIX["transposes"][1]),
    node="SqueezeBackward4",
)
_vector_by_batch = multilinear("vector_by_batch", **_VECTOR_MATRIX, node="UnsafeViewBackward0")
_dot = multilinear(
    "dot",
    lambda xp, x, y: xp.matmul(x, y),
    transposes=(lambda xp, g, y: g * xp.conj(y), lambda xp, g, x: g * xp.conj(x)),
)

for _record, _name in ((_mm, "mat2"), (_bmm, "mat2"), (_mv, "vec"), (_dot, "tensor")):
    _record.primitive.saved_as = {"y": _name}


# --- the functions ---


@public()
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product: of vectors, matrices, and of batches of matrices, whose leading dimensions broadcast.

    >>> import adjoint as torch
    >>> torch.tensor([[1., 2.], [3., 4.]]) @ torch.tensor([1., 1.])
    tensor([3., 7.])
    """
    x, y = require_tensors("matmul", input, other)
    left, right = len(x._data.shape), len(y._data.shape)
    if not left or not right:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {left}D and {right}D\n"
            "Multiply by a number with `*`."
        )
    if left == 2 and right == 2:
        result = mm(x, y)
    elif left == 1 and right == 1:
        result = dot(x, y)
    elif left == 2 and right == 1:
        result = mv(x, y)
    elif left == 1 and right == 2:
        check_product("mm", x, y)
        result = _vector_by_matrix(x, y)
    else:
        result = _batched(x, y)
    return result if out is None else write_out(out, result, "matmul")


def _batched(x: Tensor, y: Tensor) -> Tensor:
    """A product in which one operand has more than two dimensions."""
    left, right = x._data.shape, y._data.shape
    if len(right) == 1:
        check_vector(x, y, math.prod(left[:-1]))
        return _batch_by_vector(x, y)
    if len(right) == 2:
        check_product("mm", x, y)
        return _matmul_batched(x, y)
    batch = _common_batch(left[:-2], right[:-2])
    rows, inner = (1, left[-1]) if len(left) == 1 else left[-2:]
    check_batches((math.prod(batch), rows, inner), (math.prod(batch), *right[-2:]), x, y)
    return _vector_by_batch(x, y) if len(left) == 1 else _matmul_batched(x, y)


@public()
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices: (n, m) by (m, p) gives (n, p)."""
    x, y = require_tensors("mm", input, mat2, names=("input", "mat2"))
    for name, matrix in (("self", x), ("mat2", y)):
        if len(matrix._data.shape) != 2:
            raise RuntimeError(f"{name} must be a matrix\nIt has {matrix.ndim} dimensions: matmul() takes any number.")
    check_product("mm", x, y)
    result = _mm(x, y)
    return result if out is None else write_out(out, result)


@public()
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of two equally long batches of matrices: (b, n, m) by (b, m, p) gives (b, n, p)."""
    x, y = require_tensors("bmm", input, mat2, names=("input", "mat2"))
    for name, batch in (("batch1", x), ("batch2", y)):
        if batch.ndim != 3:
            raise RuntimeError(
                f"{name} must be a 3D tensor\nIt has {batch.ndim} dimensions: matmul() takes any number."
            )
    check_batches(x._data.shape, y._data.shape, x, y)
    result = _bmm(x, y)
    return result if out is None else write_out(out, result)


@public()
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector: (n, m) by (m,) gives (n,)."""
    x, y = require_tensors("mv", input, vec, names=("input", "vec"))
    if x.ndim != 2 or y.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {x.ndim}, {y.ndim}")
    check_vector(x, y, x._data.shape[0])
    result = _mv(x, y)
    return result if out is None else write_out(out, result)


@public()
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of the elements of two vectors, neither conjugated."""
    x, y = require_tensors("dot", input, tensor, names=("input", "tensor"))
    check_vectors(x, y)
    result = _dot(x, y)
    return result if out is None else write_out(out, result)


# --- what must fit ---


def check_product(function: str, x: Tensor, y: Tensor) -> None:
    """Refuse a product of `x`, whose leading dimensions are taken as one, and a matrix that do not fit."""
    left, right = x._data.shape, y._data.shape
    if left[-1] != right[0]:
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({math.prod(left[:-1])}x{left[-1]} and {right[0]}x{right[1]})\n"
            f"The last size of the first, {left[-1]}, must equal the last but one of the second, {right[0]}."
        )
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {c_type_name(x.dtype)} != {c_type_name(y.dtype)}\n"
            f"Bring both to one type for {function}, as in y.to(x.dtype)."
        )
    refuse_bool("addmm_impl_cpu_", x)


def check_vector(x: Tensor, y: Tensor, rows: int) -> None:
    """Refuse a product of matrices and a vector that do not fit."""
    columns, length = x._data.shape[-1], y._data.shape[0]
    if columns != length:
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({rows}x{columns}), vec ({length})\n"
            f"The length of the vector must be the number of columns, {columns}."
        )
    if x._data.dtype != y._data.dtype:
        first, second = (scalar_type_name(each.dtype) for each in (x, y))
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {second}, {first}, and {second}")
    refuse_bool("addmv_impl_cpu", x)


def check_vectors(x: Tensor, y: Tensor) -> None:
    """Refuse a scalar product of vectors that do not fit."""
    if x.ndim != 1 or y.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x._data.shape != y._data.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{x.shape[0]}] and src [{y.shape[0]}] to have the same number of "
            f"elements, but got {x.shape[0]} and {y.shape[0]} elements respectively"
        )
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {scalar_type_name(x.dtype)} and "
            f"{scalar_type_name(y.dtype)}"
        )
    refuse_bool("dot", x)


def check_batches(left: Sequence[int], right: Sequence[int], x: Tensor, y: Tensor) -> None:
    """Refuse a product of two batches of matrices that do not fit."""
    if (left[0], left[2]) != (right[0], right[1]):
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{left[0]}, {left[2]}] but got: "
            f"[{right[0]}, {right[1]}].\nThe last size of the first must equal the last but one of the second."
        )
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(
            f"expected scalar type {scalar_type_name(x.dtype)} but found {scalar_type_name(y.dtype)}\n"
            "Bring both to one type, as in y.to(x.dtype)."
        )
    refuse_bool("bmm", x)


def _common_batch(left: Sequence[int], right: Sequence[int]) -> tuple[int, ...]:
    """The shape to which two shapes of batches broadcast."""
    try:
        return tuple(broadcast_shapes(tuple(left), tuple(right)))
    except RuntimeError:
        raise shapes_differ(left, right) from None


def refuse_bool(kernel: str, x: Tensor) -> None:
    if x._data.dtype.kind == "b":
        raise not_implemented_for(kernel, x)


@verb("matmul")
def _matmul_verb(x: Tensor, y: Tensor) -> Tensor:
    return matmul(x, y)


def _operator(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) else NotImplemented


def _reflected(self: Tensor, other: Any) -> Any:
    return matmul(other, self) if isinstance(other, Tensor) else NotImplemented


OPERATORS: dict[str, Any] = {"__matmul__": _operator, "__rmatmul__": _reflected}
