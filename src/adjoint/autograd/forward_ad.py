"""`torch.autograd.forward_ad`: dual tensors, which carry a tangent along with their value.

>>> import adjoint as torch
>>> import adjoint.autograd.forward_ad as fwAD
>>> with fwAD.dual_level():
...     x = fwAD.make_dual(torch.tensor(3.), torch.tensor(1.))
...     y = fwAD.unpack_dual(x ** 2)
>>> y.tangent
tensor(6.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from adjoint.autograd.grad_mode import _Decorator
from adjoint.core import modes, tangents
from adjoint.core.forward import laid_out
from adjoint.core.tensor import Tensor, buffer
from adjoint.ops.aliasing import fw_primal
from adjoint.ops.shape import view_as

__all__ = [
    "UnpackedDualTensor",
    "enter_dual_level",
    "exit_dual_level",
    "make_dual",
    "unpack_dual",
    "dual_level",
]


class _Open(threading.local):
    """The levels that were entered here and are open in this thread: their numbers in the core."""

    def __init__(self) -> None:
        self.numbers: list[int] = []


_open = _Open()


def enter_dual_level() -> int:
    """Open a level of forward mode, and give its number, 0. Only one can be open at a time.

    >>> import adjoint.autograd.forward_ad as fwAD
    >>> level = fwAD.enter_dual_level()
    >>> fwAD.exit_dual_level(level=level)
    """
    if _open.numbers:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment\n"
            "For derivatives of higher order nest torch.func.jvp or torch.func.jacfwd, to any depth, also inside this level."
        )
    _open.numbers.append(tangents.enter())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the open level. All tangents made in it are dropped: dual tensors become ordinary ones."""
    current = len(_open.numbers) - 1
    if level is not None and level != current:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    if current < 0:
        raise RuntimeError("Dual level must be a positive number.\nNo level is open: enter_dual_level() opens one.")
    tangents.leave(_open.numbers.pop())


class dual_level(_Decorator):  # noqa: N801
    """A level of forward mode, open for a `with` block or for the calls of a decorated function.

    Inside, `make_dual` gives tensors tangents, operations carry them along, and `unpack_dual` takes them out. When the
    level is left its tangents are dropped.

    >>> import adjoint as torch
    >>> import adjoint.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor([0., 1.]), torch.tensor([1., 2.]))
    ...     print(x.exp())
    tensor([1.0000, 2.7183], tangent=tensor([1.0000, 5.4366]))
    >>> x
    tensor([0., 1.])
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *error: object) -> None:
        exit_dual_level()


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` returns: the value, and the tangent or None."""

    primal: Tensor
    tangent: Tensor | None


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """A view of `tensor` that carries `tangent`, which must have its shape, through the operations of the open level.

    The tangent is kept as it is where it is laid out in memory as `tensor` is, and copied where it is not. Gradients
    flow back to both.

    >>> import adjoint as torch
    >>> import adjoint.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     fwAD.make_dual(torch.tensor(1.), torch.tensor(2.))
    tensor(1., tangent=2.0)
    """
    current = len(_open.numbers) - 1
    level = current if level is None else level
    if level < 0:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    check_types(tensor, tangent)
    if level > current:
        raise RuntimeError(
            f"Invalid level given to _make_dual\nThe level that is open is {current}: leave out level=, or pass that number."
        )
    return make(tensor, tangent, _open.numbers[level], level)


def check_types(tensor: Tensor, tangent: Tensor) -> None:
    """Refuse values and tangents that have no derivatives."""
    for name, given in (("primal", tensor), ("tangent", tangent)):
        if not (given.is_floating_point() or given.is_complex()):
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: {given.dtype}\n"
                "Only real and complex numbers have derivatives: convert it first, as in x.float()."
            )


def make(tensor: Tensor, tangent: Tensor, number: int, level: int = 0) -> Tensor:
    """A view of `tensor` that carries `tangent` for a level of the core; messages name it `level`."""
    dual = view_as(tensor, tensor)
    if not tangents.is_enabled():
        return dual
    if tangents.tangent(tensor, number) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level "
            f"{level} is not supported.\nTake its value first, as in unpack_dual(x).primal."
        )
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if tangents.tangent(tangent, number) is not None:
        raise RuntimeError(
            f"Setting a forward grad that itself has a forward gradient at the same level{level} is not supported.\n"
            "Nest torch.func.jvp for derivatives of higher order."
        )
    if _layout(tensor) != _layout(tangent):
        tangent = laid_out(tangent, tensor._data)
    tangents.attach(dual, tangent, number)
    return dual


def _layout(tensor: Tensor) -> tuple | None:
    """Where a tensor's elements lie in its memory; None for arrays that are not NumPy's."""
    array = root = buffer(tensor)
    if not isinstance(array, np.ndarray):
        return None
    while isinstance(root.base, np.ndarray):
        root = root.base
    start = array.ctypes.data - root.ctypes.data
    return start // array.itemsize, root.nbytes // array.itemsize, tensor.stride()


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value of a dual tensor, as a view of it without the tangent, and its tangent, None where it carries none.

    >>> import adjoint as torch
    >>> import adjoint.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.tensor(1.), torch.tensor(2.))
    ...     fwAD.unpack_dual(x)
    UnpackedDualTensor(primal=tensor(1.), tangent=tensor(2.))
    """
    current = len(_open.numbers) - 1
    level = current if level is None else level
    if level < 0:
        return UnpackedDualTensor(tensor, None)
    if level > current:
        if tangents.tangents_of(tensor):
            raise RuntimeError(
                f"Invalid level given to _fw_primal\nThe level that is open is {current}: leave out level=, or pass that number."
            )
        return UnpackedDualTensor(fw_primal(tensor), None)
    number = _open.numbers[level]
    tangent = tangents.tangent(tensor, number) if tangents.is_enabled() else None
    return UnpackedDualTensor(without_tangent(tensor, number, fw_primal), tangent)


def without_tangent(tensor: Tensor, number: int, view: Callable[[Tensor], Tensor]) -> Tensor:
    """A view of a tensor, made by `view`, as the levels below `number` see it."""
    primal = view(tensor)
    carried = tangents.tangents_of(primal)
    tangents.carry(primal, {each: value for each, value in carried.items() if each < number})
    return primal


def _is_fwd_grad_enabled() -> bool:
    return modes.state.forward_grad_enabled


class _set_fwd_grad_enabled(_Decorator):  # noqa: N801
    """Forward mode on or off from now on; as a `with` block, until its end."""

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)
        self._before = modes.set_mode("forward_grad_enabled", self._mode)

    def clone(self) -> _set_fwd_grad_enabled:
        return _set_fwd_grad_enabled(self._mode)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        modes.set_mode("forward_grad_enabled", self._before)
