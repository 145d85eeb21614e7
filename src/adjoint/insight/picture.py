"""A graph as a picture of boxes and arrows, and the two ways to write it down: SVG, and the DOT language of Graphviz.

SVG is drawn from a layout of our own and needs no other program. Both can be read without eyes: a picture has a title
and a description, and each box a title of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from unicodedata import east_asian_width

from adjoint.insight.layout import Layout, Point, layered


@dataclass(frozen=True)
class Box:
    """A node of a picture: lines of text, a kind that says how it looks, and a title that says more."""

    lines: tuple[str, ...]
    kind: str
    title: str
    is_root: bool = False


@dataclass(frozen=True)
class Arrow:
    """From one box to another, by their places; the lines of its label stand in the middle of it."""

    source: int
    target: int
    label: tuple[str, ...] = ()
    title: str = ""
    is_dashed: bool = False


@dataclass(frozen=True)
class Picture:
    """Boxes and arrows, with a title and a description in words."""

    title: str
    description: str
    boxes: Sequence[Box] = field(default_factory=list)
    arrows: Sequence[Arrow] = field(default_factory=list)


@dataclass(frozen=True)
class _Look:
    """How boxes of a kind look: the shape in SVG and in DOT, the colours, and whether the border is dashed."""

    shape: str
    dot_shape: str
    fill: str
    stroke: str
    is_dashed: bool = False


_LOOKS = {
    "operation": _Look("box", "box", "#f3f4f6", "#4b5563"),
    "parameter": _Look("octagon", "octagon", "#dbeafe", "#1d4ed8"),
    "leaf": _Look("pill", "ellipse", "#dcfce7", "#15803d"),
    "constant": _Look("pill", "ellipse", "#ffffff", "#6b7280", is_dashed=True),
    "saved": _Look("box", "note", "#fff7ed", "#c2410c", is_dashed=True),
}
_ROOT_FILL = "#fef3c7"
_INK, _LINE = "#111827", "#6b7280"

_FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_CHARACTER, _HEIGHT = 7.3, 16.0  # of the text, at 12 pixels
_NARROWEST = 40.0
_PADDING = 10.0
_MARGIN = 16.0
_HEAD = 7.0  # of an arrow


def _size(lines: Sequence[str], padding: float = _PADDING) -> tuple[float, float]:
    width = max((_columns(line) for line in lines), default=0) * _CHARACTER
    return max(width, _NARROWEST) + 2 * padding, len(lines) * _HEIGHT + padding


def _columns(text: str) -> int:
    """How many characters wide a text is in a font of one width; Chinese ones are two."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


# --- SVG -----------------------------------------------------------------------------------------------------------


def svg(picture: Picture) -> str:
    """A picture as an SVG document.

    >>> text = svg(Picture("y", "y is a leaf", [Box(("y",), "leaf", "y")]))
    >>> text.partition(" ")[0], "<title" in text, "y is a leaf" in text
    ('<svg', True, True)
    """
    sizes, edges = [_size(box.lines) for box in picture.boxes], []
    labels: dict[int, int] = {}  # the place of an arrow -> that of its label, which is laid out as a box is
    for place, arrow in enumerate(picture.arrows):
        if arrow.label:
            labels[place] = len(sizes)
            sizes.append(_size(arrow.label, _PADDING / 2))
            edges += [(arrow.source, labels[place]), (labels[place], arrow.target)]
        else:
            edges.append((arrow.source, arrow.target))
    layout = layered(sizes, edges, between_layers=24.0 if labels else 40.0)
    shapes = [*_arrows(picture, layout, sizes, labels), *_boxes(picture, layout, sizes)]
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    mark = hashlib.sha256("".join((picture.title, picture.description, *shapes)).encode()).hexdigest()[:8]
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    font = f'font-family="{escape(_FONT)}" font-size="12" text-anchor="middle"'
    labelled = f'role="img" aria-labelledby="title-{mark} description-{mark}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {labelled} {size} {font}>',
        f'<title id="title-{mark}">{_xml(picture.title)}</title>',
        f'<desc id="description-{mark}">{_xml(picture.description)}</desc>',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<g transform="translate({_MARGIN:g} {_MARGIN:g})">',
    ]
    return "\n".join([*head, *shapes, "</g>", "</svg>", ""])


_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _xml(text: str) -> str:
    return escape(_NOT_IN_XML.sub("\ufffd", text))


def _boxes(picture: Picture, layout: Layout, sizes: Sequence[tuple[float, float]]) -> Iterator[str]:
    for box, (x, y), (width, height) in zip(picture.boxes, layout.positions, sizes, strict=False):
        look = _LOOKS[box.kind]
        yield f'<g class="{box.kind}"><title>{_xml(box.title)}</title>'
        dashes = ' stroke-dasharray="4 3"' if look.is_dashed else ""
        paint = f'fill="{_ROOT_FILL if box.is_root else look.fill}" stroke="{look.stroke}"{dashes}'
        yield _outline(look.shape, x, y, width, height, paint)
        if box.is_root:
            yield _outline(look.shape, x, y, width + 6, height + 6, f'fill="none" stroke="{look.stroke}"')
        yield _text(box.lines, x, y, _INK)
        yield "</g>"


