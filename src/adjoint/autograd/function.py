"""`torch.autograd.function`: Functions of the user's own, whose derivatives are written by hand."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from itertools import count
from typing import Any, ClassVar, TypeVar

from adjoint.autograd import custom, graph
from adjoint.core import hooks, modes
from adjoint.core.graph import FREED, Meta, Node, Port, freed, next_sequence
from adjoint.core.hooks import RemovableHandle
from adjoint.core.tensor import Tensor, wrap, writes_of
from adjoint.func.levels import open_transforms

__all__ = ["FunctionCtx", "BackwardCFunction", "FunctionMeta", "Function", "once_differentiable", "InplaceFunction"]

F = TypeVar("F", bound=Callable[..., Any])


class FunctionCtx:
    """What `forward`, `setup_context` and `backward` of a Function share: their `ctx`.

    What one of them sets on it the others find there. Tensors are best handed over through `save_for_backward`, which
    notices when they are written to meanwhile, and lets go of them after the backward pass.
    """

    to_save: tuple | None
    saved_for_forward: tuple | None
    dirty_tensors: tuple | None
    non_differentiable: tuple | None
    materialize_grads: bool

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors, above all inputs and outputs, for `backward`, which finds them in `ctx.saved_tensors`."""
        self.to_save = tensors

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `jvp`, which finds them in `ctx.saved_tensors`."""
        for tensor in tensors:
            if not (tensor is None or isinstance(tensor, Tensor)):
                raise AssertionError(
                    "save_for_forward expects all arguments to be tensors; you should save non-tensors as attributes on ctx."
                )
        self.saved_for_forward = tensors

    def mark_dirty(self, *args: Tensor) -> None:
        """Say which inputs `forward` wrote to in place; it must return them."""
        self.dirty_tensors = args

    def mark_shared_storage(self, *pairs: Any) -> None:
        """Does nothing: which tensors share memory is known."""
        warnings.warn(
            "`mark_shared_storage` is deprecated. Tensors with shared storages are automatically tracked. Note that calls "
            "to `set_()` are not tracked",
            FutureWarning,
            stacklevel=2,
        )

    def mark_non_differentiable(self, *args: Tensor) -> None:
        """Say which outputs have no derivative; they will not require a gradient."""
        self.non_differentiable = args

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros, and not None, for outputs that no gradient reached; it does unless told otherwise."""
        if not isinstance(value, bool):
            raise TypeError(
                "set_materialize_grads received an invalid combination of arguments - got "
                f"({type(value).__name__}), but expected (bool)"
            )
        self.materialize_grads = value


