"""What is compared for one entry: values, both orders of gradients, forward mode, in-place forms, `out=`, errors."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

import adjoint
from adjoint.autograd import forward_ad as our_forward
from tests.conformance.operators import database
from tests.conformance.operators.database import flat, ours, samples, tensors

their_forward = torch.autograd.forward_ad

#: relative and absolute tolerance: what torch.testing.assert_close takes for each type
CLOSE = {
    "float64": (1e-7, 1e-7), "complex128": (1e-7, 1e-7), "float32": (1.3e-6, 1e-5), "complex64": (1.3e-6, 1e-5),
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5),
}  # fmt: skip

#: entries whose results are memory as it was found: shapes and types are compared
UNSET = {
    "empty", "empty_like", "new_empty", "empty_strided", "new_empty_strided", "empty_permuted", "resize_", "resize_as_",
}  # fmt: skip

#: entries whose forward mode gives other results from call to call in PyTorch: indices that repeat are written in any order
UNSTABLE_FORWARD = {"nn.functional.max_unpool2d"}

#: entries whose results are determined up to a sign or a phase; compared as PyTorch's own tests process them
GAUGED = {"linalg.svd", "svd", "linalg.eigh", "linalg.eig", "svd_lowrank", "pca_lowrank"}


@dataclass
class Result:
    """How many samples of one check agree, and the first differences."""

    passed: int = 0
    total: int = 0
    differences: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.passed == self.total


def type_name(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def numbers(tensor: Any) -> np.ndarray:
    """The elements of a tensor of either library."""
    if isinstance(tensor, torch.Tensor):
        return database.array_of(tensor)
    return np.asarray(tensor.detach()._data)


def difference(mine: Any, theirs: Any, *, values: bool = True) -> str | None:
    """How a result differs from PyTorch's, None where it agrees."""
    mine, theirs = flat(mine), flat(theirs)
    if len(mine) != len(theirs):
        return f"{len(mine)} results in place of {len(theirs)}"
    for a, b in zip(mine, theirs, strict=True):
        if isinstance(b, torch.Tensor):
            found = _tensor_difference(a, b, values)
        elif isinstance(b, float | complex):
            found = None if np.isclose(a, b, 1e-7, 1e-7, equal_nan=True) else f"{a} in place of {b}"
        elif isinstance(b, int | bool | str | None):
            found = None if a == b else f"{a!r} in place of {b!r}"
        else:
            found = None if str(ours(b)) == str(a) else f"{a} in place of {b}"
        if found:
            return found
    return None


def _memory(tensor: Any) -> Any:
    """The array that owns a tensor's memory."""
    array = np.asarray(tensor._data)
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def _tensor_difference(a: Any, b: Any, values: bool) -> str | None:
    if not isinstance(a, adjoint.Tensor):
        return f"a {type(a).__name__} in place of a tensor"
    if tuple(a.shape) != tuple(b.shape):
        return f"shape {tuple(a.shape)} in place of {tuple(b.shape)}"
    if type_name(a) != type_name(b):
        return f"type {type_name(a)} in place of {type_name(b)}"
    if not values:
        return None
    x, y = numbers(a), numbers(b)
    name = type_name(b)
    if name not in CLOSE:
        wrong = x.astype(np.float64) != y.astype(np.float64) if y.dtype.kind == "V" else x != y
    else:
        if y.dtype.kind not in "fc" or y.dtype.itemsize == 2:
            x, y = x.astype(np.float64), y.astype(np.float64)
        wrong = ~np.isclose(x, y, *CLOSE[name], equal_nan=True)
    if not wrong.any():
        return None
    place = tuple(int(each) for each in np.argwhere(wrong)[0])
    return f"{int(wrong.sum())} of {y.size} elements: at {place} {x[place]} in place of {y[place]}"


@contextmanager
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _summary(sample: Any) -> str:
    return sample.summary()[:600]


