"""Every operation under `vmap` does what a loop over the examples does: values, types and gradients.

The programs are the lines of tests/ops/cases, which use every record; the examples are their inputs, rolled.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import adjoint as torch
from adjoint import func
from adjoint.core import modes
from adjoint.core.primitive import Primitive, registry
from adjoint.ops import later
from tests.ops.cases import FAMILIES
from tests.ops.observing import compiled, cotangent, make_inputs, run

SIZE = 2  # how many examples

#: what `vmap` refuses, here as in PyTorch: it would need one example's numbers, or one memory for all examples
REFUSALS = (
    "vmap: It looks like you're calling .item()",
    "vmap: It looks like you're attempting to use a Tensor in some data-dependent control flow",
    "vmap: We do not support batching operators that can support dynamic shape",
    "vmap: inplace arithmetic",
    "Cannot access data pointer of Tensor that doesn't have storage",
    "a leaf Variable that requires grad is being used in an in-place operation",
)


def names_in(case: str) -> list[str]:
    """The inputs that a case uses."""
    return [name for name in make_inputs(torch) if name in compiled(case)[2]]


def example(tensor: Any, n: int) -> Any:
    """One of several tensors like this one, with the same elements in other places: so indices stay in range."""
    if not tensor.ndim:
        return tensor + 0.25 * n if tensor.is_floating_point() else tensor
    elements = tensor.reshape(-1)
    n = n % max(len(elements), 1)
    return torch.cat([elements[n:], elements[:n]]).reshape(tensor.shape)


def examples(names: Sequence[str], varied: Sequence[str], n: int) -> dict[str, Any]:
    inputs = make_inputs(torch)
    return {name: example(inputs[name], n) if name in varied else inputs[name] for name in names}


def tensors_in(result: Any) -> list[Any] | None:
    """The tensors of a result; None where it has something else in it."""
    if hasattr(result, "grad_fn"):
        return [result]
    if not isinstance(result, tuple | list):
        return None
    parts = [tensors_in(each) for each in result]
    return None if None in parts else [tensor for part in parts for tensor in part]


def loss(case: str, fixed: dict[str, Any], given: dict[str, Any]) -> Any:
    """A number that depends on all elements of what a case returns."""
    results = tensors_in(run(torch, case, {**fixed, **{name: value * 1 for name, value in given.items()}}))
    total = torch.tensor(0.0, dtype=torch.float64)
    for result in results or ():
        if result.is_floating_point() or result.is_complex():
            squares = (result * result.conj()).real if result.is_complex() else result * result
            squares = torch.where(torch.isfinite(squares), squares, 0.0).double()
            total = total + (squares * cotangent(torch, squares)).sum()
    return total


def stacked(inputs: Sequence[dict[str, Any]], varied: Sequence[str]) -> dict[str, Any]:
    return {
        name: torch.stack([each[name] for each in inputs]) if name in varied else value
        for name, value in inputs[0].items()
    }


def elements(x: Any) -> np.ndarray:
    return x.detach().to(torch.complex128 if x.is_complex() else torch.float64).numpy()


def differs(ours: Any, loop: Sequence[Any]) -> str | None:
    one = loop[0]
    if ours.dtype is not one.dtype:
        return f"type {ours.dtype}, in a loop {one.dtype}"
    tolerance = 2e-2 if ours.itemsize == 2 else 2e-4 if ours.is_floating_point() or ours.is_complex() else 0
    expected = np.stack([elements(each) for each in loop])
    same = np.allclose(elements(ours), expected, rtol=tolerance, atol=tolerance / 10, equal_nan=True)
    return None if same else f"{ours.tolist()}, in a loop {expected.tolist()}"


def attempt(action: Any) -> Any:
    """What a call returns; None where `vmap` refuses it, and the error as text where it fails otherwise."""
    try:
        return action()
    except Exception as error:
        return None if str(error).startswith(REFUSALS) else f"{type(error).__name__}: {error}"


def attempt_alone(action: Any) -> Any:
    """What a call without `vmap` returns; None where it fails: the case is about an error then, or has no derivative."""
    try:
        return action()
    except Exception:
        return None


def value_differences(case: str, names: Sequence[str], varied: Sequence[str]) -> list[str]:
    loop = [attempt_alone(lambda n=n: tensors_in(run(torch, case, examples(names, varied, n)))) for n in range(SIZE)]
    if None in loop or len({tuple(tuple(each.shape) for each in results) for results in loop}) > 1:
        return []  # no tensors, or not of one shape
    given = stacked([examples(names, varied, n) for n in range(SIZE)], varied)
    dims = {name: 0 if name in varied else None for name in names}
    together = attempt(lambda: torch.vmap(lambda d: tuple(tensors_in(run(torch, case, d))), in_dims=(dims,))(given))
    if isinstance(together, str):
        return [f"{case}, {varied} vary: {together}"]
    pairs = zip(together, zip(*loop, strict=True), strict=True) if together is not None else ()
    return [f"{case}, {varied} vary: {text}" for ours, each in pairs if (text := differs(ours, each))]


def gradient_differences(case: str, names: Sequence[str]) -> list[str]:
    inputs = [examples(names, names, n) for n in range(SIZE)]
    floating = [name for name in names if inputs[0][name].is_floating_point() or inputs[0][name].is_complex()]
    fixed = {name: inputs[0][name] for name in names if name not in floating}
    inputs = [{name: each[name] for name in floating} for each in inputs]
    gradient = func.grad(lambda given: loss(case, fixed, given))
    loop = [attempt_alone(lambda each=each: gradient(each)) for each in inputs]
    if not floating or None in loop:
        return []
    given = stacked(inputs, floating)
    per_example = attempt(lambda: torch.vmap(gradient)(given))
    of_all = attempt(lambda: func.grad(lambda d: torch.vmap(lambda e: loss(case, fixed, e))(d).sum())(given))
    found = [f"{case}: {error}" for error in (per_example, of_all) if isinstance(error, str)]
    return found + [
        f"{case}, {order} by {name}: {text}"
        for order, ours in (("vmap(grad)", per_example), ("grad(vmap)", of_all))
        for name in floating
        if isinstance(ours, dict) and (text := differs(ours[name], [each[name] for each in loop]))
    ]


def checked(case: str) -> list[str]:
    names = names_in(case)
    if not names:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        choices = [names, *([name] for name in names)] if len(names) > 1 else [names]
        values = [text for varied in choices for text in value_differences(case, names, varied)]
        return values + gradient_differences(case, names)


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "errors"])
def test_lines_of_code(family):
    assert not [text for case in FAMILIES[family] for text in checked(case)]


#: records that no line of code applies by itself: the borders of transforms, and parts of derivatives and histories
NOT_IN_CODE = {
    "enter_batch", "share_batch", "total_batch", "transform_input", "fw_primal", "place", "as_strided", "copy_slices",
    "set",
}  # fmt: skip


class Collector:
    """Notes the records that are applied in this thread."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def operation(self, primitive: Primitive, operands: Any, params: Any, go: Any) -> Any:
        if modes.state.batch_levels:
            self.names.add(primitive.name)
        return go()

    def around(self, name: str, operands: Any, go: Any) -> Any:
        return go()


def test_the_lines_of_code_use_every_record():
    seen = Collector()
    for case in (case for cases in FAMILIES.values() for case in cases):
        names = names_in(case)
        given = stacked([examples(names, names, n) for n in range(2)], names) if names else {}
        with warnings.catch_warnings(), modes.mode(observers=(seen,)):
            warnings.simplefilter("ignore")
            try:
                torch.vmap(lambda d, case=case: tuple(tensors_in(run(torch, case, d)) or ()))(given)
            except Exception:
                continue
    assert set(registry) - later.records() - seen.names - NOT_IN_CODE == set()
