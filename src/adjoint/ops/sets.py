"""Tensors as sets of their elements."""

from __future__ import annotations

from typing import Any

from adjoint.core.apply import invalid_combination, write_out
from adjoint.core.exports import public
from adjoint.core.statements import constant
from adjoint.core.tensor import Tensor
from adjoint.ops.comparison import logical_not

_isin = constant("isin", lambda xp, x, y: xp.isin(x, y), public=False)


@public(method=False)
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False, out: Tensor | None = None
) -> Tensor:
    """Whether each element of `elements` is among `test_elements`, or with `invert` is not; either may be a number.

    >>> import adjoint as torch
    >>> torch.isin(torch.tensor([1, 2, 3]), torch.tensor([3, 1]))
    tensor([ True, False,  True])
    """
    if not (isinstance(elements, Tensor) or isinstance(test_elements, Tensor)):
        raise invalid_combination("isin", (elements, test_elements))
    result = _isin(elements, test_elements)
    if invert:
        result = logical_not(result)
    return result if out is None else write_out(out, result)
