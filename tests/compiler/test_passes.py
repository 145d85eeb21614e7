"""What each pass of the compiler promises: fewer operations with the same results, one loop where one is enough."""

import re
from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from adjoint.arrays.program import Program, Value
from adjoint.arrays.traced import ControlFlowOnTracedValue, TracedArray, recording, traced
from adjoint.compiler import build as builder
from adjoint.compiler import get_num_threads, set_num_threads
from adjoint.compiler.build import build
from adjoint.compiler.fuse import Call, Kernel
from adjoint.compiler.layout import contiguous, reshaped
from adjoint.compiler.simplify import simplify
from adjoint.native import code as native
from adjoint.native.code import machine


def value_and_gradient(xp: Any, x: Any) -> tuple:
    """sigmoid(sin(x) * x + exp(-x * x)).mean(), as tracing its forward and backward pass records it."""
    sine, bell = xp.sin(x), xp.exp(-x * x)
    y = xp.sigmoid(sine * x + bell)
    value = xp.sum(y) / x.size
    g = xp.broadcast_to(xp.ones_like(value) / x.size, x.shape)
    g = g * ((1 - y) * y)
    return value, g * sine + g * x * xp.cos(x) - g * bell * x + -(g * bell) * x


# --- simplify ---


def verbs_of(program: Program) -> list[str]:
    return [operation.verb for operation in program.operations]


@pytest.mark.parametrize(
    ("function", "left"),
    [
        (lambda xp, x: x * 1 / 1 - 0, []),
        (lambda xp, x: xp.negative(-x), []),
        (lambda xp, x: x + 0, ["add"]),  # -0 + 0 is 0
        (lambda xp, x: xp.sin(x) + xp.sin(x), ["sin", "add"]),
        (lambda xp, x: x * (xp.ones((4, 6), np.float32) * 2 + 1), ["multiply"]),
        (lambda xp, x: x**2 + x**1, ["multiply", "add"]),
        (lambda xp, x: xp.astype(xp.astype(x, np.float32), np.float32), []),
        (lambda xp, x: xp.reshape(xp.reshape(x, (24,)), (4, 6)), []),
        (lambda xp, x: xp.permute_dims(xp.permute_dims(x, (1, 0)), (1, 0)), []),
        (lambda xp, x: xp.sum(xp.sum(x, axis=0, keepdims=True), axis=0), ["sum"]),
        (lambda xp, x: xp.exp(xp.broadcast_to(x[:1], (4, 6))) * x, ["getitem", "exp", "multiply"]),
        (lambda xp, x: (xp.sin(x), x * 0)[0] * xp.where(True, x, 3), ["sin", "multiply"]),
        (lambda xp, x: xp.exp(x)[1:], ["getitem", "exp"]),
    ],
)
def test_simplify(trace: Callable, function: Callable, left: list[str], rng: np.random.Generator) -> None:
    x = rng.normal(size=(4, 6)).astype(np.float32)
    program = trace(function, x)
    expected = program.run(x)[0]
    simple = simplify(program)
    assert verbs_of(simple) == left
    for got, wanted in zip(simple.run(x)[0], expected, strict=True):
        assert_array_equal(got, wanted)


