"""Load optional and slow packages on first use.

`import adjoint` must stay about as fast as `import numpy`, and must work where an optional package is missing. So
everything heavy (`llvmlite`, `sympy`, `scipy.special`, ...) is named once at module level through `lazy`, and is
imported when one of its attributes is first read.
"""

import importlib
from types import ModuleType
from typing import Any

__all__ = ["LazyModule", "lazy"]


class LazyModule:
    """Stands in for a module, which it imports the first time that an attribute is read."""

    def __init__(self, name: str, extra: str | None = None) -> None:
        self._name = name
        self._extra = extra

    def _import(self) -> ModuleType:
        try:
            return importlib.import_module(self._name)
        except ModuleNotFoundError as error:
            package = self._name.partition(".")[0]
            if self._extra is None or error.name is None or error.name.partition(".")[0] != package:
                raise  # the package is there, and lacks something of its own
            raise ModuleNotFoundError(
                f"No module named '{package}', which this needs.\nInstall it with: pip install 'adjoint[{self._extra}]'",
                name=error.name,
            ) from None

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__") and attribute != "__version__":
            raise AttributeError(attribute)  # doctest and inspect ask every object for such names: that is not use
        value = getattr(self._import(), attribute)
        # Kept on the proxy, so that the next look-up is an ordinary attribute's and comes here no more.
        self.__dict__[attribute] = value
        return value

    def __dir__(self) -> list[str]:
        return dir(self._import())

    def __repr__(self) -> str:
        return f"<lazy module '{self._name}'>"


def lazy(name: str, *, extra: str | None = None) -> Any:
    """Return a stand-in for the module `name` that imports it on first use.

    Where the package is missing, the first use raises `ModuleNotFoundError` (an `ImportError`), which says which of
    Adjoint's extras brings it when `extra` names one.

    >>> special = lazy("scipy.special")
    >>> float(special.erf(0.0))
    0.0
    >>> lazy("missing_package", extra="insight").Symbol
    Traceback (most recent call last):
        ...
    ModuleNotFoundError: No module named 'missing_package', which this needs.
    Install it with: pip install 'adjoint[insight]'
    """
    return LazyModule(name, extra)
