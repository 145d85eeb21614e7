"""Autocast on the CPU: the types of results, and the results, of every operator that PyTorch has, as PyTorch's."""

import warnings

import numpy as np
import pytest

import adjoint
from tests.conformance.operators import database
from tests.conformance.operators.checks import GAUGED, UNSET, numbers, type_name
from tests.conformance.operators.database import ENTRIES, ours, tensors

torch = pytest.importorskip("torch")

#: how many samples of an operator are looked at
SAMPLES = 4

#: computed in float32 as one operation, where PyTorch's last step is a product in 16 bits
ONE_RECORD = {"linalg.pinv", "linalg.pinv.hermitian"}


def computed(library, operation, sample):
    """What an operator gives under autocast; None where it refuses its operands."""
    database.seed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with library.autocast("cpu", dtype=library.bfloat16):
                return tensors(operation(*sample))
        except (RuntimeError, NotImplementedError, ValueError, TypeError, IndexError):
            return None


def called(operation):
    return lambda input, args, kwargs: operation(input, *args, **kwargs)


def near(mine, theirs):
    """Whether two results agree to a few units of bfloat16 in the largest element."""
    x, y = (np.asarray(numbers(each)) for each in (mine, theirs))
    if y.dtype.kind in "biu" or not y.size:
        return True  # an index may depend on the last bit
    x, y = (each.astype(np.complex128 if each.dtype.kind == "c" else np.float64) for each in (x, y))
    finite = np.isfinite(y)
    scale = np.abs(y[finite]).max(initial=0)
    return np.allclose(x[finite], y[finite], rtol=2**-5, atol=max(scale * 2**-5, 2**-20))


@pytest.mark.parametrize("name", ENTRIES)
def test_types_of_results(name):
    entry = ENTRIES[name]
    if torch.float32 not in entry.supported_dtypes("cpu"):
        pytest.skip("not defined on float32")
    operation = database.operation(name, entry)
    for sample in database.samples(entry, torch.float32)[:SAMPLES]:
        given = sample.input, sample.args, sample.kwargs
        theirs = computed(torch, called(entry.op), given)
        if theirs is None:
            continue
        mine = computed(adjoint, called(operation), ours(given))
        assert mine is not None
        if name not in ONE_RECORD:
            assert [type_name(each) for each in mine] == [type_name(each) for each in theirs]
        if name not in UNSET | GAUGED:
            assert all(near(a, b) for a, b in zip(mine, theirs, strict=True))
