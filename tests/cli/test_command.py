"""`adjoint` itself, and what it answers to a request that it cannot carry out."""

import json
import shutil
import sysconfig
from importlib.metadata import version

import pytest


def test_version(adjoint):
    assert adjoint("--version").stdout == f"adjoint {version('adjoint')}\n"


def test_the_installed_command_is_the_module(python, adjoint, write):
    command = shutil.which("adjoint", path=sysconfig.get_path("scripts"))
    write("script.py", "import sys; print(sys.argv, sys.path[0]); sys.exit(3)")
    installed = python(command, "run", "script.py", "a")
    as_module = adjoint("run", "script.py", "a")
    assert (installed.stdout, installed.returncode) == (as_module.stdout, as_module.returncode)
    assert installed.returncode == 3


def test_help_names_the_commands(adjoint):
    assert "run a script or a notebook" in adjoint("--help").stdout
    assert "--check" in adjoint("run", "--help").stdout


BROKEN = {
    "no_json.ipynb": ("not JSON", "no_json.ipynb is no notebook: it holds no JSON"),
    "no_version.ipynb": ("{}", "it lacks nbformat, the version of its format"),
    "old.ipynb": (json.dumps({"nbformat": 3, "worksheets": []}), "only format 4 can be run; convert it with"),
    "no_cells.ipynb": (json.dumps({"nbformat": 4}), "its cells do not follow format 4"),
    "bad_cell.ipynb": (json.dumps({"nbformat": 4, "cells": ["x"]}), "its cells do not follow format 4"),
    "julia.ipynb": (
        json.dumps({"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "julia"}}}),
        "julia.ipynb is a notebook in julia, not in Python",
    ),
    "text.txt": ("x", "text.txt is neither a script (.py) nor a notebook (.ipynb)"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_run(adjoint, write, name):
    content, message = BROKEN[name]
    write(name, content)
    refused(adjoint("run", name), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.py"], "cannot read missing.py: No such file or directory"),
        (["run", "missing.ipynb"], "cannot read missing.ipynb: No such file or directory"),
        (["run", "."], "cannot read .: Is a directory"),
        (["run", "--check", "script.py"], "--check compares a notebook with the outputs saved in it, and script.py is"),
        (["run", "nb.ipynb", "--check"], "--check goes before the file: adjoint run --check nb.ipynb"),
    ],
)
def test_a_request_that_cannot_be_carried_out(adjoint, write, notebook, arguments, message):
    write("script.py", "print('ran')")
    notebook("print('ran')")
    refused(adjoint(*arguments), message)


@pytest.mark.parametrize("arguments", [[], ["run"], ["fly"], ["run", "--chekc", "nb.ipynb"]])
def test_a_call_that_is_misspelled(adjoint, arguments):
    completed = adjoint(*arguments)
    assert completed.returncode == 2
    assert completed.stderr.startswith("usage: adjoint")


def refused(completed, message):
    """One line that says why, and nothing else."""
    assert completed.returncode == 2
    assert completed.stdout == ""
    assert completed.stderr.startswith("adjoint: ")
    assert message in completed.stderr
    assert completed.stderr.count("\n") == 1
