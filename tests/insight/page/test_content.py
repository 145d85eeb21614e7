"""What the page shows of a program."""

import re

import pytest

import adjoint as torch
from tests.insight.page.looking import click_box, details, focused, key_of


def fractions_in(page):
    """Each row of the panel that starts with a derivative: `dz/dw` -> the text of the row."""
    return dict(
        page.evaluate("""() => [...document.querySelectorAll('#details .row')].flatMap((row) => {
          const first = row.querySelector('math > mfrac');
          return first ? [[[...first.children].map((part) => part.textContent).join('/'), row.innerText.replace(/\\s+/g, ' ')]] : [];
        })""")
    )


def test_the_notebooks_third_example(visit, loss_page):
    """The links of its chain rule, as derived by hand there, with its numbers."""
    page = visit(loss_page)
    assert page.title() == "L differentiated by w, x, b"
    relations = page.locator("#details section", has_text="In your own variables")
    assert relations.count() == 1
    rows = fractions_in(page)
    last = {
        name: float(re.findall(r"-?[\d.]+(?:e-?\d+)?", text.replace("\u2212", "-"))[-1]) for name, text in rows.items()
    }
    prediction = 0.998770534992218
    assert last["dL/dy_pred"] == pytest.approx(1 / (1 - prediction), rel=1e-4)
    assert last["dy_pred/dz"] == pytest.approx(prediction * (1 - prediction), rel=1e-4)
    assert (last["dz/dw"], last["dz/db"], last["dz/dx"]) == (6.7, 1, 1)
    gradients = page.locator("#details section", has_text="Gradients").inner_text()
    assert "6.69176" in gradients  # the notebook's "Manual Gradient of loss w.r.t weight"
    assert "0.998771" in gradients  # and by the bias


def test_a_backward_step_has_all_its_parts(visit, loss_page):
    page = visit(loss_page)
    page.evaluate("page.go(page.player.steps.findIndex((step) => step.title.startsWith('back through y_pred')) + 1)")
    text = details(page)
    for part in ("Backward", "Computed", "What came in", "Local derivative", "What goes out", "y_pred", "0.998771"):
        assert part in text
    assert set(fractions_in(page)) >= {"dL/dy_pred", "dy_pred/dz"}
    page.keyboard.press("e")
    assert "Accumulated into the leaf" in details(page)
    assert ".grad" in details(page)


def test_sums_over_several_consumers_are_steps(visit, recurrence_page):
    page = visit(recurrence_page)
    page.evaluate("page.go(page.player.steps.findIndex((step) => step.kind === 'sum') + 1)")
    assert "is used 12 times" in details(page)
    assert page.locator("#details .row").count() >= 8
    page.click("#details details summary")
    page.wait_for_function("document.querySelectorAll('#details .row').length === 13")  # filled when it has opened


def test_tensors_can_be_opened(visit, network_page):
    page = visit(network_page)
    page.click("#details .tensor summary >> nth=0")
    page.wait_for_selector("#details .tensor pre")  # filled when it has opened
    opened = page.inner_text("#details .tensor >> nth=0")
    assert "norm" in opened
    assert "zeros" in opened
    assert len(page.inner_text("#details .tensor pre >> nth=0").splitlines()) == 8


def test_leaves_constants_and_groups_can_be_looked_at(visit, network_page):
    page = visit(network_page)
    page.click("#close-all")
    click_box(page, "g1")
    assert "model" in details(page)
    page.evaluate("page.choose(page.model.nodes.findIndex((node) => node.name === 'model.head.bias'))")
    assert "model.head.bias" in details(page)
    assert "leaf" in details(page)
    assert focused(page) == key_of(page, "model.head.bias")


def test_source_lines_stand_at_steps(visit, loss_page):
    page = visit(loss_page)
    click_box(page, key_of(page, "y_pred"))
    assert "y_pred = torch.sigmoid(z)" in details(page)
    assert "programs.py:" in details(page)


def test_explain_writes_it(visit, folder):
    x = torch.tensor(3.0, requires_grad=True)
    y = torch.sin(x**2)
    file = folder / "written.html"
    text = torch.explain(y).html(file)
    assert file.read_text("utf-8") == text
    page = visit(file)
    assert page.title() == "y differentiated by x"
    formula = page.locator("#details section", has_text="As one formula").inner_text()
    assert "cos" in formula
