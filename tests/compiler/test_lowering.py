"""Every verb of the elementwise and reduction families, compiled, gives what NumPy gives."""

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from adjoint.arrays import verbs
from adjoint.compiler.elementwise import RULES
from adjoint.compiler.fuse import Kernel
from adjoint.native.math import FUNCTIONS

Run = Callable[..., list[Any]]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of infinities and NaN

FLOATS = [np.dtype("f4"), np.dtype("f8")]
INTEGERS = [np.dtype(code) for code in ("i1", "u1", "i2", "i4", "u4", "i8", "u8")]
TYPES = [*FLOATS, *INTEGERS, np.dtype(bool)]


def rearranged(draw: Callable, array: np.ndarray) -> np.ndarray:
    """The same elements, perhaps not contiguous in memory."""
    how = draw(st.sampled_from(["as it is", "reversed", "spread", "transposed"]))
    if not array.ndim or how == "as it is":
        return array
    if how == "reversed":
        return array[::-1].copy()[::-1]
    if how == "transposed":
        return array.T.copy().T
    wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


@st.composite
def operands(draw: Callable, count: int, types: list[np.dtype]) -> list[np.ndarray]:
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=20, min_side=0)).input_shapes
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    arrays = []
    for shape in shapes:
        dtype = draw(st.sampled_from(types))
        if dtype.kind == "f":
            array = (rng.normal(size=shape) * 3).astype(dtype)
            array = np.where(rng.random(shape) < 0.1, rng.choice([0, -0.0, np.inf, -np.inf, np.nan], shape), array)
        else:
            array = rng.integers(-20, 20, shape)
        arrays.append(rearranged(draw, np.asarray(array).astype(dtype)))
    return arrays


def same(got: Any, expected: Any, ulps: int = 0) -> None:
    """Equal in type, shape and value; within so many units in the last place where rounding is free."""
    assert got.dtype == expected.dtype
    assert got.shape == expected.shape
    if ulps and got.dtype.kind == "f":
        assert_allclose(got, expected, rtol=ulps * np.finfo(got.dtype).eps, atol=float(np.finfo(got.dtype).tiny))
    else:
        assert_array_equal(got, expected)


def numpy_allows(trace: Callable, function: Callable, *arrays: np.ndarray) -> list[Any] | None:
    """NumPy's results; None where it refuses these types."""
    try:
        with np.errstate(all="ignore"):
            return trace(function, *arrays).run(*arrays)[0]
    except (TypeError, ValueError):
        return None


ONE = [verb for verb in verbs.UNARY if verb not in ("erf", "conj", "real", "imag", "bitwise_invert")]


@pytest.mark.parametrize("verb", ONE)
@given(data=st.data())
@settings(max_examples=15)
def test_one_operand(run: Run, trace: Callable, verb: str, data: st.DataObject) -> None:
    (x,) = data.draw(operands(1, FLOATS if verb == "sigmoid" else TYPES))  # of integers, it is asked for floats
    function = lambda xp, x: getattr(xp, verb)(x)  # noqa: E731
    expected = numpy_allows(trace, function, x)
    if expected is not None:
        same(run(function, x)[0], expected[0], ulps=4 if verb in FUNCTIONS else 0)


@pytest.mark.parametrize("verb", verbs.BINARY)
@given(data=st.data())
@settings(max_examples=20)
def test_two_operands(run: Run, trace: Callable, verb: str, data: st.DataObject) -> None:
    x, y = data.draw(operands(2, TYPES))
    function = lambda xp, x, y: getattr(xp, verb)(x, y)  # noqa: E731
    expected = numpy_allows(trace, function, x, y)
    if expected is not None:
        same(run(function, x, y)[0], expected[0], ulps=4 if verb in FUNCTIONS else 0)


@pytest.mark.parametrize("number", [2, -3, 0, 0.5, True, np.float32(1.5), np.int64(7)])
@given(data=st.data())
@settings(max_examples=20)
def test_with_a_number(run: Run, trace: Callable, number: Any, data: st.DataObject) -> None:
    """Python numbers are weak in promotion, NumPy's are not; on either side of an operator."""
    (x,) = data.draw(operands(1, TYPES))
    verb = data.draw(st.sampled_from(["add", "multiply", "divide", "maximum", "less", "equal", "remainder"]))
    swap = data.draw(st.booleans())

    def function(xp: Any, x: Any) -> Any:
        return getattr(xp, verb)(number, x) if swap else getattr(xp, verb)(x, number)

    try:
        expected = numpy_allows(trace, function, x)
    except OverflowError:  # NumPy refuses a number that the type cannot hold
        return
    if expected is not None:
        same(run(function, x)[0], expected[0])


@given(data=st.data())
def test_where(run: Run, trace: Callable, data: st.DataObject) -> None:
    condition, x, y = data.draw(operands(3, TYPES))
    function = lambda xp, c, x, y: xp.where(c, x, y)  # noqa: E731
    same(run(function, condition, x, y)[0], trace(function, condition, x, y).run(condition, x, y)[0][0])


