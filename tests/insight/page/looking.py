"""What tests ask of a page in a browser."""


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
