"""The samples of all records, and what their derivatives are measured with: differences of values."""

from zlib import crc32

import numpy as np
import pytest

import adjoint as torch
from adjoint.core.primitive import PartialsNode, registry
from tests.records.samples import samples_of

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


ELEMENTWISE = chosen(lambda sample: issubclass(sample.record.node_type, PartialsNode))
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


def is_real(sample):
    values = [*inputs_of(sample), *(out.numpy() for out in results(sample(*map(tensor_of, sample.operands))))]
    return all(each.dtype.kind == "f" for each in values)
