"""Parts of a large graph that are drawn as one box until a reader opens them: modules, and repeated patterns.

Both are runs of operations in the order in which they were computed. A graph in which such runs are drawn as one stays
free of cycles, whichever of them are open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np

from adjoint.insight.page.nodes import Node, Program

Path = tuple[str, ...]

_REPEATED = 3  # at least so often
_FEW = 6  # operations in a row are shown rather than folded
_PERIODS = 400  # no pattern is longer


@dataclass(eq=False)
class Group:
    """A box with others in it. Items are places of nodes, or groups."""

    title: str
    kind: str  # "all", "module", "repeat" or "round"
    items: list[int | Group] = field(default_factory=list)

    def nodes(self) -> list[int]:
        """The places of all nodes in it."""
        return [node for item in self.items for node in (item.nodes() if isinstance(item, Group) else (item,))]


def folded(program: Program) -> Group:
    """The whole program as a group, with modules and repeated patterns as groups in it."""
    modules = _modules(program)
    whole = Group("", "all", _by_module([(place, modules[place]) for place in program.operations], 0))
    _fold_repeats(whole, _Patterns(program.nodes))
    _add_inputs(whole, program)
    return whole


# --- modules -------------------------------------------------------------------------------------------------------


def _modules(program: Program) -> dict[int, Path]:
    """The module that each operation ran in, as far as parameters tell.

    One that uses parameters ran in the module that has them. One that uses none ran in the innermost module that holds
    both the one before it and the one behind it.
    """
    own = {place: _own_module(program, place) for place in program.operations}
    before = _carried(program.operations, own)
    behind = _carried(reversed(program.operations), own)
    return {place: own[place] or _common([before[place], behind[place]]) for place in program.operations}


def _own_module(program: Program, operation: int) -> Path:
    """The module of the parameters that an operation is applied to."""
    edges = (program.edges[number] for number in program.edges_into.get(operation, ()))
    return _common([path for edge in edges if (path := program.nodes[edge.source].module)])


def _carried(order: Iterable[int], own: dict[int, Path]) -> dict[int, Path]:
    last: Path = ()
    found = {}
    for place in order:
        last = own[place] or last
        found[place] = last
    return found


def _common(paths: Sequence[Path]) -> Path:
    """The longest beginning that paths share."""
    if not paths:
        return ()
    shared = 0
    for parts in zip(*paths):
        if len(set(parts)) > 1:
            break
        shared += 1
    return paths[0][:shared]


def _by_module(run: Sequence[tuple[int, Path]], depth: int) -> list[int | Group]:
    """Operations in a row, with those that ran in the same module as one group."""
    items: list[int | Group] = []
    for inside, part in groupby(run, key=lambda pair: pair[1][: depth + 1] if len(pair[1]) > depth else None):
        members = list(part)
        if inside is None or len(members) == 1:
            items += [place for place, _ in members]
            continue
        inner = _by_module(members, depth + 1)
        alone = inner[0] if len(inner) == 1 else None
        items.append(alone if isinstance(alone, Group) else Group(".".join(inside), "module", inner))
    return items


# --- repeated patterns ---------------------------------------------------------------------------------------------


class _Patterns:
    """Numbers for what items do: two that do the same have the same."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self._numbers: dict[tuple, int] = {}

    def of(self, item: int | Group) -> int:
        if isinstance(item, Group):
            key: tuple = ("group", *map(self.of, item.items))
        else:
            node = self.nodes[item]
            key = node.operation, *(each.value.shape for each in node.definitions if each.value is not None)
        return self._numbers.setdefault(key, len(self._numbers))

    def title(self, items: Sequence[int | Group]) -> str:
        """What a few items do: `mul, tanh`, or the first module among them."""
        module = _first_module(items)
        if module:
            return f"{module} …"
        names = [self.nodes[item].operation for item in items if not isinstance(item, Group)]
        return ", ".join(names) if len(names) <= 3 else f"{names[0]} … {names[-1]}"


def _first_module(items: Sequence[int | Group]) -> str:
    return next((item.title for item in items if isinstance(item, Group)), "")


def _round(number: int, times: int, items: list[int | Group]) -> Group:
    module = _first_module(items)
    return Group(f"{number} of {times}: {module}" if module else f"{number} of {times}", "round", items)


def _fold_repeats(group: Group, patterns: _Patterns) -> None:
    """Let a pattern that is repeated in a row be one group, in this group and in those inside of it."""
    for item in group.items:
        if isinstance(item, Group):
            _fold_repeats(item, patterns)
    folded_items: list[int | Group] = []
    rest = group.items
    for start, period, times in _repeats([patterns.of(item) for item in rest]):
        has_groups = any(isinstance(item, Group) for item in rest[start : start + period])
        if times == 1 or (period * times < _FEW and not has_groups):
            folded_items += rest[start : start + period * times]
            continue
        rounds = [rest[start + turn * period : start + (turn + 1) * period] for turn in range(times)]
        title = f"{patterns.title(rounds[0])} × {times}"  # noqa: RUF001 - the sign for "times"
        if period == 1:
            inner: list[int | Group] = [item for each in rounds for item in each]
        else:
            inner = [_round(number, times, each) for number, each in enumerate(rounds, 1)]
            for each in inner:
                if isinstance(each, Group):
                    _fold_repeats(each, patterns)
        if len(inner) == len(rest):  # all that there is in the group
            group.title = f"{group.title}: {title}" if group.title else title
            folded_items += inner
        else:
            folded_items.append(Group(title, "repeat", inner))
    group.items = folded_items


def _repeats(numbers: Sequence[int]) -> list[tuple[int, int, int]]:
    """Cut a row into stretches: where each starts, how long its pattern is, and how often that comes.

    From left to right, each time the pattern that covers most, and of those the shortest.

    >>> _repeats([7, 1, 2, 1, 2, 1, 2, 9])
    [(0, 1, 1), (1, 2, 3), (7, 1, 1)]
    """
    row = np.array(numbers)
    size = len(row)
    covered, period_at = np.zeros(size + 1, int), np.ones(size + 1, int)
    for period in range(1, min(size // _REPEATED, _PERIODS) + 1):
        differs = np.flatnonzero(np.append(row[period:] != row[:-period], True))
        starts = np.arange(size - period + 1)
        equal = differs[np.searchsorted(differs, starts)] - starts
        length = (equal // period + 1) * period
        better = (length >= _REPEATED * period) & (length > covered[: len(length)])
        covered[: len(length)][better] = length[better]
        period_at[: len(length)][better] = period
    found = []
    place = 0
    while place < size:
        whole, pattern = int(covered[place]), int(period_at[place])
        found.append((place, pattern, whole // pattern) if whole else (place, 1, 1))
        place += whole or 1
    return found


# --- what operations are applied to --------------------------------------------------------------------------------


def _add_inputs(whole: Group, program: Program) -> None:
    """Put leaves and constants into the innermost group that holds all operations that use them."""
    chains: dict[int, list[Group]] = {}

    def note(group: Group, outer: list[Group]) -> None:
        for item in group.items:
            if isinstance(item, Group):
                note(item, [*outer, item])
            else:
                chains[item] = outer

    note(whole, [whole])
    users: dict[int, list[list[Group]]] = {}
    for edge in program.edges:
        if program.nodes[edge.source].kind != "operation":
            users.setdefault(edge.source, []).append(chains[edge.target])
    for place, node in enumerate(program.nodes):
        if node.kind != "operation":
            home = whole
            for level in zip(*users.get(place, [[whole]])):
                if len(Counter(map(id, level))) > 1:
                    break
                home = level[0]
            home.items.append(place)
