"""Public modules whose names stand in files that are loaded when one of their names is first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from adjoint.core.absent import absent_attribute


def loaded_on_use(
    package: str,
    homes: Mapping[str, tuple[str, ...]],
    submodules: Iterable[str] = (),
    otherwise: tuple[Callable[[str], Any], Callable[[], list[str]]] | None = None,
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """`__getattr__`, `__dir__` and `__all__` for a package, by what stands in each of its files.

    `otherwise` is a `__getattr__` and a `__dir__` for other names, which are absent without it.
    """
    owner = sys.modules[package]
    home = {name: file for file, names in homes.items() for name in names}
    files = {*homes, *submodules}
    others, more = otherwise or (absent_attribute(owner), list)

    def lookup(name: str) -> Any:
        if name in home:
            found = getattr(import_module(f"{package}.{home[name]}"), name)
            setattr(owner, name, found)  # the next look-up is an ordinary one
            return found
        return import_module(f"{package}.{name}") if name in files else others(name)

    def listed() -> list[str]:
        return sorted({*vars(owner), *home, *more(), *(name for name in files if "." not in name)})

    return lookup, listed, list(home)
