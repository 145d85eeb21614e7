"""Calling a module, with its hooks: before and after `forward`, and in the backward pass."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from adjoint.autograd.function import Function
from adjoint.core.hooks import RemovableHandle
from adjoint.core.tensor import Tensor

__all__ = [
    "register_module_backward_hook", "register_module_buffer_registration_hook", "register_module_forward_hook",
    "register_module_forward_pre_hook", "register_module_full_backward_hook", "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook", "register_module_parameter_registration_hook",
]  # fmt: skip

#: hooks of every module, by the attribute under which a module has those of its own
_EVERYWHERE: dict[str, OrderedDict] = {
    name: OrderedDict()
    for name in (
        "_forward_pre_hooks", "_forward_hooks", "_forward_hooks_with_kwargs", "_forward_hooks_always_called",
        "_backward_hooks", "_backward_pre_hooks", "parameter", "buffer", "module",
    )
}  # fmt: skip
_full_everywhere: list[bool | None] = [None]

_OWN = (
    "_backward_pre_hooks", "_backward_hooks", "_forward_hooks", "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called", "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_state_dict_hooks",
    "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
)  # fmt: skip

_MIXED = (
    "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them."
)
_MIXED_EVERYWHERE = "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please use only one of them."


def registration_hooks(kind: str, module: Any, name: str, value: Any) -> Any:
    """What is to be registered, after the hooks that watch over registrations."""
    for hook in _EVERYWHERE[kind].values():
        changed = hook(module, name, value)
        value = value if changed is None else changed
    return value


def _register(hooks: OrderedDict, hook: Callable, *flags: OrderedDict, prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks, extra_dict=list(flags))
    hooks[handle.id] = hook
    for flag in flags:
        flag[handle.id] = True
    if prepend:
        for each in (hooks, *flags):
            each.move_to_end(handle.id, last=False)
    return handle


class Hooked:
    """The part of `Module` that is its call and its hooks."""

    _is_full_backward_hook: bool | None
    _forward_hooks: OrderedDict
    _forward_hooks_with_kwargs: OrderedDict
    _forward_hooks_always_called: OrderedDict
    _forward_pre_hooks: OrderedDict
    _forward_pre_hooks_with_kwargs: OrderedDict
    _backward_hooks: OrderedDict
    _backward_pre_hooks: OrderedDict
    forward: Callable[..., Any]

    def _no_hooks(self) -> dict[str, Any]:
        return {"_is_full_backward_hook": None, **{name: OrderedDict() for name in _OWN}}

    # --- registering ---

    def register_forward_pre_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns, unless None, takes the place of `args`."""
        flags = (self._forward_pre_hooks_with_kwargs,) if with_kwargs else ()
        return _register(self._forward_pre_hooks, hook, *flags, prepend=prepend)

    def register_forward_hook(
        self, hook: Callable, *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; what it returns, unless None, takes the output's place."""
        flags = [self._forward_hooks_with_kwargs] if with_kwargs else []
        flags += [self._forward_hooks_always_called] if always_call else []
        return _register(self._forward_hooks, hook, *flags, prepend=prepend)

    def register_full_backward_pre_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are there; it may return others."""
        return _register(self._backward_pre_hooks, hook, prepend=prepend)

    def register_full_backward_hook(self, hook: Callable, prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are; it may return others."""
        if self._is_full_backward_hook is False:
            raise RuntimeError(_MIXED)
        self._is_full_backward_hook = True
        return _register(self._backward_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook: Callable) -> RemovableHandle:
        """The old form of `register_full_backward_hook`, which sees the gradients of the last operation only."""
        if self._is_full_backward_hook is True:
            raise RuntimeError(_MIXED)
        self._is_full_backward_hook = False
        return _register(self._backward_hooks, hook)

    # --- calling ---

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not (
            self._forward_hooks
            or self._forward_pre_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or _watched()
        ):
            return self.forward(*args, **kwargs)
        called: set[int] = set()
        try:
            return self._with_hooks(args, kwargs, called)
        except Exception:
            self._call_the_faithful(args, kwargs, called)
            raise

    def _with_hooks(self, args: tuple, kwargs: dict[str, Any], called: set[int]) -> Any:
        args, kwargs = self._before(args, kwargs)
        full, old = self._backward_kinds()
        before = [*_EVERYWHERE["_backward_pre_hooks"].values(), *self._backward_pre_hooks.values()]
        border = _Border(self, full, before) if full or before else None
        if border:
            args = border.inputs(args)
        result = self.forward(*args, **kwargs)
        for number, hook, with_kwargs in self._after():
            called.add(number)
            changed = hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)
            result = result if changed is None else changed
        if border:
            if not isinstance(result, Tensor | tuple):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(result)}",
                    stacklevel=3,
                )
            result = border.outputs(result)
        if old:
            _warn_of_old_hooks(args, result)
            self._watch_last_operation(result, old)
        return result

    def _before(self, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
        for number, hook in (*_EVERYWHERE["_forward_pre_hooks"].items(), *self._forward_pre_hooks.items()):
            if number in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args, kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {changed}."
                        )
                    args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        return args, kwargs

    def _after(self) -> Iterator[tuple[int, Callable, bool]]:
        with_kwargs = {*_EVERYWHERE["_forward_hooks_with_kwargs"], *self._forward_hooks_with_kwargs}
        for number, hook in (*_EVERYWHERE["_forward_hooks"].items(), *self._forward_hooks.items()):
            yield number, hook, number in with_kwargs

    def _call_the_faithful(self, args: tuple, kwargs: dict[str, Any], called: set[int]) -> None:
        """After an error, the hooks that are to be called always, and were not yet."""
        always = {*_EVERYWHERE["_forward_hooks_always_called"], *self._forward_hooks_always_called}
        for number, hook, with_kwargs in self._after():
            if number not in always or number in called:
                continue
            try:
                hook(self, args, kwargs, None) if with_kwargs else hook(self, args, None)
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was silenced as another "
                    f"error was raised in forward: {error}",
                    stacklevel=3,
                )

    def _backward_kinds(self) -> tuple[list[Callable], list[Callable]]:
        """The full backward hooks, and those of the old form."""
        full: list[Callable] = []
        old: list[Callable] = []
        (full if _full_everywhere[0] else old).extend(_EVERYWHERE["_backward_hooks"].values())
        (full if self._is_full_backward_hook else old).extend(self._backward_hooks.values())
        return full, old

    def _watch_last_operation(self, result: Any, hooks: list[Callable]) -> None:
        while not isinstance(result, Tensor):
            result = (
                next(each for each in result.values() if isinstance(each, Tensor))
                if isinstance(result, dict)
                else result[0]
            )
        if result.grad_fn is None:
            return
        for hook in hooks:

            def watch(grad_inputs: Any, grad_outputs: Any, hook: Callable = hook) -> Any:
                return hook(self, grad_inputs, grad_outputs)

            result.grad_fn.register_hook(watch)  # type: ignore[attr-defined]