@given(data=st.data())
def test_astype(run: Run, data: st.DataObject) -> None:
    (x,) = data.draw(operands(1, [*INTEGERS, np.dtype(bool)]))
    dtype = data.draw(st.sampled_from(TYPES))
    same(run(lambda xp, x: xp.astype(x, dtype), x)[0], x.astype(dtype))
    floats = np.array([0.0, -0.5, 1.75, 100.25, np.nan], np.float64)
    same(run(lambda xp, x: xp.astype(x, np.float32), floats)[0], floats.astype(np.float32))
    same(run(lambda xp, x: xp.astype(x, np.int32), floats[:-1])[0], floats[:-1].astype(np.int32))
    same(run(lambda xp, x: xp.astype(x, bool), floats)[0], floats.astype(bool))


@st.composite
def axes_of(draw: Callable, x: np.ndarray) -> tuple[int, ...] | None:
    return draw(st.none() | st.sets(st.integers(0, max(x.ndim - 1, 0)), max_size=x.ndim).map(tuple))


@pytest.mark.parametrize("verb", verbs.REDUCTIONS)
@given(data=st.data())
@settings(max_examples=60)
def test_exact_reduction(run: Run, trace: Callable, verb: str, data: st.DataObject) -> None:
    """Of integers and truth values, and all that do not round."""
    (x,) = data.draw(operands(1, [*INTEGERS, np.dtype(bool)] if verb in ("sum", "prod") else TYPES))
    axis, keepdims = data.draw(axes_of(x)), data.draw(st.booleans())
    function = lambda xp, x: getattr(xp, verb)(x, axis=axis, keepdims=keepdims)  # noqa: E731
    if x.size or verb not in ("max", "min"):
        same(run(function, x)[0], np.asarray(trace(function, x).run(x)[0][0]))


@given(data=st.data())
def test_rounded_sum(run: Run, data: st.DataObject) -> None:
    (x,) = data.draw(operands(1, FLOATS))
    x = np.asarray(np.where(np.isfinite(x), x, 0).astype(x.dtype))
    axis, keepdims = data.draw(axes_of(x)), data.draw(st.booleans())
    (got,) = run(lambda xp, x: xp.sum(x, axis=axis, keepdims=keepdims), x)
    exact = np.sum(x, axis=axis, keepdims=keepdims, dtype=np.longdouble)
    assert (got.dtype, got.shape) == (x.dtype, exact.shape)
    assert (np.abs(got - exact) <= 2 * np.finfo(x.dtype).eps * np.sum(np.abs(x), axis=axis, keepdims=keepdims)).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_of_special_values(run: Run, dtype: np.dtype) -> None:
    x = np.array([[1, np.nan, 3], [np.inf, -np.inf, 0], [np.inf, 1, 2], [-0.0, -0.0, -0.0]], dtype)
    for verb in ("sum", "prod", "max", "min"):
        for axis in (0, 1, None):
            function = lambda xp, x: getattr(xp, verb)(x, axis=axis)  # noqa: B023, E731
            with np.errstate(all="ignore"):
                assert_array_equal(run(function, x)[0], getattr(np, verb)(x, axis=axis))


@given(data=st.data())
@settings(max_examples=100)
def test_fused(run: Run, trace: Callable, data: st.DataObject) -> None:
    """Chains with broadcast operands and reductions along some axes at their ends."""
    x, y, z = data.draw(operands(3, FLOATS))
    ndim = max(x.ndim, y.ndim, z.ndim)
    axis = data.draw(st.sets(st.integers(0, max(ndim - 1, 0)), max_size=ndim).map(tuple))

    def function(xp: Any, x: Any, y: Any, z: Any) -> tuple:
        u = xp.where(x > y, x, y) - z
        v = xp.where(xp.isfinite(u), u, 1)
        return xp.max(v * v, axis=axis) if v.size else v, v, xp.sum(xp.astype(v > 0, np.int64), axis=axis)

    for got, expected in zip(run(function, x, y, z), trace(function, x, y, z).run(x, y, z)[0], strict=True):
        same(got, expected)


def test_sum_is_accurate(run: Run, rng: np.random.Generator) -> None:
    for dtype, bound in ((np.float32, 2e-7), (np.float64, 1e-15)):
        x = rng.random(10**6).astype(dtype)
        exact = np.sum(x.astype(np.longdouble))
        for got in run(lambda xp, x: (xp.sum(x), xp.sum(xp.reshape(x, (1000, 1000)))), x):
            assert abs(got - exact) <= bound * exact
        (columns,) = run(lambda xp, x: xp.sum(xp.reshape(x, (100_000, 10)), axis=0), x)
        exact = x.reshape(100_000, 10).astype(np.longdouble).sum(axis=0)
        assert (
            np.abs(columns - exact) <= 1e3 * np.finfo(dtype).eps * exact * (dtype == np.float64) + bound * exact
        ).all()


def test_what_numpy_reads_without_copies_kernels_read_without_copies(
    compiled: Callable, rng: np.random.Generator
) -> None:
    x = rng.normal(size=(6, 8)).astype(np.float32)

    def function(xp: Any, x: Any) -> Any:
        flipped = xp.permute_dims(x, (1, 0))[1:7:2, :]
        return xp.exp(xp.reshape(flipped, (3, 2, 3)) + xp.expand_dims(x[0, :3], 0))

    executable = compiled(function, x)
    assert [type(step) for step in executable.built.schedule.steps] == [Kernel]
    assert_allclose(executable(x)[0], np.exp(x.T[1:7:2].reshape(3, 2, 3) + x[0, :3]), rtol=5e-7)


def test_every_rule_is_a_verb() -> None:
    names = {*verbs.ELEMENTWISE}
    assert all(set(rules) <= names for rules in RULES.values())
