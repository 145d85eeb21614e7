"""The libraries that are compared, and the ways of using each."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

Transform = Callable[[Callable[..., Any]], Callable[..., Any]]


@dataclass(frozen=True)
class Peer:
    """One way of using one library.

    `dialect` says which of a task's sources it runs: Adjoint and PyTorch share theirs. `compile` is the name of the
    library's compiler, which a task applies to the function that it differentiates; without one, nothing is applied.
    """

    name: str
    module: str
    dialect: str
    compile: str | None = None

    @property
    def installed(self) -> bool:
        return importlib.util.find_spec(self.module) is not None

    @property
    def version(self) -> str:
        return importlib.metadata.version(self.module)

    def load(self) -> tuple[ModuleType, Transform]:
        """Import the library; return it and what a task is to wrap its function in."""
        library = importlib.import_module(self.module)
        return library, getattr(library, self.compile) if self.compile else _unchanged


def _unchanged(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        Peer("adjoint", "adjoint", "torch"),
        Peer("adjoint-compile", "adjoint", "torch", compile="compile"),
        Peer("torch", "torch", "torch"),
        Peer("torch-compile", "torch", "torch", compile="compile"),
        Peer("jax", "jax", "jax"),
        Peer("jax-jit", "jax", "jax", compile="jit"),
        Peer("autograd", "autograd", "autograd"),
        Peer("numpy", "numpy", "numpy"),
    )
}
