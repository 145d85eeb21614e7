"""Adjoint in PyTorch's place: for the duration of a run, `import torch` finds `adjoint`.

>>> with standing_in():
...     import torch.autograd as theirs
>>> import adjoint.autograd
>>> theirs is adjoint.autograd
True
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from multiprocessing import spawn
from types import ModuleType

from adjoint.core.absent import absence, absent_attribute, public_name

# The layers beneath the face. PyTorch has no modules of these names, or quite different ones.
_INNER = frozenset({"arrays", "cli", "core", "insight", "ops"})


@contextmanager
def standing_in() -> Iterator[None]:
    """While this is open, `import torch` and its submodules give Adjoint's modules, and never PyTorch's.

    They are the very same objects: `torch.nn` is `adjoint.nn`. A name that Adjoint lacks is an `AttributeError`, an
    `ImportError` or a `ModuleNotFoundError`, as Python would have it, that says so. What was imported as `torch`
    before is put aside and comes back afterwards. Processes that are spawned meanwhile have it the same way.
    """
    set_aside = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_torch(name)}
    stand_in = StandIn()
    for name, module in list(sys.modules.items()):
        if _is_public(name):
            stand_in.prepare(module)
    sys.meta_path.insert(0, stand_in)
    preparing, spawn.get_preparation_data = spawn.get_preparation_data, _preparation_data
    try:
        yield
    finally:
        spawn.get_preparation_data = preparing
        sys.meta_path.remove(stand_in)
        stand_in.undo()
        for name in [name for name in sys.modules if _is_torch(name)]:
            del sys.modules[name]
        sys.modules.update(set_aside)


_python_prepares = spawn.get_preparation_data


def _preparation_data(name: str) -> dict[str, object]:
    """What Python tells a process that it spawns, and the stand-in: there before the process reads the program anew."""
    return _python_prepares(name) | {"stand_in": _Arrival()}


class _Arrival:
    """Unpickled in another process, it puts Adjoint in PyTorch's place there until that ends."""

    def __reduce__(self) -> tuple[Callable[[], object], tuple[()]]:
        return _arrive, ()


def _arrive() -> AbstractContextManager[None]:
    standing = standing_in()
    standing.__enter__()
    return standing  # part of the data from which it was unpickled, which Python keeps until the process ends


class StandIn(MetaPathFinder, Loader):
    """Finds `adjoint.a.b` under the name `torch.a.b`."""

    def __init__(self) -> None:
        self._added: list[tuple[ModuleType, str]] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The place of a `torch` module; an error that says so by name where Adjoint has none."""
        if _is_torch(fullname):
            ours = _our_name(fullname)
            if _is_public(ours) and (ours in sys.modules or self._ask_others(ours, path, target)):
                return ModuleSpec(fullname, self, is_package=True)
            message = f"No module named {fullname!r}\n{_absence(ours)}"
            raise ModuleNotFoundError(message, name=fullname)
        if _is_public(fullname):
            # `from torch import name`, once torch has no attribute `name`, asks for the module `adjoint.name`. Python
            # would answer a ModuleNotFoundError by "cannot import name 'name' from 'adjoint'"; an ImportError passes.
            if found := self._ask_others(fullname, path, target):
                return found
            parent, _, name = public_name(fullname).rpartition(".")
            raise ImportError(f"cannot import name {name!r} from {parent!r}\n{_absence(fullname)}", name=parent)
        return None

    def _ask_others(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        answers = (finder.find_spec(fullname, path, target) for finder in sys.meta_path if finder is not self)
        return next((spec for spec in answers if spec is not None), None)

    def create_module(self, spec: ModuleSpec) -> None:
        """Leave it to Python to make an empty module: `exec_module` puts Adjoint's in its place."""

    def exec_module(self, module: ModuleType) -> None:
        """Put Adjoint's module where Python looks for PyTorch's."""
        ours = importlib.import_module(_our_name(module.__name__))
        self.prepare(ours)
        sys.modules[module.__name__] = ours

    def prepare(self, module: ModuleType) -> None:
        """Let `module` say by name what it lacks, until `undo`."""
        # With a __path__ (an empty one, where the module is no package) Python asks `find_spec` for a missing name.
        for attribute, value in {"__getattr__": absent_attribute(module), "__path__": []}.items():
            if attribute not in vars(module):
                setattr(module, attribute, value)
                self._added.append((module, attribute))

    def undo(self) -> None:
        """Take back what `prepare` added."""
        while self._added:
            delattr(*self._added.pop())


def _is_torch(name: str) -> bool:
    return name == "torch" or name.startswith("torch.")


def _is_public(name: str) -> bool:
    top, *rest = name.split(".")
    return top == "adjoint" and not (rest and (rest[0] in _INNER or rest[0].startswith("_")))


def _our_name(torch_name: str) -> str:
    return "adjoint" + torch_name.removeprefix("torch")


def _absence(ours: str) -> str:
    parent, _, name = ours.rpartition(".")
    return absence(public_name(parent), name, dir(sys.modules[parent]))