def _outline(shape: str, x: float, y: float, width: float, height: float, paint: str) -> str:
    left, top = x - width / 2, y - height / 2
    if shape == "octagon":
        corner = 8.0
        across = (left, left + corner, left + width - corner, left + width)
        down = (top, top + corner, top + height - corner, top + height)
        places = ((1, 0), (2, 0), (3, 1), (3, 2), (2, 3), (1, 3), (0, 2), (0, 1))
        return f'<polygon points="{_points([(across[i], down[j]) for i, j in places])}" {paint}/>'
    radius = height / 2 if shape == "pill" else 3.0
    return f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" rx="{radius:.1f}" {paint}/>'


def _text(lines: Sequence[str], x: float, y: float, ink: str) -> str:
    first = y - (len(lines) - 1) * _HEIGHT / 2 + 4
    rows = [
        f'<tspan x="{x:.1f}" y="{first + place * _HEIGHT:.1f}">{_xml(line)}</tspan>' for place, line in enumerate(lines)
    ]
    return f'<text fill="{ink}" xml:space="preserve">{"".join(rows)}</text>'


def _arrows(
    picture: Picture, layout: Layout, sizes: Sequence[tuple[float, float]], labels: dict[int, int]
) -> Iterator[str]:
    routes = iter(layout.routes)
    for place, arrow in enumerate(picture.arrows):
        route = list(next(routes))
        if place in labels:
            route += next(routes)
        dashes = ' stroke-dasharray="4 3"' if arrow.is_dashed else ""
        yield f'<g class="arrow"><title>{_xml(arrow.title)}</title>' if arrow.title else '<g class="arrow">'
        x, y = route[-1]
        route[-1] = x, y - _HEAD
        yield f'<path d="{_curve(route)}" fill="none" stroke="{_LINE}"{dashes}/>'
        head = [(x, y), (x - _HEAD / 2, y - _HEAD), (x + _HEAD / 2, y - _HEAD)]
        yield f'<polygon points="{_points(head)}" fill="{_LINE}"/>'
        if place in labels:
            middle = layout.positions[labels[place]]
            yield _outline("box", *middle, *sizes[labels[place]], 'fill="#ffffff"')
            yield _text(arrow.label, *middle, _INK)
        yield "</g>"


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _curve(route: Sequence[Point]) -> str:
    """A line that leaves and reaches each point upright."""
    parts = [f"M{route[0][0]:.1f} {route[0][1]:.1f}"]
    for (x, y), (to_x, to_y) in pairwise(route):
        if abs(x - to_x) < 0.05:
            parts.append(f"V{to_y:.1f}")
        else:
            middle = (y + to_y) / 2
            parts.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
    return "".join(parts)


# --- DOT -----------------------------------------------------------------------------------------------------------


def dot(picture: Picture) -> str:
    """A picture in the language of Graphviz.

    >>> print(dot(Picture("y", "", [Box(("x",), "leaf", "x"), Box(("y", "Sin"), "operation", "y")], [Arrow(0, 1)])))
    digraph "y" {
      node [style=filled, fontname=monospace, fontsize=12];
      edge [color="#6b7280", fontname=monospace, fontsize=12];
      0 [label="x", tooltip="x", shape=ellipse, fillcolor="#dcfce7", color="#15803d"];
      1 [label="y\\nSin", tooltip="y", shape=box, fillcolor="#f3f4f6", color="#4b5563"];
      0 -> 1;
    }
    <BLANKLINE>
    """
    lines = [f"digraph {_quoted(picture.title)} {{"]
    lines.append("  node [style=filled, fontname=monospace, fontsize=12];")
    lines.append(f'  edge [color="{_LINE}", fontname=monospace, fontsize=12];')
    for place, box in enumerate(picture.boxes):
        look = _LOOKS[box.kind]
        marks = {
            "label": _quoted("\n".join(box.lines)),
            "tooltip": _quoted(box.title),
            "shape": look.dot_shape,
            "fillcolor": f'"{_ROOT_FILL if box.is_root else look.fill}"',
            "color": f'"{look.stroke}"',
            **({"style": '"filled,dashed"'} if look.is_dashed else {}),
            **({"peripheries": "2"} if box.is_root else {}),
        }
        lines.append(f"  {place} [{_marks(marks)}];")
    for arrow in picture.arrows:
        marks = {
            **({"label": _quoted("\n".join(arrow.label))} if arrow.label else {}),
            **({"tooltip": _quoted(arrow.title)} if arrow.title else {}),
            **({"style": "dashed"} if arrow.is_dashed else {}),
        }
        lines.append(f"  {arrow.source} -> {arrow.target}{f' [{_marks(marks)}]' if marks else ''};")
    return "\n".join([*lines, "}", ""])


def _marks(marks: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in marks.items())


def _quoted(text: str) -> str:
    escaped = _NOT_IN_XML.sub("\ufffd", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.replace("\n", "\\n")
