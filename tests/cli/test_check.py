"""`adjoint run --check`: a notebook's outputs against those saved in it."""

import pytest


def printed(text, stream="stdout"):
    return {"name": stream, "output_type": "stream", "text": text}


def result(text):
    return {"data": {"text/plain": [text]}, "execution_count": 1, "metadata": {}, "output_type": "execute_result"}


def displayed(text, **media):
    return {"data": {"text/plain": text} | media, "metadata": {}, "output_type": "display_data"}


def raised(name):
    return {"ename": name, "evalue": "", "output_type": "error", "traceback": []}


SAME = {
    "nothing": ("x = 1", []),
    "printed": ("print(1); print(2)", [printed("1\n2\n")]),
    "printed in pieces": ("print(1); print(2)", [printed("1\n"), printed("2\n")]),
    "result": ("import torch\ntorch.tensor(2.0)", [result("tensor(2.)")]),
    "both": ("print(1)\n(2, 'a')", [printed("1\n"), result("(2, 'a')")]),
    "displayed": ("display(1)", [displayed("1")]),
    "streams in another order": (
        "import sys; print(1); sys.stderr.write('e\\n'); print(2);",
        [printed("e\n", "stderr"), printed("1\n2\n")],
    ),
    "warning from another place": (
        "import warnings; warnings.warn('careful')",
        [printed("/tmp/ipykernel_7/1.py:9: UserWarning: careful\n  f(x)\n", "stderr")],
    ),
    "address": ("object()", [result("<object at 0x7f0123456789>")]),
    "picture": ("1", [result("1"), displayed("<Figure>", **{"image/png": "iVBOR"})]),
    "times": ("%%time\nprint(1)", [printed("1\nCPU times: user 1 s\nWall time: 2 s\n")]),
    "exception": ("1 / 0", [raised("ZeroDivisionError")]),
}


def test_the_same(adjoint, notebook):
    notebook(*SAME.values())
    completed = adjoint("run", "--check", "nb.ipynb")
    assert completed.stdout.splitlines()[-1] == f"{len(SAME)} of {len(SAME)} cells print what the file says"
    assert completed.returncode == 0


DIFFERENT = {
    "another number": ("print(1)\n2.5", [printed("1\n"), result("2.25")], ["   result:", "  -  2.25", "  +  2.5"]),
    "too much": ("print(1)", [], ["  +printed:", "  +  1"]),
    "too little": ("x = 1", [result("1")], ["  -result:", "  -  1"]),
    "printed, not a result": ("print(1)", [result("1")], ["  -result:", "  +printed:"]),
    "no new line": ("print(1, end='')", [printed("1\n")], ["  +(without a new line at its end)"]),
    "other exception": ("1 / 0", [raised("KeyError")], ["  -  KeyError", "  +  ZeroDivisionError"]),
    "exception that did not come": ("1", [raised("KeyError")], ["  -  KeyError", "  +  1"]),
    "an empty line": ("print('1\\n\\n2')", [printed("1\n2\n")], ["  +  "]),
    "dashes": ("print('-- a')", [printed("-- b\n")], ["  -  -- b", "  +  -- a"]),
    "printed, in place of a result": ("print('1\\nresult:\\n2')", [printed("1\n"), result("2")], ["  +  result:"]),
    "another number in base 16": ("print(hex(10**9))", [printed("0x123456789\n")], ["  +  0x3b9aca00"]),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_a_difference(adjoint, notebook, name):
    source, outputs, lines = DIFFERENT[name]
    notebook("0;", (source, outputs), ("3", [result("3")]))
    completed = adjoint("run", "--check", "nb.ipynb")
    shown = completed.stdout.splitlines()
    assert "Cell 2 prints something else (- the file, + this run):" in shown
    assert set(lines) <= set(shown)
    assert shown[-1] == "2 of 3 cells print what the file says"
    assert completed.returncode == 1


def test_an_exception_that_the_file_does_not_have(adjoint, notebook):
    notebook(("1", [result("1")]), "1 / 0", "3")
    completed = adjoint("run", "--check", "nb.ipynb")
    assert completed.stdout.splitlines()[-1] == "1 of 3 cells print what the file says; not run: 1"
    assert "ZeroDivisionError" in completed.stderr
    assert completed.returncode == 1


def test_the_output_of_a_line_that_was_skipped_is_not_compared(adjoint, notebook):
    notebook(("!pip install torch", [printed("Collecting torch\n")]), ("%matplotlib inline\n1", [result("1")]))
    completed = adjoint("run", "--check", "nb.ipynb")
    summary = "1 of 2 cells print what the file says; not compared, for a line that was skipped: 1"
    assert completed.stdout.splitlines()[-1] == summary
    assert completed.returncode == 0


def test_leaving_early_is_not_success(adjoint, notebook):
    notebook(("1", [result("1")]), "import sys; sys.exit(0)", "3")
    completed = adjoint("run", "--check", "nb.ipynb")
    assert completed.stdout.splitlines()[-1] == "1 of 3 cells print what the file says; not run: 1"
    assert completed.returncode == 1
