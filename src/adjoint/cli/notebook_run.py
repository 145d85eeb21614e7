"""Runs a notebook on Adjoint, shows it as it runs, and compares its outputs with those saved in the file."""

from collections.abc import Sequence
from dataclasses import dataclass

from adjoint.cli.comparison import difference
from adjoint.cli.notebook import Cell, Notebook
from adjoint.cli.session import Outcome, Session, session
from adjoint.cli.standin import standing_in
from adjoint.cli.tracebacks import INTERRUPTED


def run_notebook(notebook: Notebook, arguments: Sequence[str], *, check: bool) -> int:
    """Run all cells in order and return the exit status: 1 after an exception that neither the cell's tag
    `raises-exception` nor, with `check`, the saved output announces, or after a difference.

    A `SystemExit` passes; with `check`, where it would pass for success, it counts as any other exception.
    """
    tally = _Tally(total=len(notebook.code_cells))
    failure: BaseException | None = None
    with standing_in(), session(notebook.path, arguments) as running:
        for cell in notebook.cells:
            if cell.number is None:
                running.write(f"{cell.source}\n")
                continue
            running.write(_with_prompt(cell.source, cell.number))
            outcome = running.run(cell)
            if not (cell.may_raise or (check and any(output.kind == "error" for output in cell.outputs))):
                failure = outcome.error
            if check:
                tally.compare(cell, outcome, failure, running)
            running.write()
            if failure is not None:
                break
        if check:
            running.write(tally.summary())
        elif isinstance(failure, SystemExit):
            raise failure
    if isinstance(failure, KeyboardInterrupt):
        return INTERRUPTED
    return 1 if failure is not None or tally.differing else 0


@dataclass
class _Tally:
    """How many cells print what the file says."""

    total: int
    same: int = 0
    differing: int = 0
    uncompared: int = 0

    def compare(self, cell: Cell, outcome: Outcome, failure: BaseException | None, running: Session) -> None:
        lines = difference(cell.outputs, outcome.outputs, outcome.code.is_timed)
        if not lines:
            self.same += 1
        elif failure is None and not outcome.code.comparable:
            self.uncompared += 1
        else:
            self.differing += 1
            running.write(f"Cell {cell.number} prints something else (- the file, + this run):")
            running.write("\n".join(f"  {line}" for line in lines))

    def summary(self) -> str:
        text = f"{self.same} of {self.total} cells print what the file says"
        if self.uncompared:
            text += f"; not compared, for a line that was skipped: {self.uncompared}"
        if unrun := self.total - self.same - self.differing - self.uncompared:
            text += f"; not run: {unrun}"
        return text


def _with_prompt(source: str, number: int) -> str:
    first = f"In [{number}]: "
    following = "...: ".rjust(len(first))
    lines = source.split("\n")
    return "\n".join(f"{following if place else first}{line}".rstrip() for place, line in enumerate(lines))
