"""Run the cells of a notebook on PyTorch itself, and save in the notebook what they print.

    pip install torch==2.13.0
    python examples/record_outputs.py examples/autograd.ipynb

The file is replaced in one step, and stays as it was when a cell fails.
"""

import json
import sys
from pathlib import Path

import torch

from adjoint.cli.notebook import parse_notebook, saved_form
from adjoint.cli.session import session

PYTORCH = "2.13."


def record(path: Path) -> None:
    """Save in the notebook at `path` what its cells print."""
    content = path.read_bytes()
    notebook = parse_notebook(content, path)
    form = json.loads(content)
    with session(path, []) as running:
        for cell in notebook.code_cells:
            outcome = running.run(cell)
            if outcome.error is not None and not cell.may_raise:
                sys.exit(f"cell {cell.number} failed; {path} stays as it was")
            outputs = [saved_form(output, cell.number) for output in outcome.outputs]
            form["cells"][cell.index] |= {"execution_count": cell.number, "outputs": outputs}
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(form, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    if not torch.__version__.startswith(PYTORCH):
        sys.exit(f"outputs are recorded from PyTorch {PYTORCH}x, and this is {torch.__version__}")
    for name in sys.argv[1:]:
        record(Path(name).absolute())
