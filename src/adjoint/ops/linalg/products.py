"""Products of matrices and vectors that are added to a tensor, and the scalar product."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.arrays.fused import fused
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import scalar_type_name
from adjoint.core.exports import public
from adjoint.core.primitive import Rule, unbroadcast
from adjoint.core.statements import general, multilinear
from adjoint.core.tensor import Tensor
from adjoint.ops.arithmetic import mul
from adjoint.ops.broadcasting import expand
from adjoint.ops.conversion import to_dtype
from adjoint.ops.matrix import (
    check_batches,
    check_product,
    check_vector,
    check_vectors,
    conjugate_transpose,
    refuse_bool,
)
from adjoint.ops.refusals import common_type, converted
from adjoint.ops.splitting import unbind

# --- the records ---


def _times(xp: Any, x: Any, number: Any) -> Any:
    if number == 1:
        return x
    dtype = xp.numpy_dtype(x)
    return xp.astype(x * number, dtype) if dtype.kind == "V" else x * number  # bfloat16 would become float32


@fused("add_to_new")
def _raised(xp: Any, new: Any, x: Any) -> Any:
    """`x + new`; nobody else has `new`, so that the sum may take its memory."""
    return x + new


def _added(name: str, product: Rule, left: Rule, right: Rule, promotes: str | None = "common") -> Callable:
    """The record of `beta * x + product(y, z, alpha)`, of which `left` and `right` are the product's transposes."""

    def forward(xp: Any, x: Any, y: Any, z: Any, *, beta: Any, alpha: Any) -> Any:
        scaled = product(xp, y, z, alpha)
        return _raised(xp, scaled, _times(xp, x, beta)) if beta else scaled  # where beta is 0, x may hold NaN

    def jvp(xp: Any, tangents: Any, y: Any, z: Any, out: Any, *, beta: Any, alpha: Any) -> Any:
        by_x, by_y, by_z = tangents
        terms = [] if by_x is None else [xp.broadcast_to(_times(xp, by_x, beta), out.shape)]
        terms += [] if by_y is None else [product(xp, by_y, z, alpha)]
        terms += [] if by_z is None else [product(xp, y, by_z, alpha)]
        return sum(terms[1:], terms[0])

    return general(
        name,
        forward,
        vjp=(
            lambda xp, g, x_shape, *, beta: _times(xp, unbroadcast(xp, g, x_shape), beta.conjugate()),
            lambda xp, g, z, *, alpha: _times(xp, left(xp, g, z), alpha.conjugate()),
            lambda xp, g, y, *, alpha: _times(xp, right(xp, g, y), alpha.conjugate()),
        ),
        jvp=jvp,
        promotes=promotes,
    )


_MATRICES: tuple[Rule, Rule, Rule] = (
    lambda xp, y, z, alpha: _times(xp, xp.matmul(y, z), alpha),
    lambda xp, g, z: xp.matmul(g, conjugate_transpose(xp, z)),
    lambda xp, g, y: xp.matmul(conjugate_transpose(xp, y), g),
)
_addmm = _added("addmm", *_MATRICES)
_baddbmm = _added("baddbmm", *_MATRICES)
_addmv = _added("addmv", _MATRICES[0], lambda xp, g, z: xp.expand_dims(g, -1) * xp.conj(z), _MATRICES[2])
_addr = _added(
    "addr",
    lambda xp, y, z, alpha: xp.expand_dims(_times(xp, y, alpha), -1) * z,
    lambda xp, g, z: xp.matmul(g, xp.conj(z)),
    lambda xp, g, y: xp.matmul(xp.conj(y), g),
    promotes=None,  # PyTorch rounds each of its steps to 16 bits
)
_vdot = multilinear(
    "vdot",
    lambda xp, x, y: xp.matmul(xp.conj(x), y),
    transposes=(lambda xp, g, y: xp.conj(g) * y, lambda xp, g, x: g * x),
)

# --- the functions ---


@public(inplace=True)
def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: complex = 1, alpha: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`beta * input + alpha * (mat1 @ mat2)` for matrices; `input` broadcasts, and is ignored where `beta` is 0.

    >>> import adjoint as torch
    >>> torch.addmm(torch.tensor([1., 2.]), torch.eye(2), torch.ones(2, 2), alpha=10)
    tensor([[11., 12.],
            [11., 12.]])
    """
    x, y, z = require_tensors("addmm", input, mat1, mat2, names=("input", "mat1", "mat2"))
    if not y.ndim == z.ndim == 2:
        name, matrix = ("mat1", y) if y.ndim != 2 else ("mat2", z)
        raise RuntimeError(f"{name} must be a matrix, got {matrix.ndim}-D tensor")
    _check_types(x, z)
    check_product("addmm", y, z)
    return _sum(_addmm, x, y, z, (len(y._data), z._data.shape[1]), beta, alpha, out)


@public(inplace=True)
def addmv(
    input: Tensor, mat: Tensor, vec: Tensor, *, beta: complex = 1, alpha: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`beta * input + alpha * (mat @ vec)` for a matrix and a vector; `input` is ignored where `beta` is 0.

    >>> import adjoint as torch
    >>> torch.addmv(torch.tensor([1., 2.]), torch.eye(2), torch.ones(2), beta=2)
    tensor([3., 5.])
    """
    x, y, z = require_tensors("addmv", input, mat, vec, names=("input", "mat", "vec"))
    if y.ndim != 2 or z.ndim != 1 or x.ndim > 1:
        raise RuntimeError(f"vector + matrix @ vector expected, got {x.ndim}, {y.ndim}, {z.ndim}")
    if not x.dtype == y.dtype == z.dtype:
        found = "{}, {}, and {}".format(*(scalar_type_name(each.dtype) for each in (x, y, z)))
        raise RuntimeError(f"addmv input tensors must have the same dtype, but got {found}")
    check_vector(y, z, x.numel())
    if x.numel() not in (1, y.shape[0]):
        raise RuntimeError(f"size mismatch, got input ({x.numel()}), mat ({y.shape[0]}x{y.shape[1]}), vec ({len(z)})")
    return _sum(_addmv, x, y, z, (y.shape[0],), beta, alpha, out)


