"""Layers that learn the shapes of their parameters from their first input."""

from __future__ import annotations

from typing import Any

from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin(Module):
    """What turns a layer into a lazy one: at the first call its parameters get their shapes, and it becomes the layer."""

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load)
        self._initialize_hook = self.register_forward_pre_hook(type(self)._infer_parameters, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Take the shapes of the parameters from an input; each lazy layer defines it."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether a parameter or buffer still waits for its shape."""
        return any(is_lazy(each) for each in (*self._parameters.values(), *self._buffers.values()))

    def _lazy_load(self, state_dict: dict[str, Any], prefix: str, *_: Any) -> None:
        for name, own in {**self._parameters, **self._buffers}.items():
            given = state_dict.get(prefix + name)
            if is_lazy(own) and given is not None and not is_lazy(given):
                own.materialize(given.shape)  # type: ignore[union-attr]

    def _infer_parameters(self, args: tuple, kwargs: dict[str, Any]) -> None:
        self.initialize_parameters(*args, **kwargs)
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        self._initialize_hook.remove()
        self._load_hook.remove()
        del self._initialize_hook, self._load_hook
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become  # type: ignore[assignment]
