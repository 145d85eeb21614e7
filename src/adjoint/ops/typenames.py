"""Names of types, as PyTorch prints them."""

from __future__ import annotations

from typing import Any

from adjoint.core.exports import public
from adjoint.core.tensor import Tensor


@public(method=False)
def typename(obj: Any, /) -> str:
    """The type of an object by name; of a tensor, with the type of its elements.

    >>> import adjoint as torch
    >>> torch.typename(torch.tensor([1.0])), torch.typename(1)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(kind, "__module__", "")
    name = kind.__qualname__
    return name if module in ("", "builtins", "__builtin__") else f"{_public(module)}.{name}"


def _public(module: str) -> str:
    return "torch" + module.removeprefix("adjoint") if module.partition(".")[0] == "adjoint" else module
