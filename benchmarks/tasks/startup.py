"""What a program pays before its first line."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.task import Task


def import_in_a_new_process(library, transform, size):
    command = [sys.executable, "-c", f"import {library.__name__}"]
    return lambda: subprocess.run(command, check=True).returncode


TASKS = [
    Task(
        name="import",
        about="a whole process that imports the library and ends",
        sources=dict.fromkeys(("torch", "jax", "autograd", "numpy"), import_in_a_new_process),
        rivals=("numpy", "torch", "jax", "autograd"),
        bounds={"numpy": 0.5},
    )
]
