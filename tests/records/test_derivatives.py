"""Every record is differentiated, in both modes and at order 2, and compared with differences of its values.

The registry is enumerated: a record without samples fails.
"""

import gc
import weakref
from zlib import crc32

import numpy as np
import pytest

import adjoint as torch
from adjoint import func
from adjoint.autograd import forward_ad
from adjoint.core import statements
from adjoint.core.graph import node_of
from adjoint.core.primitive import PartialNode, PartialsNode, SignsNode, registry
from tests.records.samples import Sample, samples_of

SAMPLES = [
    pytest.param(sample, id=f"{record.name}-{place}")
    for record in registry.values()
    for place, sample in enumerate(samples_of(record))
]
#: records that PyTorch, and so Adjoint, refuses to differentiate
REFUSED = {record.name for record in registry.values() if record.node_type.__name__ == "NotImplemented"}
DIFFERENTIABLE = [each for each in SAMPLES if each.values[0].record.rules and each.values[0].record.name not in REFUSED]


def chosen(condition):
    """The differentiable samples that meet a condition."""
    return [each for each in DIFFERENTIABLE if condition(each.values[0])]


ELEMENTWISE = chosen(lambda sample: issubclass(sample.record.node_type, PartialsNode | PartialNode | SignsNode))
ALONE = chosen(lambda sample: sample.call is None)  # without the samples that are programs
STEP = 1e-5
#: of numbers around 1, what is left of the error of a central difference with this step, and of rounding
CLOSE = {"rtol": 1e-7, "atol": 2e-8}


def rng_of(sample):
    return np.random.default_rng(crc32(sample.record.name.encode()))


def tensor_of(operand, requires_grad=False):
    if not isinstance(operand, np.ndarray):
        return operand
    return torch.tensor(operand, requires_grad=requires_grad and operand.dtype.kind in "fc")


def with_operands(sample, arrays):
    """The sample's operands with these arrays in place of those to differentiate by."""
    operands = list(sample.operands)
    for place, array in zip(sample.differentiable, arrays, strict=True):
        operands[place] = array
    return operands


def inputs_of(sample):
    return [sample.operands[place] for place in sample.differentiable]


def results(value):
    """The results of a record that gradients flow back from."""
    every = value if isinstance(value, tuple) else (value,)
    return [each for each in every if each.is_floating_point() or each.is_complex()]


def direction(rng, array):
    drawn = rng.standard_normal(array.shape)
    return np.asarray(drawn + 1j * rng.standard_normal(array.shape) if array.dtype.kind == "c" else drawn)


def inner(a, b):
    """The inner product that gradients are with respect to: Re(conj(a) * b), summed."""
    return float(np.sum(np.real(np.conj(a) * b)))


def measured(sample, arrays, cotangents):
    """The real number that is differentiated: the inner product of the results with fixed cotangents."""
    outs = results(sample(*(tensor_of(each) for each in with_operands(sample, arrays))))
    return sum(inner(c, out.detach().numpy()) for c, out in zip(cotangents, outs, strict=True))


def cotangents_of(sample, rng):
    outs = results(sample(*map(tensor_of, sample.operands)))
    return [direction(rng, out.detach().numpy()) for out in outs]


def gradients(sample, arrays, cotangents, create_graph=False):
    """The gradients by reverse mode, as tensors, and the leaves that they are for."""
    leaves = [tensor_of(each, requires_grad=True) for each in with_operands(sample, arrays)]
    wanted = [leaves[place] for place in sample.differentiable]
    outs = results(sample(*leaves))
    roots = [(out, c if isinstance(c, torch.Tensor) else tensor_of(c)) for out, c in zip(outs, cotangents, strict=True)]
    roots = [(out, c) for out, c in roots if out.requires_grad]
    found = torch.autograd.grad(
        [out for out, _ in roots], wanted, [c for _, c in roots], create_graph=create_graph, materialize_grads=True
    )
    return found, wanted


def difference(function, arrays, directions, step=STEP):
    """The central difference of a function of arrays along a direction."""
    ahead = function([np.asarray(a + step * d) for a, d in zip(arrays, directions, strict=True)])
    behind = function([np.asarray(a - step * d) for a, d in zip(arrays, directions, strict=True)])
    return (ahead - behind) / (2 * step)


def by_differences(function, arrays, place):
    """The gradient of a function by one of its arrays, element by element; imaginary parts are elements too."""
    gradient = np.zeros_like(arrays[place])
    for index in np.ndindex(arrays[place].shape):
        for unit in (1, 1j) if arrays[place].dtype.kind == "c" else (1,):
            directions = [np.zeros_like(each) for each in arrays]
            directions[place][index] = unit
            gradient[index] += unit * difference(function, arrays, directions)
    return gradient


