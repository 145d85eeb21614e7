"""The package as it is installed: its version, what importing it costs, and the size of its files."""

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import adjoint

OPS = Path(adjoint.__file__).parent / "ops"

# Each is slow to import, or optional, or both; Adjoint loads it on first use.
HEAVY = ["cupy", "llvmlite", "mpi4py", "nbclient", "nbformat", "rich", "safetensors", "scipy", "sympy", "torch"]


def modules_after(statement: str) -> set[str]:
    """The names in sys.modules of a new interpreter that has run one statement."""
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_version_is_that_of_the_installed_package():
    assert adjoint.__version__ == version("adjoint")


def test_import_loads_nothing_heavy():
    loaded = modules_after("import adjoint") - modules_after("import numpy, ml_dtypes")
    assert "adjoint" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("path", sorted(OPS.glob("*.py")), ids=lambda path: path.name)
def test_a_file_of_operations_can_be_read_at_one_sitting(path):
    assert len(path.read_text().splitlines()) <= 800
