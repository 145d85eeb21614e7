"""Threads that help a compiled program through its loops.

Compiled code takes one chunk after another from counters in memory until none is left, whoever runs it. So to help is
to call the same function with the same arguments; who comes late finds nothing to do and leaves, and nobody has to be
waited for but those who hold a chunk.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any

__all__ = ["get_num_threads", "run_shared", "set_num_threads"]


class _Team:
    """The threads of this process, started as they are first needed."""

    def __init__(self) -> None:
        self.size = _available()
        self.started = 1  # the calling thread
        self.jobs: SimpleQueue[tuple[Callable[..., Any], tuple]] = SimpleQueue()
        self.lock = Lock()

    def grow(self) -> None:
        with self.lock:
            while self.started < self.size:
                Thread(target=_help, args=(self.jobs,), name="adjoint", daemon=True).start()
                self.started += 1


def _available() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _help(jobs: SimpleQueue) -> None:
    while True:
        function, arguments = jobs.get()
        function(*arguments)
        del function, arguments  # they keep memory alive


_team = _Team()


def _forget() -> None:
    global _team
    size, _team = _team.size, _Team()
    _team.size = size


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)  # threads do not survive a fork


def get_num_threads() -> int:
    """How many threads compiled programs use."""
    return _team.size


def set_num_threads(count: int) -> None:
    """Use this many threads in compiled programs."""
    if not isinstance(count, int) or isinstance(count, bool):
        raise TypeError(f"set_num_threads expects an int, but got {type(count).__name__}")
    if count < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _team.size = count


def run_shared(function: Callable[..., Any], *arguments: Any) -> None:
    """Call a compiled function here and, at the same time, in the other threads."""
    if _team.started < _team.size:
        _team.grow()
    for _ in range(_team.size - 1):
        _team.jobs.put((function, arguments))
    function(*arguments)
