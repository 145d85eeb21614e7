"""Samples of the records of the families that are loaded later: a file per family.

Each file has `SAMPLES`: for each record its samples, pairs of operands and static parameters, in the manner of
`tests/records/samples.py`: float64 arrays to differentiate by, other arrays and numbers to hold. `REAL_ONLY` names those
that are not defined on complex numbers, or ask which of two numbers is larger. `PROGRAMS` has, for records that work only
within a program, that program and its operands.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

SAMPLES: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}
REAL_ONLY: set[str] = set()
PROGRAMS: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {}
for _module in iter_modules(__path__):
    _family = import_module(f"{__name__}.{_module.name}")
    SAMPLES |= _family.SAMPLES
    REAL_ONLY |= getattr(_family, "REAL_ONLY", set())
    PROGRAMS |= getattr(_family, "PROGRAMS", {})
