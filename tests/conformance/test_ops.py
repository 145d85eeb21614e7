"""The operations against PyTorch itself: that the recordings are true, and special values, steps and ranges."""

import itertools
import json
import math
from pathlib import Path

import numpy as np
import pytest

import adjoint
from tests.ops.cases import FAMILIES
from tests.ops.observing import close, differences, elements, observe

torch = pytest.importorskip("torch")

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ops.json").read_text())


@pytest.mark.parametrize("family", FAMILIES)
def test_recordings_are_what_pytorch_does(family):
    """With tests/ops/test_recorded.py this says that Adjoint does what PyTorch does, line by line."""
    wrong = {case: differences(observe(torch, case), GOLDEN[case]) for case in FAMILIES[family]}
    assert not {case: found for case, found in wrong.items() if found}, "run python -m tests.golden.record_ops"


def test_nothing_else_is_recorded():
    assert set(GOLDEN) == {case for cases in FAMILIES.values() for case in cases}


SPECIAL = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -2.5, 3.75, 1e4]
UNARY = [
    "abs", "ceil", "cos", "exp", "floor", "frac", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "log",
    "logical_not", "neg", "reciprocal", "round", "rsqrt", "sgn", "sigmoid", "sign", "sin", "sqrt", "square", "tanh",
    "trunc",
]  # fmt: skip
BINARY = [
    "add", "sub", "mul", "div", "pow", "remainder", "floor_divide", "maximum", "minimum", "clamp_min", "clamp_max",
    "eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor",
]  # fmt: skip
#: functions that PyTorch has no gradient for, or whose zero gradient has no memory there
WITHOUT_GRADIENT = {"floor_divide", "sgn"}


def value_and_gradients(library, name, arrays, dtype):
    leaves = [library.tensor(each, dtype=getattr(library, dtype), requires_grad=True) for each in arrays]
    result = getattr(library, name)(*leaves)
    if result.requires_grad and name not in WITHOUT_GRADIENT:
        result.sum().backward()
    return [elements(each) for each in (result, *(leaf.grad for leaf in leaves))]


def check(name, arrays, dtype):
    ours, theirs = (value_and_gradients(library, name, arrays, dtype) for library in (adjoint, torch))
    for a, b in zip(ours, theirs, strict=True):
        assert (a is None) == (b is None)
        if a is None:
            continue
        assert (a["tensor"], a["shape"]) == (b["tensor"], b["shape"])
        wrong = [
            (*(each[place] for each in arrays), p, q)
            for place, (p, q) in enumerate(zip(a["values"], b["values"], strict=True))
            if not close([p + 0.0], [q + 0.0], EPSILON[dtype], False) and not (p == 0 and q == 0)
        ]
        assert not wrong, f"{name}: operands, ours, PyTorch's: {wrong}"


EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("name", UNARY)
def test_special_values(name, dtype):
    check(name, [SPECIAL], dtype)


@pytest.mark.parametrize("dtype", EPSILON)
@pytest.mark.parametrize("name", BINARY)
def test_special_values_of_two(name, dtype):
    pairs = list(itertools.product(SPECIAL, SPECIAL))
    check(name, [[first for first, _ in pairs], [second for _, second in pairs]], dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_linspace_to_the_last_digit(dtype):
    rng = np.random.default_rng(3)
    for steps in [*range(1, 40), 100, 1000]:
        first, last = rng.standard_normal(2) * 10.0 ** rng.integers(-3, 4)
        ours, theirs = (
            library.linspace(first, last, steps, dtype=getattr(library, dtype)) for library in (adjoint, torch)
        )
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_arange(dtype):
    """PyTorch adds up along its vector registers, so that the last digit depends on the processor."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        first, last = np.sort(np.abs(rng.standard_normal(2)) * 10.0 ** rng.integers(0, 3))
        step = abs(rng.standard_normal()) * 10.0 ** rng.integers(-1, 1) + (1 if dtype == "int64" else 0)
        ours, theirs = (
            library.arange(first, last, step, dtype=getattr(library, dtype)) for library in (adjoint, torch)
        )
        assert ours.shape == theirs.shape
        assert close(ours.tolist(), theirs.tolist(), EPSILON.get(dtype, 0.0), False)
