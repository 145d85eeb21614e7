"""What goes into the functions of `functional` and what comes out: checked, and in the form in which it was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adjoint.autograd.entry import grad
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import detach, requires_grad_
from adjoint.ops.creation import zeros_like
from adjoint.ops.shape import view_as

# --- what goes in ------------------------------------------------------------------------------------------------


def as_tensors(value: Any, name: str, function: str) -> tuple[bool, tuple[Tensor, ...]]:
    """Whether a tuple was given, and its tensors; for a single tensor a tuple with that."""
    is_tuple = isinstance(value, tuple)
    for place, each in enumerate(value if is_tuple else (value,)):
        if not isinstance(each, Tensor):
            where = f"value at index {place}" if is_tuple else f"given {name}"
            raise TypeError(
                f"The {name} given to {function} must be either a Tensor or a tuple of Tensors but the {where} has type "
                f"{type(each)}."
            )
    return is_tuple, value if is_tuple else (value,)


def isolated(tensors: tuple[Tensor, ...], create_graph: bool, requires_grad: bool) -> tuple[Tensor, ...]:
    """The tensors as others: what the function also reaches in some other way does not count as its input."""
    return tuple(
        view_as(each, each) if create_graph and each.requires_grad else requires_grad_(detach(each), requires_grad)
        for each in tensors
    )


def checked_outputs(value: Any, function: str, strict: bool) -> tuple[bool, tuple[Tensor, ...]]:
    is_tuple, outputs = as_tensors(value, "outputs of the user-provided function", function)
    refuse_constants(outputs, "outputs", strict)
    return is_tuple, outputs


def checked_vector(
    v: Any, like: tuple[Tensor, ...], is_tuple: bool, create_graph: bool, function: str
) -> tuple[Tensor, ...]:
    """The vector of a product, which must have the form of `like`."""
    _, vector = as_tensors(v, "v", function)
    vector = isolated(vector, create_graph, requires_grad=False)
    if len(vector) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vector)}."
            if is_tuple
            else "The given v should contain a single Tensor."
        )
    for place, (each, other) in enumerate(zip(vector, like, strict=True)):
        if each.shape != other.shape:
            which = f"Entry {place} in " if is_tuple else ""
            raise RuntimeError(f"{which}v has invalid size: should be {other.shape} but got {each.shape}.")
    return vector


def vector_or_none(
    v: Any, like: tuple[Tensor, ...], is_tuple: bool, create_graph: bool, function: str
) -> tuple[Tensor | None, ...]:
    if v is not None:
        return checked_vector(v, like, is_tuple, create_graph, function)
    if len(like) != 1 or like[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
        )
    return (None,)


def refuse_all_but_a_number(outputs: tuple[Tensor, ...], is_tuple: bool, function: str) -> None:
    if is_tuple:
        raise RuntimeError(f"The function given to {function} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {function} should contain a single element")


# --- what comes out ----------------------------------------------------------------------------------------------


def gradients_of(
    outputs: Sequence[Tensor | None],
    inputs: Sequence[Tensor],
    cotangents: Sequence[Any],
    create_graph: bool,
    **how: Any,
) -> tuple[Tensor | None, ...]:
    """The gradients of those outputs that have any; None for an input that none depends on."""
    pairs = [
        (output, cotangent)
        for output, cotangent in zip(outputs, cotangents, strict=True)
        if output is not None and output.requires_grad
    ]
    if not pairs:
        return (None,) * len(inputs)
    roots, given = zip(*pairs, strict=True)
    return grad(roots, inputs, given, allow_unused=True, create_graph=create_graph, **how)


_CONSTANT = {
    "outputs": (
        "Output {0} of the user-provided function does not require gradients. The outputs must be computed in a "
        "differentiable manner from the input when running in strict mode."
    ),
    "grad_inputs": (
        "The gradient with respect to input {0} is independent of the inputs of the user-provided function. This is not "
        "allowed in strict mode."
    ),
    "jacobian": (
        "While computing the hessian, found that the jacobian of the user-provided function with respect to input {0} is "
        "independent of the input. This is not allowed in strict mode. You should ensure that your function is twice "
        "differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for "
        "example)."
    ),
    "hessian": (
        "The hessian of the user-provided function with respect to input {0} is independent of the input. This is not "
        "allowed in strict mode. You should ensure that your function is thrice differentiable and that the hessian depends "
        "on the inputs."
    ),
}
_MISSING = {
    "back": "The output of the user-provided function is independent of input {0}. This is not allowed in strict mode.",
    "back_trick": (
        "The gradient with respect to the input is independent of entry {0} in the grad_outputs when using the double "
        "backward trick to compute forward mode gradients. This is not allowed in strict mode."
    ),
    "double_back": (
        "The jacobian of the user-provided function is independent of input {0}. This is not allowed in strict mode."
    ),
    "double_back_trick": (
        "The hessian of the user-provided function is independent of entry {0} in the grad_jacobian. This is not allowed in "
        "strict mode as it prevents from using the double backward trick to replace forward mode AD."
    ),
}


def refuse_constants(tensors: Sequence[Tensor | None], kind: str, strict: bool) -> None:
    """In strict mode, refuse what does not depend on the inputs."""
    for place, each in enumerate(tensors if strict else ()):
        if each is None:
            raise RuntimeError(_MISSING["back"].format(place))
        if not each.requires_grad:
            raise RuntimeError(_CONSTANT[kind].format(place))


def without_gaps(
    gradients: Sequence[Tensor | None], like: Sequence[Tensor], strict: bool, create_graph: bool, stage: str
) -> tuple[Tensor, ...]:
    """The gradients with zeros in the place of missing ones, which in strict mode are refused."""
    for place, each in enumerate(gradients if strict else ()):
        if each is None:
            raise RuntimeError(_MISSING[stage].format(place))
        if create_graph and not each.requires_grad:
            order = "hessian" if "double" in stage else "jacobian"
            raise RuntimeError(
                f"The {order} of the user-provided function is independent of input {place}. This is not allowed in strict "
                "mode when create_graph=True."
            )
    return tuple(zeros_like(x) if each is None else each for each, x in zip(gradients, like, strict=True))


def returned(tree: Any, create_graph: bool) -> Any:
    """A tuple of results, or of tuples of them, without a history that nobody asked for."""
    if isinstance(tree, Tensor):
        return tree if create_graph else detach(tree)
    return tuple(returned(each, create_graph) for each in tree)


def returned_as(tensors: tuple[Tensor, ...], is_tuple: bool, create_graph: bool) -> Any:
    results = returned(tensors, create_graph)
    return results if is_tuple else results[0]


def without_singles(blocks: Any, outer: bool, inner: bool) -> Any:
    """Blocks by output and input, without the tuples for a single output and a single input."""
    if not inner:
        blocks = tuple(each[0] for each in blocks)
    return blocks if outer else blocks[0]
