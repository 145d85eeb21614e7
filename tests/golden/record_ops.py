"""Record what PyTorch does with the lines of tests/ops/cases, for tests that run without it.

Run with PyTorch installed, from the top of the project: `python -m tests.golden.record_ops`; it writes ops.json next to
itself. tests/ops/test_recorded.py compares Adjoint with it.
"""

import json
from pathlib import Path

import torch

from tests.ops.cases import FAMILIES
from tests.ops.observing import observe


def recording() -> str:
    """What PyTorch does with every case, as JSON: one case a line, so that changes can be read."""
    lines = [
        f"{json.dumps(case)}: {json.dumps(observe(torch, case), separators=(',', ':'))}"
        for case in dict.fromkeys(case for cases in FAMILIES.values() for case in cases)
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    Path(__file__).with_name("ops.json").write_text(recording())
