"""The page for every reader: with the keyboard, a screen reader, without motion, on a narrow screen."""

from tests.insight.page.looking import focused, key_of, said, steps


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
