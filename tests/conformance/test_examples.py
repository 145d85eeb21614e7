"""The examples print the same losses on Adjoint and on PyTorch."""

import os
import re
import subprocess
import sys

import pytest

from tests.test_examples import EXAMPLES, PROGRAMS

LINE = re.compile(r"step (\d+): loss (\S+)\n")


def losses(*command: str) -> list[tuple[int, str]]:
    """What a run of 100 steps prints, each loss to five digits."""
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}  # in a test session that uses all cores, more would be slower
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=True, cwd=EXAMPLES, env=one_thread
    )
    assert not done.stderr
    assert LINE.sub("", done.stdout) == ""
    return [(int(step), f"{float(loss):.5g}") for step, loss in LINE.findall(done.stdout)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_losses(name):
    ours, theirs = losses("-m", "adjoint", "run", name), losses(name)
    assert len(theirs) == 100
    assert ours == theirs
