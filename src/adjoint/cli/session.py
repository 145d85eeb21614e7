"""Runs the cells of a notebook, one after another, in one namespace."""

import __future__

import ast
import linecache
import os
import sys
import tokenize
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import groupby
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from adjoint.cli.magics import PlainCode, plain_python
from adjoint.cli.main_module import main_module
from adjoint.cli.notebook import Cell, Output
from adjoint.cli.pretty import pretty
from adjoint.cli.streams import Recorder
from adjoint.cli.tracebacks import as_the_users_own, formatted

_FUTURE = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
_NOT_CODE = frozenset({tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.DEDENT, tokenize.ENDMARKER})


@dataclass(frozen=True)
class Outcome:
    """What came of a cell: its outputs, the exception that ended it, and the code that was run."""

    outputs: tuple[Output, ...]
    error: BaseException | None
    code: PlainCode


@contextmanager
def session(path: Path, arguments: Sequence[str]) -> Iterator["Session"]:
    """A `Session` for the notebook at `path`: a `__main__` of its own, in the notebook's directory, as in Jupyter."""
    directory = str(path.resolve().parent)
    with ExitStack() as stack:
        namespace = vars(stack.enter_context(main_module([str(path), *arguments], directory)))
        stack.enter_context(chdir(directory))
        stack.enter_context(_no_windows())
        outputs: list[Output] = []
        terminal, diagnostics = sys.stdout, sys.stderr
        stack.enter_context(redirect_stdout(Recorder("stdout", terminal, outputs)))
        stack.enter_context(redirect_stderr(Recorder("stderr", diagnostics, outputs)))
        yield Session(path.name, namespace, outputs, terminal, diagnostics)


class Session:
    """A namespace in which cells run. What a cell prints, and the value of its last expression, are shown and kept."""

    def __init__(
        self, title: str, namespace: dict[str, Any], outputs: list[Output], terminal: TextIO, diagnostics: TextIO
    ) -> None:
        self._title = title
        self._namespace = namespace
        self._outputs = outputs
        self._terminal = terminal
        self._diagnostics = diagnostics
        self._future = 0
        self._last: Any = ""
        self._namespace |= {"In": [""], "Out": {}, "_": self._last, "display": self._display}

    def run(self, cell: Cell) -> Outcome:
        """Run `cell`. An exception is shown, unless it is a `SystemExit`, and becomes part of the outcome."""
        filename = f"{self._title}, cell {cell.number}"
        lines = [f"{line}\n" for line in cell.source.split("\n")]
        # Without a time of change, the entry stays when `linecache` looks whether files have changed.
        linecache.cache[filename] = (len(cell.source), None, lines, filename)
        self._outputs.clear()
        self._namespace["In"].append(cell.source)
        self._namespace.pop("__warningregistry__", None)  # it knows lines by number, and each cell has a line 1
        code = PlainCode(cell.source, [])
        error = None
        start = perf_counter()
        try:
            code = plain_python(cell.source, filename)
            self._execute(code.source, filename, cell.number)
        except BaseException as raised:
            error = as_the_users_own(raised)
            self._end_line()
            self._outputs.append(Output("error", formatted(error), name=type(error).__name__, value=str(error)))
            if not isinstance(error, SystemExit):
                print(self._outputs[-1].text, end="", file=self._diagnostics, flush=True)
        self._end_line()
        if code.is_timed:
            code.notes.append(f"this cell took {perf_counter() - start:.3g} s")
        for note in code.notes:
            print(f"note: {filename}: {note}", file=self._diagnostics)
        return Outcome(tuple(_joined(self._outputs)), error, code)

    def write(self, text: str = "") -> None:
        """Show `text` on lines of its own, as part of no cell's output."""
        print(text, file=self._terminal, flush=True)

    def _execute(self, source: str, filename: str, number: int | None) -> None:
        tree = compile(source, filename, "exec", flags=self._future | ast.PyCF_ONLY_AST, dont_inherit=True)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(self._compiled(tree, filename, "exec"), self._namespace)
        if not isinstance(last, ast.Expr):
            return
        value = eval(self._compiled(ast.Expression(last.value), filename, "eval"), self._namespace)
        if value is None or _ends_with_semicolon(source):
            return
        self._namespace["Out"][number] = value
        if self._namespace.get("_") is self._last:  # unless the program uses the name itself
            self._namespace["_"] = value
        self._last = value
        self._show(Output("result", pretty(value)), label=f"Out[{number}]:")

    def _compiled(self, tree: ast.Module | ast.Expression, filename: str, mode: str) -> Any:
        code = compile(tree, filename, mode, flags=self._future, dont_inherit=True)
        self._future |= code.co_flags & _FUTURE
        return code

    def _display(self, *values: Any) -> None:
        """Show each of `values` as the value of a cell's last expression is shown."""
        for value in values:
            self._show(Output("display", pretty(value)))

    def _show(self, output: Output, label: str = "") -> None:
        self._end_line()
        self._outputs.append(output)
        text = output.text
        if label:
            text = f"{label}\n{text}" if "\n" in text else f"{label} {text}"
        print(text, file=self._terminal)

    def _end_line(self) -> None:
        """Start a new line where the last output left off in the middle of one."""
        if self._outputs and self._outputs[-1].kind == "stdout" and not self._outputs[-1].text.endswith("\n"):
            print(file=self._terminal)
        self._terminal.flush()


def _joined(outputs: list[Output]) -> Iterator[Output]:
    """`outputs` with the pieces of each stream in one, as a notebook saves them."""
    for kind, group in groupby(outputs, key=lambda output: output.kind):
        if kind in {"stdout", "stderr"}:
            yield Output(kind, "".join(piece.text for piece in group))
        else:
            yield from group


@contextmanager
def _no_windows() -> Iterator[None]:
    """Let Matplotlib draw on nothing, and say nothing about it."""
    name = "MPLBACKEND"
    before = os.environ.get(name)
    os.environ.setdefault(name, "agg")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
        try:
            yield
        finally:
            if before is None:
                os.environ.pop(name, None)


def _ends_with_semicolon(source: str) -> bool:
    tokens = tokenize.generate_tokens(StringIO(source).readline)
    return [token.string for token in tokens if token.type not in _NOT_CODE][-1] == ";"
