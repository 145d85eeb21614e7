"""The text of a result, laid out as notebooks show it: as `repr` has it, but a container that is too wide for its line
gets a line for each of its items, the outermost first."""

import inspect
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import BuiltinFunctionType, FunctionType
from typing import Any

WIDTH = 79
MOST_ITEMS = 1000  # of one container


def pretty(value: Any) -> str:
    """The text for `value`.

    >>> print(pretty((1.5, "a")))
    (1.5, 'a')
    >>> print(pretty(["x" * 50, "y" * 50]))
    ['xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
     'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy']
    """
    page = _Page()
    _put(page, value, ancestors=())
    return page.finished()


@dataclass(eq=False)
class _Group:
    """A container on the page. Once it is broken, each break between its items is a new line."""

    level: int
    indent: int
    undecided: int = 0  # breaks between its items that are still in waiting
    broken: bool = False


@dataclass
class _Page:
    """Text as it is laid out: what is decided stands in `lines`, what may yet have to be broken waits."""

    lines: list[str] = field(default_factory=lambda: [""])
    waiting: deque[str | _Group] = field(default_factory=deque)  # a group stands for a break between its items
    waiting_width: int = 0
    groups: list[_Group] = field(default_factory=lambda: [_Group(level=0, indent=0)])
    breakable: list[list[_Group]] = field(default_factory=lambda: [[]])  # by level

    def open(self, opening: str) -> None:
        self.put(opening)
        outer = self.groups[-1]
        group = _Group(outer.level + 1, outer.indent + len(opening))
        self.groups.append(group)
        if group.level == len(self.breakable):
            self.breakable.append([])
        self.breakable[group.level].append(group)

    def close(self, closing: str) -> None:
        group = self.groups.pop()
        if not group.undecided:
            self._settle(group)
        self.put(closing)

    def put(self, text: str) -> None:
        """Text of one line."""
        if self.waiting:
            self._wait(text, len(text))
        else:
            self.lines[-1] += text

    def put_break(self) -> None:
        """A space, or a new line if the innermost group gets broken."""
        group = self.groups[-1]
        if group.broken:
            self._new_line()
        else:
            group.undecided += 1
            self._wait(group, 1)

    def put_new_line(self) -> None:
        """A new line within an item: what can be broken around it is, at one level."""
        self._break_outermost()
        self._new_line()

    def finished(self) -> str:
        self._release_all()
        return "\n".join(self.lines)

    def _wait(self, item: str | _Group, width: int) -> None:
        self.waiting.append(item)
        self.waiting_width += width
        while len(self.lines[-1]) + self.waiting_width > WIDTH and self._break_outermost():
            pass

    def _break_outermost(self) -> bool:
        for level in self.breakable:
            for group in reversed(level):
                if group.undecided:
                    level.remove(group)
                    group.broken = True
                    while group.undecided or (self.waiting and isinstance(self.waiting[0], str)):
                        self._release()
                    return True
            for group in level:
                group.broken = True
            level.clear()
        return False

    def _release(self) -> None:
        item = self.waiting.popleft()
        self.waiting_width -= len(item) if isinstance(item, str) else 1
        if isinstance(item, str):
            self.lines[-1] += item
            return
        item.undecided -= 1
        if item.broken:
            self.lines.append(" " * item.indent)
        else:
            self.lines[-1] += " "
            if not item.undecided:
                self._settle(item)

    def _release_all(self) -> None:
        while self.waiting:
            self._release()

    def _new_line(self) -> None:
        self._release_all()
        self.lines.append(" " * self.groups[-1].indent)

    def _settle(self, group: _Group) -> None:
        if group in self.breakable[group.level]:
            self.breakable[group.level].remove(group)


def _put(page: _Page, value: Any, ancestors: tuple[int, ...]) -> None:
    page.open("")
    _put_inside(page, value, ancestors)
    page.close("")


def _put_inside(page: _Page, value: Any, ancestors: tuple[int, ...]) -> None:
    for kind in type(value).__mro__:
        if kind in _CONTAINERS:
            opening, items, closing = _CONTAINERS[kind](value)
            if id(value) in ancestors:
                page.put(f"{opening}...{closing}")
            else:
                _put_items(page, opening, items, closing, (*ancestors, id(value)))
            return
        if kind in _OTHERS:
            _put_text(page, _OTHERS[kind](value))
            return
        if "__repr__" in vars(kind):  # a subclass that says how it is to be shown
            break
    plain = type(value).__repr__ is object.__repr__  # type: ignore[comparison-overlap]
    _put_text(page, f"<{_qualified(type(value))} at {id(value):#x}>" if plain else repr(value))


def _put_items(
    page: _Page, opening: str, items: Iterable[tuple[Any, ...]], closing: str, ancestors: tuple[int, ...]
) -> None:
    page.open(opening)
    for place, item in enumerate(items):
        if place:
            page.put(",")
            page.put_break()
        if place == MOST_ITEMS:
            page.put("...")
            break
        _put(page, item[0], ancestors)
        for piece in item[1:]:
            page.put(": ")
            _put(page, piece, ancestors)
    page.close(closing)


def _put_text(page: _Page, text: str) -> None:
    page.open("")
    for place, line in enumerate(text.splitlines()):
        if place:
            page.put_new_line()
        page.put(line)
    page.close("")


# A container's opening, its items (a dict's in two pieces), and its closing.
_Parts = tuple[str, Iterable[tuple[Any, ...]], str]


def _tuple(value: tuple) -> _Parts:
    return "(", zip(value), ",)" if len(value) == 1 else ")"


def _list(value: list) -> _Parts:
    return "[", zip(value), "]"


def _dict(value: dict) -> _Parts:
    return "{", value.items(), "}"


def _set(value: set | frozenset) -> _Parts:
    name = type(value).__name__
    if not value:
        return f"{name}(", (), ")"
    opening, closing = ("{", "}") if isinstance(value, set) else ("frozenset({", "})")
    return opening, zip(_in_order(value)), closing


def _in_order(items: Iterable[Any]) -> Iterable[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=str)


def _class(value: type) -> str:
    return _qualified(value) if type(value).__repr__ is type.__repr__ else repr(value)


def _function(value: Any) -> str:
    try:
        return f"<function {_qualified(value)}{inspect.signature(value)}>"
    except ValueError:
        return f"<function {_qualified(value)}>"


def _qualified(value: Any) -> str:
    return value.__qualname__ if value.__module__ in {None, "builtins"} else f"{value.__module__}.{value.__qualname__}"


_CONTAINERS: dict[type, Callable[[Any], _Parts]] = {
    tuple: _tuple,
    list: _list,
    dict: _dict,
    set: _set,
    frozenset: _set,
}
_OTHERS: dict[type, Callable[[Any], str]] = {
    type: _class,
    FunctionType: _function,
    BuiltinFunctionType: _function,
}
