"""Objects that print as lines of text, each with the style in which a terminal may show it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from adjoint.lazy import lazy

rich_console = lazy("rich.console", extra="insight")
rich_text = lazy("rich.text", extra="insight")


class Printed:
    """What `lines()` of a subclass yields, pairs of a style and a text, as text and in a terminal."""

    def lines(self) -> Iterable[tuple[str, str]]:
        """The lines, each after its style."""
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines())

    __repr__ = __str__

    def __rich__(self) -> Any:
        text = rich_text.Text(no_wrap=True)
        for style, line in self.lines():
            text.append(line + "\n", style=style)
        return text

    def show(self) -> None:
        """Print, in colour where this is a terminal and the package rich is there."""
        try:
            console = rich_console.Console(soft_wrap=True)
        except ModuleNotFoundError:
            print(self)  # noqa: T201 - what the method is for
        else:
            console.print(self)
