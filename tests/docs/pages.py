"""The code of the documentation's pages: where it stands, and how it is run.

In each page the blocks of Python run in order, in one namespace. A ```text (or ```output) block that directly follows one
holds what it prints. A block that begins with ```{ .python .torch } needs PyTorch, and runs where that is installed; one
with `no-run` is not a program.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from textwrap import dedent

import adjoint

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = r'^(?P<indent> *)```(?P<kind>python|\{ \.python \.torch \})(?: title="[^"]*")?\n(?P<code>.*?)^(?P=indent)```$'
OUTPUT = r"\n+(?P=indent)```(?:text|output)\n(?P<output>.*?)^(?P=indent)```$"
BLOCK = re.compile(f"{CODE}(?:{OUTPUT})?", re.MULTILINE | re.DOTALL)


def pages(torch: bool) -> list[Path]:
    """The pages that have code, or, of those, the ones with code that needs PyTorch."""
    return [page for page in PAGES if any(not torch or block["kind"] != "python" for block in _blocks(page))]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(page: Path, torch: bool) -> None:
    """Run the code of a page and compare what it prints. `torch` runs the blocks that need PyTorch too."""
    text = page.read_text()
    namespace: dict[str, object] = {"__name__": "__main__"}
    default = adjoint.get_default_dtype()
    try:
        for block in _blocks(page):
            if block["kind"] != "python" and not torch:
                continue
            line = text.count("\n", 0, block.start("code"))
            program = compile(
                "\n" * line + dedent(block["code"]), str(page), "exec"
            )  # tracebacks show the page's lines
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(program, namespace)
            if block["output"] is not None:
                expected = dedent(block["output"]).rstrip()
                assert printed.getvalue().rstrip() == expected, f"output of {name(page)}, line {line + 1}"
    finally:
        adjoint.set_default_dtype(default)


def _blocks(page: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(page.read_text()))
