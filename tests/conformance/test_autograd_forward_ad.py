"""Every case of tests/ops on dual tensors: the tangents of all that it returns and writes to are PyTorch's."""

import warnings

import numpy as np
import pytest

import adjoint
import adjoint.autograd.forward_ad
from tests.ops.cases import FAMILIES
from tests.ops.observing import compiled, make_inputs, run, tensors_in

torch = pytest.importorskip("torch")

_SHARED_TRANSPOSE = (
    "at NaN, and where bounds meet, PyTorch's two modes disagree; ours agree, and reverse mode is PyTorch's"
)
_REAL_PART = "the tangent of a real base with a complex exponent is complex; PyTorch keeps its real part only"
EXCEPTIONS = {
    "2j - x": "the tangent has the type of the result, which is complex",
    "x ** 2j": _REAL_PART,
    "p ** z": _REAL_PART,
    "z ** x": _REAL_PART,
    "q = x.clone(); q *= q; q": "PyTorch reads the new value where the formula means the old one",
    "torch.eq(x, y, out=torch.empty(2, 3, dtype=torch.bool))": "there is no tangent that could be lost",
    "torch.lt(x, y, out=torch.empty(2, 3))": "there is no tangent that could be lost",
    "torch.maximum(special, special.flip(0).detach())": _SHARED_TRANSPOSE,
    "torch.minimum(special, special.flip(0))": _SHARED_TRANSPOSE,
    "torch.clamp(x, min=v, max=v)": _SHARED_TRANSPOSE,
    "special.max()": _SHARED_TRANSPOSE,
}
EPSILON = {"float64": 2.0**-52, "complex128": 2.0**-52, "float16": 2.0**-10, "bfloat16": 2.0**-7}  # else 2 ** -23

FLOATING = {name for name, x in make_inputs(torch).items() if x.is_floating_point() or x.is_complex()}
CASES = [case for case in dict.fromkeys(sum(FAMILIES.values(), ())) if compiled(case)[2] & FLOATING]


def direction(library, x):
    """A tangent without a pattern, laid out in memory as `x` is."""
    numbers = np.cos(np.arange(x.numel()) * 1.3 + 0.7).reshape(tuple(x.shape))
    if x.is_complex():
        numbers = numbers + 1j * np.sin(np.arange(x.numel()) * 0.8 + 0.2).reshape(tuple(x.shape))
    tangent = library.tensor(numbers, dtype=x.dtype)
    return tangent if tangent.stride() == x.stride() else library.zeros_like(x).copy_(tangent)


def tangents(library, case):
    """The tangents of a case's results and inputs as arrays, None where there is none; or the type of its error."""
    forward_ad = library.autograd.forward_ad
    inputs = {name: x for name, x in make_inputs(library).items() if name in compiled(case)[2]}
    floating = [name for name in inputs if name in FLOATING]
    with warnings.catch_warnings(), forward_ad.dual_level():
        warnings.simplefilter("ignore")
        for name in floating:
            inputs[name] = forward_ad.make_dual(inputs[name], direction(library, inputs[name]))
        try:
            results = tensors_in(run(library, case, inputs))
        except Exception as error:  # whatever it raises is compared
            return type(error).__name__
        seen = [*results, *(inputs[name] for name in floating)]
        return [as_array(forward_ad.unpack_dual(each).tangent) for each in seen]


def as_array(tangent):
    if tangent is None:
        return None
    tangent = tangent.detach()
    wide = "complex128" if tangent.is_complex() else "float64"
    return np.array(tangent.tolist(), wide).reshape(tuple(tangent.shape)), str(tangent.dtype).removeprefix("torch.")


def same(ours, theirs):
    if ours is None or theirs is None:  # a missing tangent means zeros
        present = ours or theirs
        return present is None or not present[0].any()
    tolerance = 8 * EPSILON.get(theirs[1], 2.0**-23)
    return (
        ours[1] == theirs[1]
        and ours[0].shape == theirs[0].shape
        and np.allclose(ours[0], theirs[0], tolerance, tolerance, equal_nan=True)
    )


@pytest.mark.parametrize("case", CASES)
def test_tangents(case):
    ours, theirs = tangents(adjoint, case), tangents(torch, case)
    if isinstance(ours, str) or isinstance(theirs, str):
        agree = ours == theirs
    else:
        agree = len(ours) == len(theirs) and all(map(same, ours, theirs))
    if case in EXCEPTIONS:
        assert not agree, "this is no exception any more"
    else:
        assert agree, f"{ours}, PyTorch: {theirs}"
