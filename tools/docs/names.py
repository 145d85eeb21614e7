"""What is public, and on which page of the reference it stands.

A page shows the names of one public module, or, of the face, those that a few families of operations declare. A name
that means the same as another one is documented once, and elsewhere refers to that.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import adjoint
from adjoint.core.exports import Export, exports
from adjoint.core.tensor import Tensor
from adjoint.ops import later
from adjoint.ops.legacy import CONSTRUCTORS

later.load_all()  # so that every name is there

_TENSOR_HOME = Tensor.size.__module__


@dataclass(frozen=True)
class Page:
    """A page of the reference: the public modules that it shows, or families of the face."""

    slug: str
    title: str
    modules: tuple[str, ...] = ()
    families: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A public name: where it stands, and what it is."""

    path: str  # `nn.Linear`; below the package
    value: Any = field(repr=False)
    home: str  # the module that declares it
    export: Export | None = None

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]

    @property
    def is_described(self) -> bool:
        """Whether it is a function or class with a docstring of its own, rather than a value."""
        return inspect.isclass(self.value) or inspect.isroutine(self.value)


#: in the order in which a name that stands in several places is documented
_PLACED = (
    Page("insight", "Insight", ("insight",)),
    Page("autograd", "Autograd", ("autograd", "autograd.function", "autograd.graph", "autograd.forward_ad",
         "autograd.functional", "autograd.gradcheck", "autograd.profiler"), ("autograd",)),
    Page("func", "Transformations", ("func",)),
    Page("compile", "Compile", ("compiler",)),
    Page("nn", "Layers", ("nn", "nn.parameter", "nn.modules.module")),
    Page("functional", "Functions of layers", ("nn.functional",)),
    Page("init", "Initial values and tools of layers", ("nn.init", "nn.utils", "nn.utils.rnn", "nn.utils.parametrize",
         "nn.utils.parametrizations", "nn.utils.prune", "nn.utils.stateless", "nn.parallel")),
    Page("optim", "Optimizers", ("optim", "optim.lr_scheduler", "optim.swa_utils")),
    Page("data", "Data", ("utils.data", "multiprocessing")),
    Page("serialization", "Files", ("serialization", "serialization.safetensors")),
    Page("utils", "Checkpoints and other tools", ("utils.checkpoint", "utils.hooks", "utils.dlpack")),
    Page("amp", "Mixed precision", ("amp", "amp.autocast_mode", "amp.grad_scaler", "cuda.amp", "cpu.amp"), ("amp",)),
    Page("devices", "Devices and settings", ("cuda", "cpu", "accelerator", "mps", "mtia", "xpu", "backends", "version"),
         ("backends",)),
    Page("random", "Random numbers", ("random",), ("ops.random", "ops.drawing", "ops.rejection", "ops.sampling")),
    Page("tensor", "Tensor", (), ("core.tensor",)),
    Page("making", "Making tensors", (), ("ops.creation", "ops.data", "ops.ranges", "ops.windows", "ops.exchange",
         "ops.memory", "ops.legacy")),
    Page("elementwise", "Elementwise mathematics", (), ("ops.pointwise", "ops.powers", "ops.arithmetic", "ops.elementary",
         "ops.rounding", "ops.special", "ops.bessel", "ops.integers")),
    Page("comparison", "Comparison, choice and bits", (), ("ops.comparison", "ops.choice", "ops.bitwise", "ops.floats")),
    Page("in-place", "In-place forms as functions", (), ("ops.in_place",)),
    Page("complex", "Complex numbers", (), ("ops.complex", "ops.pairs")),
    Page("reductions", "Sums, extremes and statistics", (), ("ops.reduction", "ops.totals", "ops.extremes",
         "ops.statistics", "ops.quantiles", "ops.scans", "ops.counting", "ops.calculus")),
    Page("shapes", "Shapes and views", (), ("ops.shape", "ops.resizing", "ops.broadcasting", "ops.strides", "ops.rolling",
         "ops.diagonals", "ops.copies")),
    Page("joining", "Joining and splitting", (), ("ops.joining", "ops.splitting", "ops.stacking")),
    Page("indexing", "Indexing, gathering and searching", (), ("ops.indexing", "ops.gathering", "ops.scattering",
         "ops.slices", "ops.filling", "ops.writing", "ops.searching", "ops.sets", "ops.ordering")),
    Page("matrices", "Matrices", (), ("ops.matrix", "ops.linalg")),
    Page("layers", "What layers compute, on the face", (), ("ops.nn",)),
    Page("types", "Types, settings and values", (), ("ops.conversion", "ops.typenames", "ops.unlisted", "core.dtypes",
         "core.limits", "core.formats", "core.device", "core.printing", "values")),
    Page("linalg", "Linear algebra", ("linalg",)),
    Page("fft", "Fourier transforms", ("fft",), ("ops.spectral",)),
    Page("special", "Special functions", ("special", "signal.windows")),
    Page("masked", "Masked reductions", ("masked",)),
    Page("array-api", "The array API standard", ("array_api",)),
)  # fmt: skip

