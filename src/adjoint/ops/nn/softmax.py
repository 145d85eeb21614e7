"""Softmax and its logarithm: scores turned into probabilities along a dimension."""

from __future__ import annotations

import warnings
from typing import Any

from adjoint.arrays.fused import fused
from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import dtype as DType
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype
from adjoint.ops.dimensions import dimension
from adjoint.ops.refusals import not_implemented_for


def _from_largest(xp: Any, x: Any, axis: int) -> Any:
    """The differences from the largest element along an axis, whose exponentials cannot overflow."""
    return x - xp.max(x, axis=axis, keepdims=True) if 0 not in x.shape else x


@fused("softmax")
def _softmax(xp: Any, x: Any, *, axis: int) -> Any:
    weights = xp.exp(_from_largest(xp, x, axis))
    return weights / xp.sum(weights, axis=axis, keepdims=True)


@fused("log_softmax")
def _log_softmax(xp: Any, x: Any, *, axis: int, held: Any = None) -> Any:
    """PyTorch holds the sums of 16-bit numbers along the last axis in 16 bits, the type `held`, and so do we."""
    x = _from_largest(xp, x, axis)
    total = xp.sum(xp.exp(x), axis=axis, keepdims=True)
    return x - xp.log(total if held is None else xp.astype(xp.astype(total, held), xp.numpy_dtype(x)))


@fused("softmax_derivative")
def softmax_derivative(xp: Any, change: Any, out: Any, *, axis: int) -> Any:
    """The Jacobian diag(out) - out out^T, which is symmetric, times a tangent or a cotangent."""
    moved = change * out
    return moved - out * xp.sum(moved, axis=axis, keepdims=True)


@fused("log_softmax_vjp")
def _log_softmax_vjp(xp: Any, g: Any, out: Any, *, axis: int) -> Any:
    return g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True)


softmax_record = general(
    "softmax",
    lambda xp, x, *, axis: _softmax(xp, x, axis=axis),
    vjp=lambda xp, g, out, *, axis: softmax_derivative(xp, g, out, axis=axis),
    jvp=lambda xp, tangents, out, *, axis: softmax_derivative(xp, tangents[0], out, axis=axis),
    promotes="common",
)
log_softmax_record = general(
    "log_softmax",
    lambda xp, x, *, axis, held=None: _log_softmax(xp, x, axis=axis, held=held),
    vjp=lambda xp, g, out, *, axis: _log_softmax_vjp(xp, g, out, axis=axis),
    jvp=lambda xp, tangents, out, *, axis: tangents[0] - xp.sum(xp.exp(out) * tangents[0], axis=axis, keepdims=True),
    promotes="common",
)


def _scores(name: str, input: Tensor, dim: Any, dtype: DType | None) -> tuple[Tensor, int]:
    """The scores in the type in which to compute, and their dimension counted from the front."""
    (input,) = require_tensors(name, input)
    x = input if dtype is None else to_dtype(input, dtype)
    if x._data.dtype.kind not in "fV":
        raise not_implemented_for(f"{name}_lastdim_kernel_impl", x)
    return x, dimension(dim, x.ndim, name)


@public()
def softmax(input: Tensor, dim: int, dtype: DType | None = None, *, out: Tensor | None = None) -> Tensor:
    """Positive numbers that sum to 1 along `dim`, in the proportions of `exp(input)`; `dtype` casts the input first.

    >>> import adjoint as torch
    >>> torch.softmax(torch.tensor([0.0, 1.0, 2.0]), dim=0)
    tensor([0.0900, 0.2447, 0.6652])
    """
    x, axis = _scores("softmax", input, dim, dtype)
    return softmax_record(x, axis=axis, out=out)


@public()
def log_softmax(input: Tensor, dim: int, dtype: DType | None = None, *, out: Tensor | None = None) -> Tensor:
    """The logarithm of `softmax`, computed without loss of digits where a probability is tiny.

    >>> import adjoint as torch
    >>> torch.log_softmax(torch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    x, axis = _scores("log_softmax", input, dim, dtype)
    if x.dtype.itemsize == 2 and axis == x.ndim - 1:
        return log_softmax_record(x, axis=axis, held=x._data.dtype, out=out)
    return log_softmax_record(x, axis=axis, out=out)


def _implied(function: str, dim: int | None, ndim: int, stacklevel: int) -> int:
    """The dimension that is meant where none is given, which PyTorch deprecates."""
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {function} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


@public(module="nn.functional", method=False, name="softmax")
def functional_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """Positive numbers that sum to 1 along `dim`, in the proportions of `exp(input)`.

    >>> import adjoint as torch
    >>> torch.nn.functional.softmax(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), dim=1)
    tensor([[0.5000, 0.5000],
            [0.5000, 0.5000]])
    """
    return softmax(input, _implied("softmax", dim, input.ndim, _stacklevel), dtype)


@public(module="nn.functional", method=False, name="log_softmax")
def functional_log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """The logarithm of `softmax`.

    >>> import adjoint as torch
    >>> torch.nn.functional.log_softmax(torch.tensor([[1.0, 1.0], [0.0, 0.0]]), dim=1)
    tensor([[-0.6931, -0.6931],
            [-0.6931, -0.6931]])
    """
    return log_softmax(input, _implied("log_softmax", dim, input.ndim, _stacklevel), dtype)


@public(module="nn.functional", method=False)
def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None) -> Tensor:
    """The softmax of `-input`: the smallest elements get the largest shares.

    >>> import adjoint as torch
    >>> torch.nn.functional.softmin(torch.tensor([0.0, 1.0, 2.0]), dim=0)
    tensor([0.6652, 0.2447, 0.0900])
    """
    return softmax(-input, _implied("softmin", dim, input.ndim, _stacklevel), dtype)


@public(module="nn.functional", method=False)
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """A sample of the Gumbel-softmax distribution: `softmax` of the logits with Gumbel noise, divided by `tau`.

    With `hard` it is one-hot, while its gradient is that of the soft sample.

    >>> import adjoint as torch
    >>> sample = torch.nn.functional.gumbel_softmax(torch.zeros(4, 3), hard=True)
    >>> sample.sum(dim=-1)
    tensor([1., 1., 1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    exponential = logits.detach().clone().exponential_()
    soft = softmax((logits - exponential.log()) / tau, dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = (soft.detach() * 0).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
