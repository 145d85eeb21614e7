"""Complex numbers from and as pairs of real ones: by their parts, by length and angle, and as memory."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adjoint.arrays.tensor import verb
from adjoint.core.apply import require_tensors, write_out
from adjoint.core.dtypes import FLOAT, scalar_type_name
from adjoint.core.exports import public
from adjoint.core.statements import constant, general, linear
from adjoint.core.tensor import Tensor

# Linear over the real numbers; transposes and products are with respect to the inner product Re(conj(a) * b).
_complex = linear(
    "complex",
    lambda xp, x, y: x + 1j * y,
    transpose=(lambda xp, g: xp.real(g), lambda xp, g: xp.imag(g)),
    promotes="common",
)


def _direction(xp: Any, angle: Any) -> Any:
    return xp.cos(angle) + 1j * xp.sin(angle)


_polar = general(
    "polar",
    lambda xp, x, y: x * _direction(xp, y),
    vjp=(
        lambda xp, g, out: xp.real(xp.conj(g) * xp.sign(out)),
        lambda xp, g, out: -xp.imag(xp.conj(g) * out),
    ),
    jvp=lambda xp, tangents, y, out: sum(
        tangent * factor
        for tangent, factor in zip(tangents, (_direction(xp, y), 1j * out), strict=True)
        if tangent is not None
    ),
    promotes="common",
)


def _angle_vjp(xp: Any, g: Any, x: Any) -> Any:
    """Across the line from 0 to the number; a real number keeps its angle however it changes."""
    if xp.numpy_dtype(x).kind != "c":
        return xp.zeros_like(g)
    return xp.where(x == 0, 0, 1j * g * _over_square(xp, x))


def _angle_jvp(xp: Any, tangents: Any, x: Any) -> Any:
    (tangent,) = tangents
    if xp.numpy_dtype(x).kind != "c":
        return xp.zeros_like(tangent)
    return xp.where(x == 0, 0, xp.imag(tangent * xp.conj(_over_square(xp, x))))


def _over_square(xp: Any, x: Any) -> Any:
    """`x / abs(x)**2`, and anything finite at 0."""
    away = xp.where(x == 0, 1, x)
    return away / xp.real(away * xp.conj(away))


def _angle_of(xp: Any, x: Any) -> Any:
    if xp.numpy_dtype(x).kind == "c":
        return xp.atan2(xp.imag(x), xp.real(x))
    return xp.where(xp.isnan(x), x, xp.where(x < 0, math.pi, xp.zeros_like(x)))


_angle = general("angle", _angle_of, vjp=_angle_vjp, jvp=_angle_jvp, promotes="float")
_view_as_real = linear(
    "view_as_real",
    lambda xp, x: xp.as_pairs(x),
    transpose=lambda xp, g: xp.from_pairs(g),
    verb="as_pairs",
    view=True,
)
_view_as_complex = linear(
    "view_as_complex",
    lambda xp, x: xp.from_pairs(x),
    transpose=lambda xp, g: xp.as_pairs(g),
    view=True,
)


@verb("from_pairs")
def _from_pairs(x: Tensor) -> Tensor:
    return _view_as_complex(x.contiguous())


_isreal = constant(
    "isreal",
    lambda xp, x: xp.imag(x) == 0 if xp.numpy_dtype(x).kind == "c" else xp.ones(x.shape, dtype=bool),
    public=False,
)


@public(method=False)
def complex(real: Tensor, imag: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers with these real and imaginary parts; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.complex(torch.tensor([1.]), torch.tensor([2.]))
    tensor([1.+2.j])
    """
    result = _complex(*_parts("complex", real, imag, ("real", "imag"), out))
    return result if out is None else write_out(out, result)


@public(method=False)
def polar(abs: Tensor, angle: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The complex numbers of this length and this angle in radians; shapes broadcast.

    >>> import adjoint as torch
    >>> torch.polar(torch.tensor([2.]), torch.tensor([0.]))
    tensor([2.+0.j])
    """
    result = _polar(*_parts("polar", abs, angle, ("abs", "angle"), out))
    return result if out is None else write_out(out, result)


def _parts(function: str, x: Any, y: Any, names: tuple[str, str], out: Any) -> tuple[Tensor, ...]:
    """Two tensors of one floating-point type, to make complex numbers of, in a type that `out` has."""
    x, y = require_tensors(function, x, y, names=names)
    titles = scalar_type_name(x.dtype), scalar_type_name(y.dtype)
    if not (x.dtype.rank == y.dtype.rank == FLOAT):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {titles[0]} and {titles[1]}"
        )
    if x.dtype is not y.dtype:
        raise RuntimeError(
            f"Expected object of scalar type {titles[0]} but got scalar type {titles[1]} for second argument"
        )
    _refuse_narrow(function, x)
    if isinstance(out, Tensor) and out.dtype is not x.dtype.to_complex():
        raise RuntimeError(
            f"Expected object of scalar type {scalar_type_name(x.dtype.to_complex())} but got scalar type "
            f"{scalar_type_name(out.dtype)} for argument 'out'"
        )
    return x, y


def _refuse_narrow(function: str, x: Tensor) -> None:
    if x.dtype.itemsize == 2:
        raise NotImplementedError(
            f"\"{function}_cpu\" not implemented for '{scalar_type_name(x.dtype)}'\n"
            "There are no complex numbers with parts of 16 bits: cast the parts first, as in x.float()."
        )


@public()
def angle(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The angle of each complex number in radians, from -pi to pi; pi for negative real numbers, else 0.

    >>> import adjoint as torch
    >>> torch.angle(torch.tensor([1j, -1.]))
    tensor([1.5708, 3.1416])
    """
    return _angle(input, out=out)


@public(method=False)
def view_as_real(input: Tensor) -> Tensor:
    """A view of complex numbers as pairs of real ones, in a last dimension of size 2.

    >>> import adjoint as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    (input,) = require_tensors("view_as_real", input)
    if input._data.dtype.kind != "c":
        raise RuntimeError("view_as_real is only supported for complex tensors")
    return _view_as_real(input)


@public(method=False)
def view_as_complex(input: Tensor) -> Tensor:
    """A view of pairs of real numbers, in a last dimension of size 2, as complex ones.

    >>> import adjoint as torch
    >>> torch.view_as_complex(torch.tensor([[1., 2.]]))
    tensor([1.+2.j])
    """
    (input,) = require_tensors("view_as_complex", input)
    if input.dtype.rank != FLOAT:
        raise RuntimeError(
            "view_as_complex is only supported for half, float and double tensors, but got a tensor of scalar type: "
            f"{scalar_type_name(input.dtype)}"
        )
    _refuse_narrow("view_as_complex", input)
    if not input.ndim:
        raise RuntimeError("Input tensor must have one or more dimensions")
    if input.shape[-1] != 2:
        raise RuntimeError("Tensor must have a last dimension of size 2")
    if isinstance(input._data, np.ndarray):
        steps: Any = input.stride()
        if steps[-1] != 1:
            raise RuntimeError("Tensor must have a last dimension with stride 1")
        if any(step % 2 for step in steps[:-1]):
            raise RuntimeError("Tensor must have a stride divisible by 2 for all but last dimension")
    return _view_as_complex(input)


@public()
def isreal(input: Tensor) -> Tensor:
    """Whether each element is a real number: one without an imaginary part.

    >>> import adjoint as torch
    >>> torch.isreal(torch.tensor([1 + 0j, 1j]))
    tensor([ True, False])
    """
    return _isreal(input)
