"""Functions in, derivatives out, in reverse mode: `grad`, `grad_and_value`, `vjp`.

While a transformed function runs, its inputs are aliases of the caller's tensors that require gradients, and lead on to
what the caller's tensors were computed from. All levels of nesting share one graph, so that derivatives of derivatives
are what the graph says they are, whichever transform asks. What a transform returns is cut off from the graph where it
leads to nothing but the transform's own inputs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from adjoint.arrays import namespace_of
from adjoint.core import modes
from adjoint.core.apply import apply
from adjoint.core.engine import Captures, run
from adjoint.core.graph import LEAF, NODE, next_sequence
from adjoint.core.primitive import Primitive, TransposeNode
from adjoint.core.pytree import TreeSpec, flatten, map_leaves
from adjoint.core.tangents import carry, tangents_of
from adjoint.core.tensor import Tensor, edge_of, wrap, writes_of
from adjoint.func.levels import open_transforms, transform
from adjoint.ops.creation import zeros_like

__all__ = ["grad", "grad_and_value", "vjp"]


class InputNode(TransposeNode):
    """The node of an input of a transformed function: to the function, a leaf."""

    __slots__ = ("depth", "open")

    is_leaf = True
    depth: int  # how many transforms are open, this one included
    open: bool  # whether the function still runs


_input = Primitive(
    "transform_input",
    lambda xp, x: x,
    lambda xp, g: g,
    node_type=InputNode,
    jvp="linear",
    doc="An input of a function that is being transformed: the caller's tensor, as a leaf.",
)


class Differentiation(transform):
    """One run of a function whose inputs want gradients: while the `with` block lasts, operations are recorded."""

    def __init__(self) -> None:
        super().__init__("grad")
        self.start = next_sequence()  # higher than the number of every operation before the run
        self._before = modes.state.grad_enabled, modes.state.inference
        self.recorded_outside = self._before == (True, False)
        self.outer: list[Tensor] = []
        self.inputs: list[Tensor] = []
        self._known: dict[int, tuple[Any, bool]] = {}  # id of edge -> the edge, and whether it leads outside

    def __enter__(self) -> Differentiation:  # type: ignore[override]
        super().__enter__()
        self._set_modes(True, False)
        return self

    def __exit__(self, *_: object) -> None:
        super().__exit__()
        self._set_modes(*self._before)

    def _set_modes(self, grad_enabled: bool, inference: bool) -> None:
        if modes.state.grad_enabled is not grad_enabled:
            modes.set_mode("grad_enabled", grad_enabled)
        if modes.state.inference is not inference:
            modes.set_mode("inference", inference)

    def enter(self, x: Any) -> Tensor:
        """An alias of the caller's tensor, which requires a gradient."""
        if not isinstance(x, Tensor):
            raise ValueError(
                f"Thing passed to transform API must be Tensor, got {type(x)}\n"
                "Only tensors have gradients: leave other arguments out of argnums, or make tensors of them."
            )
        if x._data.dtype.kind in "biu":
            raise RuntimeError(
                "only Tensors of floating point dtype can require gradients\n"
                f"This one is {x.dtype}: make it floating-point first, as in x.float()."
            )
        if x._node is None and not tangents_of(x):
            inside = wrap(x._data)
        else:
            with modes.mode(grad_enabled=self.recorded_outside):
                inside = apply(_input, (x,))
        inside._writes = [] if x.is_inference() else writes_of(x)  # nobody counts the writes to an inference tensor
        node = inside._node
        if node is None:
            node = inside._node = _input.node_type()
            node.edges = (None,)
            node.plan = _input.plan(1)
            node.saved = node.writes = ()
            node.params = node.meta = node.annex = None
            node.sequence = next_sequence()
        node.depth, node.open = len(open_transforms()), True
        self.outer.append(x)
        self.inputs.append(inside)
        return inside

    def close(self) -> None:
        """The function has returned: its inputs are no reason any more to keep a history."""
        for tensor in self.inputs:
            tensor._node.open = False

    def leave(self, x: Tensor) -> Tensor:
        """A result as the caller sees it: with its history, where that leads to something outside of the function."""
        if x._node is None:
            return x
        if self.recorded_outside and self.leads_outside(x):
            return next((own for own, inside in zip(self.outer, self.inputs, strict=True) if inside is x), x)
        outside = wrap(x._data)
        outside._writes = writes_of(x)
        tangents = tangents_of(x)
        if tangents:
            carry(outside, {number: self.leave(tangent) for number, tangent in tangents.items()})
        return outside

    def leads_outside(self, x: Tensor) -> bool:
        """Whether a tensor was computed from something that somebody outside might differentiate by."""
        edge = edge_of(x)
        known = self._known.get(id(edge))
        return leads_outside(edge, self.start) if known is None else known[1]

    def gradients(
        self, outputs: Sequence[Tensor], cotangents: Sequence[Any], retain_graph: bool, create_graph: bool
    ) -> list[Tensor]:
        """The gradients of the inputs, for cotangents given as tensors, as the caller sees them.

        They are recorded only where somebody could ask for their derivatives.
        """
        roots = []
        outside = False
        for output, cotangent in zip(outputs, cotangents, strict=True):
            edge = edge_of(output)
            if edge is not None:
                self._known[id(edge)] = _, leads = edge, self.leads_outside(output)
                outside = outside or leads
                roots.append((edge, cotangent))
        create_graph = create_graph and (
            outside or modes.state.forward_level > 0 or any(each._node is not None for _, each in roots)
        )
        if not create_graph:
            roots = [(edge, cotangent._data) for edge, cotangent in roots]
        captures = (Captures if outside else _OwnCaptures)(roots, [x._node for x in self.inputs])
        run(roots, retain_graph=retain_graph or create_graph, create_graph=create_graph, captures=captures)
        return [
            zeros_like(x) if each is None else self.leave(each) if isinstance(each, Tensor) else wrap(each)
            for each, x in zip(captures.gradients, self.inputs, strict=True)
        ]


