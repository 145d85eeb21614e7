"""What `check_gradient` returns: whether the user's derivatives are right, and where they are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from adjoint.insight.comparing import Difference
from adjoint.insight.printed import Printed
from adjoint.insight.value import digits, summarise

_WIDEST = 34  # characters of a value in a table
_SHOWN = 10  # elements of one derivative in which it differs
_STYLES = {"": "bold cyan", "agrees": "green", "not smooth here": "yellow"}  # by verdict


@dataclass(frozen=True, eq=False)
class Entry:
    """One derivative that was checked: the user's, `given`, beside autograd's and that of differences.

    `differences` are the elements in which they differ, the worst first, and `mistake` what is wrong with all of them
    together, where that is seen. A link of a chain has a `formula` for what it should be; differences are not taken of
    it. An entry that `is_product` is what the user's links multiply to, and wrong `because` of these links.
    """

    name: str
    given: np.ndarray
    autograd: np.ndarray
    numerical: np.ndarray | None = None
    method: str = ""
    differences: tuple[Difference, ...] = ()
    mistake: str = ""
    formula: str = ""
    is_link: bool = False
    is_product: bool = False
    because: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the user's derivative is right; where a function is not smooth, any between those of both sides is."""
        return all(each.kind == "not smooth" for each in self.differences)

    @property
    def verdict(self) -> str:
        """The outcome, in two or three words."""
        kinds = {each.kind for each in self.differences}
        if not kinds:
            return "agrees"
        if kinds == {"not smooth"}:
            return "not smooth here"
        return "wrong" if "wrong" in kinds else "autograd differs"

    def notes(self) -> Iterator[str]:
        """What there is to say about it, line by line."""
        if self.verdict == "wrong":
            if self.mistake and not self.because:
                yield self.mistake
            if self.because:
                yield f"it is the product of your links, of which {_listed(self.because)} {_are(self.because)} wrong"
            elif self.formula:
                yield f"it should be {self.formula}"
        if self.verdict == "autograd differs":
            yield "autograd and differences contradict each other: look for detach(), no_grad(), or a backward of your own"
        if self.given.ndim:
            yield from self._elements()
        for each in self.differences[:_SHOWN]:
            if each.sides is not None:
                place = f" by element {list(each.index)}" if each.index else ""
                left, right = map(digits, each.sides)
                yield f"the derivative{place} is {left} from the left and {right} from the right"

    def _elements(self) -> Iterator[str]:
        for each in self.differences[:_SHOWN]:
            found = "" if each.numerical is None else f", differences {digits(each.numerical)}"
            yield f"{list(each.index)}: yours {digits(each.given)}, autograd {digits(each.autograd)}{found}"
        if len(self.differences) > _SHOWN:
            yield f"and {len(self.differences) - _SHOWN} more of {self.given.size}"

    def cells(self) -> tuple[str, str, str, str, str]:
        """Its line in a table."""
        numerical = "" if self.numerical is None else short(self.numerical)
        return self.name, short(self.given), short(self.autograd), numerical, self.verdict


class GradientCheck(Printed):
    """Whether a derivative derived by hand is right. It is true where all of it is; it prints as a table.

    `entries` are the derivatives that were checked, `top` the name of what is differentiated. `unchecked` are the
    derivatives for which links are missing, each with those.
    """

    def __init__(
        self, top: str, at: str, entries: Sequence[Entry], unchecked: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.top = top
        self.at = at
        self.entries = tuple(entries)
        self.unchecked = dict(unchecked or {})

    def __bool__(self) -> bool:
        return all(each.agrees for each in self.entries)

    def __getitem__(self, name: str) -> Entry:
        """The entry of this name: `check["dz/dw"]`."""
        for each in self.entries:
            if each.name == name:
                return each
        raise KeyError(name)

    @property
    def wrong(self) -> list[str]:
        """The names of the derivatives that are wrong; of products only where no link of them is."""
        return [each.name for each in self.entries if not each.agrees and not each.because]

    # --- printing ---

    @property
    def title(self) -> str:
        """The outcome in a line."""
        names = self.wrong
        outcome = "right" if self else f"wrong in {_listed(names)}"
        return f"Your derivative of {self.top} is {outcome}, at {self.at}"

    def _rows(self) -> Iterator[tuple[tuple[str, ...], list[str]]]:
        for each in self.entries:
            yield each.cells(), list(each.notes())

    @property
    def _headings(self) -> tuple[str, ...]:
        methods = {each.method for each in self.entries if each.method}
        return "derivative", "yours", "autograd", methods.pop() if len(methods) == 1 else "differences", ""

    def _remarks(self) -> Iterator[str]:
        if any(each.verdict == "autograd differs" for each in self.entries) and any(e.is_link for e in self.entries):
            yield "Links are compared with autograd only, and here autograd itself may be wrong."
        for name, missing in self.unchecked.items():
            yield f"{name} is not checked: {_listed(missing)} {_are(missing)} not given."

    def lines(self) -> Iterator[tuple[str, str]]:
        """The table as lines, each with the style that a terminal may show it in."""
        rows: list[tuple[tuple[str, ...], list[str]]] = [(self._headings, []), *self._rows()]
        widths = [max(len(cells[place]) for cells, _ in rows) for place in range(len(self._headings))]
        yield "bold", self.title
        yield "", ""
        for cells, notes in rows:
            line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
            yield _STYLES.get(cells[-1], "bold red"), f"  {line}".rstrip()
            yield from (("dim", f"  {' ' * widths[0]}  {note}") for note in notes)
        for place, remark in enumerate(self._remarks()):
            yield "dim", f"{'' if place else chr(10)}{remark}"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(each)}</th>" for each in self._headings)
        body = ""
        for cells, notes in self._rows():
            body += f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
            body += "".join(f'<tr><td></td><td colspan="4">{escape(note)}</td></tr>' for note in notes)
        remarks = "".join(f"<p>{escape(each)}</p>" for each in self._remarks())
        return f"<p>{escape(self.title)}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{remarks}"


def short(array: np.ndarray) -> str:
    """A few numbers, or the shape and the range of more."""
    text = summarise(array).text
    if len(text) <= _WIDEST or not array.ndim:
        return text
    finite = array[np.isfinite(array)]
    if array.dtype.kind == "c" or not finite.size:
        return f"shape {list(array.shape)}"
    return f"shape {list(array.shape)}, {digits(finite.min().item())} .. {digits(finite.max().item())}"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"
