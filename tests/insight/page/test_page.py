"""The page in a browser: every control, every key, what it shows, and how little it touches."""

import re

import pytest

import adjoint as torch
from adjoint.insight import explain
from adjoint.insight.page import page_of

KEYS = [
    "n", "p", "r", "Shift R", "0", "e", "b", "w", "g", "↑ ↓", "← →", "Home End", "Enter", "o", "Shift O", "+ −", "z", "t", "?",  # noqa: RUF001
]  # fmt: skip


def position(page):
    return page.evaluate("page.player.position")


def steps(page):
    return page.evaluate("page.player.last")


def focused(page):
    return page.evaluate("document.activeElement.closest('.box')?.dataset.key ?? document.activeElement.id")


def key_of(page, name):
    return f"n{page.evaluate('(name) => page.model.nodes.findIndex((node) => node.name === name)', name)}"


def click_box(page, key):
    page.evaluate("(key) => page.graph.reveal(key)", key)
    page.click(f".box[data-key='{key}'] > .handle > .name")


def details(page):
    return page.inner_text("#details")


def said(page):
    return page.inner_text("#live")


def look(page):
    """A picture of the page, which is the same for the same state."""
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    return page.screenshot(animations="disabled")


#: all boxes that are to be seen, from the drawing's arithmetic: { key, parent, x, y, width, height } in the parent's terms
BOXES = """() => [...page.graph.arranged.places].map(([key, place]) =>
  ({ key, parent: page.scene.parent.get(key) ?? 0, ...place })).filter(({ key }) => page.scene.around(key).every((g) => page.scene.open.has(g)))"""


def assert_stands_well(page):
    """No box overlaps another, none leaves the group around it, none leaves the drawing, and no line crosses a box."""
    boxes = page.evaluate(BOXES)
    by_key = {box["key"]: box for box in boxes}
    size = page.evaluate("page.graph.size")
    by_parent = {}
    for box in boxes:
        by_parent.setdefault(box["parent"], []).append(box)
    for parent, inside in by_parent.items():
        frame = by_key.get(f"g{parent}", size)
        for box in inside:
            assert box["x"] >= -0.01
            assert box["y"] >= (30 if parent else 0) - 0.01
            assert box["x"] + box["width"] <= frame["width"] + 0.01
            assert box["y"] + box["height"] <= frame["height"] + 0.01
        rows = sorted(inside, key=lambda box: (box["y"], box["x"]))
        for place, one in enumerate(rows):
            for other in rows[place + 1 :]:
                if other["y"] >= one["y"] + one["height"]:
                    break
                assert one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"], (one, other)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- what it shows ---


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
    assert page.locator("#details .row").count() == 13


def test_tensors_can_be_opened(visit, network_page):
    page = visit(network_page)
    page.click("#details .tensor summary >> nth=0")
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


# --- for every reader ---


def test_one_box_takes_part_in_the_order_of_tabs(visit, network_page):
    page = visit(network_page)
    for keys in ([], ["g", "ArrowDown", "ArrowDown"], ["o"], ["Shift+O"], ["n", "n"]):
        for key in keys:
            page.keyboard.press(key)
        assert page.locator(".handle[tabindex='0']").count() == 1


def test_everything_has_a_name(visit, network_page):
    page = visit(network_page)
    assert (
        page.evaluate("""() => [...document.querySelectorAll('button, input, [role=button], [role=application], section:not([hidden])')]
      .filter((each) => !(each.getAttribute('aria-label') || each.textContent.trim() || document.getElementById(each.getAttribute('aria-labelledby')))).length""")
        == 0
    )
    assert page.get_attribute("svg[role=application]", "aria-label")
    assert page.get_attribute("html", "lang") == "en"
    label = page.get_attribute(f".box[data-key='{key_of(page, 'loss')}'] > .handle", "aria-label")
    assert "loss, Mean" in label
    assert "gradient 1" in label


