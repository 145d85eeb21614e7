"""`adjoint.compile`: functions of tensors as machine code.

The way of a function: `tracing` runs it on traced arrays and records a program of verbs; `simplify` shortens it; `fuse`
groups its operations into kernels; `nest` and `plan` decide on their loops and memory; `lower` writes them in LLVM's
language, with the mathematics of `math`; `runtime` calls the result, with the help of `native.threads`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.lazy import lazy
from adjoint.native.threads import get_num_threads, set_num_threads

__all__ = ["compile", "get_num_threads", "set_num_threads"]

_function = lazy("adjoint.compiler.function")  # with the whole compiler behind it, which few programs need

BACKENDS = ("inductor", "adjoint", "eager", "aot_eager")
MODES = ("default", "reduce-overhead", "max-autotune", "max-autotune-no-cudagraphs")


def compile(
    model: Callable | None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: str = "inductor",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
) -> Callable:
    """A function that does what `model` does, as machine code made for each kind of arguments at the first such call.

    The function is traced once for arguments of the same shapes, dtypes, `requires_grad` and Python values: forward,
    and backward where a gradient is wanted or computed inside, become one program, which is fused into loops and
    compiled. Where the function asks for the elements of a tensor (`if x.sum() > 0`), or does something else that is
    not a program of tensors, it runs eagerly, and a warning says so once; with `fullgraph` that is an error. Usable as
    a decorator. `dynamic`, `mode` and `options` are accepted for PyTorch's sake; `backend="eager"` compiles nothing.

    >>> import adjoint as torch
    >>> @torch.compile
    ... def f(x):
    ...     return (torch.sin(x) ** 2 + torch.cos(x) ** 2).sum()
    >>> f(torch.ones(1000))
    tensor(1000.)
    """
    if model is None:
        return lambda model: compile(
            model, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode, options=options, disable=disable
        )
    if not callable(model):
        raise RuntimeError(f"torch.compile expects a function or a module, but got {type(model).__name__}")
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if mode is not None and mode not in MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(MODES)}")
    if backend not in BACKENDS:
        raise RuntimeError(f"Invalid backend: {backend!r}, should be one of: {', '.join(BACKENDS)}")
    return _function.CompiledFunction(model, fullgraph, disabled=disable or backend in ("eager", "aot_eager"))
