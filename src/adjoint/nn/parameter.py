"""`torch.nn.parameter`: tensors that a module owns: parameters, which are learned, and buffers, which are not."""

from __future__ import annotations

from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.ops.creation import empty

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "is_lazy"]


def _adopt(made: Tensor, data: Tensor) -> None:
    """Let a new tensor share the memory of another."""
    made._data = data.detach()._data
    made._writes = data._writes
    made._node = None


class Parameter(Tensor):
    """A tensor that, set as an attribute of a `Module`, is one of its parameters. It requires a gradient.

    >>> import adjoint as torch
    >>> torch.nn.Parameter(torch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        made = super().__new__(cls)
        _adopt(made, empty(0) if data is None else data)
        if requires_grad:
            made.requires_grad_(True)
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__` has done it

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    def __deepcopy__(self, memo: dict) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), self.requires_grad)
        return memo[id(self)]


class Buffer(Tensor):
    """A tensor that, set as an attribute of a `Module`, is one of its buffers; kept in the state if `persistent`.

    >>> import adjoint as torch
    >>> module = torch.nn.Module()
    >>> module.mean = torch.nn.Buffer(torch.zeros(2))
    >>> [name for name, _ in module.named_buffers()]
    ['mean']
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        made = super().__new__(cls)
        _adopt(made, empty(0) if data is None else data)
        made.persistent = persistent
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__` has done it


class _Uninitialized:
    """What tensors have in common that wait for their shape."""

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a tensor of this shape, with elements that are not set."""
        tensor: Any = self
        tensor._data = empty(tuple(shape), dtype=dtype or tensor.dtype)._data
        tensor.__class__ = self.cls_to_become  # type: ignore[attr-defined]

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` to "
            "initialize the parameters before accessing their attributes."
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce_ex__(self, protocol: Any) -> tuple:
        tensor: Any = self
        return type(self), (tensor.requires_grad,)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first input of its lazy module will tell."""

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> UninitializedParameter:
        return Parameter.__new__(cls, empty(0, dtype=dtype), requires_grad)  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict) -> UninitializedParameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, dtype=self.dtype)
        return memo[id(self)]


class UninitializedBuffer(_Uninitialized, Tensor):
    """A buffer whose shape the first input of its lazy module will tell."""

    cls_to_become = Tensor
    persistent: bool

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> UninitializedBuffer:
        made = super().__new__(cls)
        _adopt(made, empty(0, dtype=dtype))
        made.persistent = persistent
        return made

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass  # `__new__` has done it


def is_lazy(parameter: Any) -> bool:
    """Whether a parameter or buffer still waits for its shape."""
    return isinstance(parameter, _Uninitialized)
