"""`Optimizer`: groups of parameters with their settings, the state of each parameter, and hooks.

A subclass writes `update`, one step on one group; this file does the rest.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from adjoint.autograd.grad_mode import enable_grad
from adjoint.core import dtypes, modes
from adjoint.core.events import STEP, ZERO_GRAD, note, place_of_caller
from adjoint.core.graph import next_sequence
from adjoint.core.hooks import RemovableHandle
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.typenames import typename
from adjoint.optim import noticing

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook", "required"]

Group = dict[str, Any]


class _Required:
    """Stands in a group's settings for one that has no default."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()

#: hooks of every optimizer
_before_all: OrderedDict[int, Callable] = OrderedDict()
_after_all: OrderedDict[int, Callable] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before each step of every optimizer."""
    return _added(_before_all, hook)


def register_optimizer_step_post_hook(hook: Callable) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after each step of every optimizer."""
    return _added(_after_all, hook)


def _added(hooks: OrderedDict, hook: Callable, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


_HOOKS = (
    "_optimizer_step_pre_hooks", "_optimizer_step_post_hooks", "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks", "_optimizer_load_state_dict_pre_hooks", "_optimizer_load_state_dict_post_hooks",
)  # fmt: skip


def check_not_negative(**settings: float) -> None:
    """A ValueError in PyTorch's words for the first setting that is negative; `_` in a name stands for itself."""
    for name, value in settings.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {_WORDS.get(name, f'{name} value')}: {value}")


_WORDS = {"lr": "learning rate", "eps": "epsilon value"}


def check_lr(lr: Any, foreach: bool | None = None, capturable: bool = False) -> None:
    """The same for the learning rate, which may be a tensor."""
    if isinstance(lr, Tensor):
        if foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
    check_not_negative(lr=lr)


def check_betas(betas: Iterable[Any]) -> None:
    """A ValueError for the first of two decay rates that does not lie in [0, 1)."""
    for place, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {place}: {beta}")


def counter() -> Tensor:
    """The count of steps: a tensor, as in PyTorch's states."""
    return wrap(np.zeros((), np.float32))


class Optimizer:
    """The base of all optimizers.

    `params` are parameters, pairs of names and parameters, or groups: dictionaries with `params` and settings of their
    own. `param_groups` holds the groups, `state` what is remembered of each parameter.
    """

    _optimizer_step_pre_hooks: OrderedDict[int, Callable]
    _optimizer_step_post_hooks: OrderedDict[int, Callable]
    _optimizer_state_dict_pre_hooks: OrderedDict[int, Callable]
    _optimizer_state_dict_post_hooks: OrderedDict[int, Callable]
    _optimizer_load_state_dict_pre_hooks: OrderedDict[int, Callable]
    _optimizer_load_state_dict_post_hooks: OrderedDict[int, Callable]

    #: for the warnings of `noticing`: the gradient that the last step used, how many steps found none, where it was made
    _used: tuple[Any, int] | None = None
    _idle = 0
    _made_at: tuple[Any, int, int] | None = None

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._made_at = (*place_of_caller(), next_sequence())
        for name in _HOOKS:
            setattr(self, name, OrderedDict())
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + typename(params)
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[Group] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    # --- groups ---

    def add_param_group(self, param_group: Group) -> None:
        """Have the optimizer work on more parameters, with settings of their own."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will "
                "change between runs. Please use a list instead."
            )
        members = [given] if isinstance(given, Tensor) else list(given)
        names = [each[0] for each in members if isinstance(each, tuple)]
        if names and len(names) != len(members):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        members = [each[1] if isinstance(each, tuple) else each for each in members]
        param_group["params"] = members
        if names:
            param_group["param_names"] = names
        for parameter in members:
            if not isinstance(parameter, Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + typename(parameter))
            if not self.defaults.get("differentiable") and not (parameter.is_leaf or parameter.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        if len(members) != len({id(each) for each in members}):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an error; see "
                "github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        known = {id(each) for group in self.param_groups for each in group["params"]}
        if any(id(each) in known for each in members):
            raise ValueError("some parameters appear in more than one parameter group")
        if self.param_groups and ("param_names" in param_group) != ("param_names" in self.param_groups[0]):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"{'with' if 'param_names' in param_group else 'without'} names to the optimizer"
            )
        self.param_groups.append(param_group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or without `set_to_none` set them to 0."""
        note(ZERO_GRAD, self)
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    if set_to_none:
                        parameter.grad = None
                    else:
                        parameter.grad = (
                            parameter.grad.detach() if parameter.grad.grad_fn is not None else parameter.grad
                        )
                        parameter.grad.requires_grad_(False)
                        parameter.grad.zero_()

    # --- a step ---

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter by its gradient; `closure`, where given, computes the loss and the gradients first."""
        self._opt_called = True  # schedules ask for it
        note(STEP, self)
        args = () if closure is None else (closure,)
        for hook in (*_before_all.values(), *self._optimizer_step_pre_hooks.values()):
            hook(self, args, {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        noticing.look(self)
        with modes.mode(grad_enabled=bool(self.defaults.get("differentiable", False))):
            for group in self.param_groups:
                self.update(group)
        noticing.remember(self)
        for hook in (*self._optimizer_step_post_hooks.values(), *_after_all.values()):
            hook(self, args, {})
        return loss

    def update(self, group: Group) -> None:
        """One step on one group; each subclass defines it."""
        raise NotImplementedError

    def moving(self, group: Group) -> Iterator[tuple[Tensor, Tensor, dict[str, Any]]]:
        """The parameters of a group that have a gradient, each with its gradient, or its negative, and its state.

        The state of a parameter that is met for the first time is what `first_state` gives.
        """
        negative = group.get("maximize")
        for p in group["params"]:
            gradient = p.grad
            if gradient is not None:
                state = self.state.get(p)
                if not state:
                    state = self.first_state(p, group)
                    if state:
                        self.state[p] = state
                yield p, (-gradient if negative else gradient), state

    def first_state(self, p: Tensor, group: Group) -> dict[str, Any]:
        """What is remembered of a parameter before its first step."""
        return {}

    # --- hooks ---

    def register_step_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step."""
        return _added(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _added(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before the state is collected."""
        return _added(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after it was; what it returns, unless None, takes the state's place."""
        return _added(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; what it returns, unless None, is loaded instead."""
        return _added(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return _added(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # --- state ---

    def state_dict(self) -> dict[str, Any]:
        """What is remembered of each parameter, by its number, and the settings of the groups."""
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers.setdefault(id(parameter), len(numbers))
        packed = {
            "state": {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()},
            "param_groups": [
                {
                    **{name: value for name, value in group.items() if name != "params"},
                    "params": [numbers[id(each)] for each in group["params"]],
                }
                for group in self.param_groups
            ],
        }
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, packed)
            packed = packed if changed is None else changed
        return packed

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take a state that `state_dict` gave, of an optimizer with as many parameters in as many groups."""
        given = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, given)
            given = given if changed is None else changed
        ours, theirs = self.param_groups, deepcopy(given["param_groups"])
        if len(ours) != len(theirs):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(mine["params"]) != len(other["params"]) for mine, other in zip(ours, theirs, strict=True)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        parameters = dict(zip(chain(*(g["params"] for g in theirs)), chain(*(g["params"] for g in ours)), strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in given["state"].items():
            if key in parameters:
                state[parameters[key]] = _cast(parameters[key], value)
            else:
                state[key] = value
        for mine, other in zip(ours, theirs, strict=True):
            other["params"] = mine["params"]
            if "param_names" in mine and "param_names" not in other:
                other["param_names"] = mine["param_names"]
        self.__setstate__({"state": state, "param_groups": theirs})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in _HOOKS:
            self.__dict__.setdefault(name, OrderedDict())
        self.defaults.setdefault("differentiable", False)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def _cast(parameter: Tensor, value: Any, name: str | None = None) -> Any:
    """A loaded value in the type of its parameter; the count of steps keeps its own."""
    if isinstance(value, Tensor):
        if name == "step":
            return value if value.dtype is dtypes.float32 else value.to(dtypes.float32)
        return value.to(parameter.dtype) if parameter.is_floating_point() else value.clone()
    if isinstance(value, dict):
        return {key: _cast(parameter, each, key) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return type(value)(_cast(parameter, each) for each in value)  # type: ignore[call-arg]
    return value
