"""The line where a variable got its value is found where it is certain, and never another."""

import linecache
import sys
from contextlib import nullcontext
from unittest.mock import MagicMock

import pytest

from adjoint.insight.source import line_at, line_of_variable


def found(source, *, name="y", file="<cell>", lines=None, **variables):
    """The line and text found for a variable when a source text, run as a cell of a notebook is, calls `here`."""
    finds = []
    lines = lines or source
    linecache.cache[file] = (len(lines), None, lines.splitlines(keepends=True), file)
    here = lambda: finds.append(line_of_variable(sys._getframe(1), name))  # noqa: E731
    exec(compile(source, file, "exec"), {"here": here, "opened": nullcontext, "thing": MagicMock, **variables})
    return None if finds[-1] is None else (finds[-1].line, finds[-1].text)


def test_in_a_function():
    w = 3
    z: int = w + 1
    if (u := z * 2) > 3:
        frame = sys._getframe()
    first = line_of_variable(frame, "w")
    assert (first.file, first.text) == (__file__, "w = 3")
    assert str(line_of_variable(frame, "z")) == f"{__file__}:{first.line + 1}"
    assert line_of_variable(frame, "u").text == "if (u := z * 2) > 3:"
    assert u == 8


def test_in_a_module():
    assert found("y = 1\nhere()") == (1, "y = 1")
    assert found("y = thing()\ny.requires_grad_()\nhere()") == (1, "y = thing()")
    assert found("with opened():\n  y = 1\nhere()") == (2, "y = 1")
    assert found("y = (\n  1 +\n  2\n)\nhere()") == (2, "1 +")


@pytest.mark.parametrize(
    "source",
    [
        "y = 1\ny = 2\nhere()",
        "y = 1\ny += 2\nhere()",
        "y = [1]\ny[0] = 2\nhere()",
        "y = thing()\ny.add_(2)\nhere()",
        "y = thing()\ny.data.zero_()\nhere()",
        "y = thing()\ny.data = 2\nhere()",
        "y = 1\nfor y in [2]: pass\nhere()",
        "y, z = 1, 2\nhere()",
        "for y in [1]: pass\nhere()",
        "y = 1\n[y := each for each in [2]]\nhere()",
        "y = 1\ndef change():\n  global y\n  y = 2\nchange()\nhere()",
        "here()\ny = 1",
        "if here() is None: y = 1",
        "y = 1\nimport os as y\nhere()",
        "y = 1\nwith opened() as y: pass\nhere()",
        "def y(): pass\nhere()",
        "def f(y):\n  here()\nf(1)",
        "def f(y):\n  y = 2\n  here()\nf(1)",
        "def f():\n  y = 1\n  def g():\n    nonlocal y\n    y = 2\n  g()\n  here()\nf()",
        "f = lambda y: here()\nf(1)",
        "here()",
    ],
)
def test_not_where_it_may_be_another(source):
    assert found(source) is None


def test_inner_variables_of_the_same_name_are_others():
    assert found("y = 1\ndef f(y):\n  y = 2\n[y for y in [3]]\nclass A:\n  y = 4\nhere()") == (1, "y = 1")
    assert found("def f():\n  y = 1\n  here()\ndef g():\n  y = 2\nf()\ny = 3") == (2, "y = 1")


def test_a_variable_of_an_earlier_cell_is_not_taken_for_one_of_this():
    assert found("if condition:\n  y = 2\nhere()", condition=False, y=1) is None


def test_a_file_that_has_changed_since_is_not_believed():
    source = "def f():\n  y = 1\n  here()\nf()"
    assert found(source) == (2, "y = 1")
    assert found(source, lines="\n\n" + source) is None


def test_what_cannot_be_read_has_no_text():
    assert line_at("/nowhere/at/all.py", 3).text == ""
