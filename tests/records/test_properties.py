"""What holds of every record besides its derivatives: types, arrangements in memory, kinks, what is kept alive."""

import gc
import weakref

import numpy as np
import pytest

import adjoint as torch
from adjoint.core import statements
from adjoint.core.graph import node_of
from adjoint.core.primitive import registry
from tests.records.measuring import (
    ALONE,
    ELEMENTWISE,
    REFUSED,
    SAMPLES,
    chosen,
    cotangents_of,
    gradients,
    inputs_of,
    is_real,
    measured,
    results,
    rng_of,
    tensor_of,
    with_operands,
)
from tests.records.samples import samples_of


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


@pytest.mark.parametrize("sample", ALONE)
def test_short_path_does_the_same(sample):
    """Functions of one and two operands have short paths of their own beside the general one."""
    short = statements._function_of(sample.record)
    arrays = inputs_of(sample)
    cotangents = cotangents_of(sample, rng_of(sample))
    operands = [tensor_of(each, requires_grad=True) for each in sample.operands]
    outs = results(sample.shown(short(*operands, **sample.params)))
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
        result = results(sample(*operands))[0]
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
