"""Forward mode: tangents that travel with their tensors.

A tensor may carry a tangent for each open level: a tensor itself, with tangents of its own for the levels below. After
an operation, the tangent of its result is computed by the record's rule in the tensor namespace, on operands stripped
of this level and those above. So the rule's own arithmetic carries the tangents of the lower levels along, and where
reverse mode is on it is recorded: nesting of the two modes, in any order and to any depth, needs no further code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core import apply as application
from adjoint.core import modes
from adjoint.core.graph import LEAF_MARK, Meta, node_of
from adjoint.core.primitive import OUT, SHAPE, VALUE, Primitive, call_rule, cast_back
from adjoint.core.tensor import Tensor, edge_of, wrap, writes_of


@contextmanager
def level() -> Iterator[int]:
    """Open a level of forward-mode differentiation, and give its number."""
    number = modes.state.forward_level + 1
    modes.set_mode("forward_level", number)
    try:
        yield number
    finally:
        modes.set_mode("forward_level", number - 1)


def tangents_of(tensor: Any) -> dict[int, Tensor]:
    """The tangents that a tensor carries, by level."""
    return getattr(tensor, "_forward", None) or {}


def tangent(tensor: Any, number: int) -> Tensor | None:
    """The tangent that a tensor carries for a level, or None."""
    return tangents_of(tensor).get(number)


def with_tangent(primal: Tensor, value: Tensor, number: int) -> Tensor:
    """An alias of `primal` that carries `value` as its tangent for a level."""
    dual = alias(primal)
    dual._forward = {**tangents_of(primal), number: value}
    return dual


def alias(tensor: Tensor) -> Tensor:
    """Another handle on the same array and the same place in the graph."""
    other = wrap(tensor._data)
    other._node = edge_of(tensor) if tensor._node is LEAF_MARK else tensor._node
    other._writes = writes_of(tensor)
    return other


def below(tensor: Any, number: int) -> Any:
    """The tensor as the levels below `number` see it: without the tangents of that level and those above."""
    carried = tangents_of(tensor)
    if not carried:
        return tensor
    other = alias(tensor)
    kept = {each: value for each, value in carried.items() if each < number}
    if kept:
        other._forward = kept
    return other


def propagate(
    primitive: Primitive, operands: Sequence[Any], arrays: Sequence[Any], results: Sequence[Tensor], params: dict[str, Any]
) -> None:
    """Give the results of an operation their tangents, from those of its operands: the lowest level first."""
    if not modes.state.forward_grad_enabled:
        return
    levels = sorted({number for operand in operands for number in tangents_of(operand)})
    for number in levels:
        tangents = [tangent(operand, number) for operand in operands]
        given = [below(operand, number) for operand in operands]
        made = [below(result, number) for result in results]
        values = tangents_of_results(primitive, given, tangents, arrays, made, params)
        for result, value in zip(results, values, strict=True):
            if value is not None and result._data.dtype.kind not in "biu":
                result._forward = {**tangents_of(result), number: _fitted(value, result)}
    if levels:
        _remember(primitive, operands, results)


def _remember(primitive: Primitive, operands: Sequence[Any], results: Sequence[Tensor]) -> None:
    """Keep the tangents of saved values with the node, for a backward pass that is to carry them."""
    node = next((node for node, _ in (node_of(result._node) for result in results) if node is not None), None)
    if node is None:
        return
    carried = {}
    for place, kind, index in node.plan.arrays:
        if index < len(primitive.operands) - primitive.variadic:
            tangents = tangents_of(results[index] if kind == OUT else operands[index])
            if tangents:
                carried[place] = tangents
    if carried:
        node.meta = node.meta or Meta()
        node.meta.tangents = carried


def tangents_of_results(
    primitive: Primitive,
    operands: Sequence[Any],
    tangents: Sequence[Tensor | None],
    arrays: Sequence[Any],
    results: Sequence[Tensor],
    params: dict[str, Any],
) -> Sequence[Tensor | None]:
    """The tangents of a primitive's results; None for a result that has none."""
    kind = primitive.jvp
    if kind == "linear":
        moved = application.apply(primitive, _tangents_or_zeros(primitive, operands, tangents), params)
        return moved if isinstance(moved, tuple) else (moved,)
    if kind == "multilinear":
        terms = [
            application.apply(primitive, [*operands[:place], each, *operands[place + 1 :]], params)
            for place, each in enumerate(tangents)
            if each is not None
        ]
        return (_total(terms),)
    if kind in ("partials", "diagonal"):
        return (_elementwise(primitive, operands, tangents, arrays, results, params),)
    if kind is None:
        if not primitive.rules:
            return (None,) * len(results)
        raise NotImplementedError(
            f"Trying to use forward AD with {primitive.name} that does not support it because it has not been implemented "
            "yet.\nUse reverse mode for this operation, as in torch.autograd.grad."
        )
    step = primitive.jvp_step()
    saved = _named_values(primitive, primitive.jvp_sources, operands, arrays, results)
    moved = call_rule(step, params, saved, tensor_namespace, tuple(tangents))
    return moved if isinstance(moved, tuple) else (moved,)


