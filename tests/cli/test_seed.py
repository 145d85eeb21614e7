"""The notebook that this project was made from prints on Adjoint, to the character, what it printed on PyTorch."""

import ast
import re
from pathlib import Path

import pytest

SEED = Path(__file__).parents[3] / "shared" / "seed" / "autograd_notebook.txt"

pytestmark = pytest.mark.skipif(not SEED.exists(), reason="the text of that notebook is not part of this repository")


def cells(text):
    """For each cell its number, its source and its saved output, None where it has none."""
    _, *pieces = re.split(r"^In \[(\d+)\]:\n", text, flags=re.MULTILINE)
    for number, piece in zip(pieces[::2], pieces[1::2], strict=True):
        body = re.split(r"^##", piece, maxsplit=1, flags=re.MULTILINE)[0]  # a heading ends the cell
        trimmed = body.rstrip("\n")
        source, _, last = trimmed.rpartition("\n\n")
        if source and is_output(last):
            # Two line ends follow each output; one more belongs to it, if it was printed.
            was_printed = body.count("\n") - trimmed.count("\n") == 3
            yield int(number), source, last + "\n" * was_printed
        else:
            yield int(number), trimmed, None


def is_output(paragraph):
    """Whether it is what a cell shows: no Python, or a value. The code of the notebook says `torch.tensor`."""
    try:
        statements = ast.parse(paragraph).body
    except SyntaxError:
        return True
    names = {node.id for node in ast.walk(ast.Module(statements, [])) if isinstance(node, ast.Name)}
    return all(isinstance(statement, ast.Expr) for statement in statements) and names <= {"tensor"}


def saved(output):
    if output is None:
        return []
    if output.endswith("\n"):
        return [{"name": "stdout", "output_type": "stream", "text": output}]
    return [{"data": {"text/plain": output}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}]


def test_every_cell_prints_what_it_printed(adjoint, notebook):
    # Cell 25 was run on this x. The text lacks the line, since the notebook was saved after its cells had been edited.
    lacking = {25: "x = torch.tensor(6.7)\n"}
    found = list(cells(SEED.read_text()))
    assert [number for number, _, output in found if output] == [2, 4, 6, 9, 11, 13, 26, 53, 64, 65]
    notebook(*[(lacking.get(number, "") + source, saved(output)) for number, source, output in found])
    completed = adjoint("run", "--check", "nb.ipynb")
    assert completed.stdout.splitlines()[-1] == "27 of 27 cells print what the file says", completed.stdout
