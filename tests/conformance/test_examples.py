"""The examples print the same losses on Adjoint and on PyTorch."""

import os
import re
import subprocess
import sys

import pytest

from tests.test_examples import EXAMPLES, PROGRAMS

LINE = re.compile(r"step (\d+): loss (\S+)\n")


def losses(*command: str) -> list[float]:
    """What a run of 100 steps prints."""
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}  # in a test session that uses all cores, more would be slower
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, check=True, cwd=EXAMPLES, env=one_thread
    )
    assert not done.stderr
    assert LINE.sub("", done.stdout) == ""
    printed = LINE.findall(done.stdout)
    assert [int(step) for step, _ in printed] == list(range(100))
    return [float(loss) for _, loss in printed]


@pytest.mark.parametrize("name", PROGRAMS)
def test_five_digits_of_every_loss_agree(name):
    assert losses("-m", "adjoint", "run", name) == pytest.approx(losses(name), rel=1e-5, abs=0)
