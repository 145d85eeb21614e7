"""Primitives: one record per differentiable operation, its value and its derivatives side by side.

A record is made by one of four statements, after the shape of its derivative:

- `elementwise`: one *partial* per operand. Reverse mode multiplies the cotangent by it, forward mode the tangent.
  A *gate* is a boolean partial: it lets the cotangent pass or stops it, so that no infinity is ever multiplied by 0.
- `linear`: the transpose is written; forward mode applies the operation to the tangents.
- `multilinear`: linear in each operand while the others are held; a transpose per operand.
- `general`: `vjp` and `jvp` are written out.

Rules are small functions of a namespace `xp`, then (in all but partials) the cotangent, then whatever they name in
their signatures; that is saved for them and nothing else. A name is an operand (`x`), an output (`out`), an operand's
`x_shape` or `x_dtype`, or a static parameter. Every function, method, in-place form, derivative, `vmap`, compiled
kernel, formula and test follows from the record; `registry` lists them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from adjoint.arrays import numpy as numpy_namespace
from adjoint.core.exports import declaring_module
from adjoint.core.graph import Node

Rule = Callable[..., Any]

VALUE, OUT, SHAPE, DTYPE = range(4)  # where a name in a rule's signature is taken from

#: every record, by name, in the order of definition
registry: dict[str, Primitive] = {}


class Primitive:
    """What is known of one operation.

    `operands` names its tensor operands and `parameters` its static ones. A `variadic` operation takes any number of
    operands, one with `many_outputs` returns any number of results. A `joint` rule answers for all operands at once; else
    there is one rule per operand, None for an operand that never has a gradient.
    """

    #: PyTorch's names for operands, as they show in `_saved_mat2`, where they are not `self` and `other`
    saved_as: Mapping[str, str] = {}

    def __init__(
        self,
        name: str,
        forward: Rule | str,
        rules: Sequence[Rule | int | None] | Rule,
        *,
        node_type: type[Node],
        node: str | None = None,
        jvp: Rule | str | None = None,
        outputs: Sequence[str] = ("out",),
        differentiable_outputs: int | None = None,
        promotes: str | None = None,
        refuses: str = "",
        gates: bool = False,
        view: bool = False,
        many_outputs: bool = False,
        eight_bits: bool = False,
        doc: str = "",
    ) -> None:
        self.name = name
        if isinstance(forward, str):  # a verb carries it out
            self.on_numpy = getattr(numpy_namespace, forward)
            forward = _one_verb(forward, len(rules))  # type: ignore[arg-type]
        else:
            self.on_numpy = partial(forward, numpy_namespace)
        code = forward.__code__
        named = code.co_argcount + code.co_kwonlyargcount
        self.forward = forward
        self.variadic = bool(code.co_flags & 0x04)  # CO_VARARGS
        self.operands = code.co_varnames[1 : code.co_argcount] + (
            code.co_varnames[named : named + 1] if self.variadic else ()
        )
        self.parameters = code.co_varnames[code.co_argcount : named]
        self.outputs = tuple(outputs)
        self.differentiable_outputs = len(self.outputs) if differentiable_outputs is None else differentiable_outputs
        self.promotes = promotes
        self.refuses = refuses  # the kinds of numbers that it is not defined on: b for truth values, c for complex ones
        self.eight_bits = eight_bits  # whether it is defined on floating-point numbers of 8 bits
        self.gates = gates
        self.view = view
        self.many_outputs = many_outputs
        #: operands that are no numbers, such as the condition of `where`, keep their own type; but where a partial is
        #: missing, as that by the number in `x ** 2`, the operand is a number like the others
        chooses = promotes is not None and not callable(rules) and not issubclass(node_type, PartialsNode)
        self.rules: tuple = (rules,) if callable(rules) else tuple(rules)
        self.fixed_operands = frozenset(place for place, rule in enumerate(self.rules) if chooses and rule is None)
        self.doc = doc
        self.home = declaring_module()
        self.jvp = jvp
        self.joint = issubclass(node_type, JointNode)
        qualified = node or node_name(name)  # a few are `torch::autograd::...`, of which the class bears the last part
        self.node_type: type[Node] = type(
            qualified.rpartition("::")[2],
            (node_type,),
            {
                "__slots__": (),
                "__module__": __name__,
                "primitive": self,
                "several": many_outputs or self.differentiable_outputs > 1,
                "qualified_name": qualified,
            },
        )
        self.new_node: type[Node] = Node if node_type in _PLAIN_KINDS else self.node_type
        self._plans: dict[int, Plan] = {}
        self._jvp_step: Step | None = None
        self.jvp_sources: list[tuple[int, int]] = []
        if name in registry:
            raise TypeError(f"there are two records by the name {name}")
        registry[name] = self

    @property
    def title(self) -> str:
        """The operation's name as PyTorch prints it: `sum` for the record `sum_axes`."""
        if not self.rules:
            return self.name
        stem = self.node_type.__name__.partition("Backward")[0]
        return "".join(f"_{c.lower()}" if c.isupper() and place else c.lower() for place, c in enumerate(stem))

    def plan(self, mask: int) -> Plan:
        """What to save and which rules to run when the operands whose bits are set in `mask` want a gradient."""
        plan = self._plans.get(mask)
        if plan is None:
            plan = self._plans[mask] = Plan(self, mask)
        return plan

    def jvp_step(self) -> Step:
        """The written-out rule of forward mode, and, in `jvp_sources`, where the values that it names come from."""
        if self._jvp_step is None:
            code = self.jvp.__code__  # type: ignore[union-attr]
            named = code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount]
            names = tuple(name for name in named if name not in self.parameters)
            parameters = tuple(name for name in named if name in self.parameters)
            self.jvp_sources = [_source(self, name) for name in names]
            self._jvp_step = Step(0, self.jvp, None, _pick(list(range(len(names)))), parameters, names)
        return self._jvp_step

    def usable_mask(self, mask: int) -> int:
        """The bits of `mask` whose operands have a rule."""
        if not self.rules:
            return 0
        if self.joint or self.variadic:
            return mask
        for index, rule in enumerate(self.rules):
            if rule is None:
                mask &= ~(1 << index)
        return mask

    def saved_arrays(self, node: Node) -> list[tuple[int, list, Any]]:
        """A node's saved arrays: each one's place, the log of writes to its memory, and the edge to what it was."""
        found: list[tuple[int, list, Any]] = []
        logs = iter(node.writes)
        fixed = len(self.operands) - self.variadic
        for place, kind, index in node.plan.arrays:
            if kind == VALUE and index >= fixed:
                rest = len(node.writes) - len(found)  # all of a variadic operand's logs, in order
                found += [(place, next(logs), None) for _ in range(rest)]
            elif hasattr(node.saved[place], "dtype"):
                log = next(logs, None)
                if log is not None:
                    found.append((place, log, node if kind == OUT else node.edges[index]))
        return found

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.operands)})>"


