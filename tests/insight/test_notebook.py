"""The examples of the notebook that the project was made from, explained and checked: with the numbers that it prints."""

import math

import pytest

import adjoint as torch
from adjoint import check_gradient, explain
from adjoint.insight.steps import OperationStep


def binary_cross_entropy_loss(prediction, target):
    epsilon = 1e-8
    prediction = torch.clamp(prediction, epsilon, 1 - epsilon)
    return -(target * torch.log(prediction) + (1 - target) * torch.log(1 - prediction))


def relation(explanation, result, operand):
    (found,) = [each for each in explanation.relations if (each.result, each.operand) == (result, operand)]
    return found


# --- example 1: the square ---


def test_square():
    x = torch.tensor(3.0, requires_grad=True)
    y = x**2
    explanation = explain(y)
    assert explanation.gradients["x"] == 6
    assert str(explanation.formula["x"]) == "2*x"
    assert check_gradient(lambda x: x**2, 3.0, lambda x: 2 * x)
    assert not check_gradient(lambda x: x**2, 3.0, lambda x: x)


# --- example 2: the sine of the square ---


def test_sine_of_the_square():
    x = torch.tensor(3.0, requires_grad=True)
    y = x**2
    z = torch.sin(y)
    explanation = explain(z)
    assert str(explanation.gradients["x"]) == "tensor(-5.4668)"
    assert relation(explanation, "z", "y").value.number == pytest.approx(math.cos(9), rel=1e-6)
    assert relation(explanation, "y", "x").value.number == 6

    def program(x):
        y = x**2
        z = torch.sin(y)
        return z  # noqa: RET504 - the name is what matters

    def dz_dx(x):
        return 2 * x * math.cos(x**2)

    assert dz_dx(3) == -5.466781571308061
    assert check_gradient(program, 3.0, dz_dx)
    assert check_gradient(program, 3.0, dz_dx(3))
    assert check_gradient(program, 3.0, {"dz/dy": "cos(y)", "dy/dx": "2 * x"})["dz/dx"].given == pytest.approx(dz_dx(3))
    assert check_gradient(program, 3.0, {"dz/dy": "-cos(y)", "dy/dx": "2 * x"}).wrong == ["dz/dy"]
    assert check_gradient(program, 3.0, {"dz/dy": "cos(y)", "dy/dx": "x"}).wrong == ["dy/dx"]


# --- example 3: one neuron and its loss ---


def test_neuron_explained():
    x = torch.tensor(6.7, requires_grad=True)
    y = torch.tensor(0.0)
    w = torch.tensor(1.0, requires_grad=True)
    b = torch.tensor(1.0)
    z = w * x + b
    y_pred = torch.sigmoid(z)
    loss = binary_cross_entropy_loss(y_pred, y)
    explanation = explain(loss)
    assert str((explanation.gradients["x"], explanation.gradients["w"])) == "(tensor(0.9995), tensor(6.6970))"
    assert [step.definitions[0].name for step in explanation.steps if isinstance(step, OperationStep)][-3:-1] == [
        "y_pred",
        "z",
    ]


def test_neuron_by_hand():
    """The numbers of the cell that differentiates by hand, where the bias is 0."""
    x, y = torch.tensor(6.7), torch.tensor(0.0)

    def neuron(w, b):
        z = w * x + b
        y_pred = torch.sigmoid(z)
        loss = binary_cross_entropy_loss(y_pred, y)
        return loss  # noqa: RET504

    explanation = explain(neuron, 1.0, 0.0)
    y_pred = 1 / (1 + math.exp(-6.7))
    dz = relation(explanation, "y_pred", "z")
    assert dz.ratio.name == "dy_pred/dz"
    assert dz.value.number == pytest.approx(y_pred * (1 - y_pred), rel=1e-3)
    for operand, number in (("w", 6.7), ("b", 1.0)):
        link = relation(explanation, "z", operand)
        assert (link.ratio.name, link.value.number) == (f"dz/d{operand}", pytest.approx(number))
    totals = {each.variable: each.cotangent for each in explanation.chains}
    assert totals["y_pred"].name == "dloss/dy_pred"
    assert float(totals["y_pred"].value) == pytest.approx(1 / (1 - y_pred), rel=1e-3)
    for name in ("dloss/dy_pred = ", "dy_pred/dz = ", "dz/dw = x = 6.7", "dz/db = 1", "dloss/dw = tensor(6.6918)"):
        assert name in str(explanation)
    # as the notebook prints them
    assert explanation.gradients["w"].item() == pytest.approx(6.691762447357178, rel=1e-6)
    assert explanation.gradients["b"].item() == pytest.approx(0.998770534992218, rel=1e-6)


