"""Calls of modules with other parameters than their own."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn.modules.module import Module
from adjoint.nn.parallel import DataParallel

__all__ = ["functional_call"]

Tensors = dict[str, Tensor]
_ABSENT: Any = object()


def functional_call(
    module: Module, parameters_and_buffers: Tensors, args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """The old place of `torch.func.functional_call`."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future version "
        "of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return called_with(module, parameters_and_buffers, args, kwargs, tie_weights, strict)


def called_with(
    module: Module, tensors: Tensors, args: Any, kwargs: dict[str, Any] | None, tie_weights: bool, strict: bool
) -> Any:
    """What a module computes with these tensors in the places of its parameters and buffers.

    What the call writes to those places comes back in `tensors`.
    """
    if isinstance(module, DataParallel):
        raise RuntimeError("The stateless API can't be used with nn.DataParallel module")
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, tensors, tie_weights, strict):
        return module(*args, **(kwargs or {}))


@contextmanager
def _replaced(module: Module, tensors: Tensors, tie_weights: bool, strict: bool) -> Iterator[None]:
    wanted = _with_ties(module, tensors) if tie_weights else tensors
    if strict:
        _check_names(module, wanted)
    own: dict[str, Any] = {}
    try:
        for name, tensor in wanted.items():
            own[name] = _swap(module, name, tensor)
        yield
    finally:
        left = {name: _swap(module, name, tensor) for name, tensor in own.items()}
        tensors.update({name: left[name] for name in tensors if name in left})


def _members(module: Module) -> dict[str, Tensor]:
    """All parameters and buffers by name, those with several names under each."""
    return {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }


def _with_ties(module: Module, tensors: Tensors) -> Tensors:
    """The tensors under all the names that their places have in the module."""
    names: dict[int, set[str]] = {}
    for name, tensor in _members(module).items():
        names.setdefault(id(tensor), set()).add(name)
    found = dict(tensors)
    for tied in names.values():
        given = tied & tensors.keys()
        if len({id(tensors[name]) for name in given}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(tied)}, which are tied. Consider using "
                "tie_weights=False"
            )
        if given:
            found.update(dict.fromkeys(tied, tensors[next(iter(given))]))
    return found


def _check_names(module: Module, tensors: Tensors) -> None:
    own = _members(module).keys()
    kinds = {"Unexpected": sorted(tensors.keys() - own), "Missing": sorted(own - tensors.keys())}
    errors = [f"{kind} key(s): {', '.join(map(repr, names))}." for kind, names in kinds.items() if names]
    if errors:
        raise RuntimeError(f"Error(s) in reparametrizing for {module._get_name()}:\n\t" + "\n\t".join(errors))


def _owner(module: Module, path: str) -> Module:
    """The module at a path."""
    for name in path.split(".") if path else ():
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        module = getattr(module, name)
        if not isinstance(module, Module):
            raise TypeError(f"submodule `{path}`: {module} is not an instance of torch.nn.Module")
    return module


def _swap(module: Module, path: str, tensor: Any) -> Any:
    """Put a tensor where a path leads and return what was there; `_ABSENT` stands for nothing."""
    place, _, name = path.rpartition(".")
    owner = _owner(module, place)
    if tensor is not None and tensor is not _ABSENT and not isinstance(tensor, Tensor):
        raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    if not name:
        raise KeyError('tensor name can\'t be empty string ""')
    table = next((each for each in (owner._parameters, owner._buffers) if name in each), None)
    if table is None:
        before = getattr(owner, name, _ABSENT)
        if before is not None and before is not _ABSENT and not isinstance(before, Tensor):
            raise TypeError(f"attribute `{name}`: {before} is not an instance of torch.Tensor")
        if tensor is not _ABSENT:
            setattr(owner, name, tensor)
        elif before is not _ABSENT:
            delattr(owner, name)
        return before
    before = table.pop(name) if tensor is _ABSENT else table[name]
    if tensor is not _ABSENT:
        table[name] = tensor
    return before
