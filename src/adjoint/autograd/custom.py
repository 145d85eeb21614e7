"""How a Function of the user's is applied: its place in the graph, its outputs, its gradients, its tangents.

What the user sees of it is in `autograd.function`.
"""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from adjoint.arrays import is_foreign, namespace_of
from adjoint.arrays.batched import BatchedArray
from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core import hooks, inplace, modes, tangents
from adjoint.core.anomaly import record_place
from adjoint.core.graph import Meta, Node, Port, log_write, next_sequence
from adjoint.core.primitive import unbroadcast
from adjoint.core.pytree import broadcast, flatten
from adjoint.core.saved import SavedTensor
from adjoint.core.tensor import Tensor, edge_of, wrap, writes_of
from adjoint.core.views import IN_FUNCTION, ONE_OF_SEVERAL, view_of
from adjoint.ops import batching, conversion, shape

if TYPE_CHECKING:
    from adjoint.autograd.function import BackwardCFunction, Function

#: what ctx keeps for the time of the forward computation only
_PASSING = ("dirty_tensors", "non_differentiable", "saved_for_forward", "to_save")


class FunctionNode(Node):
    """The node of one application of a Function.

    It keeps what the user set on `ctx`, but not `ctx` itself, which leads back to it: a `ctx` is made whenever it is asked
    for, and stays the same while somebody holds it.
    """

    __slots__ = ("_context", "are_tensors", "attributes", "function", "inputs")

    several = True
    guards_saved = True

    def __init__(self, function: type[Function], arguments: Sequence[Any]) -> None:
        given = [each for each in arguments if isinstance(each, Tensor)]
        self.function = function
        self.edges = tuple(edge_of(each) for each in given)
        self.inputs = [(each._data.shape, each._data.dtype) for each in given]
        self.are_tensors = [isinstance(each, Tensor) for each in arguments]
        self.attributes: dict[str, Any] = {
            "needs_input_grad": tuple(isinstance(each, Tensor) and each.requires_grad for each in arguments)
        }
        self._context: Callable[[], BackwardCFunction | None] = lambda: None
        self.saved = self.writes = ()
        self.plan = self.params = self.meta = self.annex = None  # type: ignore[assignment]
        self.sequence = next_sequence()

    def name(self) -> str:
        return f"{self.function.__name__}Backward"

    def as_seen(self) -> BackwardCFunction:
        """The `ctx` of this application."""
        context = self._context()
        if context is None:
            context = self.function._backward_cls._of(self)
            self._context = weakref.ref(context)
        return context

    def fill(self, slots: dict[int, Any], xp: Any) -> tuple:
        """The cotangents of all outputs: zeros for those that none reached, or None if the user prefers."""
        materialized = self.attributes.get("materialize_grads", True)
        return tuple(
            slots.get(place)
            if place in slots or known is None or not materialized
            else xp.zeros(known[0], dtype=known[1])
            for place, known in enumerate(self.meta.outputs)  # type: ignore[union-attr, arg-type]
        )

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> list:
        """The gradients of the inputs that are tensors, as the user's `backward` computes them, on tensors."""
        given = [each if each is None or isinstance(each, Tensor) else wrap(each) for each in cotangent]
        if xp is tensor_namespace:
            return self._checked(self.as_seen().apply(*given))
        with modes.mode(grad_enabled=False):
            gradients = self._checked(self.as_seen().apply(*given))
        return [each if each is None else each._data for each in gradients]

    def _checked(self, results: Any) -> list[Tensor | None]:
        results = results if isinstance(results, tuple) else (results,)
        count = len(self.are_tensors)
        if all(each is None for each in results[count:]):
            results = results[:count]
        if len(results) != count:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected {count}, got {len(results)})\n"
                "backward returns one for each argument of forward: None for those that are no tensors."
            )
        gradients: list[Tensor | None] = []
        for place, (result, is_tensor) in enumerate(zip(results, self.are_tensors, strict=True)):
            if is_tensor:
                gradients.append(self._fitted(result, len(gradients)))
            elif result is not None:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position {place + 1}, but the "
                    "corresponding forward input was not a Variable"
                )
        return gradients

    def _fitted(self, gradient: Any, place: int) -> Tensor | None:
        """A gradient in the shape and type of its input."""
        if gradient is None:
            return None
        if not isinstance(gradient, Tensor):
            raise RuntimeError(f"expected Variable or None (got {type(gradient).__name__})")
        if self.edges[place] is None:
            return None
        expected, dtype = self.inputs[place]
        got = gradient._data.shape
        if got != expected:
            trailing = got[len(got) - len(expected) :] if len(got) >= len(expected) else None
            if trailing is None or any(a not in (b, 1) for a, b in zip(expected, trailing, strict=True)):
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {place} - got {list(got)} but expected "
                    f"shape compatible with {list(expected)}\nA gradient has the shape of its input."
                )
            gradient = unbroadcast(tensor_namespace, gradient, expected)
        if gradient._data.dtype == dtype:
            return gradient
        if gradient.is_complex() and dtype.kind != "c":
            raise RuntimeError(
                "Expected isFloatingType(grad.scalar_type()) || (input_is_complex == grad_is_complex) to be true, but got "
                f"false.\n{self.name()} returned a complex gradient for a real input: return its real part."
            )
        return tensor_namespace.astype(gradient, dtype)


