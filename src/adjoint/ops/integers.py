"""Common divisors and multiples of integers."""

from __future__ import annotations

from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor

_gcd = constant("gcd", lambda xp, x, y: xp.gcd(x, y), refuses="bfVc", public=False)
_lcm = constant("lcm", lambda xp, x, y: xp.lcm(x, y), refuses="bfVc", public=False)


@public(inplace=True)
def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The greatest common divisor of integers, element by element; that of 0 and 0 is 0.

    >>> import adjoint as torch
    >>> torch.gcd(torch.tensor([12, 7]), torch.tensor([18, 0]))
    tensor([6, 7])
    """
    return _gcd(*require_tensors("gcd", input, other), out=out)


@public(inplace=True)
def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The least common multiple of integers, element by element; that with 0 is 0.

    >>> import adjoint as torch
    >>> torch.lcm(torch.tensor([4, 7]), torch.tensor([6, 0]))
    tensor([12,  0])
    """
    return _lcm(*require_tensors("lcm", input, other), out=out)