class _Everything:
    def __contains__(self, node: object) -> bool:
        return True


class _OwnCaptures(Captures):
    """The inputs of a function, from which all was computed that a pass meets: nothing needs to be left out."""

    def _leading_to_inputs(self, roots: Sequence[Any]) -> Any:
        return _Everything()


def leads_outside(edge: Any, start: int) -> bool:
    """Whether an edge leads to a leaf, to an input of a function that still runs, or to an operation before `start`."""
    if edge.edge_kind == LEAF:
        return True
    stack = [edge if edge.edge_kind == NODE else edge.node]
    seen = set()
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node.is_leaf and node.edges == (None,):
            if node.open:
                return True
            continue
        if node.sequence < start:
            return True
        for onward in node.edges:
            if onward is None:
                continue
            if onward.edge_kind == LEAF:
                return True
            stack.append(onward if onward.edge_kind == NODE else onward.node)
    return False


# --- arguments ---------------------------------------------------------------------------------------------------


def argument_places(argnums: Any, count: int) -> tuple[int, ...]:
    """The positions that `argnums` names among `count` arguments, from the front."""
    if not isinstance(argnums, int | tuple):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    for number in numbers:
        if not isinstance(number, int):
            raise RuntimeError(f"argnum must be int, got: {type(number)}")
        if not -count <= number < count:
            raise RuntimeError(f"Got argnum={number}, but only {count} positional inputs")
    places = tuple(number % count for number in numbers)
    if len(set(places)) < len(places):
        raise RuntimeError(f"argnums elements must be unique, got {places}")
    return places


def with_arguments(args: Sequence[Any], places: Sequence[int], values: Sequence[Any]) -> list[Any]:
    """The arguments with other values in some places."""
    filled = list(args)
    for place, value in zip(places, values, strict=True):
        filled[place] = value
    return filled


def output_and_aux(result: Any, function: str) -> tuple[Any, Any]:
    """The two parts of the result of a function with auxiliary output."""
    if not isinstance(result, tuple) or len(result) != 2:
        raise RuntimeError(f"{function}: output of function f should be a tuple: (output, aux) if has_aux is True")
    return result


def leave_aux(level: Differentiation, aux: Any) -> Any:
    """Auxiliary output as the caller sees it."""

    def leave(x: Any) -> Tensor:
        if not isinstance(x, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(x)}")
        return level.leave(x)

    return map_leaves(leave, aux)


# --- gradients ---------------------------------------------------------------------------------------------------