class Checks:
    """The checks of one entry, on every sample of it."""

    def __init__(self, name: str, *, trace: bool = False, keep: int = 3) -> None:
        self.name = name
        self.entry = database.ALL[name]
        self.trace = trace
        self.keep = keep
        self.results: dict[str, Result] = {}

    def run(self, only: str = "") -> dict[str, Result]:
        """All checks, or those whose name begins so: for each how many samples agree."""
        database.operation(self.name, self.entry)  # `Absent` where there is none
        supported = self.entry.supported_dtypes("cpu")
        for name, dtype in database.DTYPES.items():
            if dtype in supported:
                self._each(f"value {name}", only, samples(self.entry, dtype), self._value)
        for name in ("float64", "complex128"):
            dtype = database.DTYPES[name]
            if self.entry.supports_autograd and dtype in self.entry.supported_backward_dtypes("cpu"):
                drawn = samples(self.entry, dtype, requires_grad=True)
                self._each(f"gradient {name}", only, drawn, self._gradient)
                if self.entry.supports_gradgrad:
                    self._each(f"second {name}", only, drawn, self._second)
                if self.entry.supports_forward_ad and self.name not in UNSTABLE_FORWARD:
                    self._each(f"forward {name}", only, drawn, self._forward)
        first = next((d for d in database.DTYPES.values() if d in supported), None)
        if first is not None:
            drawn = samples(self.entry, first)
            if self.entry.supports_out:
                self._each("out", only, drawn, self._out)
            if self.entry.inplace_variant is not None:
                self._each("in-place", only, drawn, self._in_place)
            if isinstance(self.entry.method_variant, type(torch.Tensor.add)):
                self._each("method", only, drawn, self._method)
        self._each("errors", only, database.error_samples(self.entry), self._error)
        return self.results

    def _each(self, check: str, only: str, drawn: list[Any], compare: Callable[[Any], str | None]) -> None:
        if not check.startswith(only) or not drawn:
            return
        result = self.results[check] = Result()
        for place, sample in enumerate(drawn):
            try:
                with quiet():
                    found = compare(sample)
            except Skipped:
                continue
            except Exception as error:
                found = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
                if self.trace:
                    traceback.print_exc()
            result.total += 1
            if found is None:
                result.passed += 1
            elif len(result.differences) < self.keep:
                given = sample.sample_input if check == "errors" else sample
                result.differences.append(f"sample {place}: {found}\n    {_summary(given)}")
        if not result.total:
            del self.results[check]

    def _mine(self, sample: Any) -> tuple[Any, tuple, dict]:
        return ours((sample.input, tuple(sample.args), sample.kwargs))

    def _called(self, function: Any, sample: Any) -> Any:
        return function(sample.input, *sample.args, **sample.kwargs)

    def _processed(self, sample: Any, out: Any, mine: bool) -> Any:
        process = sample.output_process_fn_grad
        return (database.translated(process) if mine else process)(out)

    def _value(self, sample: Any) -> str | None:
        mine = self._mine(sample)
        database.seed()
        theirs = self._theirs(lambda: self._called(self.entry.op, sample))
        database.seed()
        result = database.operation(self.name, self.entry)(mine[0], *mine[1], **mine[2])
        if self.name in GAUGED:
            theirs, result = self._processed(sample, theirs, False), self._processed(sample, result, True)
        return difference(result, theirs, values=self.name not in UNSET) or self._layout(sample, mine, result, theirs)

    def _layout(self, sample: Any, mine: tuple, result: Any, theirs: Any) -> str | None:
        """Where PyTorch returns a view of the input, so must we, with its strides."""
        if not (isinstance(sample.input, torch.Tensor) and isinstance(theirs, torch.Tensor) and theirs.numel()):
            return None
        if theirs is sample.input or theirs.untyped_storage().data_ptr() != sample.input.untyped_storage().data_ptr():
            return None
        if theirs.is_conj() or theirs.is_neg():
            return None  # a conjugate that is not carried out yet; here it is
        if _memory(result) is not _memory(mine[0]):
            return "a copy in place of a view"
        steps = [
            (a, b) for a, b, n in zip(result.stride(), theirs.stride(), theirs.shape, strict=True) if n > 1 and a != b
        ]
        return f"strides {tuple(result.stride())} in place of {tuple(theirs.stride())}" if steps else None

    def _theirs(self, call: Callable[[], Any]) -> Any:
        try:
            return call()
        except Exception as error:  # what PyTorch itself does not carry out is not compared
            raise Skipped from error

    # --- gradients ---

    def _both(self, sample: Any) -> tuple[list, list, list, list]:
        """The leaves and the differentiable results of both libraries."""
        mine = self._mine(sample)
        database.seed()
        theirs = self._theirs(lambda: self._processed(sample, self._called(self.entry.op, sample), False))
        database.seed()
        result = database.operation(self.name, self.entry)(mine[0], *mine[1], **mine[2])
        result = self._processed(sample, result, True)
        kept = [place for place, each in enumerate(tensors(theirs)) if each.requires_grad]
        results = tensors(result)
        our_leaves = [leaf for leaf in tensors(mine) if leaf.requires_grad]
        their_leaves = [leaf for leaf in tensors([sample.input, sample.args, sample.kwargs]) if leaf.requires_grad]
        return our_leaves, [results[each] for each in kept], their_leaves, [tensors(theirs)[each] for each in kept]

    def _cotangents(self, outs: list, requires_grad: bool = False) -> tuple[list, list]:
        torch.default_generator.manual_seed(1)
        theirs = [torch.randn_like(each).requires_grad_(requires_grad) for each in outs]
        return ours(theirs), theirs

    def _gradient(self, sample: Any) -> str | None:
        our_leaves, our_outs, their_leaves, their_outs = self._both(sample)
        if not their_outs:
            raise Skipped
        mine, theirs = self._cotangents(their_outs)
        expected = self._theirs(
            lambda: torch.autograd.grad(their_outs, their_leaves, theirs, allow_unused=True, materialize_grads=True)
        )
        found = adjoint.autograd.grad(our_outs, our_leaves, mine, allow_unused=True, materialize_grads=True)
        return difference(found, expected)

    def _second(self, sample: Any) -> str | None:
        our_leaves, our_outs, their_leaves, their_outs = self._both(sample)
        if not their_outs:
            raise Skipped
        mine, theirs = self._cotangents(their_outs, requires_grad=True)
        expected = self._theirs(lambda: self._twice(torch, their_outs, their_leaves, theirs, None))
        if expected is None:
            raise Skipped
        found = self._twice(adjoint, our_outs, our_leaves, mine, expected[1])
        if found is None:
            zero = not any(np.any(numbers(each)) for each in expected[0])
            return None if zero else "no second gradient"
        return difference(found[0], expected[0])

    def _twice(self, library: Any, outs: list, leaves: list, cotangents: list, weights: Any) -> Any:
        first = library.autograd.grad(
            outs, leaves, cotangents, allow_unused=True, materialize_grads=True, create_graph=True
        )
        kept = [each for each in first if each.requires_grad]
        if not kept:
            return None
        if weights is None:
            torch.default_generator.manual_seed(2)
            weights = [torch.randn_like(each) for each in first]
        given = [each if library is torch else ours(each) for each in weights]
        given = [each for each, result in zip(given, first, strict=True) if result.requires_grad]
        wanted = [*leaves, *cotangents]
        found = library.autograd.grad(kept, wanted, given, allow_unused=True, materialize_grads=True)
        return found, weights

    def _forward(self, sample: Any) -> str | None:
        arguments = [sample.input, sample.args, sample.kwargs]
        torch.default_generator.manual_seed(3)
        tangents = [torch.randn_like(leaf) for leaf in tensors(arguments) if leaf.requires_grad]

        def swept(library: Any, forward: Any, function: Any, given: Any, directions: list, process: Any) -> Any:
            waiting = iter(directions)

            def dual(value: Any) -> Any:
                if isinstance(value, library.Tensor):
                    detached = value.detach()
                    return forward.make_dual(detached, next(waiting)) if value.requires_grad else value
                if isinstance(value, list | tuple):
                    return type(value)(map(dual, value))
                return {key: dual(each) for key, each in value.items()} if isinstance(value, dict) else value

            database.seed()
            with forward.dual_level():
                first, args, kwargs = dual(given)
                out = process(function(first, *args, **kwargs))
                parts = [
                    forward.unpack_dual(each)
                    for each in tensors(out)
                    if each.dtype.is_floating_point or each.dtype.is_complex
                ]
                return [each.primal.detach() * 0 if each.tangent is None else each.tangent for each in parts]

        process = sample.output_process_fn_grad
        expected = self._theirs(lambda: swept(torch, their_forward, self.entry.op, arguments, tangents, process))
        function = database.operation(self.name, self.entry)
        process = database.translated(process)
        return difference(swept(adjoint, our_forward, function, ours(arguments), ours(tangents), process), expected)

    # --- other forms ---

    def _out(self, sample: Any) -> str | None:
        theirs = self._theirs(lambda: self._called(self.entry.op, sample))
        if not isinstance(theirs, torch.Tensor):
            raise Skipped
        first, args, kwargs = self._mine(sample)
        target = wrap_empty(theirs)
        returned = database.operation(self.name, self.entry)(first, *args, **kwargs, out=target)
        if returned is not target:
            return "out= is not what is returned"
        return difference(target, theirs, values=self.name not in UNSET)

    def _in_place(self, sample: Any) -> str | None:
        if sample.broadcasts_input or not isinstance(sample.input, torch.Tensor):
            raise Skipped
        first, args, kwargs = self._mine(sample)
        function = database.translated(self.entry.inplace_variant)
        copied = sample.input.clone()
        database.seed()
        theirs = self._theirs(lambda: self.entry.inplace_variant(copied, *sample.args, **sample.kwargs))
        database.seed()
        returned = function(first, *args, **kwargs)
        if returned is not first:
            return "the in-place form does not return its tensor"
        return difference(first, theirs, values=self.name not in UNSET)

    def _method(self, sample: Any) -> str | None:
        if not isinstance(sample.input, torch.Tensor):
            raise Skipped
        first, args, kwargs = self._mine(sample)
        database.seed()
        theirs = self._theirs(lambda: self.entry.method_variant(sample.input, *sample.args, **sample.kwargs))
        database.seed()
        mine = getattr(first, self.entry.method_variant.__name__)(*args, **kwargs)
        if self.name in GAUGED:
            theirs, mine = self._processed(sample, theirs, False), self._processed(sample, mine, True)
        return difference(mine, theirs, values=self.name not in UNSET)

    def _error(self, sample: Any) -> str | None:
        given = sample.sample_input
        try:
            self._called(self.entry.op, given)
        except Exception as error:
            expected = error
        else:
            raise Skipped
        first, args, kwargs = self._mine(given)
        function = database.operation(self.name, self.entry)
        try:
            function(first, *args, **kwargs)
        except database.Absent:
            raise
        except Exception as error:
            names = type(error).__name__.lstrip("_"), type(expected).__name__.lstrip("_")
            if self.trace and names[0] != names[1]:
                traceback.print_exc()
            return (
                None if names[0] == names[1] else f"{names[0]} ({error}) in place of {names[1]} ({str(expected)[:200]})"
            )
        return f"no error in place of {type(expected).__name__}: {str(expected)[:200]}"


class Skipped(Exception):  # noqa: N818 - not an error
    """There is nothing to compare in this sample."""


def wrap_empty(like: Any) -> Any:
    """An empty tensor of Adjoint's that a result of this type can be written to."""
    return adjoint.empty(0, dtype=ours(like.dtype))
