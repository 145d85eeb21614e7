"""Tensors in a special state: some of their slots are computed.

The short paths of operations read a tensor's slots and ask nothing. So a tensor for which something must be done when a
slot is read is given a class in which that slot is a property. The class says that it is the tensor's own: `isinstance`
and `__class__` see no difference.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from adjoint.core import modes
from adjoint.core import tensor as tensors
from adjoint.core.tensor import Tensor

_class_of: Any = object.__dict__["__class__"]


@cache
def in_state(kind: type, state: type) -> type:
    """The class of tensors of a kind that are in a state."""
    names = {
        "__slots__": (),
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__class__": property(lambda self: kind),
    }
    return type(kind)(kind.__name__, (state, kind), names)


def enter(tensor: Tensor, state: type) -> None:
    """Put a tensor into a state."""
    _class_of.__set__(tensor, in_state(tensor.__class__, state))  # type: ignore[arg-type]


def leave(tensor: Tensor) -> None:
    """Give a tensor its own class back."""
    _class_of.__set__(tensor, tensor.__class__)


# --- inference tensors -------------------------------------------------------------------------------------------

_log: Any = Tensor.__dict__["_writes"]


class Inference:
    """Made in inference mode: nobody counts the writes to it, so it cannot be saved for a backward pass."""

    __slots__ = ()

    def _read(self: Any) -> list | None:
        if modes.state.grad_enabled and not modes.state.inference:
            raise RuntimeError(
                "Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in "
                "computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use "
                "it in autograd, or use `torch.no_grad()` instead of `torch.inference_mode()`."
            )
        return _log.__get__(self)

    _writes = property(_read, _log.__set__)


def make_inference(tensor: Tensor, like: Tensor | None = None) -> None:
    """Make a new tensor one of inference mode; it shares the memory of `like`."""
    if like is not None:
        tensor._writes = log_of(like)
    tensor._inference = True
    enter(tensor, Inference)


def log_of(tensor: Tensor) -> list:
    """The log of writes to a tensor's memory, also to that of an inference tensor."""
    log = _log.__get__(tensor)
    if log is None:
        log = []
        _log.__set__(tensor, log)
    return log


def check_inference(tensor: Tensor) -> None:
    """Refuse to write outside of inference mode to a tensor that was made in it."""
    if tensor.is_inference() and not modes.state.inference:
        raise RuntimeError(
            "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal "
            "tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
        )


tensors.make_inference = make_inference