def test_each_step_is_read_out(visit, loss_page):
    page = visit(loss_page)
    assert page.get_attribute("#live", "aria-live") == "polite"
    heard = []
    for _ in range(steps(page)):
        page.keyboard.press("n")
        heard.append(said(page))
    assert len(set(heard)) == len(heard)
    assert heard[0].startswith("Forward: v1 = ")
    assert heard[-1].startswith("Backward: ")


def test_focus_is_seen(visit, loss_page):
    page = visit(loss_page)
    page.keyboard.press("g")
    page.keyboard.press("ArrowDown")
    outline = f".box[data-key='{focused(page)}'] > .handle > .outline"
    assert page.evaluate("(path) => getComputedStyle(document.querySelector(path)).strokeWidth", outline) == "3px"
    assert page.is_visible("#tip")
    page.focus("#next")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_motion_is_only_for_those_who_like_it(visit, loss_page):
    for setting, animation in (("reduce", "none"), ("no-preference", "flow")):
        page = visit(loss_page, reduced_motion=setting)
        page.keyboard.press("n")
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.edge.current .line')).animationName") == animation
        )


def test_a_narrow_screen(visit, network_page):
    page = visit(network_page, viewport={"width": 360, "height": 740})
    for key in ("", "n", "o", "t"):
        if key:
            page.keyboard.press(key)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    graph, panel = (page.locator(each).bounding_box() for each in (".stage", "#details"))
    assert panel["y"] >= graph["y"] + graph["height"]


def test_text_can_be_told_from_its_ground(visit, faults_page):
    """By the contrast that WCAG asks for, in light and dark."""
    contrast = """() => { const parts = (text) => text.match(/[\\d.]+/g).map(Number);
      const light = (text) => parts(text).slice(0, 3).map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const ground = (each) => { for (; each; each = each.parentElement) { const c = getComputedStyle(each).backgroundColor; if ((parts(c)[3] ?? 1) > 0) return c; } };
      return Math.min(...[...document.querySelectorAll('h1, p, h3, button:not(:disabled), .mark, .formula, .entry')].map((each) => {
        const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((x, y) => y - x); return (a + 0.05) / (b + 0.05); })); }"""
    for scheme in ("light", "dark"):
        assert visit(faults_page, color_scheme=scheme).evaluate(contrast) >= 4.5


# --- pictures, and where things stand ---


def test_a_step_and_back_leave_no_trace(visit, loss_page, difference):
    page = visit(loss_page, viewport={"width": 1200, "height": 1500})  # room for all, so that nothing scrolls
    page.evaluate("page.go(15)")
    before = look(page)
    page.keyboard.press("n")
    other = look(page)
    page.keyboard.press("p")
    assert difference(look(page), before) == 0
    assert difference(other, before) > 500


def test_folding_and_unfolding_leave_no_trace(visit, network_page, difference):
    page = visit(network_page)
    page.click("#close-all")
    closed = look(page)
    page.click("#open-all")
    assert difference(look(page), closed) > 5000
    page.click("#close-all")
    assert difference(look(page), closed) == 0


def test_light_and_dark(visit, loss_page, difference):
    light, dark = (visit(loss_page, color_scheme=scheme) for scheme in ("light", "dark"))
    assert difference(look(light), look(dark)) > 500_000
    ground = "parseInt(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"
    assert light.evaluate(ground) > 200
    assert dark.evaluate(ground) < 50


@pytest.mark.parametrize("name", ["loss_page", "network_page", "recurrence_page", "faults_page"])
def test_boxes_stand_well(visit, name, request):
    page = visit(request.getfixturevalue(name))
    assert_stands_well(page)
    page.keyboard.press("Shift+O")
    assert_stands_well(page)
    for _ in range(20):  # open the first that is closed, until none is
        closed = page.evaluate(
            "page.model.groups.findIndex((_, number) => !page.scene.open.has(number) && page.scene.around(`g${number}`).every((g) => page.scene.open.has(g)))"
        )
        if closed < 0:
            break
        page.evaluate("(number) => page.toggleGroup(number)", closed)
        assert_stands_well(page)
    page.keyboard.press("o")
    assert_stands_well(page)


