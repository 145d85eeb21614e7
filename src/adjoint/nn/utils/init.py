"""Layers whose first values nobody needs."""

from __future__ import annotations

import inspect
from typing import Any

from adjoint.nn.modules.module import Module
from adjoint.random import fork_rng

__all__ = ["skip_init"]


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Module:
    """A layer whose parameters are not set; the random numbers go on as if it had not been made.

    >>> import adjoint as torch
    >>> torch.nn.utils.skip_init(torch.nn.Linear, 3, 2)
    Linear(in_features=3, out_features=2, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.pop("device", "cpu")
    with fork_rng():
        made = module_cls(*args, **kwargs)
    return made.to_empty(device=device)