@public(inplace=True)
def addr(
    input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: complex = 1, alpha: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`beta * input + alpha * outer(vec1, vec2)` for vectors; `input` broadcasts, and is ignored where `beta` is 0.

    >>> import adjoint as torch
    >>> torch.addr(torch.zeros(2, 2), torch.tensor([1., 2.]), torch.tensor([3., 4.]))
    tensor([[3., 4.],
            [6., 8.]])
    """
    x, y, z = require_tensors("addr", input, vec1, vec2, names=("input", "vec1", "vec2"))
    for name, vector in (("vec1", y), ("vec2", z)):
        if vector.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {vector.ndim}-D")
    common = common_type(x, y, z)
    for name, number in (("beta", beta), ("alpha", alpha)):
        if isinstance(number, float) and common.numpy.kind in "biu":
            raise RuntimeError(f"For integral input tensors, argument {name} must not be a floating point number.")
    beta, alpha = (common.numpy.type(converted(each, common)).item() for each in (beta, alpha))
    shape = (y.shape[0], z.shape[0])
    x, y, z = (to_dtype(each, common) for each in (x, y, z))
    return _sum(_addr, x, y, z, shape, beta, alpha, out)


@public(inplace=True)
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: complex = 1, alpha: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`beta * input + alpha * (batch1 @ batch2).sum(0)` for batches of matrices; `input` is ignored where `beta` is 0.

    >>> import adjoint as torch
    >>> torch.addbmm(torch.zeros(1, 1), torch.ones(4, 1, 3), torch.ones(4, 3, 1))
    tensor([[12.]])
    """
    x, y, z = require_tensors("addbmm", input, batch1, batch2, names=("input", "batch1", "batch2"))
    _check_three("addbmm", y, z)
    if y.shape[0] != z.shape[0]:
        raise RuntimeError(f"batch1 and batch2 must have same number of batches, got {y.shape[0]} and {z.shape[0]}")
    if y.shape[2] != z.shape[1]:
        raise RuntimeError("Incompatible matrix sizes for bmm ({}x{} and {}x{})".format(*y.shape[1:], *z.shape[1:]))
    _check_types(x, z)
    _check_types(y, z)
    refuse_bool("addmm_impl_cpu_", y)
    result = _checked(x, (y.shape[1], z.shape[2])) if len(y) else mul(expand(x, y.shape[1], z.shape[2]), beta)
    for left, right in zip(unbind(y), unbind(z), strict=True):
        result = addmm(result, left, right, beta=beta, alpha=alpha)
        beta = 1
    return result if out is None else write_out(out, result)


@public(inplace=True)
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: complex = 1, alpha: complex = 1, out: Tensor | None = None
) -> Tensor:
    """`beta * input + alpha * (batch1 @ batch2)` for batches of matrices; `input` is ignored where `beta` is 0.

    >>> import adjoint as torch
    >>> torch.baddbmm(torch.ones(2, 1, 1), torch.ones(2, 1, 3), torch.ones(2, 3, 1))
    tensor([[[4.]],
    <BLANKLINE>
            [[4.]]])
    """
    x, y, z = require_tensors("baddbmm", input, batch1, batch2, names=("input", "batch1", "batch2"))
    _check_three("baddbmm", y, z)
    if x.dtype != y.dtype:
        found = "input {}, batch1: {}, batch2: {}".format(*(scalar_type_name(each.dtype).lower() for each in (x, y, z)))
        raise RuntimeError(f"Input dtypes must be the same, got: {found}")
    check_batches(y._data.shape, z._data.shape, y, z)
    return _sum(_baddbmm, x, y, z, (y.shape[0], y.shape[1], z.shape[2]), beta, alpha, out)


def _sum(
    record: Callable, x: Tensor, y: Tensor, z: Tensor, shape: tuple, beta: Any, alpha: Any, out: Tensor | None
) -> Tensor:
    """What a record gives, with its two numbers in the tensors' type."""
    numbers = {"beta": converted(beta, x.dtype), "alpha": converted(alpha, x.dtype)}
    result = record(_checked(x, shape), y, z, **numbers)
    return result if out is None else write_out(out, result)


def _checked(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A tensor that broadcasts to this shape; an error where it does not."""
    if x._data.shape not in (shape, shape[1:]):
        expand(x, *shape)
    return x


@public()
def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The sum of the products of the elements of two vectors, those of the first conjugated.

    >>> import adjoint as torch
    >>> torch.vdot(torch.tensor([1j, 2]), torch.tensor([1j, 1]))
    tensor(3.+0.j)
    """
    x, y = require_tensors("vdot", input, other)
    check_vectors(x, y)
    result = _vdot(x, y)
    return result if out is None else write_out(out, result)


# --- what must fit ---


def _check_types(x: Tensor, y: Tensor) -> None:
    if x._data.dtype is not y._data.dtype and x.dtype != y.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {scalar_type_name(x.dtype)} and "
            f"{scalar_type_name(y.dtype)}\nBring both to one type, as in y.to(x.dtype)."
        )


def _check_three(function: str, x: Tensor, y: Tensor) -> None:
    for name, batch in (("batch1", x), ("batch2", y)):
        if batch.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor\nIt has {batch.ndim} dimensions.")
    refuse_bool(function, x)
