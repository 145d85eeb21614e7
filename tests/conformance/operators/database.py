"""The entries of PyTorch's operator database, and their samples translated for Adjoint."""

from __future__ import annotations

import ctypes
import functools
import random
import types
import warnings
from typing import Any

import numpy as np

import adjoint
from adjoint.core.tensor import Memory, wrap
from tests.conformance.operators.left_out import LEFT_OUT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_methods_invocations import op_db


def _sliced(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    return x[(slice(None),) * (dim % x.ndim) + (slice(start, end, step),)]


#: what stands for functions that PyTorch has under another path than their entry's name says, or under a private one
STAND_INS = {
    "slice": _sliced,
    **{
        path: lambda *args, path=path, **kwargs: at_path(adjoint, path)(*args, **kwargs)
        for path in ("_softmax_backward_data", "native_dropout_backward", "nn.functional.threshold")
    },
}


def name_of(entry: Any) -> str:
    """An entry's name, with that of its variant: `norm.fro`."""
    return f"{entry.name}.{entry.variant_test_name}" if entry.variant_test_name else entry.name


def _distinct() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in op_db:
        name = name_of(entry)
        while name in found:
            name += "+"
        found[name] = entry
    return found


#: every entry, by name
ALL: dict[str, Any] = _distinct()
#: those that are to pass
ENTRIES: dict[str, Any] = {name: entry for name, entry in ALL.items() if name not in LEFT_OUT}


_FUNCTIONS = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType, functools.partial,
)  # fmt: skip


class Absent(Exception):  # noqa: N818 - it is a finding
    """Adjoint has no such function."""


def at_path(root: Any, path: str) -> Any:
    """`linalg.det` of a library."""
    for part in path.split("."):
        try:
            root = getattr(root, part)
        except AttributeError:
            raise Absent(path) from None
    return root


def translated(function: Any) -> Any:
    """A function of PyTorch's as Adjoint's: by name where PyTorch has it, else its own code with `torch` replaced."""
    if isinstance(function, functools.partial):
        keywords = {name: ours(each) for name, each in function.keywords.items()}
        return functools.partial(translated(function.func), *map(ours, function.args), **keywords)
    if isinstance(function, types.MethodDescriptorType | types.WrapperDescriptorType):
        return at_path(adjoint.Tensor, function.__name__)
    if isinstance(function, types.BuiltinFunctionType):
        return at_path(adjoint, _public_path(function))
    if isinstance(function, types.FunctionType):
        module = function.__module__ or ""
        if module.startswith("torch") and not module.startswith("torch.testing"):
            return at_path(adjoint, _public_path(function))
        return rebound(function)
    raise Absent(f"{function}")


@functools.cache
def _homes() -> dict[int, str]:
    """The public path of each of PyTorch's functions."""
    modules = {
        "": torch, "special": torch.special, "linalg": torch.linalg, "fft": torch.fft, "masked": torch.masked,
        "nn.functional": torch.nn.functional, "signal.windows": torch.signal.windows, "Tensor": torch.Tensor,
    }  # fmt: skip
    found: dict[int, str] = {}
    for path, module in modules.items():
        for name in sorted(dir(module), key=lambda name: (name.startswith("_"), name)):
            each = getattr(module, name, None)
            if isinstance(each, types.FunctionType | types.BuiltinFunctionType):
                same = getattr(each, "__name__", "").endswith(name)  # rather than an alias
                if id(each) not in found or (same and not found[id(each)].endswith(each.__name__)):
                    found[id(each)] = f"{path}.{name}" if path else name
    return found


def _public_path(function: Any) -> str:
    path = _homes().get(id(function))
    if path is None:
        raise Absent(f"{function.__module__}.{function.__name__}")
    return path