def apply(function: type[Function], args: tuple, kwargs: dict[str, Any], sets_up_context: bool) -> Any:
    """The outputs of a Function, with their place in the graph and their tangents."""
    hooks.activate()
    if modes.special and modes.state.batch_levels:
        places = [_batch_place(each) for each in (*args, *kwargs.values())]
        if any(each is not None for each in places) and not function.generate_vmap_rule:
            return _by_vmap_rule(function, args, kwargs, places)
        let_in = batching.share((*args, *kwargs.values()))
        args, kwargs = tuple(let_in[: len(args)]), dict(zip(kwargs, let_in[len(args) :], strict=True))
    arguments = (*args, *kwargs.values())
    node = FunctionNode(function, arguments)
    ctx = node.as_seen()
    is_recorded = modes.recording() and any(ctx.needs_input_grad)
    with modes.mode(grad_enabled=False, forward_grad_enabled=False):
        if sets_up_context:
            output = function.forward(*args, **kwargs)
            function.setup_context(ctx, arguments, output)
        else:
            output = function.forward(ctx, *args, **kwargs)
    outputs = list(output) if isinstance(output, tuple) else [output]
    results = _Outputs(node, ctx, arguments, is_recorded, sets_up_context).settle(outputs)
    if modes.special and modes.state.forward_level and tangents.is_enabled():
        _carry_tangents(function, ctx, arguments, results)
    if is_recorded:
        _save(node, ctx)
        if modes.special:
            record_place(node, (), ())
    for name in _PASSING:
        node.attributes.pop(name, None)
    return tuple(results) if isinstance(output, tuple) else results[0]


