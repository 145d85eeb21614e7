"""Each operation has the line that called it, and one that cannot be told has none rather than another's."""

import re

import pytest

import adjoint as torch
import adjoint.nn.functional as F
from adjoint.insight import explain
from adjoint.insight.steps import OperationStep
from tests.autograd.test_function import cube


def lines_of(explanation):
    """The name of each operation, and the text of its line or None, in forward order."""
    steps = [step for step in explanation.steps if isinstance(step, OperationStep)]
    pairs = [(step.definitions[0].made_by, step.line and step.line.text) for step in reversed(steps)]
    return [(name.partition("Backward")[0], text) for name, text in pairs]


def leaf(*values):
    return torch.tensor(values, requires_grad=True)


def test_operators_functions_and_methods_of_one_statement():
    x, w = leaf(1.0, 2.0), leaf(3.0, 2.0)
    z = w * x + 1
    y = torch.sin(z**2)
    a = F.relu(y - x.exp()) / 2
    loss = -abs(a).mean()
    assert lines_of(explain(loss)) == [
        ("Mul", "z = w * x + 1"),
        ("Add", "z = w * x + 1"),
        ("Pow", "y = torch.sin(z**2)"),
        ("Sin", "y = torch.sin(z**2)"),
        ("Exp", "a = F.relu(y - x.exp()) / 2"),
        ("Sub", "a = F.relu(y - x.exp()) / 2"),
        ("Relu", "a = F.relu(y - x.exp()) / 2"),
        ("Div", "a = F.relu(y - x.exp()) / 2"),
        ("Abs", "loss = -abs(a).mean()"),
        ("Mean", "loss = -abs(a).mean()"),
        ("Neg", "loss = -abs(a).mean()"),
    ]


def test_what_ran_inside_of_a_function_has_no_line_of_the_caller():
    def relu(x):
        return torch.tanh(x) * 2

    x = leaf(1.0, 2.0)
    y = relu(x)
    z = relu(y * 3) * 5
    loss = z.sum()
    assert lines_of(explain(loss)) == [
        ("Tanh", None), ("Mul", None), ("Mul", None), ("Tanh", None), ("Mul", None),
        ("Mul", "z = relu(y * 3) * 5"), ("Sum", "loss = z.sum()"),
    ]  # fmt: skip


def test_variables_bound_twice_and_changed_in_place_have_none():
    x = leaf(1.0, 2.0)
    y = x * 2
    y = y * 3
    z = y * 4
    alias = z
    alias.mul_(5)
    loss = z.sum()
    assert lines_of(explain(loss)) == [("Mul", None)] * 4 + [("Sum", "loss = z.sum()")]


def test_functions_of_the_users_own():
    Cube = cube(torch)
    x = leaf(2.0)
    y = Cube.apply(x * 2)
    assert lines_of(explain(y, gradient=y.detach()))[-1] == ("Cube", "y = Cube.apply(x * 2)")

    def function(x):
        cubed = Cube.apply(x * 2)
        return cubed.sum()

    line = "cubed = Cube.apply(x * 2)"
    assert lines_of(explain(function, x)) == [("Mul", line), ("Cube", line), ("Sum", "return cubed.sum()")]


def test_a_watched_function_has_the_lines_of_all_that_ran():
    def inner(x):
        return torch.tanh(x) * 2

    def outer(x):
        for _ in range(2):
            x = inner(x)
        return x.sum()

    inside, end = "return torch.tanh(x) * 2", "return x.sum()"
    expected = [("Tanh", inside), ("Mul", inside), ("Tanh", inside), ("Mul", inside), ("Sum", end)]
    assert lines_of(explain(outer, leaf(1.0, 2.0))) == expected


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
def test_the_place_that_anomaly_detection_noted_counts():
    x = leaf(3.0)
    with torch.autograd.detect_anomaly():
        y = torch.sin(x)
        y = torch.cos(y).sum()
    explanation = explain(y)
    assert [text for _, text in lines_of(explanation)] == ["y = torch.sin(x)"] + ["y = torch.cos(y).sum()"] * 2
    assert re.search(r"at +y = torch.sin\(x\) +test_placing\.py:\d+", str(explanation))
