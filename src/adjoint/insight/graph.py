"""A recorded program in the reader's terms: named variables, and formulas for what its nodes compute and send back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from adjoint.arrays import is_foreign, numpy
from adjoint.arrays.formula import Formula, Part, Symbol, constant, datum
from adjoint.arrays.symbolic import symbolic
from adjoint.core import modes
from adjoint.core.apply import apply
from adjoint.core.graph import LEAF, LEAF_MARK, Node, Port
from adjoint.core.primitive import OUT, VALUE, Plan, adapt, call_rule
from adjoint.core.tensor import Tensor, edge_of, wrap
from adjoint.insight.naming import Key, Names, key_of, key_of_tensor
from adjoint.insight.replay import Passage, Replay
from adjoint.insight.source import SourceLine, line_at
from adjoint.insight.value import SHOWN, summarise


@dataclass
class Variable:
    """A leaf, or a result of an operation. `array` is None where its value was not kept."""

    name: str
    is_named: bool  # by the user
    edge: Any
    shape: tuple[int, ...]
    dtype: np.dtype
    array: Any = None
    leaf: Tensor | None = None

    @property
    def symbol(self) -> Symbol:
        return Symbol(self.name, self.shape, self.dtype, self.array)


class Graph:
    """The program that leads to a tensor, and one backward pass over it, noted in `passages`.

    `operands` has, by the identity of a node, the operands that it was applied to, where somebody watched, and `lines` the
    lines that are known. The root has the first of `root_names` that is free, where the program has no name for it.
    """

    def __init__(
        self,
        root: Tensor,
        cotangent: Any,
        names: Names,
        operands: Mapping[int, Sequence[Any]],
        root_names: Sequence[str],
        lines: Mapping[int, SourceLine] = MappingProxyType({}),
    ) -> None:
        self.root = key_of_tensor(root)
        self.names = names
        self.operands = operands
        self._lines = lines
        replay = Replay(edge_of(root), cotangent)
        if any(is_foreign(each) for passage in replay.passages for each in passage.gradients):
            raise no_numbers()
        self.passages: dict[int, Passage] = {id(passage.node): passage for passage in replay.passages}
        self.arrived = replay.arrived
        self.makers = {key_of(edge): passage for passage in replay.passages for edge, _ in _outputs(passage)}
        self.variables: dict[Key, Variable] = {}
        self._constants: dict[tuple[int, int], Part] = {}
        self._saved_formulas: dict[int, tuple] = {}
        self._constant_names = names.fresh("c")
        #: the constants that formulas name, each with its value, or None where no derivative needs it and it was not kept
        self.constants: dict[str, Any] = {}
        self._add_variables(root, root_names)
        self._add_values(root)

    def in_forward_order(self) -> list[Passage]:
        """The passages, operands before results."""
        return sorted(self.passages.values(), key=lambda passage: passage.node.sequence)

    def line(self, node: Node) -> SourceLine | None:
        """The line of the program that called an operation, if that is known."""
        place = node.annex.place if node.annex is not None else None
        return self._lines.get(id(node)) if place is None else line_at(place.file, place.line)

    # --- variables ---

    def _add_variables(self, root: Tensor, root_names: Sequence[str]) -> None:
        given = self.names.tensors
        root_name = given[self.root][0] if self.root in given else None
        if root_name is None:
            root_name = self.names.unused(*root_names)
        leaves = {key_of(edge): edge for edge in self._edges() if edge.edge_kind == LEAF}
        if root._node is LEAF_MARK:
            leaves[self.root] = root
        fresh = self.names.fresh("v")
        for key, leaf in leaves.items():
            name = given[key][0] if key in given else next(fresh)
            self.variables[key] = Variable(name, True, leaf, leaf._data.shape, leaf._data.dtype, leaf._data, leaf)
        for passage in self.in_forward_order():
            for edge, cotangent in _outputs(passage):
                key = key_of(edge)
                named = key in given or key == self.root
                name = root_name if key == self.root else given[key][0] if key in given else next(fresh)
                self.variables[key] = Variable(name, named, edge, cotangent.shape, cotangent.dtype)

    def _edges(self) -> list[Any]:
        return [edge for passage in self.in_forward_order() for edge in passage.node.edges if edge is not None]

    # --- values ---

    def _add_values(self, root: Tensor) -> None:
        """Find what the variables were: in the caller's tensors, in what nodes saved, or computed again from that."""
        for key, (_, tensor) in self.names.tensors.items():
            if key in self.makers and not _written_after(tensor, self.makers[key].node):
                self._take(self.variables[key].edge, tensor._data)
        if self.variables[self.root].leaf is None:
            self.variables[self.root].array = root._data
        for passage in self.passages.values():
            for place, kind, index in passage.node.plan.arrays if passage.node.plan is not None else ():
                self._take_saved(passage, kind, index, passage.saved[place])
        for passage in self.in_forward_order():
            self._compute_again(passage)

    def _take_saved(self, passage: Passage, kind: int, index: int, value: Any) -> None:
        fixed = _fixed_operands(passage.node)
        if kind == VALUE and index >= fixed:
            for offset, each in enumerate(value):
                self._take(passage.node.edges[fixed + offset], each)
        elif kind == VALUE:
            self._take(passage.node.edges[index], value)
        elif index < passage.node.primitive.differentiable_outputs:
            self._take(_output(passage.node, index), value)

    def _take(self, edge: Any, array: Any) -> None:
        variable = self.variables.get(key_of(edge)) if edge is not None else None
        if variable is None or variable.array is not None or not hasattr(array, "dtype") or is_foreign(array):
            return  # what is foreign stands, inside of a vmap, for one example of many
        if array.shape == variable.shape and array.dtype == variable.dtype:
            variable.array = array

    def _compute_again(self, passage: Passage) -> None:
        """The value of an operation whose operands are all there, computed as it was the first time."""
        node = passage.node
        missing = [edge for edge, _ in _outputs(passage) if self.variables[key_of(edge)].array is None]
        if not missing or node.plan is None:
            return
        arrays = [self._operand_array(passage, index) for index in range(len(node.edges))]
        if any(array is None for array in arrays):
            return
        operands = [wrap(array) if hasattr(array, "dtype") else array for array in arrays]
        with modes.mode(grad_enabled=False, forward_level=0, observers=()):
            result = apply(node.primitive, operands, node.params)
        results = result if isinstance(result, tuple) else (result,)
        for edge in missing:
            self._take(edge, results[edge.index if isinstance(edge, Port) else 0]._data)

    def _operand_array(self, passage: Passage, index: int) -> Any:
        node = passage.node
        edge = node.edges[index]
        if edge is not None and key_of(edge) in self.variables:
            variable = self.variables[key_of(edge)]
            changed = variable.leaf is not None and _written_after(variable.leaf, node)
            return None if changed else variable.array
        if id(node) in self.operands:
            operand = self.operands[id(node)][index]
            if not isinstance(operand, Tensor):
                return operand
            return None if is_foreign(operand._data) or _written_after(operand, node) else operand._data
        return _saved_operand(passage, index)

    def values(self) -> Iterator[tuple[str, Any]]:
        """The variables and constants by name, each with its array or number, or None where that was not kept."""
        yield from ((variable.name, variable.array) for variable in self.variables.values())
        yield from self.constants.items()

    # --- formulas ---

    def operand(self, passage: Passage, index: int) -> Part:
        """An operand of a node as a formula: a variable, a number, or a constant by the caller's name for it."""
        edge = passage.node.edges[index]
        if edge is not None and key_of(edge) in self.variables:
            return self.variables[key_of(edge)].symbol
        place = id(passage.node), index
        if place not in self._constants:
            self._constants[place] = self._constant(passage, index)
        return self._constants[place]

    def _constant(self, passage: Passage, index: int) -> Part:
        node = passage.node
        found = self._operand_array(passage, index)
        if found is None:
            name = next(self._constant_names)
            self.constants[name] = None
            return Symbol(name, *_operand_shape(passage, index))
        if not hasattr(found, "dtype"):
            return found
        known = self.names.of_constant(found, node.writes)
        if known is None and not found.shape:
            return datum(found[()])
        if known is None and found.size <= SHOWN:
            return Symbol(summarise(found).text, found.shape, found.dtype, found)
        name = known or next(self._constant_names)
        self.constants[name] = found
        return Symbol(name, found.shape, found.dtype, found)

    def operation(self, passage: Passage, result: Variable, parts: Sequence[Part] | None = None) -> Formula:
        """What a node computes as one of its results, of its operands or of `parts` in their place."""
        node, place = passage.node, key_of(result.edge)[1]
        if parts is None:
            parts = [_as_written(self.operand(passage, index)) for index in range(len(node.edges))]
        made = None
        if node.plan is not None:
            try:
                made = node.primitive.forward(symbolic, *parts, **(node.params or {}))
            except Exception:  # a rule may do with arrays what has no formula; then it is written as a call
                made = None
        made = made[place] if isinstance(made, tuple | list) else made
        if isinstance(made, Formula):
            return made
        name = node.name().partition("Backward")[0] if node.plan is None else node.primitive.name
        return Formula(name, parts, {}, result.shape, result.dtype)

    def saved_formulas(self, passage: Passage, symbols: Mapping[Key, Formula] | None = None) -> tuple:
        """A node's saved values as formulas; `symbols` has formulas in place of variables."""
        node = passage.node
        if symbols is None and id(node) in self._saved_formulas:
            return self._saved_formulas[id(node)]
        fixed = _fixed_operands(node)

        def of_operand(index: int, array: Any) -> Part:
            edge = node.edges[index]
            given = symbols.get(key_of(edge)) if symbols is not None and edge is not None else None
            part = given if given is not None else self.operand(passage, index)
            differs = isinstance(part, Formula) and hasattr(array, "dtype") and part.dtype != array.dtype
            return symbolic.astype(part, array.dtype) if differs else part

        def of_source(kind: int, index: int, value: Any) -> Any:
            if kind == VALUE and index >= fixed:
                return tuple(of_operand(fixed + offset, each) for offset, each in enumerate(value))
            if kind == VALUE:
                return of_operand(index, value)
            if kind == OUT and index < node.primitive.differentiable_outputs:
                key = key_of(_output(node, index))
                return symbols[key] if symbols is not None and key in symbols else self.variables[key].symbol
            if kind == OUT:  # the places where a maximum was found, say
                return Symbol(node.primitive.outputs[index], value.shape, value.dtype, value)
            return value

        sources = node.plan.sources
        found = tuple(
            [of_source(kind, index, value) for (kind, index), value in zip(sources, passage.saved, strict=True)]
        )
        if symbols is None:
            self._saved_formulas[id(node)] = found
        return found

    def send(self, passage: Passage, cotangent: Any, symbols: Mapping[Key, Formula] | None = None) -> Sequence[Any]:
        """What a node sends back for a cotangent that is a formula: its own rules, run on formulas."""
        return self._rules_on_formulas(passage, passage.node, passage.gradients, cotangent, symbols)

    def send_to_copies(self, passage: Passage, cotangent: Any) -> tuple[list[Any], list[Any]]:
        """What a node sends back before that is summed over the copies of operands that were broadcast.

        Once as formulas, for a cotangent that is one, and once as numbers.
        """
        node = passage.node
        rules: Any = _Unadapted(node.plan, node.edges, node.params)
        numbers = list(node.plan.vjp(rules, numpy, passage.saved, passage.cotangent))
        formulas = list(self._rules_on_formulas(passage, rules, numbers, cotangent))
        dtypes = [dtype for _, dtype in node.meta.operands]  # type: ignore[union-attr]
        kinds = [(getattr(each, "shape", ()), dtype) for each, dtype in zip(numbers, dtypes, strict=True)]
        adapt(symbolic, formulas, kinds)
        adapt(numpy, numbers, kinds)
        return formulas, numbers

    def _rules_on_formulas(
        self,
        passage: Passage,
        rules: Any,
        gradients: Sequence[Any],
        cotangent: Any,
        symbols: Mapping[Key, Formula] | None = None,
    ) -> Sequence[Any]:
        """The rules of a node run on formulas; calls of them by name where they are code that does not take those."""
        if rules.plan is not None:
            try:
                return rules.plan.vjp(rules, symbolic, self.saved_formulas(passage, symbols), cotangent)
            except Exception:  # as above
                pass
        given = cotangent if isinstance(cotangent, tuple) else (cotangent,)
        call = f"{passage.node.name()}.vjp"
        return [None if g is None else Formula(call, given, {}, g.shape, g.dtype) for g in gradients]

    def derivatives(self, passage: Passage) -> list[tuple[Formula, Any] | None]:
        """For each operand the derivative of the node's result by it, where that is a formula per element.

        It comes as a formula and as its value. None for operands without a gradient, and for operations that mix
        elements, whose derivative is a matrix that nobody forms.
        """
        node = passage.node
        found: list[tuple[Formula, Any] | None] = [None] * len(node.edges)
        if not self.is_elementwise(passage):
            return found
        primitive, params = node.primitive, node.params
        ones = numpy.ones_like(passage.cotangent)
        saved = self.saved_formulas(passage)
        for xp, values, one in ((symbolic, saved, symbolic.ones_like(ones)), (numpy, passage.saved, ones)):
            for step in node.plan.steps:
                if primitive.jvp != "partials":
                    factor: Any = call_rule(step, params, values, xp, one)
                    factor = factor[step.index] if primitive.joint else factor
                else:
                    factor = step.rule if isinstance(step.rule, int) else call_rule(step, params, values, xp)
                    factor = xp.where(factor, 1, 0) if primitive.gates else factor
                if xp is symbolic:
                    found[step.index] = _formula(factor, ones), None
                else:
                    found[step.index] = found[step.index][0], factor  # type: ignore[index]
        return found

    def is_elementwise(self, passage: Passage) -> bool:
        """Whether a node's derivative by an operand is a factor per element."""
        node = passage.node
        if node.plan is None or node.several:
            return False
        if node.primitive.jvp == "partials":
            return True
        if node.primitive.joint or passage.cotangent.dtype.kind == "c":  # linear over the real numbers only
            return False
        edges = [edge for edge in node.edges if edge is not None]
        is_of_numbers = not passage.cotangent.shape and all(not self.variables[key_of(edge)].shape for edge in edges)
        return node.primitive.jvp == "diagonal" or is_of_numbers

    @cached_property
    def is_scalar(self) -> bool:
        """Whether no variable of the program has a dimension."""
        return not any(variable.shape for variable in self.variables.values())


