"""Every control of the page, and every key."""

import pytest

from tests.insight.page.looking import click_box, focused, key_of, position, said, steps

KEYS = [
    "n", "p", "r", "Shift R", "0", "e", "b", "w", "g", "↑ ↓", "← →", "Home End", "Enter", "o", "Shift O", "+ −", "z", "t", "?",  # noqa: RUF001
]  # fmt: skip


# --- every control ---


def test_buttons_of_the_player(visit, loss_page):
    page = visit(loss_page)
    last = steps(page)
    assert page.is_disabled("#back")
    for button, expected in [
        ("next", 1), ("next", 2), ("back", 1), ("end", last), ("run-back", 0), ("run", last), ("start", 0),
    ]:  # fmt: skip
        page.click(f"#{button}")
        assert position(page) == expected, button
    page.fill("#slider", "5")
    assert position(page) == 5
    assert page.inner_text("#position") == f"5 / {last}"
    assert page.get_attribute("#slider", "aria-valuetext").startswith(f"5 of {last}: ")


def test_breakpoints(visit, loss_page):
    page = visit(loss_page)
    key = key_of(page, "y_pred")
    click_box(page, key)
    page.click("#details .stop-button")
    assert page.get_attribute("#details .stop-button", "aria-pressed") == "true"
    assert "breakpoint" in page.get_attribute(f".box[data-key='{key}'] > .handle", "aria-label")
    assert page.is_visible(f".box[data-key='{key}'] .breakpoint")
    assert "y_pred" in page.inner_text("#stops")
    stops = []
    for button in ("run", "run", "run", "run-back"):
        page.click(f"#{button}")
        stops.append(position(page))
    assert page.evaluate("(node) => page.player.stepsOf.get(node)", int(key[1:]))[:3] == stops[:3]
    assert stops[3] == stops[1]
    page.keyboard.press("e")
    page.click("#run-back")
    assert position(page) == stops[2]
    page.click("#stops button >> text=Remove")
    assert "None" in page.inner_text("#stops")
    page.click("#run")
    assert position(page) == steps(page)


def test_jumps_from_a_box_to_its_steps(visit, loss_page):
    page = visit(loss_page)
    for text, kind in (("Forward step", "forward"), ("Backward step", "backward")):
        click_box(page, key_of(page, "z"))
        page.click(f"#details button >> text={text}")
        assert page.evaluate("page.player.step.pass") == kind
        assert page.evaluate("page.model.nodes[page.player.step.node].name") == "z"


def test_names_beside_the_graph_lead_to_their_boxes(visit, loss_page):
    page = visit(loss_page)
    page.click("#details .row button >> text=b")
    assert focused(page) == key_of(page, "b")
    page.keyboard.press("b")
    click_box(page, key_of(page, "z"))
    page.click("#stops button.link >> text=b")
    assert page.inner_text("#details-title") == "b"
    page.keyboard.press("Shift+Tab")
    page.focus(".skip")
    page.keyboard.press("Enter")
    assert focused(page) == "details"


def test_zoom(visit, network_page):
    page = visit(network_page)
    sizes = [page.evaluate("page.graph.svg.getBoundingClientRect().width")]
    for button in ("zoom-in", "zoom-out", "zoom-in", "zoom-fit"):
        page.click(f"#{button}")
        sizes.append(page.evaluate("page.graph.svg.getBoundingClientRect().width"))
    assert sizes[1] > sizes[0]
    assert sizes[2] == pytest.approx(sizes[0])
    assert sizes[4] == pytest.approx(sizes[0])


def test_groups_open_and_close(visit, network_page):
    page = visit(network_page)
    page.click("#close-all")
    closed = page.locator(".box").count()
    handle = page.locator(".box[data-key='g1'] > .handle")
    assert handle.get_attribute("aria-expanded") == "false"
    click_box(page, "g1")
    assert handle.get_attribute("aria-expanded") == "true"
    assert page.locator(".box").count() > closed
    assert "opened" in said(page)
    page.click("#details button >> text=Close")
    assert page.locator(".box").count() == closed
    page.click("#details summary")
    page.click("#details li button >> text=model.head")
    assert page.inner_text("#details-title") == "model.head"
    assert page.evaluate("page.scene.open.has(1)")
    page.click("#open-all")
    assert page.locator(".box.node").count() == page.evaluate("page.model.nodes.length")


def test_table(visit, loss_page):
    page = visit(loss_page)
    assert page.is_hidden("#table")
    page.click("#table-button")
    assert page.get_attribute("#table-button", "aria-expanded") == "true"
    rows = page.locator("#table tbody tr")
    assert rows.count() == steps(page)
    assert page.locator("#table thead th[scope=col]").count() == 5
    rows.nth(3).locator("button").click()
    assert position(page) == 4
    page.click("#table-button")
    assert page.is_hidden("#table")


def test_long_tables_are_made_in_parts(visit, large_page):
    page = visit(large_page)
    page.click("#table-button")
    assert page.locator("#table tbody tr").count() == 200
    page.click("#table button >> text=More rows")
    assert page.locator("#table tbody tr").count() == 400


def test_flags_lead_to_their_boxes(visit, faults_page):
    page = visit(faults_page)
    entries = page.locator("#flags li button")
    text = page.inner_text("#flags")
    for word in ("NaN", "infinities", "zero everywhere", "vanishes", "explodes", "starts here"):
        assert word in text
    assert "starts here" in entries.first.inner_text()
    entries.first.click()
    assert page.evaluate(
        "page.model.nodes[Number(document.activeElement.closest('.box').dataset.key.slice(1))].flags.length > 0"
    )
    assert page.locator("#details .warning").count() >= 1
    marks = set(page.locator(".badge text").all_text_contents())
    assert marks == {"NaN", "∞", "0", "↓", "↑"}
    legend = page.inner_text("#legend")
    assert all(word in legend for word in ("NaN", "infinite", "exploding", "vanishing", "zero everywhere"))


