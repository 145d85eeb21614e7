"""What `explain` returns: the chain rule worked out for one program, to read and to look into."""

from __future__ import annotations

from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from adjoint.core.tensor import Tensor
from adjoint.insight import rendering
from adjoint.insight.graph import Graph
from adjoint.insight.sympy_form import simplified
from adjoint.insight.working import Working
from adjoint.lazy import lazy

if TYPE_CHECKING:
    from adjoint.arrays.formula import Formula, Symbol

rich_console = lazy("rich.console", extra="insight")
rich_text = lazy("rich.text", extra="insight")

#: how a terminal shows each kind of line
_STYLES = {
    "title": "bold",
    "heading": "bold cyan",
    "operation": "bold",
    "local": "green",
    "gradient": "yellow",
    "note": "dim",
}


class Explanation:
    """The chain rule worked out for the program that leads to one tensor.

    It prints as text. `show()` prints it in colour where it can, and notebooks show it by themselves. To look into:
    `definitions` are the variables and what computed them, `steps` the backward pass in its order, `relations` and
    `chains` the same between the user's own variables, `gradients` the result, by name, and `formula` for programs of
    numbers the whole derivatives as SymPy expressions. It was worked out when it was made: later changes of the program's
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
        self._formulas: dict[str, Formula] | None = working.gradient_formulas() if graph.is_scalar else None

    @property
    def gradients(self) -> dict[str, Tensor]:
        """The gradient by each leaf, by the leaf's name; what `backward()` would add to its `.grad`."""
        return {name: gradient for name, (_, gradient) in self.totals.items()}

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

    def __str__(self) -> str:
        return "\n".join(text for _, text in rendering.lines(self))

    __repr__ = __str__

    def __rich__(self) -> Any:
        text = rich_text.Text(no_wrap=True)
        for kind, line in rendering.lines(self):
            text.append(line + "\n", style=_STYLES.get(kind, ""))
        return text

    def show(self) -> None:
        """Print, in colour where this is a terminal and the package rich is there."""
        try:
            console = rich_console.Console(soft_wrap=True)
        except ModuleNotFoundError:
            print(self)  # noqa: T201 - what the method is for
        else:
            console.print(self)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def _repr_latex_(self) -> str:
        return rendering.latex_of(self)
