"""Saving memory by computing twice: what a block saves for its derivative is dropped, and recomputed when it is needed.

`checkpoint` does it for one function, `checkpoint_sequential` for segments of a chain of them. `budget`, beyond PyTorch,
does it for any program within a number of bytes, without being told where (see `adjoint.utils.budget`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import Any
from weakref import ref

from adjoint.autograd.entry import backward
from adjoint.autograd.function import Function
from adjoint.autograd.grad_mode import enable_grad, no_grad
from adjoint.autograd.graph import saved_tensors_hooks
from adjoint.core import modes
from adjoint.core.random import default_generator
from adjoint.core.tensor import Tensor
from adjoint.utils.budget import budget

__all__ = [
    "CheckpointError", "CheckpointFunction", "budget", "check_backward_validity", "checkpoint", "checkpoint_sequential",
    "detach_variable", "noop_context_fn", "set_checkpoint_debug_enabled", "set_checkpoint_early_stop",
]  # fmt: skip

_early_stop = True
_debug: bool | None = None


class CheckpointError(RuntimeError):
    """The recomputation of a checkpointed function did not do what its forward pass had done."""


@contextmanager
def _random_state(state: bytes | None) -> Iterator[None]:
    """Draw the random numbers of a block from a state, and go on afterwards as if nothing had been drawn."""
    if state is None:
        yield
        return
    now = default_generator.state()
    default_generator.restore(state)
    try:
        yield
    finally:
        default_generator.restore(now)


class _Done(Exception):  # noqa: N818  (it stops a recomputation that has all that it needs, and is no error)
    """All saved values have been recomputed."""


def noop_context_fn() -> tuple[AbstractContextManager, AbstractContextManager]:
    """Two contexts that do nothing, for the forward pass and for the recomputation."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable,
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[AbstractContextManager, AbstractContextManager]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """Call `function(*args, **kwargs)` without keeping what it saves; the backward pass calls it again.

    With `use_reentrant=False`, which is recommended, saved values are replaced by notes, and the first one that the
    backward pass asks for recomputes them all. With True the function runs without recording, and the backward pass of
    the whole runs it recorded, and a backward pass inside of it. The state of the random numbers is that of the first
    run (`preserve_rng_state=False` leaves it as it is). Cost: one more forward pass.

    >>> import adjoint as torch
    >>> from adjoint.utils.checkpoint import checkpoint
    >>> x = torch.tensor(2., requires_grad=True)
    >>> y = checkpoint(lambda x: (x * x).exp(), x, use_reentrant=False)
    >>> y.backward()
    >>> x.grad
    tensor(218.3926)
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, "
            "calling checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, but if "
            "you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for more "
            "details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    keep_random = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, keep_random, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    forward_context, recompute_context = context_fn()
    block = _Block(
        function,
        args,
        kwargs,
        recompute_context,
        keep_random,
        determinism_check == "default",
        early_stop and _early_stop,
    )
    with forward_context, saved_tensors_hooks(block.note, block.value):
        return function(*args, **kwargs)


class _Note:
    """In place of one saved value: where it comes in the order of saving, and what it looked like."""

    __slots__ = ("__weakref__", "place", "seen", "value")

    def __init__(self, place: int, tensor: Tensor) -> None:
        self.place = place
        self.seen = _look(tensor)
        self.value: Tensor | None = None


def _look(tensor: Tensor) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype}


class _Block:
    """One checkpointed call: notes of what it saved, and how to save it again."""

    def __init__(
        self,
        function: Callable,
        args: tuple,
        kwargs: dict,
        context: AbstractContextManager,
        keep_random: bool,
        checks: bool,
        early_stop: bool,
    ) -> None:
        self.function, self.args, self.kwargs = function, args, kwargs
        self.context = context
        self.random = default_generator.state() if keep_random else None
        self.autocast = modes.state.autocast
        self.checks = checks
        self.early_stop = early_stop
        self.notes: list[ref[_Note]] = []

    def note(self, tensor: Tensor) -> _Note:
        """Take a note instead of a value."""
        note = _Note(len(self.notes), tensor)
        self.notes.append(ref(note))
        return note

    def value(self, note: _Note) -> Tensor:
        """The value that a note stands for, recomputed with all the others where it is not there yet."""
        if note.value is None:
            self.recompute()
        value, note.value = note.value, None  # a value is asked for once in a backward pass
        if value is None:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                "recomputation.\nThe recomputation did not save what the operation at hand needs."
            )
        return value

    def recompute(self) -> None:
        """Run the function again, and give each living note its value."""
        found = 0

        def give(tensor: Tensor) -> Tensor:
            nonlocal found
            note = self.notes[found]() if found < len(self.notes) else None
            found += 1
            if note is not None:
                if self.checks:
                    self.check(note, tensor)
                note.value = tensor.detach()
            if self.early_stop and found >= len(self.notes):
                raise _Done
            return tensor.detach()

        with ExitStack() as stack:
            stack.enter_context(_random_state(self.random))
            stack.enter_context(self.context)
            stack.enter_context(enable_grad())
            stack.enter_context(modes.mode(autocast=self.autocast))
            stack.enter_context(saved_tensors_hooks(give, lambda tensor: tensor))
            try:
                self.function(*detach_variable(self.args), **self.kwargs)
            except _Done:
                return
        if self.checks and found != len(self.notes):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.notes)}\nNumber of tensors saved "
                f"during recomputation: {found}.\nThe function must do the same each time that it is called."
            )

    def check(self, note: _Note, tensor: Tensor) -> None:
        """Refuse a recomputed value that looks unlike the one of the forward pass."""
        seen = _look(tensor)
        if seen != note.seen:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than during "
                f"the forward pass.\ntensor at position {note.place}:\nsaved metadata: {note.seen}\n"
                f"recomputed metadata: {seen}\nThe function must do the same each time that it is called."
            )


class CheckpointFunction(Function):
    """The reentrant form: runs a function unrecorded, and recorded in the backward pass."""

    @staticmethod
    def forward(ctx: Any, function: Callable, keep_random: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.function = function
        ctx.random = default_generator.state() if keep_random else None
        ctx.autocast = modes.state.autocast
        ctx.places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.rest = [None if isinstance(each, Tensor) else each for each in args]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
        with no_grad():
            return function(*args)

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> tuple:
        if modes.state.partial_pass:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        args = list(ctx.rest)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[place] = tensor
        again = detach_variable(tuple(args))
        with _random_state(ctx.random), enable_grad(), modes.mode(autocast=ctx.autocast):
            outputs = ctx.function(*again)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [
            (output, cotangent)
            for output, cotangent in zip(outputs, cotangents, strict=True)
            if isinstance(output, Tensor) and output.requires_grad
        ]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        backward([output for output, _ in pairs], [cotangent for _, cotangent in pairs])
        return (None, None, *(each.grad if isinstance(each, Tensor) else None for each in again))


def checkpoint_sequential(
    functions: Sequence[Callable] | Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Apply functions one after the other, checkpointed in so many segments; the last one is kept.

    >>> import adjoint as torch
    >>> from adjoint.utils.checkpoint import checkpoint_sequential
    >>> x = torch.tensor(1., requires_grad=True)
    >>> y = checkpoint_sequential([torch.sin] * 8, 4, x, use_reentrant=False)
    >>> y.backward()
    >>> x.grad
    tensor(0.1021)
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. In "
            "version 2.9 we will raise an exception if use_reentrant is not passed. use_reentrant=False is recommended, "
            "but if you need to preserve the current default behavior, you can pass use_reentrant=True. Refer to docs for "
            "more details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    keep_random = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions.children()) if hasattr(functions, "children") else list(functions)
    length = len(steps) // segments
    start = 0
    for _ in range(segments - 1):
        input = checkpoint(
            _one_after_another(steps[start : start + length]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=keep_random,
        )
        start += length
    return _one_after_another(steps[start:])(input)


def _one_after_another(steps: Sequence[Callable]) -> Callable:
    def run(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return run


def detach_variable(inputs: tuple) -> tuple:
    """The same values with each tensor detached, as a leaf that requires a gradient where it did."""
    if not isinstance(inputs, tuple):
        raise RuntimeError("Only tuple of tensors is supported. Got Unsupported input type: " + type(inputs).__name__)
    return tuple(
        each.detach().requires_grad_(each.requires_grad) if isinstance(each, Tensor) else each for each in inputs
    )


def check_backward_validity(inputs: Sequence[Any]) -> None:
    """Warn where no input requires a gradient, and so none can come back."""
    if not any(isinstance(each, Tensor) and each.requires_grad for each in inputs):
        warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2)


class set_checkpoint_early_stop:  # noqa: N801
    """Whether a recomputation stops as soon as it has all that was asked for, while this block is open."""

    def __init__(self, enable: bool) -> None:
        self.enable = enable

    def __enter__(self) -> None:
        global _early_stop
        self._before, _early_stop = _early_stop, self.enable

    def __exit__(self, *_: object) -> None:
        global _early_stop  # noqa: PLW0603
        _early_stop = self._before


class set_checkpoint_debug_enabled:  # noqa: N801
    """Accepted as PyTorch's is: messages here always say what is known."""

    def __init__(self, enabled: bool | None) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        global _debug
        self._before, _debug = _debug, self.enabled

    def __exit__(self, *_: object) -> None:
        global _debug  # noqa: PLW0603
        _debug = self._before
