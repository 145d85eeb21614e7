"""`torch.autograd.functional`: products with Jacobians and Hessians, and whole ones, of functions of tensors.

All of them take a function, its inputs (a tensor, or a tuple with one for each argument), and give results in the same
form. `create_graph` has the results recorded, so that they can be differentiated again; `strict` makes it an error that
something is constant, where otherwise its derivative is zero. `torch.func` has the same as functions of functions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.tensor import tensor as xp
from adjoint.autograd.forms import (
    as_tensors,
    checked_outputs,
    checked_vector,
    gradients_of,
    isolated,
    refuse_all_but_a_number,
    refuse_constants,
    returned,
    returned_as,
    vector_or_none,
    without_gaps,
    without_singles,
)
from adjoint.autograd.forward_ad import make
from adjoint.autograd.grad_mode import enable_grad, set_grad_enabled
from adjoint.core import modes
from adjoint.core.tangents import below, level, tangent
from adjoint.core.tensor import Tensor, wrap
from adjoint.func.vmap import vmap
from adjoint.ops.conversion import requires_grad_
from adjoint.ops.creation import zeros_like
from adjoint.ops.shape import permute, reshape, squeeze, view_as

__all__ = ["vjp", "jvp", "jacobian", "hessian", "hvp", "vhp"]

Tensors = Tensor | tuple[Tensor, ...]
Function = Callable[..., Any]


# --- products ----------------------------------------------------------------------------------------------------


def vjp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of `v` with its Jacobian: `v` has the form of the outputs.

    Without `v` the output must be one number, and the product is its gradient.

    >>> import adjoint as torch
    >>> torch.autograd.functional.vjp(lambda x: x ** 2, torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        inputs_form, points = as_tensors(inputs, "inputs", "vjp")
        points = isolated(points, create_graph, requires_grad=True)
        outputs_form, outputs = checked_outputs(func(*points), "vjp", strict)
        if v is not None:
            cotangents = checked_vector(v, outputs, outputs_form, create_graph, "vjp")
        elif len(outputs) == 1 and outputs[0].numel() == 1:
            cotangents = (None,)  # type: ignore[assignment]
        else:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
            )
    with set_grad_enabled(create_graph or modes.state.grad_enabled):
        product = gradients_of(outputs, points, cotangents, create_graph)
        product = without_gaps(product, points, strict, create_graph, "back")
    return returned_as(outputs, outputs_form, create_graph), returned_as(product, inputs_form, create_graph)


def jvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The outputs of `func`, and the product of its Jacobian with `v`, which has the form of the inputs.

    Without `v` the input must be one number. This transposes the backward pass, as PyTorch does; `torch.func.jvp` uses
    forward mode, at less cost.

    >>> import adjoint as torch
    >>> torch.autograd.functional.jvp(lambda x: x ** 2, torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        inputs_form, points = as_tensors(inputs, "inputs", "jvp")
        points = isolated(points, create_graph, requires_grad=True)
        directions = vector_or_none(v, points, inputs_form, create_graph, "jvp")
        outputs_form, outputs = checked_outputs(func(*points), "jvp", strict)
        # what the backward pass makes of these is linear in them, so that their values are of no importance
        cotangents = tuple(zeros_like(output, requires_grad=True) for output in outputs)
        pulled_back = gradients_of(outputs, points, cotangents, create_graph=True)
        refuse_constants(pulled_back, "grad_inputs", strict)
    with set_grad_enabled(create_graph or modes.state.grad_enabled):
        product = gradients_of(pulled_back, cotangents, directions, create_graph)
        product = without_gaps(product, outputs, strict, create_graph, "back_trick")
    return returned_as(outputs, outputs_form, create_graph), returned_as(product, outputs_form, create_graph)


def vhp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The output of `func`, one number, and the product of `v` with its Hessian. Without `v` the input must be one number.

    >>> import adjoint as torch
    >>> torch.autograd.functional.vhp(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        inputs_form, points, vector, output, gradient = _gradient_of_number(
            func, inputs, v, create_graph, strict, "vhp"
        )
    with set_grad_enabled(create_graph or modes.state.grad_enabled):
        product = gradients_of(gradient, points, vector, create_graph)
        product = without_gaps(product, points, strict, create_graph, "double_back")
    return returned_as((output,), False, create_graph), returned_as(product, inputs_form, create_graph)


def hvp(
    func: Function, inputs: Tensors, v: Tensors | None = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The output of `func`, one number, and the product of its Hessian with `v`. Without `v` the input must be one number.

    A Hessian is symmetric wherever the second derivatives are continuous, and there `vhp` gives the same for less.

    >>> import adjoint as torch
    >>> torch.autograd.functional.hvp(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]), torch.tensor([1., 10.]))
    (tensor(9.), tensor([  6., 120.]))
    """
    with enable_grad():
        inputs_form, points, vector, output, gradient = _gradient_of_number(
            func, inputs, v, create_graph, strict, "hvp"
        )
        cotangents = tuple(zeros_like(point, requires_grad=True) for point in points)
        pulled_back = gradients_of(gradient, points, cotangents, create_graph=True)
        refuse_constants(gradient, "hessian", strict)
    with set_grad_enabled(create_graph or modes.state.grad_enabled):
        product = gradients_of(pulled_back, cotangents, vector, create_graph)
        product = without_gaps(product, points, strict, create_graph, "double_back_trick")
    return returned_as((output,), False, create_graph), returned_as(product, inputs_form, create_graph)


