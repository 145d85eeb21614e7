"""What a function can see besides its arguments: variables around it, globals that it names, attributes of its objects.

Its tensors are inputs of the compiled program, like the arguments. All else is taken to be constant: it is noted with its
value, and a compiled program is used only while every note still holds.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from adjoint.core.dtypes import dtype
from adjoint.core.graph import Node
from adjoint.core.tensor import Tensor

__all__ = ["Environment", "look_around"]

_MOST_OBJECTS = 20_000
_PLAIN = (bool, int, float, complex, str, bytes, type(None), dtype, np.generic, range, slice)
_OPAQUE = (ModuleType, type, BuiltinFunctionType, Node, CodeType, np.ufunc)
_MISSING = object()

Note = tuple[Callable[[], Any], Any]  # how to look a value up again, and what it was


class Environment:
    """The tensors that a function can reach, and notes on everything else."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []
        self.notes: list[Note] = []
        self.prints = False  # whether a function among these calls `print`

    def holds(self) -> bool:
        """Whether everything is still as it was noted."""
        for look_up, value in self.notes:
            now = look_up()
            if now is not value and not _same(now, value):
                return False
        return True


def _same(x: Any, y: Any) -> bool:
    """Plain values are compared, all others are the same only if they are the same object."""
    return type(x) is type(y) and isinstance(x, _PLAIN) and (x == y or (x != x and y != y))


def look_around(*roots: Any) -> Environment:
    """What can be reached from functions and objects."""
    environment = Environment()
    seen: set[int] = set()
    keep: list[Any] = []  # bound methods and the like are made anew at each look; their ids must stay taken
    stack = list(reversed(roots))
    while stack and len(seen) < _MOST_OBJECTS:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, (*_PLAIN, *_OPAQUE)):
            continue
        seen.add(id(thing))
        keep.append(thing)
        if isinstance(thing, Tensor):
            environment.tensors.append(thing)
            continue
        if isinstance(thing, FunctionType) and not _is_library(thing.__module__) and "print" in _names(thing.__code__):
            environment.prints = True
        for look_up in _parts(thing):
            value = look_up()
            environment.notes.append((look_up, value))
            stack.append(value)
    return environment


def _parts(thing: Any) -> Iterator[Callable[[], Any]]:
    """For each thing that this one refers to, how to look it up."""
    if isinstance(thing, MethodType):
        yield lambda: thing.__self__
        yield lambda: thing.__func__
    elif isinstance(thing, functools.partial):
        yield lambda: thing.func
        yield lambda: thing.args
        yield lambda: thing.keywords
    elif isinstance(thing, FunctionType):
        yield from _parts_of_function(thing)
    elif isinstance(thing, dict):
        yield lambda: len(thing)
        for key in thing:
            yield functools.partial(thing.get, key, _MISSING)
    elif isinstance(thing, (list, tuple)):
        yield lambda: len(thing)
        for place in range(len(thing)):
            yield functools.partial(_item, thing, place)
    elif isinstance(thing, (set, frozenset)):
        yield lambda: len(thing)
    elif isinstance(getattr(thing, "__dict__", None), dict):
        yield lambda: thing.__dict__
        for kind in type(thing).__mro__:
            if not _is_library(kind.__module__):
                for method in vars(kind).values():
                    if isinstance(method, FunctionType):
                        yield functools.partial(_itself, method)


def _item(sequence: Any, place: int) -> Any:
    return sequence[place] if place < len(sequence) else _MISSING


def _itself(thing: Any) -> Any:
    return thing


def _is_library(module: str | None) -> bool:
    """Whether functions and classes of this module have no state that the user changes."""
    return module is not None and module.partition(".")[0] in ("adjoint", "builtins", "numpy", "scipy")


def _parts_of_function(function: FunctionType) -> Iterator[Callable[[], Any]]:
    if _is_library(function.__module__):
        return
    yield lambda: function.__defaults__
    yield lambda: function.__kwdefaults__
    for cell in function.__closure__ or ():
        yield functools.partial(_contents, cell)
    space = function.__globals__
    for name in sorted(_names(function.__code__)):
        if name in space:
            yield functools.partial(space.get, name, _MISSING)


def _contents(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return _MISSING


def _names(code: CodeType) -> set[str]:
    """The global names, among others, that code and the functions defined in it mention."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names(constant)
    return names
