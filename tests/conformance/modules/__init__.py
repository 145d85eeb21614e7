"""PyTorch's own database of layers, run on both libraries; `python -m tests.conformance.modules NAME ...` shows what differs."""

from __future__ import annotations

import traceback
import warnings
from typing import Any

import adjoint
from tests.conformance.operators.checks import difference
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
    given = sample.forward_input
    our_args, our_kwargs = ours(given.args), ours(given.kwargs)
    seed()
    expected = theirs(*given.args, **given.kwargs)
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
    return _gradients(mine, theirs, (our_args, our_kwargs), (given.args, given.kwargs), result, expected)


def _takes_type(kind: Any) -> bool:
    code = kind.__init__.__code__
    return "dtype" in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _gradients(mine: Any, theirs: Any, our_given: Any, given: Any, result: Any, expected: Any) -> str | None:
    kept = [place for place, each in enumerate(tensors(expected)) if each.requires_grad]
    if not kept:
        return None
    torch.manual_seed(1)
    outs = [tensors(expected)[place] for place in kept]
    cotangents = [torch.randn_like(out) for out in outs]
    their_leaves = [leaf for leaf in tensors(given) if leaf.requires_grad] + list(theirs.parameters())
    our_leaves = [leaf for leaf in tensors(our_given) if leaf.requires_grad] + list(mine.parameters())
    wanted = torch.autograd.grad(outs, their_leaves, cotangents, allow_unused=True, materialize_grads=True)
    found = adjoint.autograd.grad(
        [tensors(result)[place] for place in kept],
        our_leaves,
        ours(cotangents),
        allow_unused=True,
        materialize_grads=True,
    )
    wrong = difference(found, wanted)
    return f"gradients: {wrong}" if wrong else None