class _Outputs:
    """The outputs of a Function on their way from `forward` to the caller."""

    def __init__(
        self, node: FunctionNode, ctx: BackwardCFunction, arguments: tuple, is_recorded: bool, sets_up_context: bool
    ) -> None:
        self.node = node
        self.inputs = [each for each in arguments if isinstance(each, Tensor)]
        self.dirty = _tensors("mark_dirty", ctx.dirty_tensors)
        self.fixed = _tensors("mark_non_differentiable", ctx.non_differentiable)
        self.kept = (ctx.to_save or ()) if sets_up_context else ()
        self.is_recorded = is_recorded

    def settle(self, outputs: list) -> list:
        """Give each output that is a tensor its history."""
        for tensor in self.dirty:
            if not _is_among(tensor, outputs):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
                    "are modified inplace must all be outputs of the Function."
                )
            log_write(writes_of(tensor), self.node.name())
        arrays = [each._data for each in (*self.inputs, *outputs) if isinstance(each, Tensor)]
        foreign = any(is_foreign(array) for array in arrays)
        self.node.meta = Meta(
            outputs=tuple((x._data.shape, x._data.dtype) if isinstance(x, Tensor) else None for x in outputs),
            xp=namespace_of(arrays) if foreign else modes.state.namespace if modes.special else None,
        )
        differentiable = [self._is_differentiable(each) for each in outputs]
        results = [
            self._settled(each, place, differentiable[place], len(outputs)) if isinstance(each, Tensor) else each
            for place, each in enumerate(outputs)
        ]
        for result in results:
            view = view_of(result) if isinstance(result, Tensor) else None
            if view is not None and not _is_among(result, self.dirty):
                view.made = ONE_OF_SEVERAL if sum(differentiable) > 1 else IN_FUNCTION
        return results

    def _is_differentiable(self, output: Any) -> bool:
        is_number = isinstance(output, Tensor) and output._data.dtype.kind not in "biu"
        return is_number and self.is_recorded and not _is_among(output, self.fixed)

    def _settled(self, output: Tensor, place: int, is_differentiable: bool, count: int) -> Tensor:
        is_input, is_dirty = _is_among(output, self.inputs), _is_among(output, self.dirty)
        if not is_differentiable:
            if is_input and not is_dirty:
                return conversion.detach(output) if output.requires_grad else _alias(output)
            if output.requires_grad and view_of(output) is None:
                if is_input:
                    return conversion.detach(output)
                output._node = None
            return output
        if is_dirty:
            return self._rebased(output, place, is_input, count)
        if is_input:
            if _is_among(output, self.kept):
                raise RuntimeError(
                    "An input that has been returned as-is as output is being saved for backward. This is not supported if "
                    "you override setup_context. You should return and save a view of the input instead, e.g. with "
                    "x.view_as(x) or setup ctx inside the forward function itself."
                )
            output = _alias(output)
        output._node = Port(self.node, place)
        return output

    def _rebased(self, output: Tensor, place: int, is_input: bool, count: int) -> Tensor:
        """An input that was written to: its history is now that of the Function."""
        if output.requires_grad and output.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation.\n"
                "Write to a clone() of it in forward, or apply the Function to one."
            )
        if not is_input:
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should "
                "be passed to ctx.mark_dirty().",
                UserWarning,
                stacklevel=6,
            )
            output._node = Port(self.node, place)
            return output
        if view_of(output) is not None and count > 1:
            raise RuntimeError(
                "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return "
                "more than one Tensor. This is not supported by the current autograd engine. You should either make sure "
                "the input is not a view (using .clone() for example) or make your Function only return one Tensor "
                "(potentially splitting it into two Functions: one doing the inplace that returns a single Tensor and a "
                "second one that does the other operations). You can ask on the forum https://discuss.pytorch.org/ if you "
                "need help to do this change."
            )
        inplace.check_writable(output)
        inplace.rebase(output, Port(self.node, place))
        return output


def _is_among(value: Any, values: Sequence[Any]) -> bool:
    return any(value is each for each in values)


def _tensors(method: str, marked: tuple | None) -> tuple:
    for place, each in enumerate(marked or ()):
        if not isinstance(each, Tensor):
            raise RuntimeError(
                f"{method} can only accept variables, but argument {place} is of type {type(each).__name__}"
            )
    return marked or ()


def _alias(tensor: Tensor) -> Tensor:
    """A view of all of a tensor."""
    with modes.mode(grad_enabled=False, forward_grad_enabled=False):
        return shape.view(tensor, tensor._data.shape)


def _save(node: FunctionNode, ctx: BackwardCFunction) -> None:
    """Keep what `save_for_backward` was given."""
    records: list[SavedTensor | None] = []
    kept: tuple = ctx.to_save or ()
    for place, tensor in enumerate(kept):
        if tensor is None:
            records.append(None)
            continue
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"save_for_backward can only save variables, but argument {place} is of type {type(tensor).__name__}\n"
                "Set anything else as an attribute of ctx."
            )
        record = SavedTensor(tensor, node)
        if modes.special and modes.state.saved_tensors_hooks:
            record.pack(tensor, *modes.state.saved_tensors_hooks[-1])
        records.append(record)
    node.saved = tuple(records)