def rebound(function: types.FunctionType) -> types.FunctionType:
    """A function of the database itself, with Adjoint in place of PyTorch."""
    if function.__name__ == "wrapper_set_seed":
        return _with_seed
    replaced: dict[str, Any] = {"torch": adjoint, "F": adjoint.nn.functional}
    scope = dict(function.__globals__) | {name: each for name, each in replaced.items() if name in function.__globals__}
    for name in function.__code__.co_names:
        each = scope.get(name)
        if isinstance(each, types.FunctionType) and each.__module__.startswith("torch.testing"):
            scope[name] = rebound(each)
    cells = None
    if function.__closure__:
        cells = tuple(types.CellType(_cell(cell.cell_contents)) for cell in function.__closure__)
    made = types.FunctionType(function.__code__, scope, function.__name__, function.__defaults__, cells)
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def _with_seed(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """What the database does around operations that draw random numbers."""
    with adjoint.random.fork_rng():
        adjoint.manual_seed(42)
        return operation(*args, **kwargs)


def _cell(value: Any) -> Any:
    return translated(value) if isinstance(value, _FUNCTIONS) else ours(value)


def operation(name: str, entry: Any) -> Any:
    """Adjoint's function for an entry; `Absent` where it has none."""
    return STAND_INS.get(name) or translated(entry.op)


# --- samples -----------------------------------------------------------------------------------------------------


def seed(number: int = 0) -> None:
    """Start every source of random numbers anew."""
    torch.default_generator.manual_seed(number)  # much faster than torch.manual_seed
    adjoint.manual_seed(number)
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - PyTorch's database draws from it


def array_of(tensor: Any, memory: dict[int, tuple[np.ndarray, Any]] | None = None) -> np.ndarray:
    """The elements of PyTorch's tensor in new memory, laid out as there; `memory` has the copies of what others share."""
    tensor = torch.zeros_like(tensor) if tensor._is_zerotensor() else tensor.detach().resolve_conj().resolve_neg()
    memory = {} if memory is None else memory
    dtype = getattr(adjoint, str(tensor.dtype).removeprefix("torch.")).numpy
    storage = tensor.untyped_storage()
    place = storage.data_ptr()
    if place not in memory:
        copied = Memory(storage.nbytes(), np.uint8)  # it owns its bytes, so that offsets can be told
        copied[:] = np.frombuffer(ctypes.string_at(place, storage.nbytes()), np.uint8)
        memory[place] = copied, tensor  # which is kept, so that no other storage comes to lie there
    strides = [step * dtype.itemsize for step in tensor.stride()]
    offset = tensor.storage_offset() * dtype.itemsize if tensor.numel() else 0
    return np.ndarray(tuple(tensor.shape), dtype, memory[place][0], offset, strides)


def ours(value: Any, known: dict[int, Any] | None = None) -> Any:
    """A value of PyTorch's as Adjoint's: tensors, types and generators, wherever they stand in it.

    A tensor that stands there twice becomes one tensor that stands there twice, and memory that is shared is shared;
    `known` has what was met so far.
    """
    known = {0: {}} if known is None else known
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided:
            raise Absent(f"layout {value.layout}")
        if id(value) not in known:
            tensor = wrap(array_of(value, known[0]))
            known[id(value)] = tensor.requires_grad_() if value.requires_grad else tensor
        return known[id(value)]
    if isinstance(value, torch.dtype):
        return getattr(adjoint, str(value).removeprefix("torch."))
    if isinstance(value, torch.Size):
        return adjoint.Size(value)
    if isinstance(value, torch.device):
        return adjoint.device(str(value))
    if isinstance(value, torch.memory_format | torch.layout):
        return at_path(adjoint, str(value).removeprefix("torch."))
    if isinstance(value, torch.Generator):
        made = adjoint.Generator()
        made.set_state(ours(value.get_state()))
        return made
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(ours(each, known) for each in value))
    if isinstance(value, list | tuple):
        return type(value)(ours(each, known) for each in value)
    if isinstance(value, dict):
        return {key: ours(each, known) for key, each in value.items()}
    if isinstance(value, slice):
        return slice(ours(value.start), ours(value.stop), ours(value.step))
    if isinstance(value, torch.nn.Module):
        return ours_module(value)
    if isinstance(value, _FUNCTIONS):
        return translated(value)
    return value


def ours_module(module: Any) -> Any:
    """A layer of PyTorch's as Adjoint's of the same name, with the same settings, parameters, buffers and children."""
    name = type(module).__name__
    kind = getattr(adjoint.nn, name, None) or getattr(adjoint.nn.modules.linear, name)
    made = kind.__new__(kind)
    adjoint.nn.Module.__init__(made)
    hidden = {"_qkv_same_embed_dim"}
    settings = {key: each for key, each in vars(module).items() if not key.startswith("_") or key in hidden}
    made.__dict__.update({key: ours(each) for key, each in settings.items()})
    for name, each in module._parameters.items():
        made.register_parameter(name, None if each is None else adjoint.nn.Parameter(ours(each.detach())))
    for name, each in module._buffers.items():
        made.register_buffer(name, ours(each))
    for name, each in module._modules.items():
        made.add_module(name, ours_module(each))
    return made


def flat(value: Any) -> list[Any]:
    """The leaves of nested containers, in order."""
    if isinstance(value, list | tuple):
        return [leaf for each in value for leaf in flat(each)]
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in flat(each)]
    return [value]


def tensors(value: Any) -> list[Any]:
    """The tensors among them."""
    return [leaf for leaf in flat(value) if isinstance(leaf, torch.Tensor | adjoint.Tensor)]


def samples(entry: Any, dtype: Any, requires_grad: bool = False) -> list[Any]:
    """An entry's samples, the same in every process."""
    seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(entry.sample_inputs("cpu", dtype, requires_grad=requires_grad))


def error_samples(entry: Any) -> list[Any]:
    """An entry's samples of bad input."""
    if entry.error_inputs_func is None:
        return []
    seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(entry.error_inputs("cpu"))


DTYPES = {name: getattr(torch, name) for name in (
    "float64", "float32", "complex128", "int64", "bool", "float16", "bfloat16",
)}  # fmt: skip
