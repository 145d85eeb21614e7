"""Record what PyTorch does with the programs of the test modules that collect them.

Run with PyTorch installed, from the top of the project: `python -m tests.golden.record_programs [NAME ...]`. It writes
one file for each module into golden/programs, next to itself; without names, all of them.
"""

import importlib
import json
import sys
from pathlib import Path

import torch

from tests.differential import Programs, observe

TESTS = Path(__file__).parents[1]


def collections() -> list[Programs]:
    """Every collection of programs in the tests, found by the line that makes it."""
    found = []
    for path in sorted(TESTS.rglob("test_*.py")):
        if "= Programs(" in path.read_text():
            module = importlib.import_module(".".join(path.relative_to(TESTS.parent).with_suffix("").parts))
            found += [each for each in vars(module).values() if isinstance(each, Programs)]
    return found


def recording(programs: Programs) -> str:
    """What PyTorch does with each program, as JSON: one program a line, so that changes can be read."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(observe(program, torch), separators=(',', ':'))}"
        for name, program in programs
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    for programs in collections():
        if not sys.argv[1:] or programs.name in sys.argv[1:]:
            programs.path.parent.mkdir(exist_ok=True)
            programs.path.write_text(recording(programs))