@pytest.mark.parametrize("name", list(registry))
def test_record_has_samples(name):
    assert samples_of(registry[name]), f"tests/records/samples.py knows no operands or parameters for {name}"


@pytest.mark.parametrize("sample", SAMPLES)
def test_value_in_float32_is_that_in_float64(sample):
    wide = sample(*map(tensor_of, sample.operands))
    if sample.record.name == "to_copy":  # its parameter is the type
        return
    narrow = [
        each.astype({"f": np.float32, "c": np.complex64}.get(each.dtype.kind, each.dtype))
        if isinstance(each, np.ndarray) else each
        for each in sample.operands
    ]  # fmt: skip
    result = sample(*map(tensor_of, narrow))
    for a, b in zip(*(each if isinstance(each, tuple) else (each,) for each in (wide, result)), strict=True):
        assert a.shape == b.shape
        expected = {torch.float64: torch.float32, torch.complex128: torch.complex64}.get(a.dtype, a.dtype)
        assert b.dtype is expected
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=2e-5, atol=1e-6)


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


def is_real(sample):
    values = [*inputs_of(sample), *(out.numpy() for out in results(sample(*map(tensor_of, sample.operands))))]
    return all(each.dtype.kind == "f" for each in values)


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


@pytest.mark.parametrize(
    "sample", [e for e in ELEMENTWISE if e.values[0].record.name not in NOT_ANALYTIC and not e.values[0].record.gates]
)
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


@pytest.mark.parametrize("sample", ALONE)
def test_short_path_does_the_same(sample):
    """Functions of one and two operands have short paths of their own beside the general one."""
    short = statements._function_of(sample.record)
    arrays = inputs_of(sample)
    cotangents = cotangents_of(sample, rng_of(sample))
    operands = [tensor_of(each, requires_grad=True) for each in sample.operands]
    outs = results(short(*operands, **sample.params))
    expected, _ = gradients(sample, arrays, cotangents)
    pairs = [(out, tensor_of(c)) for out, c in zip(outs, cotangents, strict=True) if out.requires_grad]
    found = torch.autograd.grad(
        [out for out, _ in pairs], [operands[place] for place in sample.differentiable], [c for _, c in pairs],
        materialize_grads=True,
    )  # fmt: skip
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32], ids=str)
@pytest.mark.parametrize("sample", chosen(lambda sample: is_real(sample) and sample.record.name != "to_copy"))
def test_gradient_has_the_type_of_its_operand(sample, dtype):
    operands = [tensor_of(each) for each in sample.operands]
    for place in sample.differentiable:
        operands[place] = operands[place].to(dtype).requires_grad_()
    outs = [out for out in results(sample(*operands)) if out.requires_grad]
    torch.autograd.backward(outs, [torch.ones_like(out) for out in outs])
    for out in outs:
        assert out.dtype is dtype
    for place in sample.differentiable:
        gradient = operands[place].grad
        assert gradient is None or (gradient.dtype is dtype and gradient.shape == operands[place].shape)


@pytest.mark.parametrize("sample", [e for e in ELEMENTWISE if len(e.values[0].differentiable) == 2])
def test_gradients_of_operands_of_two_types(sample):
    for first, second in (
        (torch.float32, torch.float64),
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float64),
    ):
        x, y = (
            tensor_of(each).to(dtype).requires_grad_()
            for each, dtype in zip(sample.operands, (first, second), strict=True)
        )
        sample(x, y).sum().backward()
        assert (x.grad.dtype, y.grad.dtype) == (first, second)


@pytest.mark.parametrize("sample", ELEMENTWISE)
def test_arrangement_in_memory_does_not_matter(sample):
    """Turned, taken with gaps, 0-d and empty operands have the values and gradients of their contiguous copies."""
    for arrange in (
        lambda x: x.T,
        lambda x: np.stack([x, x], -1)[..., 0],
        lambda x: x.reshape(-1)[:1].reshape(()),
        lambda x: x[..., :0] if x.ndim else x,
    ):
        arrays = [arrange(each) for each in inputs_of(sample)]
        try:
            np.broadcast_shapes(*(each.shape for each in arrays))
        except ValueError:
            continue
        seen = []
        for copied in (False, True):
            leaves = [
                torch.from_numpy(np.ascontiguousarray(a) if copied and a.ndim else a.copy() if copied else a)
                for a in arrays
            ]
            leaves = [leaf.requires_grad_() for leaf in leaves]
            out = sample(*with_operands(sample, leaves))
            out.backward(torch.cos(torch.arange(out.numel(), dtype=out.dtype)).reshape(out.shape))
            seen.append([out.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves)])
        for a, b in zip(*seen, strict=True):
            np.testing.assert_array_equal(a, b)


