"""The links of a chain rule: the user's derivatives between variables inside of a function, against autograd's.

The variables that the user's derivatives name cut the program into links. `dz/dw` is the derivative of z by w along all
ways; `direct dz/dw`, or `∂z/∂w`, that part of it which passes no other of those variables. Where there is no other way,
both are the same, and a link.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np

from adjoint.arrays.formula import Formula, Symbol
from adjoint.arrays.symbolic import symbolic
from adjoint.core.graph import Node
from adjoint.core.tensor import wrap
from adjoint.insight.claims import Claim, Variables, called, claim, formula_value, unknown
from adjoint.insight.graph import Graph, Variable
from adjoint.insight.naming import Key, key_of
from adjoint.insight.point import Point
from adjoint.insight.replay import Replay

_LARGEST = 4_000_000  # elements of a matrix of derivatives
_ANY_TOP = ("L", "loss", "J", "f", "y")  # stand for the result, where no variable has the name
_SIGNS = re.compile(r"^\s*(?P<direct>direct\s+)?(?P<above>[d∂].+?)\s*/\s*(?P<below>[d∂].+?)\s*$")


def is_chain(manual: Any, point: Point) -> bool:
    """Whether these are derivatives between variables, `{"dz/dw": ...}`, and not by inputs."""
    if not isinstance(manual, Mapping) or not all(isinstance(key, str) for key in manual):
        return False
    return any(key not in point.leaves and (_SIGNS.match(key) or "_d" in key) for key in manual)


@dataclass(frozen=True)
class Link:
    """The derivative of one variable by another that the user gives, `key` in the user's spelling and `name` in ours.

    `matrix` has the shapes of both variables, one after the other; so have `given` and `right`, which are compared, unless
    they are factors by element. `formula` is what `formula_of` should be: the derivative itself, or, where that is a
    matrix, what it is needed for.
    """

    key: str
    name: str
    result: str
    operand: str
    is_total: bool
    matrix: np.ndarray
    eps: float
    given: np.ndarray
    right: np.ndarray
    formula_of: str
    formula: Formula | None


class Chain:
    """The program of a function, cut at the variables that the user's derivatives name."""

    def __init__(self, manual: Mapping[str, Any], point: Point) -> None:
        self.point = point
        if not point.result.requires_grad:
            raise ValueError(
                "the function's result depends on no input, as far as autograd sees\n"
                "Look for detach(), no_grad() and item() on the way."
            )
        if point.is_jacobian:
            raise ValueError(
                f"a chain rule ends in one number, and the function's result has shape {list(point.result.shape)}\n"
                "Sum it, or give its cotangent: check_gradient(..., gradient=)."
            )
        run = point.run
        self.known = {name for name, _ in run.names.tensors.values()}
        self.graph = Graph(point.result, point.cotangent, run.names, run.operands, run.root_names)
        self.by_name: dict[str, Variable] = {each.name: each for each in self.graph.variables.values()}
        self.root = self.graph.variables[self.graph.root].name
        self.top = self.root if point.weights is None else point.top
        self.called = self.top  # by the user
        pairs = {key: self._parsed(key) for key in manual}
        self.ends: set[Key] = {self.graph.root}
        self.ends |= {
            key_of(self.by_name[name].edge) for _, *pair in pairs.values() for name in pair if name != self.top
        }
        self.ends |= {key for key, variable in self.graph.variables.items() if variable.leaf is not None}
        variables = Variables(point, self._totals())
        self.links = [self._link(key, *pairs[key], value, variables) for key, value in manual.items()]

    # --- what the user's keys mean ---

    def _parsed(self, key: str) -> tuple[bool, str, str]:
        """Whether only the direct way is meant, and the two variables."""
        if key in self.point.leaves:
            return False, self.top, key
        found = _SIGNS.match(key)
        if found is not None:
            above, below = (found[name][1:].strip().removeprefix("(").removesuffix(")") for name in ("above", "below"))
            is_direct = bool(found["direct"]) or found["above"][0] == "∂"
            return is_direct, self._above(above, key), self._variable(below, key)
        for split in re.finditer("_d", key):  # dz_dw, as Python's names have it
            above, below = key[: split.start()], key[split.end() :]
            if above[:1] == "d" and self._meant(above[1:], True) and self._meant(below):
                return False, self._above(above[1:], key), self._variable(below, key)
        raise ValueError(
            f"{key!r} names no derivative between two variables\n"
            f"Write it as 'dz/dw'. The variables are {', '.join(self._named)}."
        )

    def _meant(self, name: str, is_above: bool = False) -> str | None:
        """The variable that a name stands for."""
        if name in self.by_name or name == self.top:
            return name
        return self.top if is_above and name in _ANY_TOP else None

    def _above(self, name: str, key: str) -> str:
        """The variable that is differentiated, which for the result may have any of its usual names."""
        found = self._meant(name, is_above=True)
        if found == self.top:
            self.called = name
        return found or self._variable(name, key)

    def _variable(self, name: str, key: str) -> str:
        found = self._meant(name)
        if found is not None:
            return found
        if name in self.known:
            raise ValueError(
                f"{key!r}: no derivative passes {name}\nIt is a constant here, or behind a detach() or no_grad()."
            )
        raise unknown(name, self._named, "variable")

    @property
    def _named(self) -> list[str]:
        return [self.top, *(name for name, each in self.by_name.items() if each.is_named and name != self.top)]

    # --- derivatives ---

    def cotangent(self, name: str) -> np.ndarray:
        """The derivative of what is differentiated by a variable, along all ways."""
        key = key_of(self.by_name[name].edge)
        if key in self.graph.arrived:
            return np.asarray(self.graph.arrived[key])
        cotangent = self.graph.makers[key].cotangent
        return np.asarray(cotangent[key[1]] if isinstance(cotangent, tuple) else cotangent)

    def _totals(self) -> dict[str, Any]:
        """All these, as variables `dL_dz` for formulas."""
        tops = {self.top, *(each for each in _ANY_TOP if self._meant(each, True) == self.top)}
        named = [name for name, each in self.by_name.items() if each.is_named and name != self.top]
        return {f"d{top}_d{name}": wrap(self.cotangent(name)) for top in tops for name in named}

    def _below(self, name: str) -> list[str]:
        """The variables that a variable directly depends on."""
        if name not in self._belows:
            if name == self.top != self.root:
                self._belows[name] = [self.root]
            else:
                variable = self.by_name[name]
                one = np.ones(variable.shape, variable.dtype)
                keys = Replay(variable.edge, one, ends=self.ends).arrived
                self._belows[name] = [self.graph.variables[key].name for key in keys]
        return self._belows[name]

    @cached_property
    def _belows(self) -> dict[str, list[str]]:
        return {}

    def _consumers(self, result: str, operand: str) -> list[str]:
        """The variables that directly depend on `operand`, among those that `result` depends on and itself."""
        found, seen, todo = [], {result}, [result]
        while todo:
            name = todo.pop()
            if self.by_name.get(name) is not None and self.by_name[name].leaf is not None:
                continue
            below = self._below(name)
            found += [name] if operand in below else []
            todo += [each for each in below if each not in seen and each != operand]
            seen.update(below)
        return found

    def _shape(self, name: str) -> tuple[int, ...]:
        """The shape of a variable; what is differentiated counts as a number."""
        return () if name == self.top else self.by_name[name].shape

    def _derivative(self, result: str, operand: str, ends: set[Key]) -> np.ndarray:
        """The derivative of a variable by another, along the ways that pass none of `ends`."""
        below = self.by_name[operand]
        if result == self.top and (result != self.root or ends is not self.ends):
            return self.cotangent(operand)
        above = self.by_name[result]
        rows, columns = int(np.prod(above.shape)), int(np.prod(below.shape))
        if rows * columns > _LARGEST:
            raise ValueError(
                f"d{result}/d{operand} is a matrix of {rows} times {columns} numbers, too many to compare\n"
                f"Give d{self.top}/d{operand} in its place, as a formula with d{self.top}_d{result}."
            )
        units = [unit.reshape(above.shape) for unit in np.eye(rows, dtype=above.dtype)]
        found = [self._pulled_back(above, below, unit, ends) for unit in units]
        return np.stack(found).reshape((*self._shape(result), *below.shape))

    def _pulled_back(self, above: Variable, below: Variable, unit: np.ndarray, ends: set[Key]) -> np.ndarray:
        """One row of such a matrix. What comes back from a complex variable is the derivative's conjugate."""

        def arrived(cotangent: np.ndarray) -> np.ndarray:
            found = Replay(above.edge, cotangent, ends=ends).arrived.get(key_of(below.edge))
            return np.zeros(below.shape, below.dtype) if found is None else np.asarray(found)

        row = arrived(unit)
        if above.dtype.kind != "c":
            return row
        turned = arrived(1j * unit)
        if below.dtype.kind != "c":
            return row + 1j * turned
        if not np.allclose(turned, 1j * row):
            raise ValueError(
                f"no single number is the derivative of {above.name} by {below.name}: on the way is a function that is not "
                f"holomorphic, like abs or conj\nGive d{self.top}/d{below.name} in its place."
            )
        return np.conj(row)

    # --- the user's derivatives ---

    def _link(self, key: str, is_direct: bool, result: str, operand: str, value: Any, variables: Variables) -> Link:
        if operand not in self.by_name or operand == result:
            raise ValueError(f"{key!r} is no derivative of one variable by another")
        consumers = self._consumers(result, operand)
        if not consumers:
            raise ValueError(f"{key!r}: {result} does not depend on {operand}")
        if is_direct and result not in consumers:
            raise ValueError(f"{key!r}: every way from {operand} to {result} passes another of the variables")
        is_total = not is_direct and consumers != [result]
        ends = {key_of(self.by_name[operand].edge)} if is_total else self.ends
        right = self._derivative(result, operand, ends)
        if callable(value):
            value = called(value, variables)
        elif isinstance(value, str):
            value = formula_value(value, self.point, variables)
        given = claim(value, self.point, key)
        expanded = self._expanded(key, given.value, result, operand)
        title = ratio(result, operand)
        if not is_total and self._is_by_element(result, operand, right):
            formula_of, formula = title, self._formula(result, operand)
        elif is_total and result != self.top:
            formula_of, formula = "", None
        else:
            formula_of, formula = ratio(self.top, operand), self._sum_formula(operand)
        compared = expanded, right
        if given.value.shape != expanded.shape and right.ndim > len(self.by_name[operand].shape):
            compared = self._by_element(expanded, right, result, operand)
        return Link(key.strip(), title, result, operand, is_total, expanded, given.eps, *compared, formula_of, formula)

    def link_by_input(self, link: Link) -> str | None:
        """The input by which a link is the whole derivative of what is differentiated, if it is that."""
        is_it = link.result == self.top and link.operand in self.point.leaves and self._is_whole(link)
        return link.operand if is_it else None

    def _expanded(self, key: str, value: np.ndarray, result: str, operand: str) -> np.ndarray:
        """What the user gives as the whole matrix: a number, or a factor for each element, stands for a diagonal one."""
        above, below = self._shape(result), self.by_name[operand].shape
        if value.shape == (*above, *below):
            return value
        if value.ndim == 0 and not above:
            return np.broadcast_to(value, below)
        try:
            is_per_element = np.broadcast_shapes(above, below) == above == np.broadcast_shapes(above, value.shape)
        except ValueError:
            is_per_element = False
        if not is_per_element:
            raise ValueError(
                f"{key!r} has shape {list(value.shape)}; {result} has {list(above)} and {operand} {list(below)}, so the "
                f"derivative has {[*above, *below]}, or a factor for each element of {result} where it acts by element\n"
                f"Or give d{self.top}/d{operand}, which has {operand}'s shape, as a formula with d{self.top}_d{result}."
            )
        matrix = np.zeros((*above, *below), value.dtype)
        rows = np.arange(int(np.prod(above)))
        matrix.reshape(len(rows), -1)[rows, self._places(result, operand)] = np.broadcast_to(value, above).reshape(-1)
        return matrix

    def _places(self, result: str, operand: str) -> np.ndarray:
        """Which element of a variable each element of another is made from, that acts on it by element."""
        below = self.by_name[operand].shape
        numbers = np.arange(int(np.prod(below))).reshape(below)
        return np.broadcast_to(numbers, self.by_name[result].shape).reshape(-1)

    def _by_element(
        self, given: np.ndarray, right: np.ndarray, result: str, operand: str
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both derivatives as a factor for each element, if that is all there is of them."""
        shape = self.by_name[result].shape
        places = self._places(result, operand)
        rows = np.arange(len(places))
        factors = right.reshape(len(rows), -1)[rows, places]
        if np.count_nonzero(factors) != np.count_nonzero(right):
            return given, right
        return given.reshape(len(rows), -1)[rows, places].reshape(shape), factors.reshape(shape)

    # --- formulas ---

    def _is_by_element(self, result: str, operand: str, right: np.ndarray) -> bool:
        """Whether a derivative is one number, or a factor per element."""
        if result not in self.by_name:
            return False
        shape = self._shape(result)
        size = int(np.prod(shape))
        if not shape or shape != self.by_name[operand].shape:
            return not shape
        return np.count_nonzero(right) == np.count_nonzero(np.diagonal(right.reshape(size, size)))

    def _formula(self, result: str, operand: str) -> Formula | None:
        """The derivative of a variable by another along the direct ways."""
        return self._sent_back(result, symbolic.ones_like(self.by_name[result].symbol), operand)

    def _sum_formula(self, operand: str) -> Formula | None:
        """The derivative of what is differentiated as the sum of what the next variables send back: `dL/dz * x`."""
        sent = []
        for name in self._consumers(self.top, operand):
            if name not in self.by_name:
                return None
            above = self.by_name[name]
            cotangent: Formula = Symbol(ratio(self.top, name), above.shape, above.dtype, self.cotangent(name))
            cotangent = symbolic.ones_like(cotangent) if name == self.top else cotangent
            sent += [self._sent_back(name, cotangent, operand)]
        found = [each for each in sent if each is not None]
        return reduce(operator.add, found) if len(found) == len(sent) else None

    def _sent_back(self, result: str, cotangent: Formula, operand: str) -> Formula | None:
        def carry(node: Node, _saved: tuple, given: Any) -> Sequence[Any]:
            if isinstance(given, tuple):  # of several results, not all reached
                given = tuple(each if isinstance(each, Formula) else symbolic.zeros_like(each) for each in given)
            return self.graph.send(self.graph.passages[id(node)], given, self._written)

        edge = self.by_name[result].edge
        return Replay(edge, cotangent, carry=carry, ends=self.ends).arrived.get(key_of(self.by_name[operand].edge))

    @cached_property
    def _written(self) -> dict[Key, Formula]:
        """How the variables are written in formulas: by their names, and those without one as what they are made of."""
        graph = self.graph
        written: dict[Key, Formula] = {key: each.symbol for key, each in graph.variables.items() if each.is_named}
        for key, passage in sorted(graph.makers.items(), key=lambda each: each[1].node.sequence):
            if key not in written:
                edges = enumerate(passage.node.edges)
                parts = [written[key_of(e)] if e is not None else graph.operand(passage, place) for place, e in edges]
                written[key] = graph.operation(passage, graph.variables[key], parts)
        return written

    # --- the chain itself ---

    def products(self) -> tuple[dict[str, Claim], dict[str, list[str]]]:
        """The derivatives by the inputs, as the user's links multiply to them; and for the others, which are missing."""
        given = {(link.result, link.operand): link for link in self.links if not link.is_total}
        totals = {link.operand: link for link in self.links if link.result == self.top and self._is_whole(link)}
        start = np.reshape(self.point.cotangent, self._shape(self.root))
        known: dict[str, Claim] = {self.root: Claim(start, self.point.eps)}
        missing: dict[str, list[str]] = {}
        for name in self._in_backward_order():
            if name in totals:
                known[name] = Claim(totals[name].matrix, totals[name].eps)
            elif name != self.root:
                self._multiply(name, given, known, missing)
        leaves = self.point.leaves
        return {name: known[name] for name in leaves if name in known}, {
            name: missing[name] for name in leaves if name in missing
        }

    def _is_whole(self, link: Link) -> bool:
        """Whether a link is the derivative along all ways."""
        return link.is_total or self._consumers(self.top, link.operand) == [self.top]

    def _in_backward_order(self) -> list[str]:
        cut = [(key, self.graph.variables[key]) for key in self.ends]
        results = [(key, variable) for key, variable in cut if variable.leaf is None]
        results.sort(key=lambda each: self.graph.makers[each[0]].node.sequence, reverse=True)
        return [variable.name for _, variable in (*results, *(each for each in cut if each[1].leaf is not None))]

    def _multiply(
        self,
        name: str,
        given: Mapping[tuple[str, str], Link],
        known: dict[str, Claim],
        missing: dict[str, list[str]],
    ) -> None:
        """Add up what the next variables send back to this one, by the user's links."""
        total: Any = 0
        eps = self.point.eps
        lacking: list[str] = []
        for above in self._consumers(self.root, name):
            link = given.get((above, name))
            if link is None:
                lacking.append(ratio(above, name))
            elif above not in known:
                lacking += missing[above]
            else:
                total = total + self._sent(known[above].value, link.matrix, above, name)
                eps = max(eps, link.eps, known[above].eps)
        if lacking:
            missing[name] = list(dict.fromkeys(lacking))
        else:
            known[name] = Claim(np.asarray(total), eps)

    def _sent(self, cotangent: np.ndarray, derivative: np.ndarray, above: str, below: str) -> np.ndarray:
        if self.by_name[above].dtype.kind == "c":
            derivative = np.conj(derivative)
        sent = np.tensordot(cotangent, derivative, cotangent.ndim)
        return sent if self.by_name[below].dtype.kind == "c" else sent.real


def ratio(above: str, below: str) -> str:
    """The name of a derivative: `dz/dw`."""
    return "/".join(f"d{each}" if each.isidentifier() else f"d({each})" for each in (above, below))
