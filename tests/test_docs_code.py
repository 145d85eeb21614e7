"""The documentation's Python code runs, and prints what the page says it prints.

In each page the ```python blocks run in order, in one namespace. A ```text (or ```output) block that directly follows
one holds what it prints.
"""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = r"^```python\n(?P<code>.*?)^```$"
OUTPUT = r"\n+```(?:text|output)\n(?P<output>.*?)^```$"
BLOCK = re.compile(f"{CODE}(?:{OUTPUT})?", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", [page for page in PAGES if BLOCK.search(page.read_text())], ids=lambda page: page.name)
def test_code_of_page(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)  # a page's code may write files
    text = page.read_text()
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start("code"))
        program = compile("\n" * line + block["code"], str(page), "exec")  # so that a traceback shows the page's lines
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(program, namespace)
        if block["output"] is not None:
            assert printed.getvalue().rstrip() == block["output"].rstrip(), f"output of {page.name}, line {line + 1}"
