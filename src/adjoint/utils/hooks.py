"""`torch.utils.hooks`: handles of hooks, and hooks in copies of tensors."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TypeVar

from adjoint.core.hooks import RemovableHandle, backward_hooks
from adjoint.core.tensor import Tensor

__all__ = ["RemovableHandle", "unserializable_hook", "warn_if_has_hooks"]

F = TypeVar("F", bound=Callable)


def unserializable_hook(f: F) -> F:
    """Decorator for a hook that is meant not to be saved with its tensor, so that nobody needs to be warned of it."""
    f.__torch_unserializable__ = True  # type: ignore[attr-defined]
    return f


def warn_if_has_hooks(tensor: Tensor) -> None:
    """Warn of each hook of a tensor that is about to be saved without them."""
    for hook in (backward_hooks(tensor) or {}).values():
        if not hasattr(hook, "__torch_unserializable__"):
            warnings.warn(
                f"backward hook {hook!r} on tensor will not be serialized. If this is expected, you can decorate the "
                "function with @torch.utils.hooks.unserializable_hook to suppress this warning",
                UserWarning,
                stacklevel=2,
            )