def _warn_of_old_hooks(args: tuple, result: Any) -> None:
    """Say where a backward hook of the old form does not see all gradients."""
    outputs = (result,) if isinstance(result, Tensor) else result
    if not (isinstance(outputs, tuple) and all(isinstance(each, Tensor) for each in outputs)):
        _warn_old(
            "non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors",
            "of the grad_output",
        )
        return
    if not all(isinstance(each, Tensor) for each in args):
        _warn_old(
            "non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of Tensors",
            "of the grad_input",
        )
        return
    nodes = {each.grad_fn for each in outputs if each.grad_fn is not None}
    if len(nodes) > 1:
        _warn_old("a non-full backward hook when outputs are generated by different autograd Nodes", "grad_output")
    for node in nodes if len(nodes) == 1 else ():
        if {each.grad_fn for each in args if each.grad_fn is not None} != {before for before, _ in node.next_functions}:
            _warn_old("a non-full backward hook when the forward contains multiple autograd Nodes", "grad_input")


def _warn_old(what: str, missing: str) -> None:
    warnings.warn(
        f"Using {what} is deprecated and will be removed in future versions. This hook will be missing some {missing}. "
        "Please use register_full_backward_hook to get the documented behavior.",
        FutureWarning,
        stacklevel=5,
    )


_NO_INPUT = (
    "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require "
    "gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
    "#torch.nn.Module.register_full_backward_hook for more details."
)


def _watched() -> bool:
    hooks = _EVERYWHERE
    return bool(
        hooks["_forward_pre_hooks"]
        or hooks["_forward_hooks"]
        or hooks["_backward_hooks"]
        or hooks["_backward_pre_hooks"]
    )