def _gradient_of_number(
    func: Function, inputs: Tensors, v: Tensors | None, create_graph: bool, strict: bool, function: str
) -> tuple[bool, tuple, tuple, Tensor, tuple]:
    """What `vhp` and `hvp` begin with: the inputs and `v` made ready, the output, and its recorded gradient."""
    inputs_form, points = as_tensors(inputs, "inputs", function)
    points = isolated(points, create_graph, requires_grad=True)
    vector = vector_or_none(v, points, inputs_form, create_graph, function)
    outputs_form, outputs = checked_outputs(func(*points), function, strict)
    refuse_all_but_a_number(outputs, outputs_form, function)
    gradient = gradients_of(outputs, points, (None,), create_graph=True)
    refuse_constants(gradient, "jacobian", strict)
    return inputs_form, points, vector, outputs[0], gradient


# --- whole Jacobians and Hessians --------------------------------------------------------------------------------


def jacobian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian of `func`: a tensor of the output's shape followed by the input's.

    For several inputs it is a tuple of them, one for each input; for several outputs, a tuple of what there is for each.
    It is computed row by row in reverse mode: one backward pass for each element of the outputs, or, with `vectorize`,
    one for all of them. With `vectorize` it can also be computed in forward mode, by the `strategy` "forward-mode".

    >>> import adjoint as torch
    >>> torch.autograd.functional.jacobian(lambda x: x ** 2, torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than '
            'inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported '
                'together (yet). Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _jacobian_by_columns(func, inputs, strict, vectorize)
    with enable_grad():
        inputs_form, points = as_tensors(inputs, "inputs", "jacobian")
        points = isolated(points, create_graph, requires_grad=True)
        outputs_form, outputs = checked_outputs(func(*points), "jacobian", strict)
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. "
                "Please either set `strict=False` or `vectorize=False`."
            )
        by_rows = _jacobian_by_all_rows if vectorize else _jacobian_by_rows
        blocks = by_rows(outputs, points, create_graph, strict)
        return without_singles(returned(blocks, create_graph), outputs_form, inputs_form)


def _jacobian_by_rows(outputs: tuple, points: tuple, create_graph: bool, strict: bool) -> tuple:
    """For each output its block for each input, with one backward pass for each element of the outputs."""
    blocks = []
    for number, output in enumerate(outputs):
        rows: list[list[Tensor]] = [[] for _ in points]
        for place in range(output.numel()):
            gradients = gradients_of((reshape(output, -1)[place],), points, (None,), create_graph, retain_graph=True)
            for index, (gradient, point) in enumerate(zip(gradients, points, strict=True)):
                if gradient is None and strict:
                    raise RuntimeError(
                        f"Output {number} of the user-provided function is independent of input {index}. This is not "
                        "allowed in strict mode."
                    )
                if gradient is not None and strict and create_graph and not gradient.requires_grad:
                    raise RuntimeError(
                        f"The jacobian of the user-provided function is independent of input {number}. This is not allowed "
                        "in strict mode when create_graph=True."
                    )
                rows[index].append(zeros_like(point) if gradient is None else gradient)
        blocks.append(
            tuple(
                reshape(xp.stack(each), *output.shape, *point.shape) for each, point in zip(rows, points, strict=True)
            )
        )
    return tuple(blocks)