# --- forward mode ------------------------------------------------------------------------------------------------


def _carry_tangents(function: type[Function], ctx: BackwardCFunction, arguments: tuple, outputs: Sequence[Any]) -> None:
    """Give the outputs the tangents that the user's `jvp` computes, for one level after the other."""
    kept = ctx.saved_for_forward
    for level in tangents.levels_of(arguments):
        if kept is not None:
            ctx.saved_for_forward = tuple(each if each is None else tangents.below(each, level) for each in kept)
        moved = function.jvp(ctx, *(_tangent(each, level, ctx.materialize_grads) for each in arguments))
        moved = moved if isinstance(moved, tuple) else (moved,)
        if len(moved) != len(outputs):
            raise RuntimeError(
                f"Function's jvp returned an invalid number of forward gradients (expected {len(outputs)} but got "
                f"{len(moved)})\njvp returns one for each output of forward: None for those that have none."
            )
        for output, value in zip(outputs, moved, strict=True):
            if isinstance(output, Tensor) and value is not None:
                _check_tangent(output, value, arguments)
                tangents.attach(output, tangents.below(value, level), level)
    ctx.saved_for_forward = kept


def _tangent(argument: Any, level: int, materialized: bool) -> Tensor | None:
    if not isinstance(argument, Tensor):
        return None
    value = tangents.tangent(argument, level)
    return tensor_namespace.zeros_like(argument) if value is None and materialized else value


def _check_tangent(output: Tensor, value: Tensor, arguments: tuple) -> None:
    if value._data.shape != output._data.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(output.shape)} while the given forward gradient is of size "
            f"{list(value.shape)}."
        )
    if view_of(output) is not None and view_of(value) is None and not _is_among(output, arguments):
        raise RuntimeError(
            "A custom Function's forward is returning a view (or an input as-is) but the jvp is not returning a view.\n"
            "Return the same view of the tangent, as in tangent.view_as(tangent)."
        )


# --- vmap --------------------------------------------------------------------------------------------------------


class VmapInfo(NamedTuple):
    """What a Function's `vmap` is told about the batch."""

    batch_size: int
    randomness: str


def _batch_place(argument: Any) -> int | None:
    """0, the dimension of the examples, for a tensor that differs between those of the innermost `vmap`; else None."""
    array = argument._data if isinstance(argument, Tensor) else None
    return 0 if isinstance(array, BatchedArray) and array.level == modes.state.batch_levels[-1] else None


def _by_vmap_rule(function: type[Function], args: tuple, kwargs: dict[str, Any], places: list[int | None]) -> Any:
    """The outputs for a whole batch, as the user's `vmap` computes them."""
    level, outer = modes.state.batch_levels[-1], modes.state.batch_levels[:-1]
    batched = [each for each, place in zip((*args, *kwargs.values()), places, strict=True) if place is not None]
    size = batched[0]._data.array.shape[0]
    shown = [
        each if place is None else batching.leave(each, level, place, size)
        for each, place in zip((*args, *kwargs.values()), places, strict=True)
    ]
    with modes.mode(batch_levels=outer, namespace=modes.state.namespace if outer else None):
        result = function.vmap(VmapInfo(size, "error"), tuple(places), *shown)
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(
            "Expected the vmap staticmethod to have two returns, an output and out_dims with pytree structure compatible "
            f"with the output. Got a {type(result)} instead"
        )
    output, out_dims = result
    leaves, spec = flatten(output)
    dims = broadcast(out_dims, spec)
    if dims is None:
        raise RuntimeError(
            "The autograd.Function's vmap staticmethod returned an incompatible (output, out_dims) tuple. Expected "
            f"out_dims={out_dims} to be compatible with the structure of `output`. out_dims has structure "
            f"{flatten(out_dims)[1]} but output has structure {spec}. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )
    return spec.unflatten(
        [each if dim is None else batching.enter(each, level, dim) for each, dim in zip(leaves, dims, strict=True)]
    )
