"""What a built site would ask the network for. A reader's visit is to be known to nobody, so that is nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

#: attributes that a browser loads at once, by tag; `a href` is loaded only when the reader follows it
_LOADED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
#: links that name a thing and load nothing
_NAMES_ONLY = {"alternate", "author", "canonical", "license", "next", "prev"}
_REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_CSS_REMOTE = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')]+)""", re.IGNORECASE)


class _Page(HTMLParser):
    """Collects what a page loads from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._in_style = tag == "style"
        self.found += _CSS_REMOTE.findall(given.get("style", ""))
        if tag == "link" and set(given.get("rel", "").split()) <= _NAMES_ONLY:
            return
        self.found += [given[name] for name in _LOADED.get(tag, ()) if name in given and _REMOTE.match(given[name])]

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += _CSS_REMOTE.findall(data)


def in_page(html: str) -> list[str]:
    """The addresses that a browser would load for this page from elsewhere.

    >>> in_page('<a href="https://example.org">more</a><script src="https://example.org/x.js"></script>')
    ['https://example.org/x.js']
    """
    page = _Page()
    page.feed(html)
    return page.found


def requests(site: Path) -> Iterator[tuple[str, str]]:
    """For each file of a site that would load something from elsewhere: its path, and the address."""
    for path in sorted(site.rglob("*")):
        if path.suffix in (".html", ".svg"):
            found = in_page(path.read_text())
        elif path.suffix == ".css":
            found = _CSS_REMOTE.findall(path.read_text())
        else:
            continue
        yield from ((path.relative_to(site).as_posix(), url) for url in found)
