"""Complex numbers: conjugates, real and imaginary parts."""

from __future__ import annotations

from typing import Any

from adjoint.arrays.tensor import verb
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor
from adjoint.ops.shape import transpose
from adjoint.ops.writing import copy_

# Linear over the real numbers; a transpose is with respect to the inner product Re(conj(a) * b).
_conj = linear("conj", lambda xp, x: xp.conj(x), transpose=lambda xp, g: xp.conj(g))
_conj_physical = linear("conj_physical", lambda xp, x: xp.conj(x), transpose=lambda xp, g: xp.conj(g))
#: PyTorch takes the parts as a selection from a view of pairs of numbers, and names the node so
_real = linear(
    "real",
    lambda xp, x: xp.real(x),
    transpose=lambda xp, g, x_dtype: xp.astype(g, x_dtype),
    view=True,
    node="SelectBackward0",
)
_imag = linear(
    "imag",
    lambda xp, x: xp.imag(x),
    transpose=lambda xp, g, x_dtype: xp.astype(g, x_dtype) * 1j,
    verb="imag",
    view=True,
    node="SelectBackward0",
)


@verb("conj")
def _conj_verb(x: Tensor) -> Tensor:
    return conj(x) if isinstance(x, Tensor) else x.conjugate()


@verb("real")
def _real_verb(x: Tensor) -> Tensor:
    return real(x) if isinstance(x, Tensor) else x.real


@public()
def conj(input: Tensor) -> Tensor:
    """The complex conjugate of each element, as new memory; a real tensor is returned as it is.

    >>> import adjoint as torch
    >>> torch.conj(torch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    (input,) = require_tensors("conj", input)
    return _conj(input) if input._data.dtype.kind == "c" else input


@public(inplace=True)
def conj_physical(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex conjugate of each element; a real tensor is returned as it is."""
    (input,) = require_tensors("conj_physical", input)
    result = _conj_physical(input) if input._data.dtype.kind == "c" else input
    return result if out is None else write_out(out, result)


@public(aliases=("resolve_neg",))
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugates are computed at once here, so there is none left to carry out."""
    return input


@public(aliases=("is_neg",))
def is_conj(input: Tensor) -> bool:
    """Whether a conjugation is still to be carried out: never, since it is done at once here."""
    return False


@public(method=False)
def real(input: Tensor) -> Tensor:
    """The real parts, as a view; a real tensor is returned as it is.

    >>> import adjoint as torch
    >>> torch.real(torch.tensor([1 + 2j]))
    tensor([1.])
    """
    (input,) = require_tensors("real", input)
    return _real(input) if input._data.dtype.kind == "c" else input


@public(method=False)
def imag(input: Tensor) -> Tensor:
    """The imaginary parts of a complex tensor, as a view.

    >>> import adjoint as torch
    >>> torch.imag(torch.tensor([1 + 2j]))
    tensor([2.])
    """
    (input,) = require_tensors("imag", input)
    if input._data.dtype.kind != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _imag(input)


@public()
def adjoint(input: Tensor) -> Tensor:
    """The conjugate transpose of matrices in the last two dimensions.

    >>> import adjoint as torch
    >>> torch.tensor([[1., 2j]]).adjoint()
    tensor([[1.-0.j],
            [0.-2.j]])
    """
    (input,) = require_tensors("adjoint", input)
    if input.ndim == 1:
        raise RuntimeError("tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.")
    return conj(transpose(input, -2, -1))


def _matrix_adjoint(self: Tensor) -> Tensor:
    """The conjugate transpose of a matrix."""
    if self.ndim not in (0, 2):
        raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors). Got {self.ndim}-D tensor.")
    return adjoint(self) if self.ndim else conj(self)


def _set_real(self: Tensor, value: Any) -> None:
    _set_part(real(self), value)


def _set_imag(self: Tensor, value: Any) -> None:
    _set_part(imag(self), value)


def _set_part(part: Tensor, value: Any) -> None:
    if isinstance(value, Tensor):
        copy_(part, value)
    else:
        part.fill_(value)


PROPERTIES: dict[str, Any] = {"real": (real, _set_real), "imag": (imag, _set_imag), "mH": adjoint, "H": _matrix_adjoint}