def test_what_the_pointer_is_on_is_told(visit, loss_page):
    page = visit(loss_page)
    page.hover(f".box[data-key='{key_of(page, 'y_pred')}'] .value")
    assert page.is_visible("#tip")
    tip = page.inner_text("#tip")
    assert "y_pred" in tip
    assert "0.998771" in tip
    assert "gradient" in tip
    middle = """() => { const [line] = page.graph.linesOf.get(page.model.edges.findIndex((edge) => page.model.nodes[edge.target].name === 'z'));
      const { x, y } = line.wide.getPointAtLength(line.wide.getTotalLength() / 2).matrixTransform(line.wide.getScreenCTM()); return [x, y]; }"""
    page.mouse.move(*page.evaluate(middle))
    assert "Gradient along this edge" in page.inner_text("#tip")
    page.mouse.move(5, 5)
    assert page.is_hidden("#tip")


def test_gradients_flow_in_colour(visit, loss_page):
    page = visit(loss_page)
    assert page.locator(".line[class*=' s']").count() == page.evaluate(
        "page.model.edges.filter((edge) => edge.text).length"
    )
    page.click("#next")
    assert page.locator(".line[class*=' s']").count() == 0
    page.evaluate("page.go(page.player.forwardCount + 3)")
    coloured = page.locator(".line[class*=' s']").count()
    assert 0 < coloured < page.evaluate("page.model.edges.length")
    assert (
        len(
            set(
                page.evaluate(
                    "[...document.querySelectorAll('#legend .scale i')].map((i) => getComputedStyle(i).backgroundColor)"
                )
            )
        )
        == 9
    )


# --- every key ---


def test_keys_of_the_player(visit, loss_page):
    page = visit(loss_page)
    last = steps(page)
    for key, expected in [("n", 1), ("n", 2), ("p", 1), ("e", last), ("Shift+R", 0), ("r", last), ("0", 0)]:
        page.keyboard.press(key)
        assert position(page) == expected, key


def test_keys_of_the_graph(visit, loss_page):
    page = visit(loss_page)
    page.keyboard.press("g")
    page.keyboard.press("Home")
    first = focused(page)
    page.keyboard.press("ArrowDown")
    assert focused(page) == key_of(page, "v1")
    page.keyboard.press("ArrowDown")
    assert focused(page) == key_of(page, "z")
    page.keyboard.press("ArrowUp")
    assert focused(page) in {key_of(page, "v1"), key_of(page, "b")}
    page.keyboard.press("Home")
    assert focused(page) == first
    page.keyboard.press("ArrowRight")
    assert focused(page) != first
    page.keyboard.press("ArrowLeft")
    assert focused(page) == first
    page.keyboard.press("End")
    assert focused(page) == key_of(page, "L")
    page.keyboard.press("Enter")
    assert "L" in page.inner_text("#details-title")
    page.keyboard.press("b")
    assert page.evaluate("page.player.breakpoints.size") == 1
    page.keyboard.press("b")
    assert page.evaluate("page.player.breakpoints.size") == 0
    assert "removed" in said(page)


def test_keys_of_groups(visit, network_page):
    page = visit(network_page)
    page.keyboard.press("Shift+O")
    assert page.locator(".box.open").count() == 0
    page.keyboard.press("o")
    assert page.locator(".box.group:not(.open)").count() == 0
    page.keyboard.press("Shift+O")
    page.evaluate("page.graph.focus('g1')")
    page.keyboard.press("Enter")
    assert page.evaluate("page.scene.open.has(1)")
    page.keyboard.press("ArrowDown")
    inside = focused(page)
    assert page.evaluate("(key) => page.scene.around(key).includes(1)", inside)
    page.keyboard.press("ArrowUp")
    assert focused(page) == "g1"
    page.keyboard.press("Space")
    assert not page.evaluate("page.scene.open.has(1)")


def test_keys_of_the_view(visit, network_page):
    page = visit(network_page)
    zoom = "page.graph.zoom"
    before = page.evaluate(zoom)
    page.keyboard.press("+")
    assert page.evaluate(zoom) == pytest.approx(before * 1.25)
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert page.evaluate(zoom) == pytest.approx(before / 1.25)
    page.keyboard.press("z")
    assert page.evaluate(zoom) == pytest.approx(before)
    page.keyboard.press("t")
    assert page.is_visible("#table")


def test_the_next_thing_to_look_at(visit, faults_page):
    page = visit(faults_page)
    seen = set()
    for _ in range(4):
        page.keyboard.press("w")
        seen.add(focused(page))
    assert len(seen) == 4


def test_the_keys_are_listed_and_letters_can_be_switched_off(visit, loss_page):
    page = visit(loss_page)
    page.keyboard.press("?")
    assert page.is_visible("#help")
    assert page.locator("#help kbd").all_inner_texts() == KEYS
    page.keyboard.press("n")
    assert position(page) == 0
    page.uncheck("#letters")
    page.click("#help button >> text=Close")
    assert page.is_hidden("#help")
    page.keyboard.press("n")
    assert position(page) == 0
    page.click("#help-button")
    page.check("#letters")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert position(page) == 1
