"""The code of the documentation's pages: where it stands, and how it is run.

In each page the blocks of Python run in order, in one namespace. A ```text (or ```output) block that directly follows one
holds what it prints. A block that begins with ```{ .python .torch } needs PyTorch, and runs where that is installed; one
with `no-run` is not a program. In a ```console block the lines that begin with `$ adjoint` are run as commands.

python -m tools.docs.code FILE.md ...    # write into pages what their code prints now; read the difference before a commit
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent, indent

import adjoint

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = r'^(?P<indent> *)```(?P<kind>python|\{ \.python \.torch \}|console)(?: title="[^"]*")?\n(?P<code>.*?)^(?P=indent)```$'
OUTPUT = r"\n+(?P=indent)```(?:text|output)\n(?P<output>.*?)^(?P=indent)```$"
BLOCK = re.compile(f"{CODE}(?:{OUTPUT})?", re.MULTILINE | re.DOTALL)


def pages(torch: bool) -> list[Path]:
    """The pages that have code, or, of those, the ones with code that needs PyTorch."""
    return [page for page in PAGES if any(not torch or "torch" in block["kind"] for block in _blocks(page))]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def run(page: Path, torch: bool) -> None:
    """Run the code of a page and compare what it prints. `torch` runs the blocks that need PyTorch too."""
    for block, printed in results(page, torch):
        if block["output"] is not None:
            expected = dedent(block["output"]).rstrip()
            assert printed.rstrip() == expected, f"output of {name(page)}, line {_line(block) + 1}"


def results(page: Path, torch: bool) -> Iterator[tuple[re.Match[str], str]]:
    """Run the code of a page: each block, and what it printed."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    default = adjoint.get_default_dtype()
    lines = _program(page)
    linecache.cache[name(page)] = (len(lines), None, lines, name(page))
    try:
        for block in _blocks(page):
            if "torch" in block["kind"] and not torch:
                continue
            if block["kind"] == "console":
                yield block, _run_commands(block["code"])
                continue
            program = compile("\n" * _line(block) + dedent(block["code"]), name(page), "exec")
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                exec(program, namespace)
            yield block, printed.getvalue()
    finally:
        adjoint.set_default_dtype(default)


def write_outputs(page: Path) -> None:
    """Write into a page what its code prints now, below each block that shows it."""
    text = before = page.read_text()
    for block, printed in reversed(list(results(page, torch=True))):
        if block["output"] is not None:
            shown = indent(printed.rstrip("\n") + "\n", block["indent"])
            text = text[: block.start("output")] + shown + text[block.end("output") :]
    page.write_text(text)
    if text.count("\n") != before.count("\n"):
        write_outputs(page)  # what names lines of the page names others now


def written_by(page: Path) -> dict[str, str]:
    """The pictures and pages that a page's code writes, by their paths below the folder of the documentation."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for _ in results(page, torch=False):
            pass  # what it prints is compared by the tests
        below = page.parent.relative_to(ROOT / "docs")
        return {
            (below / each.name).as_posix(): each.read_text()
            for each in Path().iterdir()
            if each.suffix in (".html", ".svg")
        }


def _line(block: re.Match[str]) -> int:
    """How many lines of the page come before a block's code."""
    return block.string.count("\n", 0, block.start("code"))


def _program(page: Path) -> list[str]:
    """The page's code as a program with a line for each of the page's, so that tracebacks and `explain` find them."""
    lines = ["\n"] * (page.read_text().count("\n") + 1)
    for block in _blocks(page):
        start = _line(block)
        for place, line in enumerate(dedent(block["code"]).splitlines() if block["kind"] != "console" else ()):
            lines[start + place] = line + "\n"
    return lines


def _run_commands(text: str) -> str:
    """Run the lines that begin with `$ adjoint`; what they print."""
    printed = []
    for command in re.findall(r"^\$ adjoint (.*)$", dedent(text), re.MULTILINE):
        full = [sys.executable, "-m", "adjoint", *shlex.split(command)]
        printed.append(subprocess.run(full, capture_output=True, text=True, check=True).stdout)
    return "".join(printed)


def _blocks(page: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(page.read_text()))


if __name__ == "__main__":
    given = [Path(each).resolve() for each in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # a page's code may write files
        for each in given:
            write_outputs(each)
