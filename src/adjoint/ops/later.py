"""The families of operations that are loaded when one of their names is first used.

`ops.catalogue` says which names each of them brings; `python -m tools.catalogue` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core.absent import absent_attribute
from adjoint.core.exports import exports
from adjoint.core.tensor import Tensor
from adjoint.ops.catalogue import CATALOGUE
from adjoint.ops.methods import add_method

#: the module that brings each name: of the face, of a method, of a verb
_FUNCTIONS = {name: module for module, names in CATALOGUE.items() for name in names.get("functions", ())}
_METHODS = {name: module for module, names in CATALOGUE.items() for name in names.get("methods", ())}
_VERBS = {name: module for module, names in CATALOGUE.items() for name in names.get("verbs", ())}

#: the public functions whose methods `Tensor` has: a family may be imported before it is loaded, by another one
_attached: set[str] = set()


def load(module: str) -> None:
    """Load a family, and give `Tensor` its methods."""
    import_module(module)
    for key in [key for key in exports if key not in _attached]:
        _attached.add(key)
        add_method(exports[key])


def load_all() -> None:
    """Load every family: for tests and for documentation, which enumerate the records."""
    for module in CATALOGUE:
        load(module)


def records() -> set[str]:
    """The names of the records that the families loaded later bring."""
    return {name for names in CATALOGUE.values() for name in names.get("records", ())}


def function(key: str) -> Callable | None:
    """The public function of this path on the face, loaded if it must be; None where there is none."""
    if key not in exports and key in _FUNCTIONS:
        load(_FUNCTIONS[key])
    found = exports.get(key)
    return found.function if found is not None and found.on_module else None


def names(module: str = "") -> set[str]:
    """The names of the functions in a module of the face, loaded or not; "" is the face itself."""
    there = {export.name for export in exports.values() if export.module == module and export.on_module}
    paths = [key.rpartition(".") for key in _FUNCTIONS]
    return there | {name for owner, _, name in paths if owner == module}


def face(module: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module of the face, which finds the functions that were declared for it."""
    owner = sys.modules[module]
    within = module.partition(".")[2]
    absent = absent_attribute(owner)

    def lookup(name: str) -> Any:
        found = function(f"{within}.{name}" if within else name)
        if found is None:
            return absent(name)
        setattr(owner, name, found)  # the next look-up is an ordinary one
        return found

    def listed() -> list[str]:
        return sorted(names(within) | set(vars(owner)))

    return lookup, listed


def install() -> None:
    """Give `Tensor` a method for each name that a family will bring, and verbs on tensors a way to find theirs."""
    for name, module in _METHODS.items():
        if not hasattr(Tensor, name):
            setattr(Tensor, name, _loading(name, module))
    _attached.update(exports)
    tensor_namespace.find = lambda verb: load(_VERBS[verb]) if verb in _VERBS else None


def _loading(name: str, module: str) -> Callable:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Any:
        load(module)
        return getattr(Tensor, name)(self, *args, **kwargs)

    method.__name__ = name
    method.__qualname__ = f"Tensor.{name}"
    return method
