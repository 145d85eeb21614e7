"""What `explain` says of the programs that operations are tested with: its gradients and formulas are the engine's."""

import warnings

import numpy as np
import pytest

import adjoint as torch
from adjoint.arrays.formula import Formula, Symbol, value_of
from adjoint.insight import explain
from adjoint.insight.steps import OperationStep
from adjoint.insight.value import summarise
from tests.ops.cases import FAMILIES
from tests.ops.observing import compiled, cotangent, make_inputs, run, tensors_in


def differentiable(case):
    """The inputs of a case as leaves, and those of its results that they lead to; nothing where it is an error."""
    _, _, names = compiled(case)
    inputs = {name: value for name, value in make_inputs(torch).items() if name in names}
    for value in inputs.values():
        if value.is_floating_point() or value.is_complex():
            value.requires_grad_()
    try:
        results = tensors_in(run(torch, case, inputs))
        return inputs, [each for each in results if each.grad_fn is not None]
    except Exception:  # what is an error on PyTorch, or not there yet, is no program to explain
        return {}, []


def gradients(root, inputs, gradient):
    """The gradient for each input, or None where the engine has an error for the program."""
    leaves = [value for value in inputs.values() if value.requires_grad and value.is_leaf]
    try:
        found = torch.autograd.grad(root, leaves, gradient, retain_graph=True, allow_unused=True)
    except Exception:
        return None
    return {id(leaf): each for leaf, each in zip(leaves, found, strict=True) if each is not None}


@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_and_formulas(family):
    explained = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in FAMILIES[family]:
            inputs, roots = differentiable(case)
            for root in roots:
                gradient = cotangent(torch, root)
                expected = gradients(root, inputs, gradient)
                if expected is None:
                    continue
                explanation = explain(root, gradient=gradient, names=inputs)
                assert str(explanation)
                assert explanation._repr_latex_()
                for name, leaf in inputs.items():
                    if id(leaf) in expected:
                        np.testing.assert_array_equal(explanation.gradients[name]._data, expected[id(leaf)]._data, case)
                check_formulas(explanation, case)
                explained += 1
    assert explained or not any(differentiable(case)[1] for case in FAMILIES[family])


def check_formulas(explanation, case):
    """Each formula of what goes back to an operand evaluates to what goes back to it."""
    for step in explanation.steps:
        if not isinstance(step, OperationStep):
            continue
        for sent in step.sent:
            assert not is_call_of_rule(sent.formula), f"{case}: the rule does not run on formulas"
            if is_rounded(sent.formula):
                continue
            if has_value(sent.formula):
                value = summarise(value_of(sent.formula))
                assert agree(value.text, sent.value.text), f"{case}: {sent.formula}"


def has_value(formula):
    """Whether the values of all of its symbols were kept."""
    if isinstance(formula, Symbol):
        return formula.value is not None
    return all(has_value(part) for part in formula.operands if isinstance(part, Formula))


def is_call_of_rule(formula):
    parts = formula.operands if isinstance(formula, Formula) else ()
    return isinstance(formula, Formula) and (".vjp" in formula.verb or any(map(is_call_of_rule, parts)))


def is_rounded(formula):
    """Whether it computes in 16 bits, where each step rounds and the order of steps shows."""
    return formula.dtype.itemsize == 2 or any(
        is_rounded(part) for part in formula.operands if isinstance(part, Formula)
    )


def agree(text, other):
    numbers = [np.array(each.replace("[", " ").replace("]", " ").replace(",", " ").split()) for each in (text, other)]
    return text == other or (numbers[0].shape == numbers[1].shape and all(map(near, *numbers)))


def near(text, other):
    """Whether two words of a summary are the same, or numbers that differ in the last digit that is shown."""
    try:
        return bool(np.isclose(complex(text), complex(other), rtol=2e-5, equal_nan=True))
    except ValueError:
        return text == other
