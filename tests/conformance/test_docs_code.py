"""The documentation's code that needs PyTorch runs, and prints what the page says it prints."""

from pathlib import Path

import pytest

from tools.docs import code as pages


@pytest.mark.parametrize("page", pages.pages(torch=True), ids=pages.name)
def test_code_of_page(page: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)  # a page's code may write files
    pages.run(page, torch=True)
