"""Random tensors of all types, shapes, magnitudes and print options: the text is PyTorch's, to the character."""

import math

import numpy as np
import pytest

from adjoint.core import dtypes, printing

torch = pytest.importorskip("torch")

SEEDS = range(1000)
BITS = {1: np.uint8, 2: np.uint16}


def random_options(rng):
    if rng.random() < 0.4:
        return {}
    ranges = {
        "precision": [0, 1, 2, 3, 4, 5, 8, 12],
        "threshold": [0, 1, 5, 30, 1000, math.inf],
        "edgeitems": [0, 1, 2, 3, 4, 7],
        "linewidth": [1, 10, 25, 40, 60, 79, 80, 81, 120, 200],
        "profile": ["default", "short", "full"],
        "sci_mode": [True, False],
    }
    return {name: values[rng.integers(len(values))] for name, values in ranges.items() if rng.random() < 0.3}


def random_shape(rng):
    dimensions = rng.choice(6, p=[0.15, 0.3, 0.25, 0.15, 0.1, 0.05])
    largest = [1, 60, 12, 7, 4, 3][dimensions]
    shape = [int(rng.integers(rng.random() < 0.9, largest + 1)) for _ in range(dimensions)]
    if dimensions and rng.random() < 0.1:  # large enough to be shortened
        shape[rng.integers(dimensions)] = int(rng.integers(1000, 3000))
    return tuple(shape)


def near(rng, value):
    """`value` or a float64 next to it: notation changes at some values."""
    return math.nextafter(value, rng.choice([0, value, math.inf]))


def random_floats(rng, shape):
    """Real numbers of a random character, as float64."""
    normal = rng.standard_normal(shape)
    numbers = [
        lambda: normal,
        lambda: normal * 10.0 ** rng.integers(-12, 12),
        lambda: normal * 10.0 ** rng.uniform(-3, 3, shape),
        lambda: np.round(normal * 10.0 ** rng.integers(0, 12)),
        lambda: np.round(normal * 3),
        lambda: np.round(normal * 4096) / 2.0 ** rng.integers(1, 20),  # ties between roundings
        lambda: np.full(shape, near(rng, rng.choice([1e8, 1e-4, 1000.0, 99999.5, 0.99995]))),
        lambda: rng.choice([near(rng, 0.5), near(rng, 500.0), 1.0], shape),
        lambda: rng.choice([near(rng, 1.0), near(rng, 1000.0)], shape),
        lambda: np.exp(np.clip(normal * 200, -700, 700)),
    ][rng.integers(10)]()
    if rng.random() < 0.4:
        special = rng.choice([0.0, -0.0, math.nan, math.inf, -math.inf], shape)
        numbers = np.where(rng.random(shape) < rng.choice([0.1, 0.5, 1.0]), special, numbers)
    return np.asarray(numbers)


def random_array(rng, dtype, shape):
    kind = dtype.numpy.kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind in "iu":
        bounds = np.iinfo(dtype.numpy)
        if rng.random() < 0.3:
            return np.asarray(rng.integers(bounds.min, bounds.max, shape, dtype.numpy, endpoint=True))
        return np.asarray(rng.integers(max(bounds.min, -100), 100, shape)).astype(dtype.numpy)
    if kind != "c" and rng.random() < 0.15:
        bits = rng.integers(0, 256, (*shape, dtype.itemsize), np.uint8)
        return bits.view(dtype.numpy).reshape(shape)
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "c":
            result = np.empty(shape, dtype.numpy)
            result.real, result.imag = random_floats(rng, shape), random_floats(rng, shape)
            return result
        return random_floats(rng, shape).astype(dtype.numpy)


def to_torch(array, dtype):
    """The same bits as a tensor of PyTorch, also of the types that its `from_numpy` does not take."""
    if array.dtype.isbuiltin == 1:
        return torch.from_numpy(array)
    return torch.from_numpy(array.view(BITS[dtype.itemsize])).view(getattr(torch, dtype.name))


@pytest.fixture(autouse=True)
def _restored():
    yield
    for setting in (printing.set_printoptions, torch.set_printoptions):
        setting(profile="default")
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_tensor(seed):
    rng = np.random.default_rng(seed)
    dtype = dtypes.DTYPES[rng.integers(len(dtypes.DTYPES))]
    default = [dtypes.float32, dtypes.float64, dtypes.float16][rng.choice(3, p=[0.8, 0.1, 0.1])]
    array = random_array(rng, dtype, random_shape(rng))
    options = random_options(rng)
    history = {}

    tensor = to_torch(array, dtype)
    if dtype.is_floating_point or dtype.is_complex:
        match rng.integers(6):
            case 0:
                tensor.requires_grad_()
                history = {"requires_grad": True}
            case 1:
                tensor = tensor.requires_grad_().view_as(tensor)
                history = {"requires_grad": True, "grad_fn_name": "ViewBackward0"}
            case 2:
                tensor = torch.nn.Parameter(tensor)
                history = {"requires_grad": True, "is_parameter": True}

    torch.set_default_dtype(getattr(torch, default.name))
    torch.set_printoptions(**options)
    printing.set_printoptions(**options)
    text = printing.format_tensor(
        array, dtype=dtype, default_dtype=default, default_complex=default.to_complex(), **history
    )
    assert text == repr(tensor)
