"""Working out the chain rule for a recorded program: from its graph to steps that can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays import numpy
from adjoint.arrays.formula import Formula, Symbol
from adjoint.arrays.notation import latex_name
from adjoint.arrays.symbolic import symbolic
from adjoint.core.graph import Node
from adjoint.core.primitive import adapt
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight.graph import Graph, Variable
from adjoint.insight.naming import Key, key_of
from adjoint.insight.replay import Passage, Replay
from adjoint.insight.steps import (
    AccumulationStep,
    BroadcastStep,
    Chain,
    Definition,
    OperationStep,
    Relation,
    Sent,
    Step,
    SumStep,
)
from adjoint.insight.value import Value, summarise

_ORDINALS = {1: "1st", 2: "2nd", 3: "3rd"}
_PATHS = 4  # a derivative that is a sum of more products is written in terms of the next variables instead


class Working:
    """The steps of the backward pass over a graph. `top` is the name of what is differentiated."""

    def __init__(self, graph: Graph, top: str) -> None:
        self.graph = graph
        self.top = top
        #: the cotangent of each variable, as the engine summed it
        self.cotangents: dict[Key, Any] = dict(graph.arrived)
        self._results_of: dict[int, list[Variable]] = {}
        self._definitions: dict[int, list[Definition]] = {}
        self._contributions: dict[Key, list[tuple[Passage, Any]]] = {}
        for key, passage in graph.makers.items():
            several = isinstance(passage.cotangent, tuple)
            self.cotangents[key] = passage.cotangent[key[1]] if several else passage.cotangent
            self._results_of.setdefault(id(passage), []).append(graph.variables[key])
        for passage in graph.passages.values():
            for edge, gradient in zip(passage.node.edges, passage.gradients, strict=True):
                if edge is not None and gradient is not None:
                    self._contributions.setdefault(key_of(edge), []).append((passage, gradient))

    # --- the program, forwards ---

    def definitions(self) -> list[Definition]:
        """The variables in the order in which they were computed, leaves and constants first."""
        leaves = [variable for variable in self.graph.variables.values() if variable.leaf is not None]
        results = [each for passage in self.graph.in_forward_order() for each in self._defined(passage)]
        constants = [(name, None if a is None else summarise(a)) for name, a in self.graph.constants.items()]
        return [
            *(Definition(leaf.name, None, _value(leaf), "leaf") for leaf in leaves),
            *(Definition(name, None, value, "constant") for name, value in constants),
            *results,
        ]

    def _defined(self, passage: Passage) -> list[Definition]:
        if id(passage) not in self._definitions:
            name, operation = passage.node.name(), self.graph.operation
            self._definitions[id(passage)] = [
                Definition(result.name, operation(passage, result), _value(result), name)
                for result in self._results(passage)
            ]
        return self._definitions[id(passage)]

    def _results(self, passage: Passage) -> list[Variable]:
        return self._results_of[id(passage)]

    # --- the backward pass ---

    def steps(self) -> list[Step]:
        """The steps in the order of the backward pass."""
        steps: list[Step] = []
        for passage in self.graph.passages.values():
            for variable in self._results(passage):
                steps += self._sum(variable)
            steps += self._operation(passage)
        for key, gradient in self.graph.arrived.items():
            leaf = self.graph.variables[key]
            steps += self._sum(leaf)
            steps.append(self._accumulation(leaf, gradient))
        return steps

    def _sum(self, variable: Variable) -> list[Step]:
        sent = self._contributions.get(key_of(variable.edge), [])
        if len(sent) < 2:
            return []
        parts = tuple((self._results(passage)[0].name, summarise(gradient)) for passage, gradient in sent)
        total = self.cotangents[key_of(variable.edge)]
        return [SumStep(variable.name, self.cotangent(variable), parts, summarise(total))]

    def _operation(self, passage: Passage) -> list[Step]:
        results = self._results(passage)
        symbols = tuple(self.cotangent(variable) for variable in results)
        incoming = symbols if isinstance(passage.cotangent, tuple) else symbols[0]
        formulas, numbers = self.graph.send(passage, incoming), passage.gradients
        if _may_be_broadcast(passage):
            formulas, numbers = self.graph.send_to_copies(passage, incoming)
        derivatives = self.graph.derivatives(passage)
        sent: list[Sent] = []
        sums: list[Step] = []
        for index, edge in enumerate(passage.node.edges):
            if edge is None or passage.gradients[index] is None:
                continue
            operand, derivative = self.graph.variables[key_of(edge)], derivatives[index]
            value = summarise(numbers[index])
            if numbers[index].shape != operand.shape:
                shapes = operand.shape, numbers[index].shape
                total = summarise(passage.gradients[index])
                sums.append(BroadcastStep(operand.name, results[0].name, *shapes, _copied_over(*shapes), value, total))
            if derivative is None:
                sent.append(Sent(operand.name, None, None, None, formulas[index], value))
                continue
            formula, number = derivative
            ratio = self._local_ratio(passage, index, formula, number)
            gates = passage.node.primitive.gates
            product = formulas[index] if gates else _product(symbols[0], ratio, formulas[index])
            sent.append(Sent(operand.name, ratio, formula, summarise(number), product, value))
        values = tuple(summarise(self.cotangents[key_of(variable.edge)]) for variable in results)
        line = self.graph.line(passage.node)
        return [OperationStep(tuple(self._defined(passage)), symbols, values, tuple(sent), line), *sums]

    def _accumulation(self, variable: Variable, gradient: Any) -> AccumulationStep:
        leaf = variable.leaf
        old = getattr(leaf, "_grad", None)
        after = np.array(gradient) if old is None else old._data + gradient
        before = None if old is None else summarise(old._data)
        return AccumulationStep(variable.name, self.cotangent(variable), summarise(gradient), before, wrap(after))

    def cotangent(self, variable: Variable) -> Symbol:
        """The derivative of what is differentiated by a variable, as a symbol: `dloss/dz`."""
        value = self.cotangents[key_of(variable.edge)]
        return _ratio(self.top, variable.name, variable.shape, variable.dtype, value)

    def _local_ratio(self, passage: Passage, index: int, factor: Formula, value: Any) -> Symbol:
        """The symbol of the derivative of an operation by one operand.

        It is told apart from that by the other operands where those are the same variable, and, for what is
        differentiated itself, from the derivative along all ways together.
        """
        result, edges = self._results(passage)[0], passage.node.edges
        key = key_of(edges[index])
        places = [place for place, edge in enumerate(edges) if edge is not None and key_of(edge) == key]
        name = self.graph.variables[key].name
        ratio = _ratio(result.name, name, factor.shape, factor.dtype, value)
        if len(places) > 1:
            ratio.name = f"d{result.name}/d({_ORDINALS.get(places.index(index) + 1, 'next')} {name})"
        elif len(self._contributions[key]) > 1 and result.name == self.top:
            ratio.name = f"direct {ratio.name}"
        return ratio

    def gradient(self, key: Key) -> Tensor:
        """What reached a leaf, as a tensor of its own."""
        return wrap(np.array(self.cotangents[key]))

    # --- between the user's own variables ---

    def relations(self) -> list[Relation]:
        """What the chain rule says between named variables, with unnamed results worked in."""
        graph = self.graph
        named = {key for key, variable in graph.variables.items() if variable.is_named}
        makers = [(graph.variables[key], passage) for key, passage in graph.makers.items() if key in named]
        found = [each for result, passage in makers for each in self._relations_of(result, passage, named)]
        ways = Counter(relation.operand for relation in found)
        for relation in found:
            if graph.is_scalar and relation.result == self.top and ways[relation.operand] > 1:
                relation.ratio.name = f"direct {relation.ratio.name}"
        return found

    def _relations_of(self, result: Variable, passage: Passage, ends: set[Key]) -> list[Relation]:
        graph = self.graph
        if graph.is_scalar:
            start = numpy.ones_like(self.cotangents[key_of(result.edge)])
            first: Formula = symbolic.asarray(start)
        else:
            start = self.cotangents[key_of(result.edge)]
            is_start = key_of(result.edge) == graph.root and self.top == result.name
            first = symbolic.ones_like(start) if is_start else self.cotangent(result)

        def carry(node: Node, _saved: tuple, cotangent: Any) -> Sequence[Any]:
            return graph.send(graph.passages[id(node)], _as_formulas(cotangent))

        formulas = Replay(result.edge, first, carry=carry, ends=ends).arrived
        relations = []
        for key, value in Replay(result.edge, start, ends=ends).arrived.items():
            operand, formula = graph.variables[key], formulas[key]
            above = result.name if graph.is_scalar else self.top
            ratio = _ratio(above, operand.name, operand.shape, operand.dtype, value)
            relations.append(Relation(result.name, operand.name, ratio, formula, summarise(value)))
        return relations

    def chains(self, relations: Sequence[Relation]) -> list[Chain]:
        """For programs of numbers, each derivative as products of the derivatives along the paths that lead to it."""
        if not self.graph.is_scalar:
            return []
        by_name = {variable.name: variable for variable in self.graph.variables.values()}
        root = self.graph.variables[self.graph.root]
        start = () if self.top == root.name else (self.cotangent(root),)
        paths: dict[str, list[tuple[Symbol, ...]]] = {root.name: [start]}
        incoming: dict[str, list[Relation]] = {}
        for relation in relations:
            incoming.setdefault(relation.operand, []).append(relation)
        chains = []
        for key in (*self.graph.makers, *self.graph.arrived):
            name = self.graph.variables[key].name
            if name not in incoming:
                continue
            all_paths = [(*path, each.ratio) for each in incoming[name] for path in paths[each.result]]
            if len(all_paths) > _PATHS:
                all_paths = [(self.cotangent(by_name[each.result]), each.ratio) for each in incoming[name]]
            paths[name] = all_paths
            value = summarise(self.cotangents[key])
            chains.append(Chain(name, self.cotangent(by_name[name]), tuple(all_paths), value))
        return chains

    # --- the whole derivative ---

    def gradient_formulas(self) -> dict[str, Formula]:
        """For programs of numbers, the derivative by each leaf as one formula of the leaves."""
        graph = self.graph
        known: dict[Key, Formula] = {
            key: variable.symbol for key, variable in graph.variables.items() if variable.leaf is not None
        }
        for passage in graph.in_forward_order():
            edges = enumerate(passage.node.edges)
            parts = [
                known[key_of(e)] if e is not None and key_of(e) in known else graph.operand(passage, i)
                for i, e in edges
            ]
            for result in self._results(passage):
                known[key_of(result.edge)] = graph.operation(passage, result, parts)

        def carry(node: Node, _saved: tuple, cotangent: Any) -> Sequence[Any]:
            return graph.send(graph.passages[id(node)], _as_formulas(cotangent), known)

        root = graph.variables[graph.root]
        first = symbolic.asarray(self.cotangents[graph.root])
        arrived = Replay(root.edge, first, carry=carry).arrived
        return {graph.variables[key].name: formula for key, formula in arrived.items()}


def _as_formulas(cotangent: Any) -> Any:
    """Cotangents that are formulas, with zeros where none reached an output."""
    if not isinstance(cotangent, tuple):
        return cotangent
    return tuple(each if isinstance(each, Formula) else symbolic.zeros_like(each) for each in cotangent)


def _value(variable: Variable) -> Value | None:
    return None if variable.array is None else summarise(variable.array)


def _ratio(above: str, below: str, shape: tuple[int, ...], dtype: np.dtype, value: Any) -> Symbol:
    """The symbol of a derivative: `dz/dw`."""
    name = "/".join(f"d{each}" if each.isidentifier() else f"d({each})" for each in (above, below))
    latex = rf"\frac{{\partial {latex_name(above)}}}{{\partial {latex_name(below)}}}"
    return Symbol(name, shape, dtype, value, latex)


def _product(cotangent: Symbol, ratio: Symbol, sent: Formula) -> Formula:
    """The chain rule at one edge, in the shape and the type of what the rule sends."""
    product = [symbolic.multiply(cotangent, symbolic.conj(ratio))]
    adapt(symbolic, product, [(sent.shape, sent.dtype)])
    return product[0]


def _may_be_broadcast(passage: Passage) -> bool:
    meta = passage.node.meta
    if meta is None or meta.operands is None or isinstance(passage.cotangent, tuple):
        return False
    return any(shape != passage.cotangent.shape for shape, _ in meta.operands)


def _copied_over(shape: tuple[int, ...], whole: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which an operand of one shape was repeated to have another."""
    lead = len(whole) - len(shape)
    return *range(lead), *(lead + axis for axis, size in enumerate(shape) if size != whole[lead + axis])
