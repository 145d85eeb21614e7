"""The layers, one file per family, and `Module`, which they all are."""

import sys as _sys
from importlib import import_module as _import_module
from typing import Any as _Any


def __getattr__(name: str) -> _Any:
    package = _sys.modules[__name__.rpartition(".")[0]]  # `nn`, which knows what stands in which file
    return _import_module(f"{__name__}.{name}") if f"modules.{name}" in package._HOMES else getattr(package, name)
