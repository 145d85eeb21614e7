"""The project's own notebook prints on Adjoint what PyTorch printed."""

from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "autograd.ipynb"


def test_every_output_is_pytorchs(adjoint):
    completed = adjoint("run", "--check", EXAMPLE)
    assert completed.stdout.splitlines()[-1] == "29 of 29 cells print what the file says", completed.stdout
    assert completed.stderr == ""
    assert completed.returncode == 0
