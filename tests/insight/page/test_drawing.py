"""Pictures of the page, where boxes stand, how little is touched, and that nothing foreign runs."""

import pytest

import adjoint as torch
from adjoint.insight import explain
from adjoint.insight.page import page_of
from tests.insight.page.looking import assert_stands_well, focused, look

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
