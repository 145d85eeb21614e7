"""A program that is killed while it saves leaves a whole file: the old one or the new one."""

import json
import os
import subprocess
import sys

import pytest

KILLS = 200

#: kills children that do nothing but save, each at a random moment, and reads what they leave
KILLING = """
import json, os, random, signal, sys, time
from pathlib import Path
import adjoint

folder = Path(sys.argv[1])
path = folder / "state.pt"
found = []


def save_without_end(number):
    while True:
        number += 1
        tensors = {str(n): adjoint.full((number * 97 % 60_000 + 1,), float(number)) for n in range(3)}
        adjoint.save({"number": number, "tensors": tensors}, path, _use_new_zipfile_serialization=number % 5 > 0)


def check():
    state = adjoint.load(path)
    number = state["number"]
    for tensor in state["tensors"].values():
        assert tensor.shape == (number * 97 % 60_000 + 1,)
        assert (tensor == number).all()
    return number


adjoint.save({"number": 0, "tensors": {}}, path)
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if not child:
        save_without_end(found[-1] if found else 0)
    time.sleep(random.uniform(0, 0.06))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found.append(check())
left = [each.name for each in folder.iterdir() if each != path]
print(json.dumps({"found": found, "left": left}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes as POSIX systems do")
def test_a_file_survives_the_death_of_its_writer(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", KILLING, str(tmp_path), str(KILLS)], check=True, capture_output=True, text=True
    )
    seen = json.loads(done.stdout)
    assert len(seen["found"]) == KILLS
    assert seen["found"] == sorted(seen["found"])
    assert seen["found"][-1] > KILLS / 2, "too few files were written for this to show anything"
    assert len(seen["left"]) <= KILLS
    assert all(name.startswith(".state.pt.") and name.endswith(".tmp") for name in seen["left"])
