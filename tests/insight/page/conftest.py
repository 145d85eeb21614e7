"""Pages, and a Chromium without a window to open them in."""

import base64
import importlib.util
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adjoint.insight.page import page_of
from tests.insight.page.programs import faults, logistic_loss, network, recurrence, tangle

_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium. The tests are skipped where it, or what drives it, is missing."""
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("needs the package playwright: make browser")
    if _CHROMIUM is None:
        pytest.skip("needs Chromium, as from: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - optional

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page, without motion unless asked; fails where its program does, or where it asks for more than its file."""
    contexts, wrong = [], []

    def opened(file: Path, **options: Any) -> Any:
        settings = {"viewport": {"width": 1200, "height": 800}, "reduced_motion": "reduce"} | options
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("request", lambda request: wrong.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


#: the number of pixels of two pictures that differ by more than what the smoothing of edges may change
_DIFFERENCE = """async (pictures) => {
  const [a, b] = await Promise.all(pictures.map(async (picture) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${picture}`)).blob());
    const drawing = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    drawing.drawImage(bitmap, 0, 0);
    return drawing.getImageData(0, 0, bitmap.width, bitmap.height).data;
  }));
  if (a.length !== b.length) return Infinity;
  let count = 0;
  for (let at = 0; at < a.length; at += 4) count += [0, 1, 2].some((part) => Math.abs(a[at + part] - b[at + part]) > 30);
  return count;
}"""


@pytest.fixture
def difference(browser: Any) -> Iterator[Callable[[bytes, bytes], float]]:
    """In how many pixels two pictures differ."""
    page = browser.new_page()
    yield lambda *pictures: page.evaluate(_DIFFERENCE, [base64.b64encode(each).decode() for each in pictures])
    page.close()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


def _page(name: str, explained: Callable[[], Any]) -> Any:
    @pytest.fixture(scope="session", name=name)
    def file(folder: Path) -> Path:
        path = folder / f"{name}.html"
        path.write_text(page_of(explained()), "utf-8")
        return path

    return file


loss_page = _page("loss_page", logistic_loss)
network_page = _page("network_page", network)
recurrence_page = _page("recurrence_page", lambda: recurrence(12))
faults_page = _page("faults_page", faults)
large_page = _page("large_page", lambda: tangle(1600))
