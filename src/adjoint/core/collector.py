"""How often Python's cyclic garbage collector looks at what it will not find.

A graph has no reference cycles, so there is nothing in it for the collector, which all the same looks through all of it
each time 700 objects, Python's default, were made: half of the time of building a chain of 100,000 operations.
"""

from __future__ import annotations

import gc

_PYTHONS_DEFAULTS = (700, 2000)  # up to Python 3.12, and since
_OBJECTS = 20_000


def look_less_often() -> None:
    """Let the collector run each 20,000 new objects, unless the program has chosen a number of its own."""
    first, *others = gc.get_threshold()
    if first in _PYTHONS_DEFAULTS:
        gc.set_threshold(_OBJECTS, *others)
