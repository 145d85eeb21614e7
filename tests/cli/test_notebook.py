"""`adjoint run` of a notebook: what it shows, cell by cell."""

import json

import pytest


def test_cells_and_what_they_give(adjoint, notebook):
    notebook("import torch\nx = torch.tensor(3.0)", "print('a', end='')\nx", "", "x;", "None", "(x, 2)\n# the end")
    completed = adjoint("run", "nb.ipynb")
    assert completed.stderr == ""
    assert completed.returncode == 0
    assert completed.stdout == (
        "In [1]: import torch\n"
        "   ...: x = torch.tensor(3.0)\n"
        "\n"
        "In [2]: print('a', end='')\n"
        "   ...: x\n"
        "a\n"
        "Out[2]: tensor(3.)\n"
        "\n"
        "In [3]: x;\n"
        "\n"
        "In [4]: None\n"
        "\n"
        "In [5]: (x, 2)\n"
        "   ...: # the end\n"
        "Out[5]: (tensor(3.), 2)\n"
        "\n"
    )


def test_text_between_the_cells(adjoint, write):
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]}
    write("nb.ipynb", json.dumps({"cells": [text], "nbformat": 4, "nbformat_minor": 5}))
    assert adjoint("run", "nb.ipynb").stdout == "# Title\nwords\n\n"


def shown(completed):
    """The lines that are not the cells' own."""
    return [line for line in completed.stdout.splitlines() if line and not line.startswith(("In [", "   ...:"))]


def test_where_it_runs(adjoint, write, notebook, tmp_path):
    write("helper.py", "value = 5")
    (tmp_path / "data").mkdir()
    notebook().rename(tmp_path / "data" / "unused.ipynb")
    notebook("import os, sys, helper\nos.getcwd(), sys.argv, helper.value, __name__, input('? ')").rename(
        tmp_path / "data" / "nb.ipynb"
    )
    write("data/helper.py", "value = 6")
    completed = adjoint("run", "data/nb.ipynb", "--", "a", stdin="typed\n")
    directory = str(tmp_path / "data")
    values = (directory, ["data/nb.ipynb", "--", "a"], 6, "__main__", "typed")
    assert "".join(line.strip() + " " for line in shown(completed)[1:]).replace("Out[1]:", "").strip() == repr(values)


def test_results_are_kept(adjoint, notebook):
    notebook("6 * 7", "_ + 1", "Out[1] + Out[2], In[1]", "_ = 'my own'", "8", "_")
    assert shown(adjoint("run", "nb.ipynb")) == [
        "Out[1]: 42",
        "Out[2]: 43",
        "Out[3]: (85, '6 * 7')",
        "Out[5]: 8",
        "Out[6]: 'my own'",
    ]


def test_display(adjoint, notebook):
    notebook("print('a', end='')\ndisplay([1], 'b')\nprint('c\\n', end='')\n3")
    assert adjoint("run", "nb.ipynb").stdout.endswith("\na\n[1]\n'b'\nc\nOut[1]: 3\n\n")


def test_a_future_import_holds_for_the_cells_after_it(adjoint, notebook):
    notebook("from __future__ import annotations", "def f(x: unknown): ...\nf")
    assert shown(adjoint("run", "nb.ipynb")) == ["Out[2]: <function __main__.f(x: 'unknown')>"]


def test_an_exception_ends_the_run_with_the_cells_own_traceback(adjoint, notebook):
    notebook("def invert(x):\n    return 1 / x", "'before'", "y = 0\ninvert(y)", "'after'")
    completed = adjoint("run", "nb.ipynb")
    assert completed.returncode == 1
    assert shown(completed) == ["Out[2]: 'before'"]
    # Where Python marks a place in a line with ~ and ^ differs between its versions.
    assert [line for line in completed.stderr.splitlines() if line.strip(" ~^")] == [
        "Traceback (most recent call last):",
        '  File "nb.ipynb, cell 3", line 2, in <module>',
        "    invert(y)",
        '  File "nb.ipynb, cell 1", line 2, in invert',
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
    ]


