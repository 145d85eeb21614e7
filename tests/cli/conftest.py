"""The command as a user calls it: another process, in a directory of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Completed = subprocess.CompletedProcess[str]


@pytest.fixture
def python(tmp_path: Path) -> Callable[..., Completed]:
    """Call Python with these arguments in `tmp_path`."""

    def call(*arguments: str | Path, stdin: str = "") -> Completed:
        command = [sys.executable, *map(str, arguments)]
        return subprocess.run(command, input=stdin, cwd=tmp_path, capture_output=True, text=True, check=False)

    return call


@pytest.fixture
def adjoint(python: Callable[..., Completed]) -> Callable[..., Completed]:
    """Call `adjoint` with these arguments in `tmp_path`."""
    return lambda *arguments, stdin="": python("-m", "adjoint", *arguments, stdin=stdin)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a file in `tmp_path`."""

    def write_file(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    return write_file


@pytest.fixture
def notebook(write: Callable[[str, str], Path]) -> Callable[..., Path]:
    """Write `nb.ipynb` in `tmp_path`: each cell is its source, or a pair of its source and its saved outputs."""

    def write_notebook(*cells: str | tuple[str, list[dict[str, Any]]], tags: list[str] | None = None) -> Path:
        pairs = [(cell, []) if isinstance(cell, str) else cell for cell in cells]
        saved = [
            {
                "cell_type": "code",
                "execution_count": None,
                "metadata": {"tags": tags or []},
                "outputs": outputs,
                "source": source,
            }
            for source, outputs in pairs
        ]
        return write("nb.ipynb", json.dumps({"cells": saved, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))

    return write_notebook