def _elementwise(
    primitive: Primitive,
    operands: Sequence[Any],
    tangents: Sequence[Tensor | None],
    arrays: Sequence[Any],
    results: Sequence[Tensor],
    params: dict[str, Any],
) -> Tensor | None:
    """The sum over operands of each tangent times its partial, or gated by it, or sent through its diagonal rule."""
    mask = sum(1 << place for place, each in enumerate(tangents) if each is not None)
    usable = primitive.usable_mask(mask)
    if not usable:
        return None
    plan = primitive.plan(usable)
    saved = _named_values(primitive, plan.sources, operands, arrays, results)
    terms = []
    for step in plan.steps:
        moving = tangents[step.index]
        if step.rule.__class__ is int:
            terms.append(moving if step.rule == 1 else -moving)  # type: ignore[operator]
        elif primitive.jvp == "diagonal":
            terms.append(call_rule(step, params, saved, tensor_namespace, moving))
        else:
            factor = call_rule(step, params, saved, tensor_namespace)
            terms.append(tensor_namespace.where(factor, moving, 0) if primitive.gates else moving * factor)
    return _total(terms)


def _named_values(
    primitive: Primitive,
    sources: Sequence[tuple[int, int]],
    operands: Sequence[Any],
    arrays: Sequence[Any],
    results: Sequence[Tensor],
) -> tuple:
    """What rules name, as tensors: operands in the type in which the operation computes, and results."""
    fixed = len(primitive.operands) - primitive.variadic
    values: list[Any] = []
    for kind, index in sources:
        if kind == OUT:
            values.append(results[index])
        elif index >= fixed:
            places = range(fixed, len(operands))
            values.append(tuple(_facet(kind, operands[place], arrays[place]) for place in places))
        else:
            values.append(_facet(kind, operands[index], arrays[index]))
    return tuple(values)


def _facet(kind: int, operand: Any, array: Any) -> Any:
    if kind == VALUE:
        cast = isinstance(operand, Tensor) and operand._data.dtype != array.dtype
        return tensor_namespace.astype(operand, array.dtype) if cast else operand
    return array.shape if kind == SHAPE else array.dtype


def _tangents_or_zeros(primitive: Primitive, operands: Sequence[Any], tangents: Sequence[Tensor | None]) -> list[Any]:
    """The operands of a linear operation on tangents: zeros where there is none, the operand itself where it is fixed."""
    moved: list[Any] = []
    for place, (operand, moving) in enumerate(zip(operands, tangents, strict=True)):
        fixed = not primitive.joint and place < len(primitive.rules) and primitive.rules[place] is None
        if moving is not None and not fixed:
            moved.append(moving)
        elif fixed or not isinstance(operand, Tensor) or operand._data.dtype.kind in "biu":
            moved.append(operand if fixed or isinstance(operand, Tensor) else 0)
        else:
            moved.append(tensor_namespace.zeros_like(operand))
    return moved


def _total(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _fitted(value: Tensor, result: Tensor) -> Tensor:
    """A tangent in the shape and type of its result."""
    if value._data.shape != result._data.shape:
        value = tensor_namespace.broadcast_to(value, result._data.shape)
    return value if value._data.dtype == result._data.dtype else cast_back(tensor_namespace, value, result._data.dtype)


application.forward_rule = propagate