def test_an_exception_while_a_result_is_shown(adjoint, notebook):
    notebook("class A:\n    def __repr__(self):\n        return 1 / 0\nA()")
    completed = adjoint("run", "nb.ipynb")
    assert completed.stderr.startswith(
        'Traceback (most recent call last):\n  File "nb.ipynb, cell 1", line 3, in __repr__'
    )


def test_a_cell_tagged_for_it_may_raise(adjoint, notebook):
    notebook("1 / 0", "'after'", tags=["raises-exception"])
    completed = adjoint("run", "nb.ipynb")
    assert completed.returncode == 0
    assert "ZeroDivisionError" in completed.stderr
    assert shown(completed) == ["Out[2]: 'after'"]


def test_a_mistake_in_the_syntax(adjoint, notebook):
    notebook("x = 1\ny = = 2")
    completed = adjoint("run", "nb.ipynb")
    assert (
        completed.stderr == '  File "nb.ipynb, cell 1", line 2\n    y = = 2\n        ^\nSyntaxError: invalid syntax\n'
    )
    assert completed.returncode == 1


def test_exit(adjoint, notebook):
    notebook("import sys; sys.exit(4)", "'after'")
    completed = adjoint("run", "nb.ipynb")
    assert (shown(completed), completed.stderr, completed.returncode) == ([], "", 4)


def test_interrupted(adjoint, notebook):
    notebook("import os, signal; os.kill(os.getpid(), signal.SIGINT)", "'after'")
    completed = adjoint("run", "nb.ipynb")
    assert completed.stderr.splitlines()[-1] == "KeyboardInterrupt"
    assert (shown(completed), completed.returncode) == ([], 130)


def test_what_a_cell_defines_can_be_pickled_and_its_source_read(adjoint, notebook):
    notebook(
        "class A:\n    size = 2\ndef f():\n    return 3",
        "import inspect, pickle\npickle.loads(pickle.dumps(A())).size, inspect.getsource(f)",
    )
    assert shown(adjoint("run", "nb.ipynb")) == ["Out[2]: (2, 'def f():\\n    return 3\\n')"]


@pytest.mark.parametrize(
    ("source", "result", "note"),
    [
        ("%matplotlib inline\n1", "Out[1]: 1", "%matplotlib inline is skipped: no figures are drawn"),
        ("if True:\n    !pip install 'torch\n1", "Out[1]: 1", "!pip install 'torch is skipped: nothing is installed"),
        ("print?\n1", "Out[1]: 1", "print? is skipped: help is not shown"),
        ("%%timeit\n1 / 0", None, "a cell of %%timeit is skipped: times are not repeated here"),
        ("%time 1 + 1", "Out[1]: 2", "this cell took "),
        ("%%time\n1 + 1", "Out[1]: 2", "this cell took "),
        ("'''\n%ls'''", r"Out[1]: '\n%ls'", None),
    ],
)
def test_ipythons_own_syntax(adjoint, notebook, source, result, note):
    notebook(source)
    completed = adjoint("run", "nb.ipynb")
    assert shown(completed)[-1:] == ([result] if result else [])
    if note:
        assert completed.stderr.startswith(f"note: nb.ipynb, cell 1: {note}")
        assert completed.stderr.count("\n") == 1
    else:
        assert completed.stderr == ""
    assert completed.returncode == 0


@pytest.mark.parametrize("line", ["!ls", "%run other.py", "files = !ls", "%%bash"])
def test_what_only_ipython_or_a_shell_can_do(adjoint, notebook, line):
    notebook(f"{line}\nx = 1")
    completed = adjoint("run", "nb.ipynb")
    assert completed.stderr == (
        f'  File "nb.ipynb, cell 1", line 1\n    {line}\n    {"^" * len(line)}\n'
        "SyntaxError: this is a command to IPython or the shell, which `adjoint run` does not carry out\n"
    )
    assert completed.returncode == 1