@st.composite
def programs(draw: Callable) -> Callable:
    """A function of arrays that does some steps, each with earlier results."""
    steps = draw(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=14))

    def function(xp: Any, x: Any, y: Any) -> tuple:
        known = [x, y]
        for kind, i, j in steps:
            a, b = known[i % len(known)], known[j % len(known)]
            known.append(
                [
                    lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a - 0.0, lambda a, b: 1 * a, lambda a, b: -a,
                    lambda a, b: xp.where(a > b, a, 0), lambda a, b: xp.permute_dims(xp.permute_dims(a, (1, 0)), (1, 0)),
                    lambda a, b: xp.broadcast_to(xp.sum(a, axis=0, keepdims=True), a.shape),
                    lambda a, b: xp.reshape(xp.reshape(a, (15,)) * 2, (3, 5)), lambda a, b: xp.maximum(a, b) ** 2,
                    lambda a, b: xp.concat([a[1:], b[:1]], 0), lambda a, b: xp.flip(a, 1) / 2,
                ][kind](a, b)
            )  # fmt: skip
        return known[-1], known[len(known) // 2]

    return function


@given(function=programs())
def test_passes_keep_values(trace: Callable, run: Callable, function: Callable) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.integers(-2, 3, (3, 5)).astype(np.float64), rng.integers(-2, 3, (3, 5)).astype(np.float64)
    program = trace(function, x, y)
    with np.errstate(all="ignore"):
        expected = program.run(x, y)[0]
        for got in (simplify(program).run(x, y)[0], run(function, x, y)):
            for one, other in zip(got, expected, strict=True):
                assert_array_equal(one, other)


# --- fuse ---


def loops(executable: Any) -> list[Kernel]:
    return [step for step in executable.built.schedule.steps if isinstance(step, Kernel) and step.shape]


def test_value_and_gradient_are_one_loop(compiled: Callable, rng: np.random.Generator) -> None:
    executable = compiled(value_and_gradient, rng.normal(size=100_000).astype(np.float32))
    assert len(loops(executable)) == 1
    assert not any(isinstance(step, Call) for step in executable.built.schedule.steps)


def test_loops_are_vectorised(compiled: Callable, rng: np.random.Generator) -> None:
    executable = compiled(value_and_gradient, rng.normal(size=100_000).astype(np.float32))
    assembly = executable.built.code.assembly()
    register = {64: "zmm", 32: "ymm", 16: "xmm"}[machine().vector_bytes]
    if "xmm" in assembly:  # x86
        packed = [line for line in assembly.splitlines() if re.search(r"v?(mul|add|fmadd\d*)ps\b", line)]
        assert sum(register in line for line in packed) > 0.9 * len(packed) > 50


@pytest.mark.parametrize(("cpu", "vector_bytes"), [("x86-64", 16), ("x86-64-v3", 32)])
def test_processors_with_narrower_vectors(
    monkeypatch: pytest.MonkeyPatch, compiled: Callable, cpu: str, vector_bytes: int, rng: np.random.Generator
) -> None:
    if vector_bytes > machine().vector_bytes or machine().vector_bytes == 16:
        pytest.skip("this processor cannot run that code, or has no other")
    x = np.append(rng.normal(size=999).astype(np.float32), np.float32(3e9))
    expected = compiled(value_and_gradient, x)(x)
    narrow = copy(machine())
    narrow.cpu, narrow.features, narrow.vector_bytes, narrow.has_ldexp = cpu, "", vector_bytes, False
    for module in (native, builder):
        monkeypatch.setattr(module, "machine", lambda: narrow)
    executable = compiled(value_and_gradient, x)
    assert "zmm" not in executable.built.code.assembly()
    for got, wanted in zip(executable(x), expected, strict=True):
        assert_allclose(got, wanted, rtol=1e-6, atol=1e-9)


def test_softmax_is_three_loops_over_its_matrix(compiled: Callable, rng: np.random.Generator) -> None:
    def softmax(xp: Any, x: Any) -> Any:
        e = xp.exp(x - xp.max(x, axis=1, keepdims=True))
        return e / xp.sum(e, axis=1, keepdims=True)

    assert [kernel.shape for kernel in loops(compiled(softmax, rng.normal(size=(8, 9))))] == [(8, 9)] * 3


def test_what_is_needed_later_only_is_computed_later(compiled: Callable, rng: np.random.Generator) -> None:
    function = lambda xp, x: xp.cos(x) * xp.sum(xp.sin(x))  # noqa: E731
    first, second = loops(compiled(function, rng.normal(size=100)))
    assert [operation.verb for operation in second.operations] == ["cos", "multiply"]
    assert first.stored == []


@pytest.mark.parametrize("shape", [(2, 3, 4), (4, 6), (24,), (1, 24, 1), (3, 8), (2, 2, 6), (24, 1, 1)])
@given(data=st.data())
def test_layouts_of_reshaped_arrays(shape: tuple, data: st.DataObject) -> None:
    base = np.arange(24).reshape(2, 3, 4)
    array = base.transpose(data.draw(st.permutations(range(3))))
    expected = array.reshape(shape)
    strides = reshaped(array.shape, tuple(step // 8 for step in array.strides), shape)
    if strides is None:
        assert not np.shares_memory(expected, base)
    else:
        assert_array_equal(np.lib.stride_tricks.as_strided(base, shape, [8 * step for step in strides]), expected)


def test_contiguous() -> None:
    assert contiguous((2, 3, 4)) == (12, 4, 1)


# --- plan and runtime ---


def test_scratch_memory_is_shared(compiled: Callable, rng: np.random.Generator) -> None:
    def chain(xp: Any, x: Any) -> Any:
        for _ in range(6):
            x = xp.exp(x - xp.max(x, axis=0)) / 7
            x = x - xp.sum(x, axis=1, keepdims=True)
        return x

    x = rng.normal(size=(64, 64))
    executable = compiled(chain, x)
    stored = sum(len(kernel.stored) for kernel in loops(executable))
    assert stored > 5
    assert executable.scratch_bytes < 4 * x.nbytes


def test_updates_go_straight_into_their_inputs(compiled: Callable, rng: np.random.Generator) -> None:
    def descend(xp: Any, w: Any, g: Any) -> None:
        w[...] = w - 0.1 * g

    w, g = rng.normal(size=100), rng.normal(size=100)
    expected = w - 0.1 * g
    executable = compiled(lambda xp, w, g: descend(xp, w, g) or xp.sum(g), w, g)
    assert executable.updates == []
    executable(w, g)
    assert_array_equal(w, expected)


def test_updates_from_one_another(compiled: Callable, rng: np.random.Generator) -> None:
    def swap(xp: Any, x: Any, y: Any) -> Any:
        old = x.copy()
        x[...] = y
        y[...] = old
        return x + y

    x, y = rng.normal(size=5), rng.normal(size=5)
    old = x.copy(), y.copy()
    compiled(swap, x, y)(x, y)
    assert_array_equal((x, y), old[::-1])


def test_captured_arrays_are_read_at_each_call(compiled: Callable) -> None:
    weights = np.arange(3.0)
    executable = compiled(lambda xp, x: x * weights, np.ones(3))
    weights += 1
    assert_array_equal(executable(np.ones(3))[0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_results_do_not_depend_on_the_number_of_threads(
    compiled: Callable, count: int, rng: np.random.Generator
) -> None:
    x = rng.normal(size=(1000, 300)).astype(np.float32)

    def function(xp: Any, x: Any) -> tuple:
        e = xp.exp(x)
        return xp.sum(e), xp.sum(e, axis=0), xp.sum(e, axis=1), xp.max(e * x), e, xp.sin(xp.sum(e, axis=0)) + x

    executable = compiled(function, x)
    before = get_num_threads()
    try:
        set_num_threads(1)
        expected = executable(x)
        set_num_threads(count)
        for _ in range(5):
            for got, wanted in zip(executable(x), expected, strict=True):
                assert_array_equal(got, wanted)
    finally:
        set_num_threads(before)


def test_number_of_threads() -> None:
    with pytest.raises(RuntimeError, match="expects a positive integer"):
        set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int"):
        set_num_threads(1.5)


def test_programs_print(trace: Callable) -> None:
    program = trace(lambda xp, x: xp.sum(xp.sin(x) * 2), np.ones(3, np.float32))
    assert str(program).splitlines() == [
        "x0: float32[3]",
        "v0: float32[3] = sin(x0)",
        "v1: float32[3] = multiply(v0, 2)",
        "v2: float32[] = sum(v1, axis=(0,), keepdims=False)",
        "return v2",
    ]


# --- traced arrays ---


@pytest.mark.parametrize(
    "use", [bool, int, float, np.asarray, lambda x: x.item(), lambda x: [1, 2][x], lambda x: x.tolist()]
)
def test_traced_arrays_have_no_elements(use: Callable) -> None:
    with recording(Program()) as program, pytest.raises(ControlFlowOnTracedValue):
        use(TracedArray(program.add_input((), np.dtype(np.int64))))


def test_traced_arrays_do_not_outlive_their_trace() -> None:
    with recording(Program()) as program:
        x = TracedArray(program.add_input((3,), np.dtype(np.float32)))
    with pytest.raises(RuntimeError, match="after its trace has ended"):
        _ = x + 1


def test_writes_show_in_views_and_through_them(run: Callable) -> None:
    def function(xp: Any, x: Any) -> tuple:
        y = xp.reshape(x, (2, 6))
        z = xp.permute_dims(y, (1, 0))[1:4]
        z[...] = z * 10
        y[0] = 0
        x[-1] = 5
        return xp.copy(y), xp.copy(z)

    class Eager:
        reshape, permute_dims, copy = np.reshape, np.permute_dims, np.copy

    ours, theirs = np.arange(12.0), np.arange(12.0)
    for got, expected in zip(run(function, ours), function(Eager, theirs), strict=True):
        assert_array_equal(got, expected)
    assert_array_equal(ours, theirs)


def test_verbs_without_a_rule_are_numpys(run: Callable, rng: np.random.Generator) -> None:
    x = rng.normal(size=(3, 4))
    function = lambda xp, x: xp.cumsum(xp.exp(x), axis=1) + 1  # noqa: E731
    assert_array_equal(run(function, x)[0], np.cumsum(run(lambda xp, x: xp.exp(x), x)[0], axis=1) + 1)


def test_shapes_that_do_not_fit() -> None:
    with recording(Program()) as program:
        x = TracedArray(program.add_input((3, 4), np.dtype(np.float32)))
        for wrong in (lambda: x + traced.zeros((2, 4)), lambda: x @ x, lambda: traced.reshape(x, (5, 5))):
            with pytest.raises(ValueError, match=r"shape"):
                wrong()


def test_a_program_is_compiled_as_it_stands() -> None:
    """The passes leave the program that they are given as it was."""
    program = Program()
    x = program.add_input((4,), np.dtype(np.float32))
    with recording(program):
        y = traced.sin(TracedArray(x)) * 1
    program.outputs = [y.value]
    before = str(program)
    assert isinstance(build(program).program.outputs[0], Value)
    assert str(program) == before