class BackwardHookFunction(Function):
    """The identity, whose node is the border of a module in the graph."""

    @staticmethod
    def forward(ctx: Any, *tensors: Tensor) -> Any:
        ctx.mark_non_differentiable(*[each for each in tensors if not each.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients


class _Border:
    """Both ends of one call of a module in the graph: where its gradients come in, and where they leave."""

    def __init__(self, module: Any, hooks: list[Callable], before: list[Callable]) -> None:
        self.module = module
        self.hooks = hooks
        self.before = before
        self.gradients: Any = None  # of the outputs
        self.places: list[int] = []  # of the tensors among the inputs
        self.count = 0
        self.watched = False  # whether an input's gradient will be seen

    def inputs(self, args: tuple) -> tuple:
        """The arguments, behind a node that sees the gradients of the tensors among them."""
        self.count = len(args)
        args, node = self._through(args)
        if node is not None:
            self.watched = True
            node.register_hook(self._leaving)
        return args

    def outputs(self, result: Any) -> Any:
        """The result, behind a node that sees the gradients as they come in."""
        single = not isinstance(result, tuple)
        given, node = self._through((result,) if single else result, inputs=False)
        if node is not None:
            node.register_prehook(self._arriving)
        return given[0] if single else given

    def _through(self, values: tuple, inputs: bool = True) -> tuple[tuple, Any]:
        places = [place for place, each in enumerate(values) if isinstance(each, Tensor)]
        if inputs:
            self.places = places
        tensors = [values[place] for place in places]
        if not any(each.requires_grad for each in tensors):
            return values, None
        passed = BackwardHookFunction.apply(*tensors)
        passed = passed if isinstance(passed, tuple) else (passed,)
        node = next(each.grad_fn for each in passed if each.grad_fn is not None)
        changed = list(values)
        for place, each in zip(places, passed, strict=True):
            changed[place] = each
        return (type(values)(*changed) if hasattr(values, "_fields") else tuple(changed)), node

    def _arriving(self, gradients: tuple) -> Any:
        """Called with the gradients of the outputs."""
        for hook in self.before:
            changed = hook(self.module, gradients)
            if changed is not None:
                gradients = changed if isinstance(changed, tuple) else (changed,)
        self.gradients = gradients
        if not self.watched:  # no input has a gradient: the hooks are called here
            if self.hooks:
                warnings.warn(_NO_INPUT, UserWarning, stacklevel=2)
            for hook in self.hooks:
                changed = hook(self.module, (None,) * self.count, gradients)
                if changed is not None and not all(each is None for each in changed):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always return None or None for "
                        "all gradients."
                    )
        return gradients

    def _leaving(self, gradients: tuple, _: Any) -> Any:
        """Called with the gradients of the tensors among the inputs."""
        seen: list = [None] * self.count
        for place, gradient in zip(self.places, gradients, strict=True):
            seen[place] = gradient
        result = tuple(seen)
        for hook in self.hooks:
            changed = hook(self.module, result, self.gradients)
            if changed is None:
                continue
            changed = changed if isinstance(changed, tuple) else (changed,)
            if len(changed) != len(result):
                raise RuntimeError(
                    f"Backward hook returned an invalid number of grad_input, got {len(changed)}, but expected {len(result)}"
                )
            result = changed
        self.gradients = None
        return tuple(result[place] for place in self.places)


# --- hooks of all modules ---


def register_module_forward_pre_hook(hook: Callable) -> RemovableHandle:
    """A hook before the `forward` of every module."""
    return _register(_EVERYWHERE["_forward_pre_hooks"], hook)


def register_module_forward_hook(
    hook: Callable, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """A hook after the `forward` of every module."""
    flags = [_EVERYWHERE["_forward_hooks_with_kwargs"]] if with_kwargs else []
    flags += [_EVERYWHERE["_forward_hooks_always_called"]] if always_call else []
    return _register(_EVERYWHERE["_forward_hooks"], hook, *flags)


def register_module_backward_hook(hook: Callable) -> RemovableHandle:
    """A backward hook of the old form on every module."""
    if _full_everywhere[0] is True:
        raise RuntimeError(_MIXED_EVERYWHERE)
    _full_everywhere[0] = False
    return _register(_EVERYWHERE["_backward_hooks"], hook)


def register_module_full_backward_pre_hook(hook: Callable) -> RemovableHandle:
    """A hook on the gradients of the outputs of every module."""
    return _register(_EVERYWHERE["_backward_pre_hooks"], hook)


def register_module_full_backward_hook(hook: Callable) -> RemovableHandle:
    """A hook on the gradients of the inputs and outputs of every module."""
    if _full_everywhere[0] is False:
        raise RuntimeError(_MIXED_EVERYWHERE)
    _full_everywhere[0] = True
    return _register(_EVERYWHERE["_backward_hooks"], hook)


def register_module_parameter_registration_hook(hook: Callable) -> RemovableHandle:
    """A hook `hook(module, name, parameter)` on the registration of every parameter; it may return another."""
    return _register(_EVERYWHERE["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable) -> RemovableHandle:
    """A hook on the registration of every buffer."""
    return _register(_EVERYWHERE["buffer"], hook)


def register_module_module_registration_hook(hook: Callable) -> RemovableHandle:
    """A hook on the registration of every child module."""
    return _register(_EVERYWHERE["module"], hook)
