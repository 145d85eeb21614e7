"""PyTorch's own database of layers: text, first values, outputs, gradients and state of every layer on every sample.

`python -m tests.conformance.modules NAME` shows what differs.
"""

import pytest

pytest.importorskip("torch")

import adjoint
from tests.conformance.modules import ENTRIES, as_precise, differences, torch


@pytest.mark.slow
@pytest.mark.parametrize("name", ENTRIES)
def test_layer(name):
    assert differences(name) == []


def test_a_gradient_that_is_less_precise_than_pytorchs_differs():
    exact = torch.linspace(-1, 1, 9, dtype=torch.float64)
    theirs = exact.float()
    for error, agrees in ((0, True), (2e-7, True), (2e-6, False), (float("nan"), False)):
        mine = adjoint.tensor((exact + error).tolist())
        assert as_precise([mine], [theirs], [exact]) is agrees


def test_a_gradient_without_an_exact_one_to_measure_by_differs():
    theirs = torch.ones(3)
    assert not as_precise([adjoint.ones(3)], [theirs], [1.01 * theirs.double()])