def notebook_derivatives(w, x, b, y):
    """As the notebook has them, line by line."""
    z = w * x + b
    y_pred = torch.sigmoid(z)
    dloss_dy_pred = (y_pred - y) / (y_pred * (1 - y_pred))
    dy_pred_dz = y_pred * (1 - y_pred)
    dz_dw = x
    dz_db = 1
    return {"dL/dy_pred": dloss_dy_pred, "dy_pred/dz": dy_pred_dz, "dz/dw": dz_dw, "dz/db": dz_db}


@pytest.fixture
def neuron():
    x, y = torch.tensor(6.7), torch.tensor(0.0)

    def loss(w, b):
        z = w * x + b
        y_pred = torch.sigmoid(z)
        return binary_cross_entropy_loss(y_pred, y)

    return loss


POINT = {"w": torch.tensor(1.0), "b": torch.tensor(0.0)}
LINKS = {
    "dL/dy_pred": "(y_pred - y) / (y_pred * (1 - y_pred))",
    "dy_pred/dz": "y_pred * (1 - y_pred)",
    "dz/dw": "x",
    "dz/db": "1",
}
BROKEN = {
    "dL/dy_pred": ["(y_pred - y) / y_pred", "(y - y_pred) / (y_pred * (1 - y_pred))", "y_pred - y", "1"],
    "dy_pred/dz": ["y_pred * (1 + y_pred)", "1 - y_pred", "-y_pred * (1 - y_pred)", "z * (1 - z)"],
    "dz/dw": ["w", "1", "-x", "x + b + 0.1"],
    "dz/db": ["b", "0", "-1", "x"],
}


def test_the_notebooks_derivatives_are_accepted(neuron):
    by_hand = notebook_derivatives(1.0, torch.tensor(6.7), 0.0, 0.0)
    for links in (by_hand, LINKS, LINKS | {"dz/db": 1, "dz/dw": 6.7}):
        check = check_gradient(neuron, POINT, links)
        assert check, str(check)
        assert [entry.name for entry in check.entries] == [*LINKS, "dL/dw", "dL/db"]
        assert float(check["dL/dw"].given) == pytest.approx(6.691762447357178, rel=1e-4)
        assert float(check["dL/db"].given) == pytest.approx(0.998770534992218, rel=1e-4)
    assert check_gradient(neuron, POINT, (6.691762447357178, 0.998770534992218), rtol=1e-5)


@pytest.mark.parametrize(("link", "formula"), [(link, each) for link, broken in BROKEN.items() for each in broken])
def test_each_link_broken_in_turn(neuron, link, formula):
    check = check_gradient(neuron, POINT, LINKS | {link: formula})
    assert check.wrong == [link]
    assert not check
    text = str(check)
    assert f"is wrong in {link}, at" in text
    right = {"dL/dy_pred": "= 813.4", "dy_pred/dz": "(1 - y_pred) * y_pred", "dz/dw": "x = 6.7", "dz/db": "= 1"}
    (advice,) = [line for line in text.splitlines() if "it should be" in line]
    assert right[link] in advice
    reached = {"dz/dw": ["dL/dw"], "dz/db": ["dL/db"]}.get(link, ["dL/dw", "dL/db"])
    assert [entry.name for entry in check.entries if entry.because == (link,)] == reached


def test_a_broken_number(neuron):
    by_hand = notebook_derivatives(1.0, torch.tensor(6.7), 0.0, 0.0)
    for link, value in by_hand.items():
        assert check_gradient(neuron, POINT, by_hand | {link: value * 1.01}).wrong == [link]


# --- a vector ---


def test_mean_of_squares():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x**2).mean()
    assert str(explain(y).gradients["x"]) == "tensor([0.6667, 1.3333, 2.0000])"
    assert check_gradient(lambda x: (x**2).mean(), x, "2 * x / 3")
    assert check_gradient(lambda x: (x**2).mean(), x, [0.6667, 1.3333, 2.0000], rtol=1e-4)
    check = check_gradient(lambda x: (x**2).mean(), x, [0.6667, 1.3333, 3.0], rtol=1e-4)
    assert [each.index for each in check.entries[0].differences] == [(2,)]
