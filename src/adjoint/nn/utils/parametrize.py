"""Parameters that are functions of others: each access computes them anew."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from adjoint.autograd.grad_mode import no_grad
from adjoint.core.tensor import Tensor
from adjoint.nn.modules.container import ModuleDict, ModuleList
from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization", "remove_parametrizations",
    "transfer_parametrizations_and_params", "type_before_parametrizations",
]  # fmt: skip


class _Cache:
    """What parametrised tensors were computed as, while a block asks to keep it."""

    def __init__(self) -> None:
        self.blocks = 0
        self.tensors: dict[tuple[int, str], Tensor] = {}

    def get(self, module: Module, name: str, compute: Callable[[], Tensor]) -> Tensor:
        if not self.blocks:
            return compute()
        key = id(module), name
        if key not in self.tensors:
            self.tensors[key] = compute()
        return self.tensors[key]


_CACHE = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Within the block, compute each parametrised tensor once."""
    _CACHE.blocks += 1
    try:
        yield
    finally:
        _CACHE.blocks -= 1
        if not _CACHE.blocks:
            _CACHE.tensors.clear()


def _register(module: Module, name: str, tensor: Tensor) -> None:
    add: Callable = module.register_parameter if isinstance(tensor, Parameter) else module.register_buffer
    add(name, tensor)


def _check_kept(rule: str, before: tuple[str, Tensor], after: tuple[str, Tensor], *, device: bool = False) -> None:
    """Refuse a tensor whose type or shape is another than before."""
    for property in ("dtype", "device") if device else ("dtype", "shape"):
        found = [getattr(tensor, property) for _, tensor in (before, after)]
        if found[0] != found[1]:
            raise ValueError(
                f"{rule.format(property)}\n{before[0].format(property)}: {found[0]}\n{after[0].format(property)}: {found[1]}"
            )


class ParametrizationList(ModuleList):
    """The functions that a tensor is computed with, one after the other, and the tensors that it is computed from.

    Those are found by the functions' `right_inverse`: one is called `original`, several `original0`, `original1` and so on.
    """

    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.detach()
        found: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):  # then it is taken as the identity
                        found = module.right_inverse(found)
        if not isinstance(found, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got "
                f"{type(found).__name__}"
            )
        self.is_tensor = isinstance(found, Tensor)
        self.ntensors = 1 if self.is_tensor else len(found)
        if isinstance(found, Tensor):
            rule = "When `right_inverse` outputs one tensor, it may not change the {}."
            _check_kept(rule, ("original.{}", before), ("right_inverse(original).{}", found), device=True)
            with no_grad():
                original.set_(found)
            _register(self, "original", original)
        else:
            self._register_several(original, found)
        if not unsafe:
            made = _checked(self())
            rule = "Registering a parametrization may not change the {} of the tensor, unless `unsafe` flag is enabled."
            _check_kept(rule, ("unparametrized {}", before), ("parametrized {}", made))

    def _register_several(self, original: Tensor, found: Sequence[Any]) -> None:
        for place, part in enumerate(found):
            if not isinstance(part, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got element "
                    f"{place} of the sequence with type {type(part).__name__}."
                )
            part = Parameter(part, original.requires_grad) if isinstance(original, Parameter) else part
            _register(self, f"original{place}", part.requires_grad_(original.requires_grad))

    def _originals(self) -> list[Tensor]:
        names = ["original"] if self.is_tensor else [f"original{place}" for place in range(self.ntensors)]
        return [getattr(self, name) for name in names]

    @no_grad()
    def right_inverse(self, value: Any) -> None:
        """Set the originals so that the functions give a value."""
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(f"parametrization {type(module).__name__} does not implement right_inverse.")
            value = module.right_inverse(value)
        if self.is_tensor:
            if not isinstance(value, Tensor):
                raise ValueError(f"`right_inverse` should return a tensor. Got {type(value).__name__}")
            if value.dtype != self.original.dtype:
                raise ValueError(
                    f"The tensor returned by `right_inverse` has dtype {value.dtype} while `original` has dtype "
                    f"{self.original.dtype}"
                )
            self.original.set_(value)
            return
        if not isinstance(value, Sequence):
            raise ValueError(f"'right_inverse' must return a sequence of tensors. Got {type(value).__name__}.")
        if len(value) != self.ntensors:
            raise ValueError(
                f"'right_inverse' must return a sequence of tensors of length {self.ntensors}. Got a sequence of length "
                f"{len(value)}."
            )
        for place, (original, part) in enumerate(zip(self._originals(), value, strict=True)):
            if not isinstance(part, Tensor):
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors or reference-type opaques. Got element "
                    f"{place} of type {type(part).__name__}."
                )
            if original.dtype != part.dtype:
                raise ValueError(
                    f"Tensor {place} returned by `right_inverse` has dtype {part.dtype} while `original{place}` has dtype "
                    f"{original.dtype}"
                )
            original.set_(part)

    def forward(self) -> Tensor:
        first, *rest = self
        found = first(*self._originals())
        for module in rest:
            found = module(found)
        return found


