"""Setting the elements of a tensor in place: `zero_`, `fill_`."""

from __future__ import annotations

from typing import Any

from adjoint.core import inplace
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor

_FILL: dict[str, Any] = {
    "forward": lambda xp, x, *, value: xp.full_like(x, value),
    "vjp": lambda xp, g: xp.zeros_like(g),
    "jvp": lambda xp, tangents: xp.zeros_like(tangents[0]),
}
_zero = general("zero", **_FILL)
_fill = general("fill", **_FILL)


@public(on_module=False)
def zero_(self: Tensor) -> Tensor:
    """Set all elements to 0.

    >>> import adjoint as torch
    >>> torch.tensor([1., 2.]).zero_()
    tensor([0., 0.])
    """
    return inplace.update(self, lambda old: _zero(old, value=0), "zero_")


@public(on_module=False)
def fill_(self: Tensor, value: Any) -> Tensor:
    """Set all elements to one value."""
    number = value.item() if isinstance(value, Tensor) else value
    return inplace.update(self, lambda old: _fill(old, value=number), "fill_")
