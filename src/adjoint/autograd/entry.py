"""The two ways into a backward pass: `backward`, which adds to the leaves' `.grad`, and `grad`, which returns gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays import namespace_of
from adjoint.autograd.graph import GradientEdge
from adjoint.core import modes
from adjoint.core.engine import Captures, run
from adjoint.core.graph import LEAF_MARK, Node
from adjoint.core.hooks import retain_grad
from adjoint.core.tensor import Tensor, edge_of, wrap
from adjoint.ops import batching
from adjoint.ops.creation import zeros_like


def backward(
    tensors: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge] | None = None,
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
    listed = _listed(tensors)
    given = _as_tuple(grad_tensors if grad_variables is None else grad_variables, len(listed))
    roots = [_tensor(root, cotangent) for root, cotangent in zip(listed, given, strict=True)]
    retain = create_graph if retain_graph is None else retain_graph
    starts = [_start(place, root, g, create_graph) for place, (root, g) in enumerate(zip(roots, given, strict=True))]
    if inputs is None:
        run(starts, retain_graph=retain, create_graph=create_graph)
        return
    wanted = _listed(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for tensor in wanted:
        if isinstance(tensor, Tensor):
            retain_grad(tensor)
    captures = Captures(starts, [edge_of(_tensor(each)) for each in wanted], accumulates=True)
    run(starts, retain_graph=retain, create_graph=create_graph, captures=captures)


def grad(
    outputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    inputs: Tensor | GradientEdge | Sequence[Tensor | GradientEdge],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` with respect to `inputs`, without touching any `.grad`.

    An input that no output depends on is an error; with `allow_unused` its gradient is None, with `materialize_grads` zero.
    With `is_grads_batched`, `grad_outputs` have one more dimension, the first, with one backward pass for each entry along
    it; so have the results.

    >>> import adjoint as torch
    >>> x = torch.tensor(3., requires_grad=True)
    >>> torch.autograd.grad(x ** 3, x)
    (tensor(27.),)
    """
    listed = _listed(outputs)
    given = _as_tuple(grad_outputs, len(listed))
    roots = tuple(_tensor(root, cotangent) for root, cotangent in zip(listed, given, strict=True))
    wanted = tuple(_tensor(each) for each in _listed(inputs))
    retain = create_graph if retain_graph is None else retain_graph
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False."
        )
    if is_grads_batched:
        return _batched(roots, wanted, given, retain, create_graph, allow_unused, materialize_grads)
    starts = [_start(place, root, g, create_graph) for place, (root, g) in enumerate(zip(roots, given, strict=True))]
    for tensor in wanted:
        if tensor._node is None:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    captures = Captures(starts, [edge_of(tensor) for tensor in wanted])
    run(starts, retain_graph=retain, create_graph=create_graph, captures=captures)
    results: list[Tensor | None] = []
    for tensor, gradient in zip(wanted, captures.gradients, strict=True):
        if gradient is None and materialize_grads:
            results.append(zeros_like(tensor, requires_grad=False))
        elif gradient is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. Set allow_unused=True if "
                "this is the desired behavior."
            )
        else:
            results.append(gradient if gradient is None or isinstance(gradient, Tensor) else wrap(gradient))
    return tuple(results)


def _batched(
    outputs: tuple[Tensor, ...],
    inputs: tuple[Tensor, ...],
    cotangents: tuple[Tensor | None, ...],
    retain_graph: bool,
    create_graph: bool,
    allow_unused: bool | None,
    materialize_grads: bool,
) -> tuple[Tensor | None, ...]:
    """`grad` for many sets of cotangents at once, those along the first dimension of each that is given."""
    sizes = set()
    for place, (root, cotangent) in enumerate(zip(outputs, cotangents, strict=True)):
        if cotangent is None:
            _start(place, root, None, create_graph)
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
    level = batching.new_level()
    each = [None if cotangent is None else batching.enter(cotangent, level, 0) for cotangent in cotangents]
    unused = True if materialize_grads else allow_unused
    with modes.mode(batch_levels=(*modes.state.batch_levels, level)):
        gradients = grad(outputs, inputs, each, retain_graph, create_graph, allow_unused=unused)
        (size,) = sizes
        gradients = tuple(each if each is None else batching.leave(each, level, 0, size) for each in gradients)
    if materialize_grads:
        return tuple(
            zeros_like(tensor) if each is None else each for tensor, each in zip(inputs, gradients, strict=True)
        )
    return gradients


def _listed(things: Any) -> tuple:
    return (things,) if isinstance(things, (Tensor, GradientEdge)) else tuple(things)


def _tensor(thing: Tensor | GradientEdge, cotangent: Tensor | None = None) -> Tensor:
    """A tensor as it is; a gradient edge as a tensor with that place in the graph, and with zeros for its numbers."""
    return thing.stand_in(cotangent) if isinstance(thing, GradientEdge) else thing


def _as_tuple(gradients: Any, count: int) -> tuple:
    if gradients is None:
        return (None,) * count
    if isinstance(gradients, Tensor):
        return (gradients,)
    return tuple(gradients)


def _start(place: int, root: Tensor, gradient: Tensor | None, create_graph: bool) -> tuple[Any, Any]:
    """Where a backward pass begins: the root's edge, and its cotangent as the engine wants it."""
    edge = root._node
    data = root._data
    if gradient is None:
        if edge is None:
            raise _no_gradient(place)
        if data.shape != () and data.size != 1:
            raise RuntimeError(
                "grad can be implicitly created only for scalar outputs\n"
                f"This one has shape {list(data.shape)}: reduce it, as in y.sum().backward(), or pass gradient=."
            )
        if data.dtype.kind == "c":
            raise RuntimeError(f"grad can be implicitly created only for real scalar outputs but got {root.dtype}")
        cotangent = _one(data)
    else:
        if not isinstance(gradient, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(gradient).__name__}")
        if gradient._data.shape != data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{place}] has a shape of {gradient.shape} and output[{place}] has a shape "
                f"of {root.shape}."
            )
        if edge is None:
            raise _no_gradient(place)
        if create_graph:
            return (root if edge is LEAF_MARK else edge), gradient.to(root.dtype)
        cotangent = gradient._data if gradient._data.dtype == data.dtype else gradient.to(root.dtype)._data
    return (root if edge is LEAF_MARK else edge), wrap(cotangent) if create_graph else cotangent


#: cotangents of 1 for scalar roots, made once
_ONES: dict[type, Any] = {np.float32: np.float32(1), np.float64: np.float64(1)}


def _one(data: Any) -> Any:
    """A cotangent of 1 in the shape of a root."""
    one = _ONES.get(data.__class__)
    return namespace_of((data,)).ones_like(data) if one is None else one


def _no_gradient(place: int) -> RuntimeError:
    return RuntimeError(
        f"element {place} of tensors does not require grad and does not have a grad_fn\n"
        "Nothing that it was computed from requires a gradient: pass requires_grad=True to the tensor you differentiate "
        "by, and compute outside torch.no_grad()."
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
        run(((edge, one),), bool(retain_graph))  # a scalar loss, the usual case
    elif inputs is None:
        retain = create_graph if retain_graph is None else retain_graph
        run((_start(0, self, gradient, create_graph),), retain, create_graph)
    else:
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)


Tensor.backward = backward_method  # type: ignore[attr-defined]
