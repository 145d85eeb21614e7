"""The examples run on Adjoint."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
PROGRAMS = sorted(path.name for path in EXAMPLES.glob("*.py") if path.stem != "record_outputs")


@pytest.mark.parametrize("name", PROGRAMS)
def test_three_steps(name):
    command = [sys.executable, "-m", "adjoint", "run", name, "--steps", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=EXAMPLES)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch("".join(rf"step {step}: loss -?\d+\.\d{{6}}\n" for step in range(3)), done.stdout)