def test_text_stays_in_its_box(visit, network_page):
    page = visit(network_page)
    page.keyboard.press("o")
    assert (
        page.evaluate("""() => [...document.querySelectorAll('.handle')].filter((handle) => {
      const box = handle.querySelector('.outline').getBoundingClientRect();
      return [...handle.querySelectorAll('.name, .value, .gradient')].some((text) => text.getBoundingClientRect().right > box.right + 1);
    }).map((handle) => handle.textContent)""")
        == []
    )


# --- large graphs ---


def test_a_large_graph_is_answered_by_touching_little(visit, large_page):
    """Not timed: an answer takes the time of the elements that it makes and changes, and they are few."""
    page = visit(large_page)
    page.keyboard.press("o")
    assert page.evaluate("page.arranged_ = page.graph.arranged.places.size") >= 1600
    page.evaluate("page.go(700)")
    assert page.locator(".box").count() < 300
    touched = "() => { const before = page.graph.touched; %s; return page.graph.touched - before; }"
    for action in (
        "page.go(701)",
        "page.go(700)",
        "page.go(1700)",
        "page.choose(5)",
        "page.toggleGroup(1)",
        "page.toggleGroup(1)",
    ):
        assert page.evaluate(touched % action) <= 400, action
    for action in ("page.go(1701)", "page.go(1700)"):
        assert page.evaluate(touched % action) <= 40, action
    assert page.locator("*").count() < 8000


def test_a_large_graph_shows_what_is_scrolled_to(visit, large_page):
    page = visit(large_page)
    page.keyboard.press("e")
    last = page.evaluate("page.scene.seen(`n${page.player.step.node}`)")
    assert page.locator(f".box.current[data-key='{last}']").count() == 1
    page.evaluate("page.graph.view.scrollTo(0, page.graph.size.height * page.graph.zoom / 2)")
    page.wait_for_timeout(200)
    assert page.evaluate("""() => { const view = page.graph.view.getBoundingClientRect();
      const boxes = [...document.querySelectorAll('.box')].map((box) => box.getBoundingClientRect());
      return boxes.some((box) => box.top > view.top && box.bottom < view.bottom); }""")
    page.keyboard.press("g")
    page.keyboard.press("End")
    end = focused(page)
    assert page.evaluate(
        "(key) => { const box = document.querySelector(`.box[data-key='${key}']`).getBoundingClientRect(), view = page.graph.view.getBoundingClientRect(); return box.bottom > view.top && box.top < view.bottom; }",
        end,
    )


# --- safety ---


def test_nothing_but_the_pages_own_program_runs(browser, loss_page):
    context = browser.new_context()
    page = context.new_page()
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(loss_page.as_uri())
    page.evaluate("""() => { const added = document.createElement('script'); added.textContent = 'window.broken = true';
      document.body.append(added); document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.broken = true">'); }""")
    page.evaluate("fetch('https://example.org/').catch(() => {})")
    page.wait_for_timeout(100)
    assert page.evaluate("window.broken === undefined")
    assert len(refused) >= 3
    assert all("Content Security Policy" in text for text in refused)
    context.close()


def test_names_are_shown_as_they_are(visit, folder):
    name = "</script><img src=x onerror='window.broken=1'>\"&amp;"
    x = torch.tensor(2.0, requires_grad=True)
    file = folder / "names.html"
    file.write_text(page_of(explain(torch.sin(x), names={name: x})), "utf-8")
    page = visit(file)
    assert page.inner_text("#details").count(name) >= 3
    assert page.evaluate("window.broken === undefined && document.images.length === 0")
    assert name in page.title()
