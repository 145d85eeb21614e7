"""Every record's formulas, as `explain` prints them for its samples, evaluate to the numerical derivative."""

import warnings

import numpy as np
import pytest

import adjoint as torch
from adjoint.arrays.formula import Formula, Symbol, value_of
from adjoint.insight import explain
from adjoint.insight.steps import BroadcastStep, OperationStep
from tests.insight.test_programs import is_call_of_rule
from tests.records.measuring import (
    CLOSE,
    DIFFERENTIABLE,
    by_differences,
    cotangents_of,
    inputs_of,
    measured,
    results,
    rng_of,
    tensor_of,
    with_operands,
)

#: records that stand inside of vmap only, where there are no numbers to put in
WITHIN_VMAP = {"enter_batch", "leave_batch", "share_batch", "total_batch"}


def explained(sample, arrays, cotangents):
    """The explanation of the inner product of a sample's results with cotangents."""

    def product(*leaves):
        operands = [
            each if isinstance(each, torch.Tensor) else tensor_of(each) for each in with_operands(sample, leaves)
        ]
        parts = [
            (tensor_of(np.conj(cotangent)) * out).real if out.is_complex() else tensor_of(cotangent) * out
            for out, cotangent in zip(results(sample(*operands)), cotangents, strict=True)
            if out.grad_fn is not None
        ]
        return sum(part.sum() for part in parts)

    return explain(product, *(tensor_of(each, requires_grad=True) for each in arrays))


def steps_of(explanation, record):
    """The steps of a record's nodes, each with the sums over what it had broadcast."""
    names = {record.node_type.__name__, record.node_type.qualified_name}
    for place, step in enumerate(explanation.steps):
        if isinstance(step, OperationStep) and step.definitions[0].made_by in names:
            sums = {}
            for each in explanation.steps[place + 1 :]:
                if not isinstance(each, BroadcastStep):
                    break
                sums[each.variable] = each
            yield step, sums


def has_value(formula):
    if isinstance(formula, Symbol):
        return formula.value is not None
    return all(has_value(part) for part in formula.operands if isinstance(part, Formula))


@pytest.mark.parametrize("sample", [each for each in DIFFERENTIABLE if each.values[0].record.name not in WITHIN_VMAP])
def test_formulas_evaluate_to_the_numerical_derivative(sample):
    cotangents, arrays = cotangents_of(sample, rng_of(sample)), inputs_of(sample)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explanation = explained(sample, arrays, cotangents)
    gradients = {}
    found = list(steps_of(explanation, sample.record))
    assert found
    for step, sums in found:
        for sent in step.sent:
            assert not is_call_of_rule(sent.formula), "the rule does not run on formulas"
            assert str(sent.formula)
            assert has_value(sent.formula)
            value = np.asarray(value_of(sent.formula))
            np.testing.assert_allclose(value.ravel()[: len(sent.value.first)], sent.value.first, rtol=1e-9, atol=1e-12)
            if sent.to in sums:
                value = value.sum(sums[sent.to].axes).reshape(sums[sent.to].shape)
            gradients[sent.to] = gradients.get(sent.to, 0) + value
    for place in range(len(arrays)) if sample.call is None else ():
        expected = by_differences(lambda moved: measured(sample, moved, cotangents), arrays, place)
        np.testing.assert_allclose(gradients.get(f"leaves[{place}]", np.zeros(())), expected, **CLOSE)


@pytest.mark.parametrize("sample", [each for each in DIFFERENTIABLE if each.values[0].record.name in WITHIN_VMAP])
def test_what_stands_within_vmap_has_no_numbers(sample):
    with pytest.raises(RuntimeError, match=r"explain\(\) needs numbers"):
        explained(sample, inputs_of(sample), cotangents_of(sample, rng_of(sample)))
