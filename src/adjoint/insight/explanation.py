"""What `explain` returns: the chain rule worked out for one program, to read and to look into."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from adjoint.core.tensor import Tensor, wrap
from adjoint.insight import latex, markdown, notebook, picture, rendering
from adjoint.insight.files import Path, written
from adjoint.insight.graph import Graph
from adjoint.insight.printed import Printed
from adjoint.insight.sympy_form import simplified
from adjoint.insight.working import Working
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.arrays.formula import Formula, Symbol

_figure = lazy("adjoint.insight.figure")
_page = lazy("adjoint.insight.page")

#: how a terminal shows each kind of line
_STYLES = {
    "title": "bold",
    "heading": "bold cyan",
    "operation": "bold",
    "local": "green",
    "gradient": "yellow",
    "note": "dim",
}


class Explanation(Printed):
    """The chain rule worked out for the program that leads to one tensor.

    It prints as text. `show()` prints it in colour where it can, and notebooks show it by themselves. To look into:
    `definitions` are the variables and what computed them, `steps` the backward pass in its order, `relations` and
    `chains` the same between the user's own variables, `gradients` the result, by name, and `formula` for programs of
    numbers the whole derivatives as SymPy expressions; `explanation["z"]` opens the value of a variable, and
    `explanation.cotangent("z")` the derivative by it. `html()`, `svg()`, `dot()`, `tex()` and `md()` return it in these
    forms, and write a file where they are given a path. It was worked out when it was made: later changes of the program's
    tensors do not show.
    """

    def __init__(self, graph: Graph, top: str) -> None:
        working = Working(graph, top)
        self.top = top
        self.is_scalar = graph.is_scalar
        self.start: Symbol = working.cotangent(graph.variables[graph.root])
        self.definitions = working.definitions()
        self.steps = working.steps()
        self.relations = working.relations()
        self.chains = working.chains(self.relations)
        #: constants that no derivative needs and the graph therefore did not keep
        self.unknown = [name for name, value in graph.constants.items() if value is None]
        self.totals: dict[str, tuple[Symbol, Tensor]] = {
            variable.name: (working.cotangent(variable), working.gradient(key))
            for key, variable in graph.variables.items()
            if key in graph.arrived
        }
        self._values = {name: None if array is None else np.array(array) for name, array in graph.values()}
        self._cotangents = {
            variable.name: np.array(working.cotangents[key]) for key, variable in graph.variables.items()
        }
        self._formulas: dict[str, Formula] | None = working.gradient_formulas() if graph.is_scalar else None

    @property
    def gradients(self) -> dict[str, Tensor]:
        """The gradient by each leaf, by the leaf's name; what `backward()` would add to its `.grad`."""
        return {name: gradient for name, (_, gradient) in self.totals.items()}

    def __getitem__(self, name: str) -> Tensor:
        """The value of a variable, by the name that the explanation has for it.

        >>> import adjoint as torch
        >>> x = torch.tensor(3., requires_grad=True)
        >>> explanation = torch.explain(torch.sin(x ** 2))
        >>> explanation["v1"], explanation.cotangent("v1")
        (tensor(9.), tensor(-0.9111))
        """
        value = self._found(self._values, name)
        if value is None:
            raise KeyError(
                f"no derivative needs the value of {name!r}, so the graph did not keep it. explain(f, *inputs) does."
            )
        return wrap(value.copy())

    def cotangent(self, name: str) -> Tensor:
        """The derivative by any variable, leaves and results of operations alike: the sum of what came back to it."""
        return wrap(self._found(self._cotangents, name).copy())

    def _found(self, arrays: dict[str, Any], name: str) -> Any:
        if name not in arrays:
            raise KeyError(f"there is no variable {name!r} here, but {rendering.listed(arrays)}")
        return arrays[name]

    @cached_property
    def formula(self) -> dict[str, Any]:
        """The whole derivative by each leaf as one SymPy expression, simplified; for programs of numbers only.

        >>> import adjoint as torch
        >>> from adjoint.insight import explain
        >>> x = torch.tensor(3., requires_grad=True)
        >>> explain(torch.sin(x ** 2)).formula["x"]
        2*x*cos(x**2)
        """
        if self._formulas is None:
            raise ValueError(
                "the whole derivative is one formula only where every variable is a number, and here some have shapes\n"
                "Read it step by step in `steps`, or explain the program on numbers."
            )
        return {name: simplified(formula) for name, formula in self._formulas.items()}

    # --- printing ---

    def lines(self) -> Iterator[tuple[str, str]]:
        """The text, line by line, each after the style in which a terminal shows it."""
        return ((_STYLES.get(kind, ""), line) for kind, line in rendering.lines(self))

    # --- files ---

    def html(self, path: Path | None = None) -> str:
        """The explanation as a page for a browser, one file that needs no network: the graph to step through."""
        return written(_page.page_of(self), path)

    def svg(self, path: Path | None = None) -> str:
        """The graph as a picture in SVG: values in its boxes, derivatives and gradients on its arrows."""
        return written(picture.svg(_figure.figure_of(self)), path)

    def dot(self, path: Path | None = None) -> str:
        """The same picture in Graphviz's language, DOT."""
        return written(picture.dot(_figure.figure_of(self)), path)

    def tex(self, path: Path | None = None) -> str:
        """The explanation as a LaTeX document that compiles by itself."""
        return written(latex.latex_of(self), path)

    def md(self, path: Path | None = None) -> str:
        """The explanation in Markdown, with formulas between dollar signs and tables."""
        return written(markdown.markdown_of(self), path)

    def _repr_html_(self) -> str:
        return notebook.html_of(self)

    def _repr_latex_(self) -> str:
        return latex.display_of(self)