#: packages of the library's own: programs use their names through the face
NOT_FOR_PROGRAMS = frozenset({"arrays", "cli", "core", "lazy", "native", "ops"})


def _unplaced() -> tuple[str, ...]:
    """The modules of the face that no page names."""
    placed = {module.partition(".")[0] for page in _PLACED for module in page.modules} | NOT_FOR_PROGRAMS
    return tuple(
        name
        for name in dir(adjoint)
        if inspect.ismodule(getattr(adjoint, name)) and name not in placed and name[0] != "_"
    )


#: names that are new, until they have a page of their own kind
FURTHER = Page("further", "Further names", _unplaced())
PAGES = (*_PLACED, FURTHER)


@cache
def entries(module: str) -> tuple[Entry, ...]:
    """The public names of a module of the face; "" is the face itself."""
    owner = import_module(f"adjoint.{module}" if module else "adjoint")
    names = {*getattr(owner, "__all__", ()), *later.names(module)} if module else _own(owner)
    return tuple(entry for name in sorted(names) if (entry := _entry(module, name, getattr(owner, name))) is not None)


def methods() -> Iterator[Export]:
    """The functions that are methods only."""
    return (each for each in exports.values() if each.key.startswith("Tensor."))


def attached() -> dict[str, str]:
    """The methods of tensors that other modules attach, such as `backward`: the path of each one's function."""
    own = {name for each in exports.values() if each.method for name in (each.method, f"{each.method}_")}
    return {
        name: f"{value.__module__}.{value.__qualname__}"
        for name, value in sorted(vars(Tensor).items())
        if inspect.isfunction(value)
        and not name.startswith("_")
        and name not in own
        and value.__module__ != _TENSOR_HOME
    }


def renamed() -> dict[str, str]:
    """The methods of tensors that are others by another name: `ndimension` is `dim`."""
    return {
        name: value.__name__
        for name, value in sorted(vars(Tensor).items())
        if inspect.isfunction(value) and value.__module__ == _TENSOR_HOME and value.__name__ != name and name[0] != "_"
    }


def family(entry: Entry) -> Page:
    """The page of a name of the face."""
    for page in PAGES:
        if any(entry.home == f"adjoint.{home}" or entry.home.startswith(f"adjoint.{home}.") for home in page.families):
            return page
    for page in PAGES:
        if any(entry.value is each.value for module in page.modules for each in entries(module)):
            return page
    return FURTHER


@cache
def contents() -> dict[str, tuple[Entry, ...]]:
    """For each page, by its slug, the names that it shows."""
    found: dict[str, list[Entry]] = {page.slug: [] for page in PAGES}
    for page in PAGES:
        for module in page.modules:
            found[page.slug] += entries(module)
    for entry in entries(""):
        found[family(entry).slug].append(entry)
    return {slug: tuple(each) for slug, each in found.items()}


@cache
def documented() -> dict[int, Entry]:
    """By the identity of a function or class: the entry that documents it."""
    found: dict[int, Entry] = {}
    for page in PAGES:
        for entry in contents()[page.slug]:
            if (
                entry.is_described and f"adjoint.{entry.path}" not in sys.modules
            ):  # a module may have its function's name
                found.setdefault(id(inspect.unwrap(entry.value)), entry)
    return found


def _own(owner: ModuleType) -> set[str]:
    return {name for name in dir(owner) if not name.startswith("_")}


def _entry(module: str, name: str, value: Any) -> Entry | None:
    """The entry of a name; None for modules, and for what other packages bring."""
    path = f"{module}.{name}" if module else name
    export = exports.get(path)
    if isinstance(value, ModuleType):
        return None
    if export is not None:
        return Entry(path, value, export.home, export)
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return Entry(path, value, "adjoint.values")
    if value in CONSTRUCTORS.values():
        return Entry(path, value, "adjoint.ops.legacy")
    return Entry(path, value, value.__module__) if value.__module__.startswith("adjoint.") else None


def is_legacy(entry: Entry) -> bool:
    """Whether it is one of PyTorch's old types of tensors, `torch.FloatTensor`, which are no classes of tensors."""
    return entry.value in CONSTRUCTORS.values()
