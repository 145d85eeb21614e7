"""Forward mode: tangents that travel with their tensors.

A tensor may carry a tangent for each open level: a tensor itself, with tangents of its own for the levels below. After
an operation, the tangent of its result is computed by the record's rule in the tensor namespace, on operands stripped
of this level and those above. So the rule's own arithmetic carries the tangents of the lower levels along, and where
reverse mode is on it is recorded: nesting of the two modes, in any order and to any depth, needs no further code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core import apply as application
from adjoint.core import inplace, modes
from adjoint.core.graph import Meta, node_of
from adjoint.core.primitive import OUT, SHAPE, VALUE, Primitive, call_rule, cast_back
from adjoint.core.tangents import attach, below, carry, is_enabled, levels_of, tangent, tangents_of
from adjoint.core.tensor import Tensor
from adjoint.core.views import views_of

# --- out of place ------------------------------------------------------------------------------------------------


def propagate(
    primitive: Primitive,
    operands: Sequence[Any],
    arrays: Sequence[Any],
    results: Sequence[Tensor],
    params: dict[str, Any] | None,
) -> None:
    """Give the results of an operation their tangents, from those of its operands: the lowest level first."""
    levels = levels_of(operands)
    if not levels or not is_enabled():
        return
    for number in levels:
        tangents = [tangent(operand, number) for operand in operands]
        given = [below(operand, number) for operand in operands]
        made = [below(result, number) for result in results]
        values = tangents_of_results(primitive, given, tangents, arrays, made, params or {})
        fitting = all(
            moving is None or moving._data.dtype == operand._data.dtype
            for moving, operand in zip(tangents, operands, strict=True)
        )
        for result, value in zip(results, values, strict=True):
            if value is not None and result._data.dtype.kind not in "biu":
                value = _fitted(value, result, fitting)
                attach(result, value if primitive.view else _own(value, result, tangents), number)
    _remember(primitive, operands, results)


def _remember(primitive: Primitive, operands: Sequence[Any], results: Sequence[Tensor]) -> None:
    """Keep the tangents of saved values with the node, for a backward pass that is to carry them."""
    node = next((node for node, _ in (node_of(result._node) for result in results) if node is not None), None)
    if node is None or node.plan is None:  # not recorded, or a view whose history leads nowhere
        return
    fixed = len(primitive.operands) - primitive.variadic
    carried: dict[int, Any] = {}
    for place, kind, index in node.plan.arrays:
        if kind == OUT:
            carried[place] = tangents_of(results[index])
        elif index < fixed:
            carried[place] = tangents_of(operands[index])
        else:
            several = tuple(tangents_of(operand) for operand in operands[fixed:])
            carried[place] = several if any(several) else None
    carried = {place: tangents for place, tangents in carried.items() if tangents}
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
        elif fixed or (not primitive.promotes and isinstance(operand, Tensor) and operand._data.dtype.kind in "biu"):
            moved.append(operand)  # a condition, or indices
        else:
            moved.append(tensor_namespace.zeros_like(operand) if isinstance(operand, Tensor) else 0)
    return moved


def _total(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _fitted(value: Tensor, result: Tensor, cast: bool) -> Tensor:
    """A tangent in the shape of its result, and, unless tangents of other types were given, in its type."""
    if value._data.shape != result._data.shape:
        value = tensor_namespace.broadcast_to(value, result._data.shape)
    return cast_back(tensor_namespace, value, result._data.dtype) if cast else value


def _own(value: Tensor, result: Tensor, tangents: Sequence[Tensor | None]) -> Tensor:
    """A tangent in memory of its own, laid out as its result's: a view or a write of the one must fit the other."""
    data = value._data
    if not isinstance(data, np.ndarray) or not isinstance(result._data, np.ndarray):
        return copied(value) if any(value is moving for moving in tangents) else value
    shared = data.base is not None or any(moving is not None and moving._data is data for moving in tangents)
    return laid_out(value, result._data) if shared or data.strides != result._data.strides else value


def copied(value: Tensor) -> Tensor:
    """A copy of a tangent, with its history."""
    return tensor_namespace.copy(value)


def laid_out(value: Tensor, array: Any) -> Tensor:
    """A copy of a tangent, with its history, whose memory is laid out as that of an array of the same shape."""
    copy = copied(value)
    if copy._data.strides != array.strides:
        copy._data = data = np.empty_like(array, dtype=copy._data.dtype)
        np.copyto(data, value._data)
        carry(copy, {number: laid_out(each, data) for number, each in tangents_of(copy).items()})
    return copy


# --- in place ----------------------------------------------------------------------------------------------------
# A tangent is written in place where its tensor is, so that views of the two go on to show parts of the same memory.


def stand_in_for(tensor: Tensor, stand_in: Tensor) -> None:
    """Give what stands for a tensor's old value, while the new one is computed, memory and tangents of its own.

    What the tangents' own graphs save of the old value then outlives the write.
    """
    if not is_enabled():
        return
    if modes.state.grad_enabled:
        for each in tangents_of(tensor).values():
            if each.requires_grad:
                inplace.check_writable(each)
    if isinstance(tensor._data, np.ndarray):
        stand_in._data = tensor._data.copy()
    carry(stand_in, {number: copied(value) for number, value in tangents_of(tensor).items()})


def follow(tensor: Tensor, result: Tensor) -> None:
    """Write the tangents of an in-place operation's result into those of the tensor that it wrote to."""
    if not is_enabled():
        return
    for number in levels_of((tensor, result)):
        if tangent(tensor, number) is None:
            _begin(tensor, number)
        _write(tangents_of(tensor)[number], tangent(result, number))


def _write(present: Tensor, value: Tensor | None) -> None:
    """Set a tangent in place, to zeros where there is no value."""
    if value is None:
        value = tensor_namespace.zeros_like(present)
    inplace.update(present, lambda _: value, "copy_")
    if value._node is None and present.requires_grad and modes.recording():
        inplace.rebase(present, None)  # a constant: what was there before has no part in it


def _begin(tensor: Tensor, number: int) -> None:
    """Have a tensor, and with it all that shares its memory as base and view, carry a tangent of zeros for a level."""
    view = getattr(tensor, "_view", None)
    base = tensor if view is None else view.base
    if tangent(base, number) is None:
        attach(base, tensor_namespace.zeros_like(base), number)
    for reference in views_of(base):
        each = reference()
        if each is not None and tangent(each, number) is None and each._data.dtype.kind not in "biu":
            attach(each, each._view.path.on_array(tensor_namespace, tangent(base, number)), number)


application.forward_rule = propagate
inplace.forward_stand_in = stand_in_for
inplace.forward_follow = follow