def grad(func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> Callable[..., Any]:
    """A function that computes the gradient of `func`, whose result is a scalar tensor.

    The gradient is taken with respect to the arguments that `argnums` names, each a tensor or a tree of tensors, and has
    their form. With `has_aux`, `func` returns a pair, and the second part is returned beside the gradient. No `.grad` is
    touched; calls nest to any depth, also with `vmap`, `jvp` and the others.

    >>> import adjoint as torch
    >>> torch.func.grad(torch.sin)(torch.tensor(0.))
    tensor(1.)
    >>> torch.func.grad(torch.func.grad(lambda x: x ** 3))(torch.tensor(2.))
    tensor(12.)
    """
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapper


def grad_and_value(
    func: Callable[..., Any], argnums: int | tuple[int, ...] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that computes the gradient of `func` and its value; arguments as for `grad`.

    With `has_aux` the value is the pair of the output and the auxiliary output.

    >>> import adjoint as torch
    >>> torch.func.grad_and_value(lambda x: (x ** 2).sum())(torch.tensor([1., 2.]))
    (tensor([2., 4.]), tensor(5.))
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places = argument_places(argnums, len(args))
        with Differentiation() as level:
            wanted, spec = flatten(tuple(args[place] for place in places))
            inside = spec.unflatten([level.enter(x) for x in wanted])
            output = func(*with_arguments(args, places, inside), **kwargs)
            aux = None
            if has_aux:
                output, aux = output_and_aux(output, "grad_and_value(f)(*args)")
            _check_scalar(output)
            level.close()
            one = wrap(namespace_of((output._data,)).ones_like(output._data))
            gradients = level.gradients([output], [one], retain_graph=has_aux, create_graph=level.recorded_outside)
            value = level.leave(output)
            aux = leave_aux(level, aux) if has_aux else None
        result = spec.unflatten(gradients)
        return result[0] if isinstance(argnums, int) else result, (value, aux) if has_aux else value

    return wrapper


def _check_scalar(output: Any) -> None:
    if not isinstance(output, Tensor):
        raise RuntimeError(f"grad_and_value(f)(*args): Expected f(*args) to return a Tensor, got {type(output)}")
    if output.ndim:
        raise RuntimeError(
            "grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with "
            f"{output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?"
        )


# --- products with the transposed Jacobian -----------------------------------------------------------------------


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """The value of `func` at `primals`, and a function that multiplies cotangents with its Jacobian there.

    That function takes cotangents in the form of the output, and returns one tensor for a single primal, else a tuple.
    It may be called any number of times, also under `vmap`. With `has_aux` the auxiliary output is returned third.

    >>> import adjoint as torch
    >>> value, pull_back = torch.func.vjp(torch.sin, torch.tensor([0., 1.]))
    >>> pull_back(torch.ones(2))
    (tensor([1.0000, 0.5403]),)
    """
    with Differentiation() as level:
        leaves, spec = flatten(primals)
        inside = spec.unflatten([level.enter(x) for x in leaves])
        output = func(*inside)
        aux = None
        if has_aux:
            output, aux = output_and_aux(output, "vjp(f, *primals)")
        outputs, output_spec = flatten(output)
        check_tensors(outputs, "vjp(f, *primals)")
        level.close()
        value = output_spec.unflatten([level.leave(each) for each in outputs])
        aux = leave_aux(level, aux) if has_aux else None

    def vjp_fn(*cotangents: Any, retain_graph: bool = True, create_graph: bool | None = None) -> Any:
        given = _cotangents(cotangents, outputs, output_spec)
        record = modes.state.grad_enabled if create_graph is None else create_graph
        return spec.unflatten(level.gradients(outputs, given, retain_graph=retain_graph, create_graph=record))

    return (value, vjp_fn, aux) if has_aux else (value, vjp_fn)


def check_tensors(outputs: Sequence[Any], function: str) -> None:
    """Refuse a function that returns nothing, or something that is no tensor."""
    if not outputs or list(outputs) == [None]:
        raise RuntimeError(
            f"{function}: Expected f to be a function that has non-empty output (got output = {list(outputs)})"
        )
    for output in outputs:
        if not isinstance(output, Tensor):
            f = function.partition("(")[2].partition(")")[0].replace("f, ", "f(") + ")"
            f = "f(*primals)" if "tangents" in f else f
            raise RuntimeError(f"{function}: expected {f} to return only tensors, got unsupported type {type(output)}")


def _cotangents(cotangents: tuple, outputs: Sequence[Tensor], spec: TreeSpec) -> list[Tensor]:
    """The given cotangents, one for each output."""
    if len(cotangents) != 1:
        raise TypeError(
            f"the function that vjp returns takes one argument, the cotangents, but got {len(cotangents)}\n"
            "Give the cotangents in the form of the output: for several outputs, as one tuple."
        )
    leaves, form = flatten(cotangents[0])
    if form != spec:
        raise RuntimeError(
            "Expected pytree structure of cotangents to be the same as pytree structure of outputs to the function. "
            f"cotangents: {form.pretty()}, primal output: {spec.pretty()}"
        )
    for place, (cotangent, output) in enumerate(zip(leaves, outputs, strict=True)):
        if not isinstance(cotangent, Tensor):
            raise TypeError(f"gradients can be either Tensors or None, but got {type(cotangent).__name__}")
        if cotangent._data.shape != output._data.shape:
            raise RuntimeError(
                f"Mismatch in shape: grad_output[{place}] has a shape of {cotangent.shape} and output[{place}] has a "
                f"shape of {output.shape}."
            )
    return [cotangent.to(output.dtype) for cotangent, output in zip(leaves, outputs, strict=True)]
