"""An explanation as one page for a browser: the graph to step through, to look into and to fold.

The page is one file that asks the network for nothing: `page.html` with the style `page.css`, the programs `*.js` and the
explanation as data put in.
"""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from adjoint.insight.page.model import model_of

if TYPE_CHECKING:
    from adjoint.insight.explanation import Explanation

__all__ = ["page_of"]

_FOLDER = Path(__file__).parent
_PROGRAMS = (
    "element.js",
    "state.js",
    "layers.js",
    "scene.js",
    "drawing.js",
    "graph.js",
    "panel.js",
    "page.js",
)  # each knows those before it


def page_of(explanation: Explanation) -> str:
    """The text of the page, an HTML document of its own."""
    model = model_of(explanation)
    style = _read("page.css")
    program = "\n".join(['"use strict";', *map(_read, _PROGRAMS)])
    parts = {
        "TITLE": escape(model["title"]),
        "STYLE": style,
        "PROGRAM": program,
        "STYLE_HASH": _hash(style),
        "PROGRAM_HASH": _hash(program),
        "MODEL": _as_json(model),
    }
    document = [_part if not place % 2 else parts[_part] for place, _part in enumerate(_read("page.html").split("@@"))]
    return "".join(document)


def _read(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")


def _as_json(model: object) -> str:
    """Data as JSON that can stand in a `<script>` element: nothing in it closes that, or opens a comment."""
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _hash(text: str) -> str:
    """What a Content-Security-Policy names an inline part by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
