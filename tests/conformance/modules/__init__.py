"""PyTorch's own database of layers, run on both libraries; `python -m tests.conformance.modules NAME ...` shows what differs.

Numbers agree to the tolerances of `torch.testing.assert_close`. These ask float32 gradients for digits that it does not
have where terms cancel, in either library; so such gradients agree also where they are as precise as PyTorch's own: of an
error, against PyTorch's gradients of the same layer in float64, that is a small multiple of that of PyTorch's float32.
"""

from __future__ import annotations

import copy
import traceback
import warnings
from typing import Any

import numpy as np

import adjoint
from tests.conformance.operators.checks import difference, numbers
from tests.conformance.operators.database import ours, seed, tensors

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import torch
    from torch.testing._internal.common_modules import module_db

ENTRIES: dict[str, Any] = {entry.name: entry for entry in module_db}


def differences(name: str, *, trace: bool = False) -> list[str]:
    """How a layer differs from PyTorch's: its text, first values, outputs, gradients and state, in both modes."""
    entry = ENTRIES[name]
    found = []
    for training in (True, False):
        for dtype in (torch.float32, torch.float64):
            if dtype not in entry.dtypes:
                continue
            seed()
            inputs = list(
                entry.module_inputs_func(entry, device="cpu", dtype=dtype, requires_grad=True, training=training)
            )
            for place, sample in enumerate(inputs):
                if sample.forward_input is None:
                    continue
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        wrong = _compared(entry, sample, dtype, training)
                except Exception as error:
                    wrong = f"{type(error).__name__}: {error}".partition("\n")[0]
                    if trace:
                        traceback.print_exc()
                if wrong:
                    found.append(f"{dtype}, training={training}, input {place} ({sample.desc}): {wrong}")
    return found


def _compared(entry: Any, sample: Any, dtype: Any, training: bool) -> str | None:
    made = sample.constructor_input
    kwargs = {**made.kwargs, "dtype": dtype, "device": "cpu"} if _takes_type(entry.module_cls) else made.kwargs
    seed()
    theirs = entry.module_cls(*made.args, **kwargs).to(dtype)
    seed()
    path = f"{entry.module_cls.__name__}"
    mine = getattr(adjoint.nn, path)(*ours(made.args), **ours(kwargs)).to(ours(dtype))
    theirs.train(training)
    mine.train(training)
    given = sample.forward_input.args, sample.forward_input.kwargs
    our_args, our_kwargs = map(ours, given)
    seed()
    expected = theirs(*given[0], **given[1])
    seed()
    result = mine(*our_args, **our_kwargs)
    found = difference(result, expected)
    if found:
        return f"output: {found}"
    if repr(mine) != repr(theirs):
        return f"text: {mine!r} in place of {theirs!r}"
    state, there = mine.state_dict(), theirs.state_dict()
    if list(state) != list(there):
        return f"state: {list(state)} in place of {list(there)}"
    found = difference(list(state.values()), list(there.values()))
    if found:
        return f"state: {found}"
    kept = [place for place, each in enumerate(tensors(expected)) if each.requires_grad]
    if not kept:
        return None
    torch.manual_seed(1)
    cotangents = [torch.randn_like(tensors(expected)[place]) for place in kept]
    found = _gradients(adjoint, result, kept, ours(cotangents), (our_args, our_kwargs), mine)
    wanted = _gradients(torch, expected, kept, cotangents, given, theirs)
    wrong = difference(found, wanted)
    if wrong and dtype is torch.float32 and as_precise(found, wanted, _exact(theirs, given, kept, cotangents)):
        return None
    return f"gradients: {wrong}" if wrong else None


def _takes_type(kind: Any) -> bool:
    code = kind.__init__.__code__
    return "dtype" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _gradients(library: Any, result: Any, kept: list[int], cotangents: Any, given: Any, layer: Any) -> Any:
    """The gradients of a layer's inputs and parameters, by cotangents of some of the tensors in its result."""
    leaves = [leaf for leaf in tensors(given) if leaf.requires_grad] + list(layer.parameters())
    outs = [tensors(result)[place] for place in kept]
    return library.autograd.grad(outs, leaves, cotangents, allow_unused=True, materialize_grads=True)


def _exact(layer: Any, given: Any, kept: list[int], cotangents: list[Any]) -> Any:
    """PyTorch's gradients of a layer in float64."""
    wide = copy.deepcopy(layer).double()
    args, kwargs = map(_widened, given)
    seed()
    result = wide(*args, **kwargs)
    return _gradients(torch, result, kept, [each.double() for each in cotangents], (args, kwargs), wide)


def _widened(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().double().requires_grad_(value.requires_grad)
    if isinstance(value, dict):
        return {key: _widened(each) for key, each in value.items()}
    return type(value)(map(_widened, value)) if isinstance(value, list | tuple) else value


#: how many times PyTorch's own error, and how many units in the last place of the largest element, an error may be
MULTIPLE = 4


def as_precise(found: Any, wanted: Any, exact: Any) -> bool:
    """Whether each of our float32 results is about as near to the exact one as PyTorch's is."""
    return all(_is_near(*map(numbers, three)) for three in zip(found, wanted, exact, strict=True))


def _is_near(mine: np.ndarray, theirs: np.ndarray, exact: np.ndarray) -> bool:
    if not exact.size:
        return True
    size = np.abs(exact).max()
    error, own = (np.abs(each.astype(np.float64) - exact).max() for each in (mine, theirs))
    comparable = own <= 1e-3 * size  # not where random numbers, which are others in float64, decide
    return bool(comparable and error <= MULTIPLE * (own + np.finfo(np.float32).eps * size))