def _one_verb(verb: str, operands: int) -> Rule:
    """The forward rule that is one verb, applied to one or two operands."""
    if operands == 1:
        return lambda xp, x: getattr(xp, verb)(x)
    return lambda xp, x, y: getattr(xp, verb)(x, y)


def node_name(name: str) -> str:
    """`log_softmax` -> `LogSoftmaxBackward0`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_")) + "Backward0"


class Step(NamedTuple):
    """One rule of a plan: for which operand it answers, and where its arguments lie among the saved values."""

    index: int  # type: ignore[assignment]  # a tuple's method by this name is not used here
    rule: Any
    place: int | None  # of its only argument among the saved values, where it names just one
    pick: Callable[[tuple], tuple]  # its arguments out of the saved values
    parameters: tuple[str, ...]
    names: tuple[str, ...]


class Plan:
    """For one choice of operands that want gradients: the values to save, and the rules to run on them."""

    __slots__ = ("arrays", "parts", "primitive", "several", "sources", "steps", "straight", "vjp")
    several: Any

    def __init__(self, primitive: Primitive, mask: int) -> None:
        self.primitive = primitive
        self.several = primitive.node_type.several
        self.vjp = primitive.node_type.vjp  # how the record's kind runs its rules: a function of a node
        self.sources: list[tuple[int, int]] = []
        self.steps: list[Step] = []
        leading = 1 if issubclass(primitive.node_type, PartialsNode) else 2  # xp, and the cotangent
        wanted = [
            rule.__code__
            for index, rule in enumerate(primitive.rules)
            if callable(rule) and (primitive.joint or mask >> index & 1)
        ]
        named_by_any = {name for code in wanted for name in code.co_varnames[leading : code.co_argcount]}
        for operand in primitive.operands:  # operands are saved in their own order, whichever rule names which
            if operand in named_by_any:
                self._place(_source(primitive, operand))
        for index, rule in enumerate(primitive.rules):
            if rule is None or not (primitive.joint or mask >> index & 1):
                continue
            names: tuple[str, ...] = ()
            parameters: tuple[str, ...] = ()
            if callable(rule):
                code = rule.__code__
                named = code.co_varnames[leading : code.co_argcount + code.co_kwonlyargcount]
                parameters = tuple(name for name in named if name in primitive.parameters)
                names = tuple(name for name in named if name not in primitive.parameters)
            places = [self._place(_source(primitive, name)) for name in names]
            place = places[0] if len(places) == 1 else None
            self.steps.append(Step(index, rule, place, _pick(places), parameters, names))
        #: the places of saved values that are arrays, each with its source
        self.arrays = [(place, kind, index) for place, (kind, index) in enumerate(self.sources) if kind <= OUT]
        #: for each operand that wants a gradient: its place, and the function that gives the gradient
        self.parts = [] if primitive.joint else [(step.index, _part(primitive, step, leading)) for step in self.steps]
        #: the same as `vjp`, without a loop, for a node whose operands were neither broadcast nor cast
        self.straight = _straight(self) or self.vjp

    def _place(self, source: tuple[int, int]) -> int:
        if source not in self.sources:
            self.sources.append(source)
        return self.sources.index(source)


def _source(primitive: Primitive, name: str) -> tuple[int, int]:
    if name in primitive.operands:
        return VALUE, primitive.operands.index(name)
    if name in primitive.outputs:
        return OUT, primitive.outputs.index(name)
    for suffix, kind in (("_shape", SHAPE), ("_dtype", DTYPE)):
        operand = name.removesuffix(suffix)
        if operand != name and operand in primitive.operands:
            return kind, primitive.operands.index(operand)
    raise TypeError(f"a rule of {primitive.name} names {name!r}, which is no operand, output or parameter of it")


def _pick(places: list[int]) -> Callable[[tuple], tuple]:
    """A function that picks these places out of a tuple, always as a tuple."""
    if len(places) > 1:
        return itemgetter(*places)
    return itemgetter(slice(places[0], places[0] + 1) if places else slice(0, 0))


def call_rule(step: Step, params: dict | None, saved: tuple, *leading: Any) -> Any:
    """Run one rule on its share of the saved values; `leading` is the namespace, and a cotangent where it takes one."""
    _, rule, _, pick, parameters, _ = step
    if not parameters:
        return rule(*leading, *pick(saved))
    if len(parameters) == len(params):  # type: ignore[arg-type]
        return rule(*leading, *pick(saved), **params)  # type: ignore[arg-type]
    return rule(*leading, *pick(saved), **{name: params[name] for name in parameters})  # type: ignore[index]


# --- nodes: how each kind of record carries a cotangent back -----------------------------------------------------


#: what needs no conjugation and is cheap to tell: Python's and NumPy's real numbers
_REAL = frozenset({int, float, np.float32, np.float64})


def _part(primitive: Primitive, step: Step, leading: int) -> Callable:
    """The gradient of one operand, as a function of the node, the namespace, the saved values and the cotangent.

    This is the one place that says how a rule is used: a sign, a gate or a partial acts on the cotangent, any other
    rule takes it.
    """
    rule, place = step.rule, step.place
    if rule.__class__ is int:
        return (lambda node, xp, saved, g: g) if rule == 1 else (lambda node, xp, saved, g: -g)
    if leading == 2:
        if place is not None and not step.parameters:
            return lambda node, xp, saved, g: rule(xp, g, saved[place])
        return lambda node, xp, saved, g: call_rule(step, node.params, saved, xp, g)
    if primitive.gates:
        return lambda node, xp, saved, g: xp.where(call_rule(step, node.params, saved, xp), g, 0)

    def part(node: Node, xp: Any, saved: tuple, g: Any) -> Any:
        factor = rule(xp, saved[place]) if short else call_rule(step, node.params, saved, xp)  # type: ignore[index]
        return g * (factor if factor.__class__ in _REAL else xp.conj(factor))

    short = place is not None and not step.parameters
    return part


def _straight(plan: Plan) -> Callable | None:
    """The parts of a plan as straight code, for one or two operands; None where only a loop will do."""
    operands = len(plan.primitive.operands)
    if plan.primitive.joint or plan.primitive.variadic or plan.several or operands > 2 or not plan.parts:
        return None
    (place, first), *others = plan.parts
    if others:
        second = others[0][1]
        return lambda node, xp, saved, g: (first(node, xp, saved, g), second(node, xp, saved, g))
    if operands == 1:
        return lambda node, xp, saved, g: (first(node, xp, saved, g),)
    if place == 0:
        return lambda node, xp, saved, g: (first(node, xp, saved, g), None)
    return lambda node, xp, saved, g: (None, first(node, xp, saved, g))


class TransposeNode(Node):
    """The node of a record whose rules take the cotangent: linear, multilinear and general ones."""

    __slots__ = ()

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> Sequence[Any]:
        gradients: list = [None] * len(self.edges)
        for index, part in self.plan.parts:
            gradients[index] = part(self, xp, saved, cotangent)
        if self.meta is not None and self.meta.operands is not None:
            adapt(xp, gradients, self.meta.operands)
        return gradients


class PartialsNode(TransposeNode):
    """The node of an elementwise record: each operand's gradient is the cotangent times its partial."""

    __slots__ = ()


