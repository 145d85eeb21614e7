"""The documentation's Python code runs, and prints what the page says it prints."""

from pathlib import Path

import pytest

from tools.docs import code as pages


@pytest.mark.parametrize("page", pages.pages(torch=False), ids=pages.name)
def test_code_of_page(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)  # a page's code may write files
    pages.run(page, torch=False)


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_every_block_of_python_is_run_or_marked(page: Path):
    fences = [
        line.strip() for line in page.read_text().splitlines() if line.strip().startswith(("```python", "```{ .python"))
    ]
    known = {
        "```python",
        '```python title="engine.py"',
        "```python no-run",
        "```{ .python .torch }",
        "```{ .python .no-run }",
    }
    assert set(fences) <= known
    run = [block for block in pages.BLOCK.finditer(page.read_text()) if block["kind"] != "console"]
    assert len(run) == sum("no-run" not in fence for fence in fences)
