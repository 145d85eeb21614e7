"""The mathematics of the user's own program: the chain rule, worked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adjoint.arrays import is_foreign
from adjoint.autograd.entry import _start
from adjoint.core import modes
from adjoint.core.apply import not_a_tensor
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight.explanation import Explanation
from adjoint.insight.formulas import derivative_text
from adjoint.insight.graph import Graph
from adjoint.insight.naming import Names, caller, names_in
from adjoint.insight.watching import Watch, parameter_names
from adjoint.ops.creation import tensor

__all__ = ["Explanation", "derivative_text", "explain"]

_ROOT = ("y", "result")  #: names of what is explained, where it has none


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
    given = Names()
    for name, each in (names or {}).items():
        given.add(name, each)
    if isinstance(target, Tensor):
        if inputs:
            raise TypeError("explain() takes inputs only after a function: explain(y), or explain(f, *inputs)")
        return _explain(target, gradient, given.then(names_in(caller())), {}, _ROOT)
    if not callable(target):
        raise not_a_tensor("explain", "target", 1, target)
    arguments = _arguments(inputs)
    for name, each in zip(parameter_names(target, len(arguments)), arguments, strict=False):
        if isinstance(each, Tensor):
            given.add(name, each)
    watch = Watch()
    with watch, modes.mode(grad_enabled=True):
        result = target(*arguments)
    if not isinstance(result, Tensor):
        raise TypeError(f"explain(f, *inputs) needs a function that returns a tensor, not {type(result).__name__}")
    own = getattr(target, "__name__", "")
    root_names = (own, *_ROOT) if own.isidentifier() else _ROOT
    return _explain(result, gradient, given.then(watch.names()).then(names_in(caller())), watch.operands, root_names)


def _explain(
    result: Tensor,
    gradient: Tensor | None,
    names: Names,
    operands: Mapping[int, Sequence[Any]],
    root_names: Sequence[str],
) -> Explanation:
    if is_foreign(result._data):
        raise RuntimeError(
            "explain() needs numbers, and inside of a function that is compiled or vectorised there are none yet\n"
            "Call it outside, on the function: explain(f, *inputs)."
        )
    _, cotangent = _start(0, result, gradient, False)
    try:
        graph = Graph(result, cotangent, names, operands, root_names)
    except RuntimeError as error:
        if "a second time" in str(error):
            error.add_note("explain(y) reads the recorded program: call it before y.backward(), which frees that.")
        raise
    root = graph.variables[graph.root].name
    return Explanation(graph, root if gradient is None else names.unused("L", "result"))


def _arguments(inputs: Sequence[Any]) -> list[Any]:
    """The inputs of a function, with those that are differentiated by as leaves."""
    chosen = any(isinstance(each, Tensor) and each.requires_grad for each in inputs)

    def prepared(value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return tensor(float(value), requires_grad=True)
        wanted = isinstance(value, Tensor) and (value.requires_grad or (not chosen and value.dtype.is_floating_point))
        if not wanted or (value.is_leaf and value.requires_grad):
            return value
        leaf = wrap(value._data)
        leaf.requires_grad = True
        return leaf

    return [prepared(each) for each in inputs]