def _checked(found: Any, words: str = "A parametrization must return a tensor. Got") -> Tensor:
    if not isinstance(found, Tensor):
        raise ValueError(f"{words} {type(found).__name__}" + ("" if words.endswith(":") else "."))
    return found


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a parameter or buffer what a module computes from it; several in a row are composed.

    Setting the tensor sets what it is computed from, by the module's `right_inverse` if it has one.

    >>> import adjoint as torch
    >>> class Symmetric(torch.nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = torch.nn.utils.parametrize.register_parametrization(torch.nn.Linear(3, 3), "weight", Symmetric())
    >>> torch.equal(layer.weight, layer.weight.mT)
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        functions = module.parametrizations[tensor_name]
        functions.append(parametrization)
        functions.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        functions = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _parametrized_class(type(module))
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _computed(tensor_name))
        module.parametrizations[tensor_name] = functions
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    return module


def _check_next(module: Module, name: str, parametrization: Any) -> None:
    """Refuse a further function that would change the tensor's type or shape, there or back."""
    before = getattr(module, name)
    after = _checked(parametrization(before))
    rule = "Registering a parametrization may not change the {} of the tensor, unless the `unsafe` flag is enabled."
    own = f"module.{name}.{{}}", before
    _check_kept(rule, own, (f"parametrization(module.{name}).{{}}", after))
    if hasattr(parametrization, "right_inverse"):
        try:
            back = parametrization.right_inverse(after)
        except NotImplementedError:
            return
        back = _checked(back, "parametrization.right_inverse must return a tensor. Got:")
        rule = f"The tensor returned by parametrization.right_inverse must have the same {{}} as module.{name}, unless the `unsafe` flag is enabled."
        _check_kept(rule, own, ("returned {}", back))


def _parametrized_class(kind: type) -> type:
    """A class of its own for a module, which can carry properties."""

    def copied(self: Any, memo: dict) -> Any:
        made = memo[id(self)] = self.__new__(type(self))
        made.__dict__ = copy.deepcopy(self.__dict__, memo)
        return made

    def state(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict(). See:\n"
            "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
            "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
        )

    members: dict[str, Any] = {"__getstate__": state}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = copied
    return type(f"Parametrized{kind.__name__}", (kind,), members)


def _computed(name: str) -> property:
    def get(self: Any) -> Tensor:
        return _CACHE.get(self, name, self.parametrizations[name])

    def put(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrised tensors, or one of this name."""
    functions = getattr(module, "parametrizations", None)
    if not isinstance(functions, ModuleDict):
        return False
    return len(functions) > 0 if tensor_name is None else tensor_name in functions


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Make a tensor an ordinary one again: with its value now, or with `leave_parametrized` False as it was before."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    functions = module.parametrizations[tensor_name]
    if functions.is_tensor:
        original = functions.original
        if leave_parametrized:
            with no_grad():
                original.set_(getattr(module, tensor_name))
    elif leave_parametrized:
        found = getattr(module, tensor_name)
        original = Parameter(found) if found.requires_grad else found
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            "tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had before it was parametrised."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrise a module like another, with the same functions and originals; of one tensor, or of all."""
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name)))
        functions = from_module.parametrizations[name]
        for function in functions:
            register_parametrization(to_module, name, function)
        for key in [key for key in (*functions._parameters, *functions._buffers) if key.startswith("original")]:
            setattr(to_module.parametrizations[name], key, getattr(functions, key))
    return to_module
