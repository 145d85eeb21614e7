"""A compiled function: it finds the machine code for its arguments, or has it made, or runs as it is."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

import numpy as np

from adjoint.arrays import is_foreign
from adjoint.autograd.profiler import profile
from adjoint.compiler.entry import Entry
from adjoint.compiler.environment import look_around
from adjoint.compiler.tracing import Untraceable, trace
from adjoint.core import dtypes, modes
from adjoint.core.graph import LEAF_MARK
from adjoint.core.pytree import TreeSpec, flatten
from adjoint.core.tensor import Tensor

__all__ = ["CompiledFunction"]

MOST_ENTRIES = 64

_lock = RLock()  # tensors hold traced arrays while a function is traced: one at a time


class CompiledFunction:
    """What `compile` returns: call it like the function. Everything else is looked up on the function itself."""

    def __init__(self, function: Callable, fullgraph: bool, disabled: bool) -> None:
        self._function = function
        self._fullgraph = fullgraph
        self._disabled = disabled
        self._entries: dict[tuple, list[Entry | None]] = {}  # for each kind of arguments; None: it runs eagerly
        self._count = 0
        self._warned = False
        functools.update_wrapper(self, function, updated=())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._disabled or _is_transformed():
            return self._function(*args, **kwargs)
        leaves, spec = flatten((args, kwargs)) if kwargs else _flat(args)
        key = _key(leaves, spec)
        if key is None:
            return self._function(*args, **kwargs)
        for entry in self._entries.get(key, ()):
            if entry is None:
                return self._function(*args, **kwargs)
            if entry.matches(leaves):
                return entry(leaves)
        with _lock:
            made = self._new_entry(args, kwargs, leaves, spec)
        if isinstance(made, Entry):
            self._entries.setdefault(key, []).append(made)
            return made(leaves)
        result = self._function(*args, **kwargs)  # where this is an error, it is the caller's
        self._entries.setdefault(key, []).append(None)
        self._warn(made)
        return result

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method, pass the object on."""
        return self if instance is None else functools.partial(self, instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def __repr__(self) -> str:
        return f"<compiled {self._function!r}>"

    def _new_entry(self, args: tuple, kwargs: dict, leaves: Sequence[Any], spec: TreeSpec | None) -> Entry | str:
        """Compile the function for these arguments, or say why it cannot be compiled."""
        others = [leaf for leaf in leaves if not isinstance(leaf, Tensor)]
        try:
            if self._count >= MOST_ENTRIES:
                raise Untraceable(f"it was compiled {MOST_ENTRIES} times, for different arguments or surroundings")
            self._count += 1
            environment = look_around(self._function, *others)
            if environment.prints:
                raise Untraceable("it prints, which a program of arrays does not")
            tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
            traced = trace(lambda: self._function(*args, **kwargs), [*tensors, *environment.tensors])
            if not environment.holds():
                raise Untraceable("it changes Python objects around it")
            return Entry(self._function, leaves, spec, traced, environment)
        except ModuleNotFoundError:
            raise
        except Exception as error:
            reason = str(error).partition("\n")[0]
            if self._fullgraph:
                raise RuntimeError(
                    f"torch.compile with fullgraph=True cannot make one program of {self._name}: {reason}\n"
                    "Leave out fullgraph=True to have it run eagerly instead."
                ) from error
            return reason

    @property
    def _name(self) -> str:
        return getattr(self._function, "__name__", type(self._function).__name__)

    def _warn(self, reason: str) -> None:
        if not self._warned:
            self._warned = True
            warnings.warn(f"torch.compile: {self._name} runs eagerly, because {reason}", UserWarning, stacklevel=3)


def _flat(args: tuple) -> tuple[Sequence[Any], TreeSpec | None]:
    """`flatten`, without the work where no argument is a container."""
    for arg in args:
        if not isinstance(arg, (Tensor, float, int, str)):
            return flatten((args, {}))
    return args, None


def _is_transformed() -> bool:
    """Whether the caller does something with operations that a compiled program would hide from it."""
    if not modes.special:
        return False
    state = modes.state
    watched = any(not isinstance(observer, profile) for observer in state.observers)  # tracing is one way of it
    return bool(watched or state.batch_levels or state.forward_level or state.anomaly or state.saved_tensors_hooks)


def _key(leaves: Sequence[Any], spec: TreeSpec | None) -> tuple | None:
    """What a compiled program depends on; None for arguments that cannot be traced."""
    parts: list[Any] = [None if spec is None else spec.pretty()]
    first: dict[int, int] = {}
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, Tensor):
            data = leaf._data
            if is_foreign(data):
                return None
            layout = None if data.__class__ is not np.ndarray or data.flags.c_contiguous else data.strides
            node = leaf._node
            grad = 0 if node is None else 1 if node is not LEAF_MARK else 2 if leaf._grad is None else 3
            parts.append((data.shape, data.dtype, layout, grad, first.setdefault(id(leaf), place)))
        elif isinstance(leaf, np.ndarray):
            return None
        else:
            parts.append((type(leaf), _static(leaf)))
    if modes.special:
        parts.append((modes.state.grad_enabled, modes.state.inference, modes.state.autocast))
    parts.append(dtypes.get_default_dtype())
    return tuple(parts)


def _static(leaf: Any) -> Any:
    """A Python value as part of a key: itself, its text if it is a float (-0.0 is not 0.0), or its identity."""
    if isinstance(leaf, float):
        return repr(leaf)
    return leaf if isinstance(leaf, (int, str, bytes, type(None), dtypes.dtype)) else id(leaf)
