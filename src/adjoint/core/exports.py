"""The public functions, as the operations' files declare them: the face, the methods, docs and stubs are read off here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
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
    home: str = ""  # the module that declares it

    @property
    def key(self) -> str:
        """Its path on the face: `sin`, `linalg.det`; `Tensor.view` for what is a method only."""
        return f"{self.module}.{self.name}" if self.module else self.name if self.on_module else f"Tensor.{self.name}"


exports: dict[str, Export] = {}


#: names of arguments that PyTorch takes for NumPy's sake, and its own
_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def _accepting_numpy_names(function: F) -> F:
    @wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            kwargs = {_NUMPY_NAMES.get(name, name): value for name, value in kwargs.items()}
        return function(*args, **kwargs)

    return renamed  # type: ignore[return-value]


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
    if any(word in function.__code__.co_varnames for word in _NUMPY_NAMES.values()):
        function = _accepting_numpy_names(function)
    home = declaring_module()
    for each in (name or function.__name__, *aliases):
        method_name = (each if method is True else method) or None
        made = Export(each, function, module, method_name, inplace, on_module, home)
        if made.key in exports:
            raise TypeError(f"there are two public functions by the name {made.key}")
        exports[made.key] = made
    return function


def declaring_module() -> str:
    """The module whose body is being executed: the home of what it declares."""
    frame = sys._getframe(1)
    while frame.f_code.co_name != "<module>" and frame.f_back is not None:
        frame = frame.f_back
    return frame.f_globals["__name__"]


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