#: of two bounds that are equal PyTorch gives the whole gradient to what is between them
UNEVEN = {"clamp_tensors"}


@pytest.mark.parametrize(
    "sample",
    [
        each for each in chosen(lambda sample: sample.record.promotes and not sample.record.parameters)
        if each.values[0].record.name not in UNEVEN
        and all(np.shape(operand) == (2, 3) for operand in each.values[0].operands)
        and all(operand.dtype.kind == "f" for operand in each.values[0].operands)
    ],
)  # fmt: skip
def test_gradient_at_kinks_lies_between_the_slopes(sample):
    """At zeros, ties, bounds and whole numbers the gradient is between the slopes on both sides, where there are such."""
    count = len(sample.differentiable)
    points = np.array([-1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    grids = [each.ravel() for each in np.meshgrid(*([points] * count))]
    tiny = 1e-7
    for at in zip(*grids, strict=True):
        arrays = [np.array([each]) for each in at]
        cotangents = [
            np.ones_like(out.numpy()) for out in results(sample(*map(tensor_of, with_operands(sample, arrays))))
        ]
        found, _ = gradients(sample, arrays, cotangents)
        for place, gradient in enumerate(found):
            unit = [np.ones(1) if each == place else np.zeros(1) for each in range(count)]

            def value(step, unit=unit, arrays=arrays):
                return measured(
                    sample, [np.asarray(a + step * u) for a, u in zip(arrays, unit, strict=True)], [np.ones(1)]
                )

            middle, slopes = value(0), []
            slopes = [(value(tiny) - middle) / tiny, (middle - value(-tiny)) / tiny]
            if not all(np.isfinite(each) and abs(each) < 1e3 for each in slopes):
                continue  # a pole, a jump, or the edge of where it is defined
            assert min(slopes) - 1e-5 <= gradient.item() <= max(slopes) + 1e-5, (at, place, slopes)


@pytest.mark.parametrize("sample", [e for e in ALONE if not (e.values[0].record.view or e.values[0].record.variadic)])
def test_only_what_rules_name_is_kept_alive(sample):
    """A result keeps alive the operands that its rules name in their signatures, and no others."""
    record = sample.record
    leaves = [tensor_of(each, requires_grad=True) for each in sample.operands]
    operands = [leaf * 1 if place in sample.differentiable else leaf for place, leaf in enumerate(leaves)]
    owned = [place for place in sample.differentiable if isinstance(operands[place]._data, np.ndarray)]
    memories = {place: weakref.ref(operands[place]._data) for place in owned}
    result = sample(*operands)
    rules = [rule for place, rule in enumerate(record.rules) if place in sample.differentiable and callable(rule)]
    named = {name for rule in rules for name in rule.__code__.co_varnames[: rule.__code__.co_argcount]}
    shared = {
        place
        for place in owned
        for out in results(result)
        if np.shares_memory(out.detach().numpy(), operands[place].detach().numpy())
    }
    del operands
    gc.collect()
    for place in set(owned) - shared:
        kept = memories[place]() is not None
        assert kept == (record.operands[place] in named), f"{record.operands[place]} is {'kept' if kept else 'gone'}"
    del result


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_derivative(name):
    for sample in samples_of(registry[name]):
        operands = [tensor_of(each, requires_grad=True) for each in sample.operands]
        result = sample(*operands)
        assert result.requires_grad
        with pytest.raises(RuntimeError, match=r"derivative for .* is not implemented"):
            result.sum().backward()


@pytest.mark.parametrize("sample", [each for each in SAMPLES if not each.values[0].record.rules])
def test_result_without_derivative_requires_no_gradient(sample):
    result = sample(*(tensor_of(each, requires_grad=True) for each in sample.operands))
    assert not result.requires_grad


@pytest.mark.parametrize("sample", [each for each in SAMPLES if each.values[0].call])
def test_program_uses_its_record(sample):
    """Each program in place of a record has that record in its graph, or in that of its gradient."""
    leaves = [tensor_of(each, requires_grad=True) for each in sample.operands]
    result = sample(*leaves)
    again = torch.autograd.grad(result.sum(), leaves, create_graph=True, materialize_grads=True)
    met, stack = set(), [node_of(each._node)[0] for each in (result, *again) if each._node is not None]
    while stack:
        node = stack.pop()
        if node is None or node in met:
            continue
        met.add(node)
        stack += [node_of(edge)[0] for edge in node.edges if edge is not None and not isinstance(edge, torch.Tensor)]
    assert sample.record.name in {node.plan.primitive.name for node in met}
