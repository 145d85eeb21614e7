"""Random indices on tensors of random shapes: what is read, its gradient, and what is written, as in PyTorch."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import adjoint

torch = pytest.importorskip("torch")

#: an index is data: each part is a kind and what belongs to it, so that it can be built for either library
FULL = ("slice", (None, None, None))


@st.composite
def slices(draw, size):
    bounds = st.none() | st.integers(-size - 2, size + 2)
    return "slice", (draw(bounds), draw(bounds), draw(st.none() | st.integers(1, 3)))


@st.composite
def pickers(draw, size, shape):
    """Indices into a dimension of this size, as a tensor or nested list of a shape that broadcasts with the others'."""
    kept = tuple(draw(st.sampled_from([each, 1])) for each in shape)
    count = int(np.prod(kept))
    numbers = draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count))
    return draw(st.sampled_from(["tensor", "int32", "list"])), np.array(numbers, np.int64).reshape(kept).tolist()


@st.composite
def indices(draw):
    """The shape of a tensor, and an index into it."""
    shape = tuple(draw(st.lists(st.integers(0, 4), min_size=0, max_size=4)))
    common = tuple(draw(st.lists(st.integers(1, 3), min_size=1, max_size=2)))
    parts, axis, masked, dotted = [], 0, False, False
    while axis < len(shape):
        size = shape[axis]
        kinds = ["slice", "none", "stop"]
        kinds += ["int", "picker"] if size else []
        kinds += [] if masked else ["mask"]
        kinds += [] if dotted else ["dots"]
        kind = draw(st.sampled_from(kinds))
        if kind == "stop":
            break
        if kind == "none":
            parts.append(("none", None))
            continue
        if kind == "dots":
            dotted = True
            parts.append(("dots", None))
            axis += draw(st.integers(0, len(shape) - axis))
            continue
        if kind == "mask":
            masked = True
            width = draw(st.integers(1, min(2, len(shape) - axis)))
            covered = shape[axis : axis + width]
            count = int(np.prod(covered))
            truths = draw(st.lists(st.booleans(), min_size=count, max_size=count))
            parts.append(("mask", np.array(truths, bool).reshape(covered).tolist() if count else list(covered)))
            axis += width
            continue
        if kind == "int":
            parts.append(("int", draw(st.integers(-size, size - 1))))
        elif kind == "picker":
            parts.append(draw(pickers(size, common)))
        else:
            parts.append(draw(slices(size)))
        axis += 1
    return shape, tuple(parts)


def built(library, shape, parts):
    """The index that these parts stand for, with tensors of a library."""
    index = []
    for kind, value in parts:
        if kind == "slice":
            index.append(slice(*value))
        elif kind == "none":
            index.append(None)
        elif kind == "dots":
            index.append(...)
        elif kind == "tensor":
            index.append(library.tensor(value, dtype=library.int64))
        elif kind == "int32":
            index.append(library.tensor(value, dtype=library.int32))
        elif kind == "mask" and value and all(isinstance(each, int) and not isinstance(each, bool) for each in value):
            index.append(library.zeros(value, dtype=library.bool))  # without elements only the shape is known
        elif kind == "mask":
            index.append(library.tensor(value, dtype=library.bool))
        else:
            index.append(value)
    return index[0] if len(index) == 1 else tuple(index)


def numbered(library, shape):
    return library.arange(float(np.prod(shape)), dtype=library.float64).reshape(shape)


def attempt(action):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action()
        except (IndexError, TypeError, ValueError, RuntimeError) as error:
            return type(error).__name__, str(error).partition("\n")[0]


def read(library, shape, parts):
    x = numbered(library, shape).requires_grad_()
    result = x[built(library, shape, parts)]
    result.backward(library.cos(numbered(library, tuple(result.shape))))
    name = type(result.grad_fn).__name__
    detached = result.detach()
    return name, tuple(result.shape), result._is_view(), detached.numpy().tolist(), x.grad.numpy().tolist()


def written(library, shape, parts, by):
    x = numbered(library, shape).requires_grad_()
    q = x * 1
    index = built(library, shape, parts)
    whole = tuple(numbered(library, shape)[index].shape)
    value = {
        "number": lambda: 7.5,
        "scalar": lambda: library.tensor(2.5, dtype=library.float64),
        "whole": lambda: -numbered(library, whole) - 1,
        "row": lambda: -numbered(library, whole[-1:]) - 1,
        "with ones": lambda: -numbered(library, (1, *whole)) - 1,
    }[by]()
    if by != "number":
        value.requires_grad_()
    q[index] = value
    q.backward(library.cos(numbered(library, shape)))
    gradients = [x.grad.numpy().tolist()]
    if by != "number":
        gradients.append(None if value.grad is None else value.grad.numpy().tolist())
    return q.detach().numpy().tolist(), gradients


def repeats(shape, parts):
    """Whether an index names some element twice, so that it is not said which of two values is written last."""
    counted = np.zeros(shape)
    np.add.at(counted, _as_numpy(shape, parts), 1)
    return bool((counted > 1).any())


def _as_numpy(shape, parts):
    places = numbered(torch, shape)[built(torch, shape, parts)].numpy().astype(np.int64).reshape(-1)
    return np.unravel_index(places, shape) if shape else ()


def is_stricter(ours, shape, parts):
    """PyTorch does not look at indices into what has no elements; here they are out of bounds there too."""
    refused = ours[0] == "IndexError" and "out of bounds" in ours[1]
    return refused and not numbered(torch, shape)[built(torch, shape, parts)].numel()


@given(indices())
@settings(max_examples=400)
@example(((1,), (("list", [[0]]),)))
@example(((1, 0, 1), (("dots", None), ("mask", [0]))))
@example(((2, 3), (("int", 0), FULL, ("none", None))))
@example(((2, 3, 4), (("list", [0, 1]), FULL, ("tensor", [1, 2]))))
@example(((2, 3, 4), (("int", 1), FULL, ("list", [1, 2]))))
@example(((3, 0), (("mask", [True, False, True]),)))
@example(((2, 1), (("mask", [False, True]), ("tensor", [0]))))
@example(((1, 1), (("mask", [False]), ("tensor", [0]))))
def test_read(drawn):
    shape, parts = drawn
    ours, theirs = (attempt(lambda lib=lib: read(lib, shape, parts)) for lib in (adjoint, torch))
    if len(theirs) == 2:
        assert ours[0] == theirs[0]
        return
    if is_stricter(ours, shape, parts):
        return
    assert ours[:3] == theirs[:3]
    np.testing.assert_array_equal(np.array(ours[3]), np.array(theirs[3]))
    np.testing.assert_allclose(np.array(ours[4]), np.array(theirs[4]), rtol=1e-14, atol=1e-15)


@given(indices(), st.sampled_from(["number", "scalar", "whole", "row", "with ones"]))
@settings(max_examples=400)
def test_written(drawn, by):
    shape, parts = drawn
    ours, theirs = (attempt(lambda lib=lib: written(lib, shape, parts, by)) for lib in (adjoint, torch))
    if isinstance(theirs[0], str):
        assert ours[0] == theirs[0]
        return
    if is_stricter(ours, shape, parts) or repeats(shape, parts):
        return
    np.testing.assert_array_equal(np.array(ours[0]), np.array(theirs[0]))
    for a, b in zip(ours[1], theirs[1], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(np.array(a), np.array(b), rtol=1e-14, atol=1e-15)