class BackwardCFunction(FunctionCtx):
    """The `ctx` of one application of a Function, which is also the `grad_fn` of its outputs."""

    __slots__ = ("_node",)

    _forward_cls: ClassVar[type[Function]]
    _node: custom.FunctionNode
    needs_input_grad: tuple[bool, ...]
    materialize_grads = True
    to_save = saved_for_forward = dirty_tensors = non_differentiable = None

    @classmethod
    def _of(cls, node: custom.FunctionNode) -> BackwardCFunction:
        context = object.__new__(cls)
        context.__dict__ = node.attributes
        context._node = node
        return context

    def apply(self, *args: Any) -> Any:
        """What the user's `backward`, or `vjp`, returns for these gradients of the outputs."""
        function = self._forward_cls
        if function.backward is not Function.backward and function.vjp is not Function.vjp:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one "
                "of them."
            )
        rule = function.vjp if function.vjp is not Function.vjp else function.backward
        return rule(self, list(args)) if function.boxed_grads_call else rule(self, *args)

    def apply_jvp(self, *args: Any) -> Any:
        """What the user's `jvp` returns for these tangents of the arguments."""
        return self._forward_cls.jvp(self, *args)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """The tensors that `save_for_backward` was given; in `jvp`, those that `save_for_forward` was given."""
        if self.saved_for_forward is not None:
            return self.saved_for_forward
        node = self._node
        once = self._forward_cls.clear_saved_tensors_on_access
        if once and self.__dict__.get("_was_read"):
            raise RuntimeError(
                "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the "
                "autograd.Function. Either access saved_tensors only once, or set clear_saved_tensors_on_access=False."
            )
        if node.saved is FREED:
            raise freed(node)
        tensors = tuple(each if each is None else each.unpack(node) for each in node.saved)
        if once:
            self.__dict__["_was_read"] = True
            node.saved = ()
        return tensors

    @property
    def saved_variables(self) -> tuple[Tensor | None, ...]:
        """An old name of `saved_tensors`."""
        warnings.warn("'saved_variables' is deprecated; use 'saved_tensors'", DeprecationWarning, stacklevel=2)
        return self.saved_tensors

    @property
    def _raw_saved_tensors(self) -> tuple:
        if self._node.saved is FREED:
            raise freed(self._node)
        return self._node.saved

    # --- as a node of the graph ---

    def name(self) -> str:
        """The node's name: the Function's, and "Backward"."""
        return self._node.name()

    @property
    def next_functions(self) -> tuple:
        """For each argument that is a tensor, the node that its gradient goes to and which of that node's outputs it was."""
        return hooks.next_functions(self._node)

    @property
    def metadata(self) -> dict:
        """A dictionary for the user's own notes on this node."""
        return hooks.metadata(self._node)

    def register_hook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_inputs, grad_outputs)` after `backward` ran; a tuple that it returns replaces `grad_inputs`."""
        return hooks.register_node_hook(self._node, fn)

    def register_prehook(self, fn: Callable[..., Any]) -> RemovableHandle:
        """Call `fn(grad_outputs)` before `backward` runs; a tuple that it returns replaces `grad_outputs`."""
        return hooks.register_node_prehook(self._node, fn)

    def _sequence_nr(self) -> int:
        return self._node.sequence

    def __repr__(self) -> str:
        return f"<torch.autograd.function.{type(self).__name__} object at {id(self):#x}>"

    def __reduce__(self) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__name__}' object")


graph.Node.register(BackwardCFunction)


class FunctionMeta(type):
    """Makes, with each Function, the class of its `ctx`."""

    _numbers = count()

    def __init__(cls, name: str, bases: tuple, attrs: dict[str, Any]) -> None:
        cls._backward_cls = type(name + "Backward", (BackwardCFunction,), {"_forward_cls": cls, "__module__": __name__})
        cls._autograd_function_id = next(FunctionMeta._numbers)
        super().__init__(name, bases, attrs)


class Function(metaclass=FunctionMeta):
    """An operation with a derivative of the user's own.

    A subclass gives the static methods `forward(ctx, *args)` and `backward(ctx, *grads)`, which gets a gradient for each
    output and returns one for each argument; `apply(*args)` computes. Or `forward(*args)` leaves `ctx` to
    `setup_context(ctx, inputs, output)`, as `torch.func` needs it. `jvp(ctx, *tangents)` is the derivative in forward
    mode; `vmap(info, in_dims, *args)`, or `generate_vmap_rule = True`, serves `torch.vmap`.

    >>> import adjoint as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x ** 3
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         x, = ctx.saved_tensors
    ...         return grad * 3 * x ** 2
    >>> x = torch.tensor(2., requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y
    tensor(8., grad_fn=<CubeBackward>)
    >>> y.backward()
    >>> x.grad
    tensor(12.)
    """

    _backward_cls: ClassVar[type[BackwardCFunction]]
    _autograd_function_id: ClassVar[int]
    generate_vmap_rule: ClassVar[bool] = False  #: whether forward and backward serve `vmap` as they are
    clear_saved_tensors_on_access: ClassVar[bool] = False  #: whether `ctx.saved_tensors` lets go of what it returns
    boxed_grads_call: ClassVar[bool] = False  #: whether `backward` gets its gradients in one list, which it may empty

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warnings.warn(
            f"{self.__class__} should not be instantiated. Methods on autograd functions are all static, so you should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a future version "
            "of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
            "with static forward method. (Example: https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
        )

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """The outputs, computed without being recorded: of `ctx` and the arguments, or of the arguments alone."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep on `ctx` what `backward` needs of the arguments and the outputs."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradients of the arguments, from those of the outputs."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    vjp = backward

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the outputs, from those of the arguments."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *args: Any) -> Any:
        """The outputs for a batch of examples, and the dimensions along which they lie."""
        raise NotImplementedError(
            "To use autograd.Function with vmap, you must either override the vmap staticmethod or set "
            "generate_vmap_rule=True."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs, and give them their place in the graph."""
        sets_up_context = cls.setup_context is not Function.setup_context
        if sets_up_context:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        elif kwargs:  # the arguments, and so their gradients, are in the order of forward's
            bound = inspect.signature(cls.forward).bind(None, *args, **kwargs)
            args, kwargs = bound.args[1:], bound.kwargs
        if open_transforms():
            _check_transformable(cls, sets_up_context)
        return custom.apply(cls, args, kwargs, sets_up_context)


def _check_transformable(function: type[Function], sets_up_context: bool) -> None:
    """Refuse a Function that lacks what the open transformations of `torch.func` need."""
    name = function.__name__
    if not sets_up_context:
        raise RuntimeError(
            "In order to use an autograd.Function with functorch transforms (vmap, grad, jvp, jacrev, ...), it must override "
            "the setup_context staticmethod. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if not modes.state.batch_levels:
        return
    has_rule = function.vmap is not Function.vmap
    if function.generate_vmap_rule and has_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it has both generate_vmap_rule=True and an overridden vmap staticmethod. "
            "Please set generate_vmap_rule=False or delete the overridden vmap staticmethod to avoid ambiguity. For more "
            "details, please see https://pytorch.org/docs/main/notes/extending.func.html"
        )
    if not function.generate_vmap_rule and not has_rule:
        raise RuntimeError(
            f"You tried to vmap over {name}, but it does not have vmap support. Please override and implement the vmap "
            "staticmethod or set generate_vmap_rule=True. For more details, please see "
            "https://pytorch.org/docs/main/notes/extending.func.html"
        )


class InplaceFunction(Function):
    """A Function that old programs derive theirs from; new ones derive from `Function`."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


class Error(Node):
    """The node of gradients that cannot be differentiated again."""

    __slots__ = ("message",)

    several = True
    guards_saved = True

    def __init__(self, message: str, outputs: list[Tensor | None]) -> None:
        self.message = message
        self.edges = self.saved = self.writes = ()
        self.plan = self.params = self.annex = None  # type: ignore[assignment]
        self.meta = Meta(outputs=tuple(None if x is None else (x._data.shape, x._data.dtype) for x in outputs))
        self.sequence = next_sequence()

    def fill(self, slots: dict[int, Any], xp: Any) -> tuple:
        raise RuntimeError(self.message)


def once_differentiable(fn: F) -> F:
    """Decorator for a `backward` that is not to be differentiated itself: an error tells who tries.

    >>> import adjoint as torch
    >>> class Double(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     @torch.autograd.function.once_differentiable
    ...     def backward(ctx, grad):
    ...         return grad * 2
    """

    @functools.wraps(fn)
    def wrapper(ctx: Any, *args: Any) -> Any:
        with modes.mode(grad_enabled=False):
            outputs = fn(ctx, *args)
        if not (modes.recording() and any(isinstance(each, Tensor) and each.requires_grad for each in args)):
            return outputs
        listed = list(outputs) if isinstance(outputs, tuple) else [outputs]
        node = Error("trying to differentiate twice a function that was marked with @once_differentiable", listed)
        marked = tuple(
            None if each is None else _with_history(each, Port(node, place)) for place, each in enumerate(listed)
        )
        return marked if isinstance(outputs, tuple) else marked[0]

    return wrapper  # type: ignore[return-value]


def _with_history(tensor: Tensor, edge: Port) -> Tensor:
    alias = wrap(tensor._data)
    alias._writes = writes_of(tensor)
    alias._node = edge
    return alias