def _jacobian_by_all_rows(outputs: tuple, points: tuple, create_graph: bool, strict: bool) -> tuple:
    """The same with one backward pass for all elements of all outputs at once."""
    flat = tuple(reshape(output, -1) for output in outputs)
    gradients = gradients_of(flat, points, _unit_vectors(flat), create_graph, is_grads_batched=True)
    stops = np.cumsum([output.numel() for output in outputs]).tolist()
    blocks = []
    for output, stop in zip(outputs, stops, strict=True):
        rows = slice(stop - output.numel(), stop)
        shapes = [(*output.shape, *point.shape) for point in points]
        blocks.append(
            tuple(
                wrap(np.zeros(shape, point._data.dtype)) if gradient is None else reshape(gradient[rows], *shape)
                for gradient, point, shape in zip(gradients, points, shapes, strict=True)
            )
        )
    return tuple(blocks)


def _jacobian_by_columns(func: Function, inputs: Tensors, strict: bool, vectorize: bool) -> Any:
    """The Jacobian in forward mode: one forward pass for all elements of all inputs at once."""
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported together '
            '(yet). Please either set `strict=False` or `strategy="reverse-mode"`.'
        )
    inputs_form, points = as_tensors(inputs, "inputs", "jacobian")
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`."
        )
    forms: list[tuple[bool, list]] = []

    def push_forward(*directions: Tensor) -> tuple[Tensor, ...]:
        with level() as number:
            duals = [
                make(point, view_as(direction, point), number)
                for point, direction in zip(points, directions, strict=True)
            ]
            outputs_form, outputs = as_tensors(func(*duals), "outputs", "jacobian")
            forms.append((outputs_form, [output.shape for output in outputs]))
            moved = [tangent(output, number) for output in outputs]
            return tuple(
                zeros_like(below(output, number)) if each is None else each
                for output, each in zip(outputs, moved, strict=True)
            )

    columns = vmap(push_forward)(*_unit_vectors(points))
    outputs_form, shapes = forms[0]
    stops = np.cumsum([point.numel() for point in points]).tolist()
    blocks = []  # lists, as PyTorch returns them here
    for each, shape in zip(columns, shapes, strict=True):
        rows = permute(each, *range(1, each.ndim), 0)
        blocks.append(
            [
                reshape(rows[..., stop - point.numel() : stop], *shape, *point.shape)
                for point, stop in zip(points, stops, strict=True)
            ]
        )
    return without_singles(blocks, outputs_form, inputs_form)


def _unit_vectors(tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The unit vectors of the space of all elements of these tensors, as rows: for each tensor its part of them."""
    identity = np.eye(sum(tensor.numel() for tensor in tensors))
    stops = np.cumsum([tensor.numel() for tensor in tensors]).tolist()
    return tuple(
        wrap(identity[:, stop - tensor.numel() : stop].astype(tensor._data.dtype))
        for tensor, stop in zip(tensors, stops, strict=True)
    )


def hessian(
    func: Function,
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of `func`, which gives one number: the Jacobian of its gradient, in the form that `jacobian` has.

    The outer derivatives can be taken in forward mode, with `vectorize` and the `outer_jacobian_strategy` "forward-mode".

    >>> import adjoint as torch
    >>> torch.autograd.functional.hessian(lambda x: (x ** 3).sum(), torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    inputs_form, points = as_tensors(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def number_of(*values: Tensor) -> Tensor:
        outputs_form, outputs = checked_outputs(func(*values), "hessian", strict)
        refuse_all_but_a_number(outputs, outputs_form, "hessian")
        return squeeze(outputs[0])

    def gradient_of(*values: Tensor) -> tuple[Tensor, ...]:
        if outer_jacobian_strategy == "forward-mode":
            values = tuple(requires_grad_(value) for value in values)  # else it would be cut off, with its tangent
        gradient = jacobian(number_of, values, create_graph=True)
        refuse_constants(gradient, "jacobian", strict)
        return gradient

    blocks = jacobian(gradient_of, points, create_graph, strict, vectorize, outer_jacobian_strategy)
    return without_singles(blocks, inputs_form, inputs_form)
