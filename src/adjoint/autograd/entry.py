"""The two ways into a backward pass: `backward`, which adds to the leaves' `.grad`, and `grad`, which returns gradients."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of
from adjoint.autograd.graph import GradientEdge
from adjoint.core import modes
from adjoint.core.advice import ask_why
from adjoint.core.engine import Captures, run
from adjoint.core.events import BACKWARD, note
from adjoint.core.graph import Node, Nowhere, node_of
from adjoint.core.hooks import retain_grad
from adjoint.core.tensor import Tensor, edge_of, wrap
from adjoint.ops import batching
from adjoint.ops.creation import zeros_like

Inputs = Tensor | GradientEdge | Sequence[Tensor | GradientEdge] | dict[str, Tensor]


def backward(
    tensors: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Inputs | None = None,
) -> None:
    """Compute the gradients of `tensors` with respect to the leaves they were computed from, and add them to `.grad`.

    A root that is not a scalar needs its own cotangent in `grad_tensors`. With `inputs`, only those receive a gradient:
    those that are no leaves retain theirs, from then on. A `GradientEdge` may stand for a tensor.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> torch.autograd.backward(x ** 2)
    >>> x.grad
    tensor(6.)
    """
    if grad_variables is not None:
        warnings.warn("`grad_variables` is deprecated. Use `grad_tensors` instead.", FutureWarning, stacklevel=2)
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to `backward()`. Please only use "
                "`grad_tensors`."
            )
        grad_tensors = grad_variables
    wanted = None if inputs is None else _inputs("backward", inputs)
    starts, _ = starts_of(tensors, grad_tensors, create_graph)
    captures = None
    if wanted is not None:
        for each in wanted:
            if isinstance(each, Tensor):
                retain_grad(each)
        captures = Captures(starts, [_edge(each) for each in wanted], accumulates=True)
    if create_graph:
        _warn_of_cycle()
    for edge, _ in starts:
        note(BACKWARD, node_of(edge)[0] or edge)
    run(starts, create_graph if retain_graph is None else retain_graph, create_graph, captures)


def grad(
    outputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    inputs: Inputs,
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of `outputs` with respect to `inputs`, as a tuple, without touching any `.grad`.

    An input that no output depends on is an error; with `allow_unused` its gradient is None, with `materialize_grads` zero.
    With `is_grads_batched`, `grad_outputs` have one more dimension, the first, with one backward pass for each entry along
    it; so have the results. For a dict of inputs the result is a dict.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> torch.autograd.grad(x ** 3, x)
    (tensor(27.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    unused_allowed = materialize_grads if allow_unused is None else allow_unused
    retain = create_graph if retain_graph is None else retain_graph
    roots = _listed(outputs)
    wanted = _inputs("grad", inputs)
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate gradient for other "
            "parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    differentiate = _batched if is_grads_batched else _gradients
    gradients = differentiate(roots, wanted, grad_outputs, retain, create_graph, unused_allowed)
    if materialize_grads:
        gradients = [
            _zeros(each, create_graph) if gradient is None else gradient
            for each, gradient in zip(wanted, gradients, strict=True)
        ]
    return dict(zip(inputs, gradients, strict=True)) if isinstance(inputs, dict) else tuple(gradients)


def _gradients(
    roots: Sequence[Any], wanted: Sequence[Any], given: Any, retain: bool, create_graph: bool, unused_allowed: bool
) -> list[Tensor | None]:
    starts, cotangents = starts_of(roots, given, create_graph)
    for each in wanted:
        if isinstance(each, Tensor) and not each.requires_grad:
            raise RuntimeError(
                "One of the differentiated Tensors does not require grad\n"
                "Make it require one, as in x.requires_grad_(), before the outputs are computed from it.\n"
                + ask_why(each, "why it has none")
            )
    captures = Captures(starts, [_edge(each) for each in wanted])
    run(starts, retain, create_graph, captures)
    # what arrives as it set out is the tensor that was given, and what arrives twice is one tensor
    tensors = {id(each._data): each for each in cotangents if isinstance(each._data, np.ndarray)}
    results: list[Tensor | None] = []
    for place, gradient in enumerate(captures.gradients):
        if gradient is None and not unused_allowed:
            raise RuntimeError(
                f"The differentiated Tensor at index {place} appears to not have been used in the graph. Set "
                "allow_unused=True if this is the desired behavior.\n"
                "No output was computed from it: differentiate by the very tensor that was used, not by a copy or a view "
                "of it.\n" + ask_why(wanted[place], "what cuts the path to it: give it the output too, as in why(x, y)")
            )
        if gradient is not None and not isinstance(gradient, Tensor):
            again = [k for k in range(place) if captures.gradients[k] is gradient and wanted[k] is wanted[place]]
            gradient = results[again[0]] if again else tensors.setdefault(id(gradient), wrap(gradient))
        results.append(gradient)
    return results


def _zeros(thing: Tensor | GradientEdge, requires_grad: bool) -> Tensor:
    if not isinstance(thing, Tensor):
        raise RuntimeError("materialize_grads cannot be used when the given input is a GradientEdge")
    return zeros_like(thing, requires_grad=requires_grad)


def _batched(
    roots: Sequence[Any], wanted: Sequence[Any], given: Any, retain: bool, create_graph: bool, unused_allowed: bool
) -> list[Tensor | None]:
    """The gradients for many sets of cotangents at once, those along the first dimension of each that is given."""
    cotangents = _as_tuple(given, len(roots))
    sizes = set()
    for place, (root, cotangent) in enumerate(zip(roots, cotangents)):
        if cotangent is None:
            _cotangent(place, root, None)
            continue
        if cotangent.shape[1:] != root.shape or not cotangent.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the batch dimension. "
                "The sizes of the remaining dimensions are expected to match the shape of corresponding output, but a "
                f"mismatch was detected: grad_output[{place}] has a shape of {cotangent.shape} and output[{place}] has a "
                f"shape of {root.shape}. If you only want some tensors in `grad_output` to be considered batched, consider "
                "using vmap."
            )
        sizes.add(cotangent.shape[0])
    if len(sizes) != 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sorted(sizes)} for the "
            "mapped dimension"
            if sizes
            else "vmap: Expected at least one Tensor to vmap over"
        )
    (size,) = sizes
    level = batching.new_level()
    each = [None if cotangent is None else batching.enter(cotangent, level, 0) for cotangent in cotangents]
    with modes.mode(batch_levels=(*modes.state.batch_levels, level)):
        gradients = _gradients(roots, wanted, each, retain, create_graph, unused_allowed)
        return [each if each is None else batching.leave(each, level, 0, size) for each in gradients]


# --- arguments ---------------------------------------------------------------------------------------------------


def _listed(things: Any) -> tuple:
    return (things,) if isinstance(things, (Tensor, GradientEdge)) else tuple(things)


def _inputs(function: str, inputs: Any) -> tuple[Tensor | GradientEdge, ...]:
    """The argument `inputs`: one or several, or the values of a dict."""
    if isinstance(inputs, Mapping) and not isinstance(inputs, dict):
        raise TypeError(
            f"`inputs` argument to `{function}()` must be a dict, not {type(inputs).__name__}. Other Mapping types are not "
            "supported."
        )
    listed = _listed(inputs.values() if isinstance(inputs, dict) else inputs)
    if not listed:
        raise RuntimeError(f"`inputs` argument to `{function}()` cannot be empty.")
    for each in listed:
        if not isinstance(each, (Tensor, GradientEdge)):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(each).__name__}")
    return listed


def _edge(thing: Tensor | GradientEdge) -> Any:
    """The edge to an input; None for one that nothing can reach."""
    edge = edge_of(_tensor(thing))
    return None if isinstance(edge, Nowhere) else edge


def _tensor(thing: Tensor | GradientEdge, cotangent: Tensor | None = None) -> Tensor:
    """A tensor as it is; a gradient edge as a tensor with that place in the graph, and with zeros for its numbers."""
    return thing.stand_in(cotangent) if isinstance(thing, GradientEdge) else thing


def _as_tuple(gradients: Any, count: int) -> tuple:
    if gradients is None:
        return (None,) * count
    return (gradients,) if isinstance(gradients, Tensor) else tuple(gradients)


def starts_of(outputs: Any, given: Any, create_graph: bool) -> tuple[list[tuple[Any, Any]], list[Tensor]]:
    """Where a backward pass begins: the edges of its roots with their cotangents as the engine wants them, and as tensors."""
    roots = _listed(outputs)
    pairs = list(zip(roots, _as_tuple(given, len(roots))))
    cotangents = [_cotangent(place, root, gradient) for place, (root, gradient) in enumerate(pairs)]
    if len(cotangents) < len(roots):
        raise RuntimeError(
            f"got {len(roots)} tensors and {len(cotangents)} gradients\nGive one for each root, or None."
        )
    starts = []
    for place, (root, cotangent) in enumerate(zip(roots, cotangents, strict=True)):
        edge = edge_of(_tensor(root, cotangent))
        if edge is None or cotangent is None or isinstance(edge, Nowhere):
            raise _no_gradient(place, root)
        starts.append((edge, cotangent if create_graph else cotangent._data))
    return starts, cotangents  # type: ignore[return-value]


def _cotangent(place: int, root: Tensor | GradientEdge, given: Tensor | None) -> Tensor | None:
    """The cotangent of a root: the one given for it, checked, or 1 for a scalar; None where there is none."""
    if not isinstance(root, (Tensor, GradientEdge)):
        raise AssertionError("Expected output to be a torch.Tensor")
    root = _tensor(root, given)
    data = root._data
    if given is None:
        if not root.requires_grad:
            return None
        if data.shape != () and data.size != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs\n"
                f"This one has shape {list(data.shape)}: reduce it, as in y.sum().backward(), or pass gradient=."
            )
        if data.dtype.kind == "c":
            raise RuntimeError(
                f"grad can be implicitly created only for real scalar outputs but got {root.dtype}\n"
                "Take a real number of it, as in z.abs().backward(), or pass gradient=."
            )
        return wrap(_one(data))
    if not isinstance(given, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    if given._data.shape != data.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{place}] has a shape of {given.shape} and output[{place}] has a shape of "
            f"{root.shape}."
        )
    if given.is_complex() != root.is_complex():
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch in dtype: "
            f"grad_output[{place}] has a dtype of {given.dtype} and output[{place}] has a dtype of {root.dtype}."
        )
    return given if given._data.dtype == data.dtype else given.to(root.dtype)


#: cotangents of 1 for scalar roots, made once
_ONES: dict[type, Any] = {np.float32: np.float32(1), np.float64: np.float64(1)}


def _one(data: Any) -> Any:
    """A cotangent of 1 in the shape of a root."""
    one = _ONES.get(data.__class__)
    return namespace_of((data,)).ones_like(data) if one is None else one


def _no_gradient(place: int, root: Any) -> RuntimeError:
    return RuntimeError(
        f"element {place} of tensors does not require grad and does not have a grad_fn\n"
        "Nothing that it was computed from requires a gradient: pass requires_grad=True to the tensor you differentiate "
        "by, and compute outside torch.no_grad().\n" + ask_why(root, "at which line its history was cut off, if it was")
    )


_warned_of_cycle = False


def _warn_of_cycle() -> None:
    """Say, once, that gradients with a history in `.grad` keep their graphs, and these the leaves, alive."""
    global _warned_of_cycle  # noqa: PLW0603
    if not _warned_of_cycle:
        _warned_of_cycle = True
        warnings.warn(
            "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
            "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you "
            "have to use this function, make sure to reset the .grad fields of your parameters to None after use to break "
            "the cycle and avoid the leak.",
            UserWarning,
            stacklevel=3,
        )


def backward_method(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Compute the gradients of this tensor with respect to the leaves it was computed from, and add them to `.grad`.

    A tensor that is not a scalar needs its own cotangent, `gradient`. The graph is freed unless `retain_graph` or
    `create_graph` is set; with `create_graph` the gradients can be differentiated again.

    >>> import adjoint as torch
    >>> x = torch.tensor([1., 2.], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """
    edge = self._node
    one = _ONES.get(self._data.__class__)
    if one is not None and edge.__class__ is Node and gradient is inputs is None and not create_graph:
        note(BACKWARD, edge)
        run(((edge, one),), bool(retain_graph))  # a scalar loss, the usual case
    else:
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)


Tensor.backward = backward_method  # type: ignore[assignment, method-assign]
