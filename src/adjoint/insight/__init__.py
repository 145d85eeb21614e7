"""The mathematics of the user's own program: the chain rule, worked out.

The way of a program: `naming` finds the caller's names for its tensors, `replay` runs its backward pass to look at,
`graph` puts both together, `working` makes steps of them, and `rendering` writes them down. `watching` runs a function
that is to be explained, and `formulas` writes the derivative of an operation for the documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from adjoint.core.tensor import Tensor
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

__all__ = ["explain"]

_explaining = lazy("adjoint.insight.explaining")  # with what is behind it, which few programs need


def explain(
    target: Tensor | Callable[..., Tensor],
    *inputs: Any,
    gradient: Tensor | None = None,
    names: Mapping[str, Tensor] | None = None,
) -> Explanation:
    """Work out the chain rule for the program that computed a tensor, with its formulas and its numbers.

    `explain(y)` looks at the recorded program of `y`, before `y.backward()` frees it. `explain(f, *inputs)` runs `f`; the
    numbers among the inputs, and the tensors that require a gradient (all floating-point ones if none does), are what
    is differentiated by. Variables have the names that they have in the caller's code, or inside of `f`; `names` gives
    others. A `y` that is not a scalar needs its cotangent, `gradient`, of its own shape. No `.grad` changes.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> y = torch.sin(x ** 2)
    >>> print(explain(y))
    y differentiated by x
    <BLANKLINE>
    Forward
      x = 3                      leaf
      v1 = x**2 = 9              PowBackward0
      y = sin(v1) = 0.412118     SinBackward0
    <BLANKLINE>
    Backward, from dy/dy = 1
      1. y = sin(v1) = 0.412118  SinBackward0
           in      dy/dy = 1
           local   dy/dv1 = cos(v1) = cos(9) = -0.91113
           to v1   dy/dy * dy/dv1 = 1 * (-0.91113) = -0.91113
      2. v1 = x**2 = 9           PowBackward0
           in      dy/dv1 = -0.91113
           local   dv1/dx = 2 * x = 2 * 3 = 6
           to x    dy/dv1 * dv1/dx = -0.91113 * 6 = -5.46678
      3. x.grad = dy/dx = -5.46678
    <BLANKLINE>
    In your own variables
      dy/dx = 2 * cos(v1) * x = 2 * cos(9) * 3 = -5.46678
    <BLANKLINE>
    Gradients
      dy/dx = tensor(-5.4668)
    """
    return _explaining.explained(target, inputs, gradient, names or {})
