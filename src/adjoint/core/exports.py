"""The public functions, as the operations' files declare them: the face, the methods, docs and stubs are read off here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Export:
    """One public function: under which names it stands, and in which forms."""

    name: str
    function: Callable
    module: str  # "" for the face itself, else "special", "linalg", ...
    method: str | None  # the name of the method of `Tensor`, if it has one
    inplace: bool  # whether there is an in-place method `NAME_`
    on_module: bool = True


exports: dict[str, Export] = {}


def export(
    function: F,
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    module: str = "",
    method: bool | str = True,
    inplace: bool = False,
    on_module: bool = True,
) -> F:
    """Put a function on the public face: as `adjoint.NAME`, as a method, as an in-place method."""
    for each in (name or function.__name__, *aliases):
        key = f"{module}.{each}" if module else each if on_module else f"Tensor.{each}"
        if key in exports:
            raise TypeError(f"there are two public functions by the name {key}")
        method_name = (each if method is True else method) or None
        exports[key] = Export(each, function, module, method_name, inplace, on_module)
    return function


def public(
    *,
    name: str | None = None,
    aliases: tuple[str, ...] = (),
    module: str = "",
    method: bool | str = True,
    inplace: bool = False,
    on_module: bool = True,
) -> Callable[[F], F]:
    """Decorator form of `export`."""

    def decorate(function: F) -> F:
        return export(
            function, name=name, aliases=aliases, module=module, method=method, inplace=inplace, on_module=on_module
        )

    return decorate
