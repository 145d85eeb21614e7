"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core.apply import is_operand, require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.primitive import unbroadcast
from adjoint.core.statements import multilinear
from adjoint.core.tensor import Tensor

# --- the records ---


def _flip(xp: Any, x: Any) -> Any:
    """The transpose of the matrices in the last two axes, conjugated."""
    axes = (*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2)
    return xp.conj(xp.permute_dims(x, axes))


def _outer(xp: Any, x: Any, y: Any) -> Any:
    return xp.expand_dims(x, -1) * xp.expand_dims(xp.conj(y), 0)


_MATRICES: dict[str, Any] = {
    "forward": lambda xp, x, y: xp.matmul(x, y),
    "transposes": (
        lambda xp, g, y, x_shape: unbroadcast(xp, xp.matmul(g, _flip(xp, y)), x_shape),
        lambda xp, g, x, y_shape: unbroadcast(xp, xp.matmul(_flip(xp, x), g), y_shape),
    ),
}
_mm = multilinear("mm", **_MATRICES)
_bmm = multilinear("bmm", **_MATRICES)
#: PyTorch folds a batch into one product and names the last step, a view
_matmul_batched = multilinear("matmul_batched", **_MATRICES, node="UnsafeViewBackward0")
_mv = multilinear(
    "mv",
    lambda xp, x, y: xp.matmul(x, y),
    transposes=(lambda xp, g, y: _outer(xp, g, y), lambda xp, g, x: xp.matmul(_flip(xp, x), g)),
)
_dot = multilinear(
    "dot",
    lambda xp, x, y: xp.matmul(x, y),
    transposes=(lambda xp, g, y: g * xp.conj(y), lambda xp, g, x: g * xp.conj(x)),
)


# --- the functions ---


@public()
def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The matrix product: of vectors, matrices, and of batches of matrices, whose leading dimensions broadcast.

    >>> import adjoint as torch
    >>> torch.tensor([[1., 2.], [3., 4.]]) @ torch.tensor([1., 1.])
    tensor([3., 7.])
    """
    x, y = require_tensors("matmul", input, other)
    left, right = x._data.shape, y._data.shape
    if not left or not right:
        raise RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {len(left)}D and {len(right)}D"
        )
    if len(left) == 1 and len(right) == 1:
        result = dot(x, y)
    elif len(left) == 2 and len(right) == 2:
        result = mm(x, y)
    elif len(left) == 2 and len(right) == 1:
        result = mv(x, y)
    elif len(left) == 1 and len(right) == 2:
        result = mm(x.unsqueeze(0), y).squeeze(0)
    elif len(left) == 1:
        result = matmul(x.unsqueeze(0), y).squeeze(-2)
    elif len(right) == 1:
        result = matmul(x, y.unsqueeze(-1)).squeeze(-1)
    else:
        _same_type("matmul", x, y)
        if left[-1] != right[-2]:
            raise _mismatch(left, right)
        result = (_bmm if len(left) == len(right) == 3 and left[0] == right[0] else _matmul_batched)(x, y)
    return result if out is None else write_out(out, result)


@public()
def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of two matrices: (n, m) by (m, p) gives (n, p)."""
    x, y = require_tensors("mm", input, mat2, names=("input", "mat2"))
    for name, matrix in (("self", x), ("mat2", y)):
        if matrix.ndim != 2:
            raise RuntimeError(f"{name} must be a matrix")
    if x._data.shape[1] != y._data.shape[0]:
        raise _mismatch(x._data.shape, y._data.shape)
    _same_type("mm", x, y)
    result = _mm(x, y)
    return result if out is None else write_out(out, result)


@public()
def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The products of two equally long batches of matrices: (b, n, m) by (b, m, p) gives (b, n, p)."""
    x, y = require_tensors("bmm", input, mat2, names=("input", "mat2"))
    for name, batch in (("batch1", x), ("batch2", y)):
        if batch.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if x.shape[0] != y.shape[0] or x.shape[2] != y.shape[1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{x.shape[0]}, {x.shape[2]}] but got: "
            f"[{y.shape[0]}, {y.shape[1]}]."
        )
    _same_type("bmm", x, y)
    result = _bmm(x, y)
    return result if out is None else write_out(out, result)


@public()
def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The product of a matrix and a vector: (n, m) by (m,) gives (n,)."""
    x, y = require_tensors("mv", input, vec, names=("input", "vec"))
    if x.ndim != 2 or y.ndim != 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got 1, {x.ndim}, {y.ndim}")
    if x.shape[1] != y.shape[0]:
        raise RuntimeError(
            f"size mismatch, got input ({x.shape[0]}), mat ({x.shape[0]}x{x.shape[1]}), vec ({y.shape[0]})"
        )
    _same_type("mv", x, y)
    result = _mv(x, y)
    return result if out is None else write_out(out, result)


@public()
def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of the elements of two vectors, neither conjugated."""
    x, y = require_tensors("dot", input, tensor, names=("input", "tensor"))
    if x.ndim != 1 or y.ndim != 1:
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x.shape != y.shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{x.shape[0]}] and src [{y.shape[0]}] to have the same number of "
            f"elements, but got {x.shape[0]} and {y.shape[0]} elements respectively"
        )
    if x._data.dtype != y._data.dtype:
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {scalar_type_name(x.dtype)} and "
            f"{scalar_type_name(y.dtype)}"
        )
    result = _dot(x, y)
    return result if out is None else write_out(out, result)


@verb("matmul")
def _matmul_verb(x: Tensor, y: Tensor) -> Tensor:
    return matmul(x, y)


_C_NAMES = {"Float": "float", "Double": "double", "Half": "c10::Half", "BFloat16": "c10::BFloat16", "Long": "long long",
            "Int": "int", "Short": "short", "Char": "signed char", "Byte": "unsigned char", "Bool": "bool",
            "ComplexFloat": "c10::complex<float>", "ComplexDouble": "c10::complex<double>"}  # fmt: skip


def _same_type(function: str, x: Tensor, y: Tensor) -> None:
    if x._data.dtype != y._data.dtype:
        first, second = (scalar_type_name(each.dtype) for each in (x, y))
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {_C_NAMES.get(first, first)} != {_C_NAMES.get(second, second)}\n"
            f"Bring both to one type for {function}, as in y.to(x.dtype)."
        )


def _mismatch(left: tuple[int, ...], right: tuple[int, ...]) -> RuntimeError:
    rows = 1
    for size in left[:-1]:
        rows *= size
    return RuntimeError(
        f"mat1 and mat2 shapes cannot be multiplied ({rows}x{left[-1]} and {right[-2]}x{right[-1]})\n"
        f"The last size of the first, {left[-1]}, must equal the last but one of the second, {right[-2]}."
    )


def _operator(self: Tensor, other: Any) -> Any:
    return matmul(self, other) if isinstance(other, Tensor) or is_operand(other) else NotImplemented


OPERATORS: dict[str, Any] = {"__matmul__": _operator}
