"""The mathematics of the user's own program: the chain rule, worked out.

The way of a program: `naming` finds the caller's names for its tensors, `replay` runs its backward pass to look at,
`graph` puts both together, `working` makes steps of them, and `rendering` writes them down. `watching` runs a function
that is to be explained, `placing` finds the lines of one that ran before, and `formulas` writes the derivative of an
operation for the documentation. `document` is an explanation as `markdown`, `latex` and `notebook` write it; `figure` and
`drawing` make a `picture`, whose boxes stand where `layout` puts them; `page` is for a browser.

A derivative that is to be checked: `point` runs the function in double precision, `claims` reads what the user gives, with
`expression` where that is text, `links` cuts the program at the variables that it names, `numerical` differentiates without
autograd, `comparing` compares, and `verdict` says what came of it; `checking` calls them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adjoint.core import advice
from adjoint.core.advice import AccumulatedGradientWarning, GradientWarning, UnreachedParametersWarning
from adjoint.core.tensor import Tensor
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.insight.answer import Answer
    from adjoint.insight.drawing import Drawing
    from adjoint.insight.explanation import Explanation
    from adjoint.insight.verdict import GradientCheck

__all__ = [
    "AccumulatedGradientWarning", "GradientWarning", "UnreachedParametersWarning", "check_gradient", "draw", "explain", "why",
]  # fmt: skip

_checking = lazy("adjoint.insight.checking")
_drawing = lazy("adjoint.insight.drawing")
_explaining = lazy("adjoint.insight.explaining")  # with what is behind it, which few programs need
_causes = lazy("adjoint.insight.causes")
_finding = lazy("adjoint.insight.finding")


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


def draw(
    y: Tensor | Sequence[Tensor],
    params: Mapping[str, Tensor] | None = None,
    *,
    saved: bool = False,
    shapes: bool = False,
) -> Drawing:
    """Draw the graph that the backward pass from a tensor, or from several, walks.

    Notebooks show the drawing as a picture, `.svg("graph.svg")` and `.dot("graph.dot")` write it to a file, and it prints
    as text: a line for each leaf, and for each operation by the name of its node. `params`, such as
    `dict(model.named_parameters())`, names leaves; others have the names of the caller's variables. `shapes` adds the
    types and shapes that the graph tells, `saved` the tensors that each operation keeps for its derivative. No numbers are
    needed, so the graph may be drawn after `backward()` has freed it.

    Raises RuntimeError for a tensor without a graph.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> y = torch.sin(x ** 2).sum()
    >>> print(torch.draw(y, shapes=True))
    Graph of y: 3 operations, 1 leaf
      x    leaf  float32 [2]
      (1)  PowBackward0(x)  float32 [2]
      (2)  SinBackward0((1))  float32 [2]
      y    SumBackward0((2))  float32 []
    """
    return _drawing.drawing(y, params, saved=saved, shapes=shapes)


def why(target: Tensor | Callable[..., Tensor], *given: Any) -> Answer:
    """Say why a gradient is None, NaN, infinite or zero, with the line of the program that it comes from.

    `why(x)` asks about `x.grad`, in the program as it ran up to here; `why(x, loss)` about the gradient of a certain
    loss. `why(f, *inputs)` runs `f` with the places of its operations recorded, and asks about the gradients by its
    inputs, or by the parameters of a module: that is exact where the source alone leaves a choice. The answer prints
    as text; `kind`, `line`, `candidates` and `node` are there to look into. The kinds are:

    - no gradient: `requires_grad`, `non_leaf`, `no_backward`, `no_path`, `zeroed`, `cleared`, `wrong_tensor`, `in_place`, `freed`, and
      what cuts the path: `detach`, `no_grad`, `data`, `item`, `numpy`, `tensor` and others, by the name of what does it;
    - not finite: `nan`, `inf`;
    - zero: `dead_relu`, `saturated`, `clamped`, `rounded`, `not_chosen`, `times_zero`, `zero`;
    - `healthy`.

    Nothing is noted while a program computes: lines are found in its source, and held against what was recorded.

    >>> import adjoint as torch
    >>> w = torch.tensor(2., requires_grad=True)
    >>> y = w * 3
    >>> print(why(w, y))
    w.grad is None: backward() has not been called yet; the loss depends on it
      To do: call backward() on the loss
    >>> def f(x):
    ...     return torch.log(torch.relu(x))
    >>> why(f, -1.0).kind
    'dead_relu'
    """
    return _causes.answered(target, given)


def check_gradient(
    f: Callable[..., Tensor],
    inputs: Any,
    manual: Any,
    *,
    gradient: Any = None,
    method: str = "auto",
    rtol: float | None = None,
    atol: float | None = None,
    raise_exception: bool = False,
) -> GradientCheck:
    """Check a derivative derived by hand against autograd, and against finite differences or complex steps.

    `inputs` are those of `f`: one, a tuple of them, or a dict by name. It is differentiated by the numbers among them, and
    by the tensors that require a gradient (all floating-point ones if none does). `manual` is the derivative:

    - a number, array or tensor of the input's shape; for several inputs a tuple of them, or a dict by input;
    - a formula as text, `"2 * x * cos(x**2)"`, in the names of the inputs and of the variables inside of `f`;
    - a function, which gets the inputs of `f` and returns what is above;
    - a dict of the links of a chain, `{"dz/dw": x, "dL/dz": "y_pred - y"}`, each as above, or a function of variables by
      their names. They are compared one by one, and what they multiply to along all ways. `dL_dz` in a formula is the
      right derivative. `direct dz/dw` is that part of dz/dw which passes no other variable that the keys name.
      A derivative of an array by an array has both shapes, one after the other; where it acts by element, a factor
      for each is enough.

    The result is true if all agree, prints as a table, and has an entry for each derivative. With `raise_exception` a
    wrong one raises a GradcheckError instead.

    The derivative of an `f` whose result is not one number is its Jacobian, of the shape of the result and then of the
    input; with `gradient`, the result's cotangent, it is the gradient that `y.backward(gradient)` gives. Complex gradients
    are PyTorch's, which point where a real result grows fastest.

    It is computed in double precision where `f` takes that. Derivatives agree if they differ by no more than `atol` plus
    `rtol` times the right one. Of the coarsest type involved, `rtol` is the square root of its eps (1.5e-8 for float64,
    3.5e-4 for float32), and `atol` that times the largest element of the derivative, at least eps; against differences
    also by ten times their own error. `method` says what autograd is held against: "differences", "complex" steps,
    or "auto", which is complex steps where `f` takes complex numbers and then agrees with autograd. Where the differences
    from both sides are not the same, anything between them is right, and the table says so.

    >>> import adjoint as torch
    >>> print(check_gradient(lambda x: torch.sin(x ** 2), 3.0, lambda x: 2 * x * torch.cos(x ** 2)))
    Your derivative of y is right, at x = 3
    <BLANKLINE>
      derivative  yours     autograd  complex steps
      dy/dx       -5.46678  -5.46678  -5.46678       agrees
    >>> bool(check_gradient(lambda x: torch.sin(x ** 2), 3.0, "cos(x**2)"))
    False
    """
    return _checking.checked(f, inputs, manual, gradient, method, rtol, atol, raise_exception)


def _name_of(thing: Any) -> str | None:
    return _finding.name_in_program(thing)


advice.name_of = _name_of
