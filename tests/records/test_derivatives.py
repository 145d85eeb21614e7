"""Every record is differentiated, in both modes and at order 2, and compared with differences of its values.

The registry is enumerated: a record without samples fails.
"""

import numpy as np
import pytest

import adjoint as torch
from adjoint import func
from adjoint.autograd import forward_ad
from adjoint.core.primitive import registry
from tests.records.later import REAL_ONLY
from tests.records.measuring import (
    ALONE,
    CLOSE,
    DIFFERENTIABLE,
    ELEMENTWISE,
    by_differences,
    chosen,
    cotangents_of,
    difference,
    direction,
    gradients,
    inner,
    inputs_of,
    is_real,
    measured,
    results,
    rng_of,
    tensor_of,
    with_operands,
)
from tests.records.samples import Sample, samples_of


@pytest.mark.parametrize("name", list(registry))
def test_record_has_samples(name):
    assert samples_of(registry[name]), f"tests/records/samples.py knows no operands or parameters for {name}"


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_reverse_mode(sample):
    cotangents, arrays = cotangents_of(sample, rng_of(sample)), inputs_of(sample)
    found, _ = gradients(sample, arrays, cotangents)
    for place, gradient in enumerate(found):
        expected = by_differences(lambda moved: measured(sample, moved, cotangents), arrays, place)
        np.testing.assert_allclose(gradient.numpy(), expected, **CLOSE)


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_forward_mode(sample):
    rng, arrays = rng_of(sample), inputs_of(sample)
    cotangents, directions = cotangents_of(sample, rng), [direction(rng, each) for each in arrays]
    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(tensor_of(a), tensor_of(d)) for a, d in zip(arrays, directions, strict=True)
        ]  # fmt: skip
        operands = [
            each if isinstance(each, torch.Tensor) else tensor_of(each) for each in with_operands(sample, duals)
        ]
        tangents = [forward_ad.unpack_dual(out).tangent for out in results(sample(*operands))]
    moved = sum(inner(c, t.numpy()) for c, t in zip(cotangents, tangents, strict=True) if t is not None)
    expected = difference(lambda at: measured(sample, at, cotangents), arrays, directions)
    np.testing.assert_allclose(moved, expected, **CLOSE)


@pytest.mark.parametrize("sample", DIFFERENTIABLE)
def test_reverse_mode_twice(sample):
    """The gradient of a gradient, by the operands and by the cotangents, which it is linear in."""
    rng, arrays = rng_of(sample), inputs_of(sample)
    cotangents, directions = cotangents_of(sample, rng), [direction(rng, each) for each in arrays]

    def along(at):
        found, _ = gradients(sample, at, cotangents)
        return sum(inner(d, g.numpy()) for d, g in zip(directions, found, strict=True))

    given = [tensor_of(each, requires_grad=True) for each in cotangents]
    found, leaves = gradients(sample, arrays, given, create_graph=True)
    product = sum((torch.conj(tensor_of(d)) * g).real.sum() for d, g in zip(directions, found, strict=True))
    if not product.requires_grad:  # the gradient is a constant
        assert abs(difference(along, arrays, directions)) < CLOSE["atol"]
        return
    *second, by_cotangent = torch.autograd.grad(product, [*leaves, given[0]], materialize_grads=True)
    for place, gradient in enumerate(second):
        np.testing.assert_allclose(gradient.numpy(), by_differences(along, arrays, place), **CLOSE)
    alone = [cotangents[0], *(np.zeros_like(each) for each in cotangents[1:])]
    moved = difference(lambda at: measured(sample, at, alone), arrays, directions)
    np.testing.assert_allclose(inner(cotangents[0], by_cotangent.numpy()), moved, **CLOSE)


@pytest.mark.parametrize("sample", chosen(is_real))
@pytest.mark.parametrize("outer", ["forward over reverse", "reverse over forward"])
def test_one_mode_over_the_other(sample, outer):
    rng, arrays = rng_of(sample), inputs_of(sample)
    cotangents, directions = cotangents_of(sample, rng), [direction(rng, each) for each in arrays]
    places = tuple(range(len(arrays)))
    primals, tangents = (tuple(map(tensor_of, each)) for each in (arrays, directions))

    def scalar(*at):
        operands = [each if isinstance(each, torch.Tensor) else tensor_of(each) for each in with_operands(sample, at)]
        outs = results(sample(*operands))
        return sum((out * tensor_of(c)).sum() for out, c in zip(outs, cotangents, strict=True))

    if outer == "forward over reverse":
        _, second = func.jvp(func.grad(scalar, places), primals, tangents)
    else:
        second = func.grad(lambda *at: func.jvp(scalar, at, tangents)[1], places)(*primals)
    for place, product in enumerate(second):
        expected = by_differences(
            lambda at: sum(
                inner(d, g.numpy())
                for d, g in zip(directions, gradients(sample, at, cotangents)[0], strict=True)
            ), arrays, place,
        )  # fmt: skip
        np.testing.assert_allclose(product.numpy(), expected, **CLOSE)


#: elementwise records that are not analytic, so that an imaginary step says nothing of them
NOT_ANALYTIC = {"abs", "frac", "remainder", "remainder_scalar"}
#: records that ask which of two numbers is larger, or round, which complex numbers do not have
ORDERED = {
    "maximum", "minimum", "clamp_numbers", "clamp_min_number", "clamp_max_number", "clamp_below", "clamp_min",
    "clamp_above", "clamp_max", "clamp_tensors", "amax", "amin", "max_all", "min_all", "max_axis", "min_axis",
    "div_floor", "div_trunc", "remainder", "remainder_scalar", "relu", "sign_real", "floor", "ceil", "trunc", "round",
    "round_decimals", "frac",
}  # fmt: skip
ORDERED |= REAL_ONLY | {name for name, record in registry.items() if "c" in record.refuses}


@pytest.mark.parametrize(
    "sample",
    [
        each for each in ELEMENTWISE
        if each.values[0].record.name not in NOT_ANALYTIC | REAL_ONLY and not each.values[0].record.gates
    ],
)  # fmt: skip
def test_gradient_is_that_of_an_imaginary_step(sample):
    """To the last digits: an imaginary step subtracts nothing, and can be as small as one likes."""
    arrays, tiny = inputs_of(sample), 1e-30
    ones = [np.ones_like(out.numpy()) for out in results(sample(*map(tensor_of, sample.operands)))]
    found, _ = gradients(sample, arrays, ones)
    for place, gradient in enumerate(found):
        expected = np.zeros_like(arrays[place])
        for index in np.ndindex(expected.shape):
            moved = [each.astype(complex) for each in arrays]
            moved[place][index] += 1j * tiny
            stepped = sample(*(tensor_of(each) for each in with_operands(sample, moved)))
            expected[index] = stepped.numpy().imag.sum() / tiny
        np.testing.assert_allclose(gradient.numpy(), expected, rtol=4e-15, atol=4e-15)


def complexified(sample):
    operands = [
        each + 0.6j * np.cos(np.arange(each.size)).reshape(each.shape)
        if isinstance(each, np.ndarray) and each.dtype.kind == "f" else each
        for each in sample.operands
    ]  # fmt: skip
    return Sample(sample.record, tuple(operands), sample.params)


@pytest.mark.parametrize("sample", [e for e in ALONE if e.values[0].record.name not in ORDERED])
def test_complex_gradient_by_both_modes(sample):
    """By PyTorch's convention: the real derivative by the real part, plus i times that by the imaginary part."""
    sample = complexified(sample)
    test_reverse_mode(sample)
    test_forward_mode(sample)
