"""Tensors among other objects: copied, pickled, and met by NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from adjoint.arrays import numpy as numpy_namespace
from adjoint.core.tensor import Tensor, created, wrap
from adjoint.lazy import lazy
from adjoint.ops.conversion import detach

layout = lazy("adjoint.arrays.kernels.layout")


def _deepcopy(self: Tensor, memo: dict) -> Tensor:
    """A copy of a leaf with memory of its own; its gradient is copied along.

    Tensors that share memory share it again when they are copied together, as in PyTorch.
    """
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If "
            "you were attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001\nCopy a detached tensor, as in x.detach().clone()."
        )
    if id(self) in memo:
        return memo[id(self)]
    copy = object.__new__(type(self))
    copy._data = _copied(self._data, memo)
    copy._node = copy._writes = None
    memo[id(self)] = copy
    if self.requires_grad:
        copy.requires_grad = True
        grad = getattr(self, "_grad", None)
        copy._grad = None if grad is None else _deepcopy(detach(grad), memo)
    for name, value in self.__dict__.items():
        setattr(copy, name, value)
    return copy


def _copied(array: Any, memo: dict) -> Any:
    """An array at its place in a copy of all the memory that it is a part of; `memo` holds that copy for the others."""
    if not isinstance(array, np.ndarray) or not array.size:
        return numpy_namespace.copy(array)
    memory = layout.memory_of(array)
    offset = array.ctypes.data - memory.ctypes.data
    if not 0 <= offset < memory.nbytes:  # it lies so that no vector holds it
        return numpy_namespace.copy(array)
    key = "memory", memory.ctypes.data, memory.nbytes
    if key not in memo:
        memo[key] = memory.view(np.uint8).copy()
    return np.ndarray(array.shape, array.dtype, memo[key], offset, array.strides)


def _shallow(self: Tensor) -> Tensor:
    """Another tensor of the same kind on the same memory, outside the graph."""
    other = detach(self)
    if self.requires_grad:
        other.requires_grad = True
    return of_kind(other, type(self), vars(self))


def of_kind(tensor: Tensor, kind: type[Tensor], attributes: dict[str, Any]) -> Tensor:
    """The tensor as an instance of a class, with attributes of its own."""
    if kind is not Tensor:
        tensor = as_kind(tensor, kind)
    vars(tensor).update(attributes)
    return tensor


def as_kind(tensor: Tensor, kind: Any) -> Any:
    """The tensor as an instance of a subclass, in the same memory and at the same place in the graph."""
    made = object.__new__(kind)
    for name in ("_data", "_node", "_writes", "_grad", "_hooks"):
        if hasattr(tensor, name):
            setattr(made, name, getattr(tensor, name))
    return made


def _reduce(self: Tensor, protocol: int) -> tuple:
    made = np.array(detach(self).numpy(), copy=True), self.requires_grad
    kind, attributes = type(self), dict(vars(self))
    return (_rebuilt, made) if kind is Tensor and not attributes else (_rebuilt_kind, (*made, kind, attributes))


def _rebuilt(array: np.ndarray, requires_grad: bool) -> Tensor:
    return created(array, requires_grad)


def _rebuilt_kind(array: np.ndarray, requires_grad: bool, kind: type[Tensor], attributes: dict[str, Any]) -> Tensor:
    return of_kind(created(array, requires_grad), kind, attributes)


def _array_wrap(self: Tensor, array: np.ndarray, context: Any = None, return_scalar: bool = False) -> Any:
    """What NumPy's functions give for a tensor is a tensor; truth values are numbers there, as in PyTorch."""
    found = np.asarray(array)
    return wrap(found.astype(np.uint8) if found.dtype.kind == "b" else found)


OPERATORS: dict[str, Any] = {
    "__deepcopy__": _deepcopy, "__copy__": _shallow, "__reduce_ex__": _reduce, "__array_wrap__": _array_wrap,
}  # fmt: skip
