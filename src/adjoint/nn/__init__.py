"""`torch.nn`: the parts of neural networks. The layers are loaded when they are first used."""

from importlib import import_module as _import_module
from sys import modules as _modules
from typing import Any as _Any

from adjoint.core.absent import absent_attribute as _absent_attribute
from adjoint.nn import functional

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "modules.module": ("Module",),
    "modules.container": ("ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "Sequential"),
    "modules.identity": ("Identity",),
    "parameter": ("Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_SUBMODULES = frozenset({"init", "modules", "parameter", "utils"})

_absent = _absent_attribute(_modules[__name__])


def __getattr__(name: str) -> _Any:
    if name in _SUBMODULES:
        return _import_module(f"{__name__}.{name}")
    if name not in _HOME:
        return _absent(name)
    found = globals()[name] = getattr(_import_module(f"{__name__}.{_HOME[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_SUBMODULES})


__all__ = ["functional"]
__all__ += list(_HOME)
