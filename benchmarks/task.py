"""What a benchmark is: one record, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peers import PEERS

Work = Callable[[], Any]
Source = Callable[..., Work]
"""`source(library, transform, size)` makes ready what is not timed and returns the work that is."""


@dataclass(frozen=True)
class Lane:
    """One column of a race: a peer, the size that it works on, and the name that the table gives it."""

    peer: str
    size: int
    label: str


@dataclass(frozen=True)
class Task:
    """The same work, written once for each dialect, and who runs it.

    name      what `--only` asks for
    about     what one call of the work does
    sources   by dialect (`torch`, `jax`, `autograd`, `numpy`): see `Source`
    ours      the peer whose time the others' are divided by
    rivals    the peers beside it
    size      the number of elements, nodes or steps; `tiny` is the one used where only the values matter
    bounds    by rival: the least ratio (its time / ours) that passes
    at_most   the most seconds that ours may take, where the time itself is what is promised
    per       what a time is divided by: `call`, or `node` for the time of a call over its size
    measure   `steady`: the time of a call, once warm;
              `compile`: the first call in a fresh process, less a steady one
    max_rounds  for work that takes seconds
    rival_size  for a task that races ours against itself: the size that the rival works on
    """

    name: str
    about: str
    sources: Mapping[str, Source]
    ours: str = "adjoint"
    rivals: tuple[str, ...] = ("torch", "jax", "jax-jit", "autograd")
    size: int = 1
    tiny: int = 3
    bounds: Mapping[str, float] = field(default_factory=dict)
    at_most: float | None = None
    per: str = "call"
    measure: str = "steady"
    max_rounds: int | None = None
    rival_size: int | None = None

    @property
    def lanes(self) -> list[Lane]:
        """Ours first, then the rivals."""
        return [self._lane(self.ours, self.size)] + [
            self._lane(peer, self.rival_size or self.size) for peer in self.rivals
        ]

    def _lane(self, peer: str, size: int) -> Lane:
        return Lane(peer, size, f"{peer}, {size} {self.per}s" if self.rival_size else peer)

    def ready(self, peer: str, size: int) -> Work:
        """The work of this task on this peer, ready to be called."""
        library, transform = PEERS[peer].load()
        return self.sources[PEERS[peer].dialect](library, transform, size)