class JointNode(Node):
    """The node of a record whose one rule answers for all operands."""

    __slots__ = ()

    def vjp(self, xp: Any, saved: tuple, cotangent: Any) -> list:
        gradients = list(call_rule(self.plan.steps[0], self.params, saved, xp, cotangent))
        if self.meta is not None and self.meta.operands is not None:
            adapt(xp, gradients, self.meta.operands)
        return gradients


#: the kinds of node that need no more than `Node` itself until a program looks at them
_PLAIN_KINDS = (PartialsNode, TransposeNode, JointNode)


def adapt(xp: Any, gradients: list, operands: Sequence[tuple]) -> None:
    """Undo, for each gradient, the broadcast and the cast that its operand went through on the way in."""
    for index, gradient in enumerate(gradients):
        if gradient is not None:
            shape, dtype = operands[index]
            gradients[index] = cast_back(xp, unbroadcast(xp, gradient, shape), dtype)


def unbroadcast(xp: Any, x: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes along which an operand of this shape was repeated."""
    if x.shape == shape:
        return x
    lead = len(x.shape) - len(shape)
    kept = tuple(lead + axis for axis, size in enumerate(shape) if size == 1 and x.shape[lead + axis] != 1)
    if lead or kept:
        x = xp.sum(x, axis=(*range(lead), *kept))
    return x if x.shape == shape else xp.reshape(x, shape)


def cast_back(xp: Any, x: Any, dtype: Any) -> Any:
    """The gradient of an operand has the operand's own type; that of a real operand is real."""
    if xp.numpy_dtype(x) == dtype:
        return x
    if xp.numpy_dtype(x).kind == "c" and dtype.kind != "c":
        x = xp.real(x)
    return xp.astype(x, dtype)
