"""Complex numbers: conjugates, real and imaginary parts."""

from __future__ import annotations

from adjoint.arrays.tensor import verb
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor

# Linear over the real numbers; a transpose is with respect to the inner product Re(conj(a) * b).
_conj = linear("conj", lambda xp, x: xp.conj(x), transpose=lambda xp, g: xp.conj(g))
_real = linear(
    "real", lambda xp, x: xp.real(x), transpose=lambda xp, g, x_dtype: xp.astype(g, x_dtype), verb="real", view=True
)
_imag = linear(
    "imag",
    lambda xp, x: xp.imag(x),
    transpose=lambda xp, g, x_dtype: xp.astype(g, x_dtype) * 1j,
    verb="imag",
    view=True,
)


@verb("conj")
def _conj_verb(x: Tensor) -> Tensor:
    return conj(x) if isinstance(x, Tensor) else x.conjugate()


@public()
def conj(input: Tensor) -> Tensor:
    """The complex conjugate of each element; a real tensor is returned as it is.

    >>> import adjoint as torch
    >>> torch.conj(torch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    (input,) = require_tensors("conj", input)
    return _conj(input) if input._data.dtype.kind == "c" else input


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


PROPERTIES = {"real": real, "imag": imag}