def no_numbers() -> RuntimeError:
    """The error for programs whose arrays hold no numbers of their own."""
    return RuntimeError(
        "explain() needs numbers, and inside of a function that is compiled or vectorised there are none yet\n"
        "Call it outside, on the function: explain(f, *inputs)."
    )


class _Unadapted(NamedTuple):
    """What its rules ask of a node; without operands that they sum to and cast to."""

    plan: Plan
    edges: tuple
    params: dict | None
    meta: None = None


# --- nodes and their operands and outputs --------------------------------------------------------------------------


def _as_written(part: Part) -> Part:
    """An operand that stays in a formula as the program has it: `x * 1` is not written as `x`."""
    return part if isinstance(part, Formula) else datum(part)


def _formula(part: Part, like: Any) -> Formula:
    return part if isinstance(part, Formula) else constant(part, like.shape, like.dtype)


def _fixed_operands(node: Node) -> int:
    return len(node.primitive.operands) - node.primitive.variadic


def _output(node: Node, index: int) -> Any:
    return Port(node, index) if node.several else node


def _outputs(passage: Passage) -> list[tuple[Any, Any]]:
    """The outputs of a node as edges, each with its cotangent; without those that none reached."""
    if isinstance(passage.cotangent, tuple):
        return [(Port(passage.node, index), each) for index, each in enumerate(passage.cotangent) if each is not None]
    return [(passage.node, passage.cotangent)]


def _saved_operand(passage: Passage, index: int) -> Any:
    """What a node saved of one of its operands, or None."""
    if passage.node.plan is None:
        return None
    fixed = _fixed_operands(passage.node)
    for place, (kind, source) in enumerate(passage.node.plan.sources):
        if kind == VALUE and source >= fixed and index >= fixed:
            return passage.saved[place][index - fixed]
        if kind == VALUE and source == index:
            return passage.saved[place]
    return None


def _operand_shape(passage: Passage, index: int) -> tuple[tuple[int, ...], np.dtype]:
    """The shape and type of an operand that was not kept."""
    cotangent = _outputs(passage)[0][1]
    meta = passage.node.meta
    if meta is not None and meta.operands is not None and meta.operands[index][1] is not None:
        return meta.operands[index]
    return cotangent.shape, cotangent.dtype


def _written_after(tensor: Tensor, node: Node) -> bool:
    """Whether a tensor's memory was written to after a node's operation ran."""
    return bool(tensor._writes) and tensor._writes[-1][0] > node.sequence  # type: ignore[index]
