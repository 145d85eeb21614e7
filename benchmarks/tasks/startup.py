"""What a program pays before its first line."""

from __future__ import annotations

import os
import subprocess
import sys

from benchmarks.task import Task


def import_in_a_new_process(library, transform, size):
    command = [sys.executable, "-c", f"import {library.__name__}"]
    # The first call compiles what has no bytecode yet, as an installation does, and must be allowed to keep it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run(command, check=True, env=environment).returncode


TASKS = [
    Task(
        name="import",
        about="a whole process that imports the library and ends",
        sources=dict.fromkeys(("torch", "jax", "autograd", "numpy"), import_in_a_new_process),
        rivals=("numpy", "torch", "jax", "autograd"),
        bounds={"numpy": 0.5},
    )
]
