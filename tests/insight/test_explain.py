"""`explain`: what it prints of a program, and that the program does not notice."""

import cProfile
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import sympy

import adjoint as torch
from adjoint.insight import explain
from adjoint.insight.steps import AccumulationStep, OperationStep, SumStep

TEXTS = Path(__file__).parent / "texts"
PLACE = re.compile(r"test_explain\.py:\d+")
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e[-+]\d+)?")


def assert_prints(explanation, name):
    """The text is the recorded one; numbers with a fraction may differ in their last digits, as processors do.

    Of the lines of this file only the text counts, not the number.
    """
    path = TEXTS / f"{name}.txt"
    actual, expected = PLACE.sub("test_explain.py", str(explanation)).rstrip(), path.read_text().rstrip()
    assert NUMBER.sub("#", actual) == NUMBER.sub("#", expected)
    numbers = [list(map(float, NUMBER.findall(text))) for text in (actual, expected)]
    assert numbers[0] == pytest.approx(numbers[1], rel=1e-3)


def leaf(*values):
    return torch.tensor(values if len(values) != 1 else values[0], requires_grad=True)


def operations(explanation):
    return [step for step in explanation.steps if isinstance(step, OperationStep)]


# --- the examples of the notebook that the project was made from ---


def test_square():
    x = leaf(3.0)
    y = x**2
    assert_prints(explain(y), "square")


def test_sine_of_square():
    x = leaf(3.0)
    y = x**2
    z = torch.sin(y)
    assert_prints(explain(z), "sine_of_square")


def binary_cross_entropy_loss(prediction, target):
    epsilon = 1e-8
    prediction = torch.clamp(prediction, epsilon, 1 - epsilon)
    return -(target * torch.log(prediction) + (1 - target) * torch.log(1 - prediction))


def test_logistic_loss():
    x = leaf(6.7)
    y = torch.tensor(0.0)
    w = leaf(1.0)
    b = torch.tensor(1.0)
    z = w * x + b
    y_pred = torch.sigmoid(z)
    loss = binary_cross_entropy_loss(y_pred, y)
    explanation = explain(loss)
    assert_prints(explanation, "logistic_loss")
    assert str(explanation.gradients) == "{'w': tensor(6.6970), 'x': tensor(0.9995)}"
    loss.backward()
    assert (x.grad, w.grad) == (explanation.gradients["x"], explanation.gradients["w"])


def test_mean_of_squares():
    x = leaf(1.0, 2.0, 3.0)
    y = (x**2).mean()
    assert_prints(explain(y), "mean_of_squares")


# --- a function, watched ---


def test_function():
    b = torch.tensor(1.0)
    y = torch.tensor(0.0)

    def logistic(w, x):
        z = w * x + b
        y_pred = torch.sigmoid(z)
        return binary_cross_entropy_loss(y_pred, y)

    explanation = explain(logistic, 1.0, 6.7)
    assert_prints(explanation, "logistic_function")
    assert explanation.unknown == []
    assert str(explanation.gradients) == "{'w': tensor(6.6970), 'x': tensor(0.9995)}"
    with pytest.raises(TypeError, match="needs a function that returns a tensor, not float"):
        explain(lambda x: x.item(), 1.0)


def test_function_of_tensors_leaves_them_alone():
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    assert list(explain(torch.dot, x, y).gradients) == ["input", "tensor"]
    assert not x.requires_grad
    w = leaf(5.0, 6.0)
    explanation = explain(lambda w, y: (w * y).sum(), w, y)
    assert list(explanation.gradients) == ["w"]
    assert w.grad is None
    assert list(explain(lambda w: w.sum(), w * 2).gradients) == ["w"]
    assert sys.getprofile() is None or "Watch" not in repr(sys.getprofile())


def test_function_with_a_backward_pass_of_its_own():
    def slope_times(x):
        slope = torch.autograd.grad(x**3, x, create_graph=True)[0]
        return slope * x

    explanation = explain(slope_times, 2.0)
    assert explanation.gradients["x"] == 9 * 2.0**2


def test_function_under_a_profiler():
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        assert explain(lambda x: x * 2, 1.0).gradients["x"] == 2
        assert sys.getprofile() is profiler
    finally:
        profiler.disable()


def test_function_that_fails_leaves_nothing_behind():
    profiler = sys.getprofile()
    with pytest.raises(ZeroDivisionError):
        explain(lambda x: x * (1 / 0), 2.0)
    assert sys.getprofile() is profiler
    assert (leaf(1.0) * 2).requires_grad


# --- steps ---


def test_several_consumers_are_summed_in_a_step_of_their_own():
    s = leaf(2.0)
    u = s * s
    t = u * s + u
    explanation = explain(t)
    assert_prints(explanation, "several_consumers")
    sums = [step for step in explanation.steps if isinstance(step, SumStep)]
    assert [(step.variable, [consumer for consumer, _ in step.parts]) for step in sums] == [
        ("u", ["t", "v1"]),
        ("s", ["v1", "u", "u"]),
    ]
    assert explanation.gradients["s"] == 3 * 2.0**2 + 2 * 2.0


def test_broadcast():
    x = leaf([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
    w = leaf([0.5], [-1.0], [2.0])
    b = leaf(0.25, 0.75)
    h = torch.relu(x * w + b)
    y = (h @ torch.tensor([1.0, -1.0])).sum()
    assert_prints(explain(y), "broadcast")


def test_accumulation_adds_to_what_is_there():
    x = leaf(3.0)
    (x**2).backward()
    y = x * 5
    explanation = explain(y)
    (accumulation,) = [step for step in explanation.steps if isinstance(step, AccumulationStep)]
    assert (str(accumulation.before), str(accumulation.gradient), accumulation.after) == ("6", "5", 11)
    assert "x.grad = what it holds + dy/dx = 6 + 5 = 11" in str(explanation)
    assert x.grad == 6


def test_own_cotangent():
    x = leaf(1.0, 2.0)
    y = x**3
    explanation = explain(y, gradient=torch.tensor([10.0, 100.0]))
    assert "Backward, from dL/dy = [10, 100]" in str(explanation)
    assert explanation.gradients["x"].tolist() == [30, 1200]
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        explain(y)


def test_in_place_and_views():
    x = leaf(1.0, 2.0, 3.0)
    y = x * 1
    y[1:] *= 10
    z = (y**2).sum()
    explanation = explain(z)
    assert explanation.gradients["x"].tolist() == [2, 400, 600]
    assert "ends" not in str(explanation)


def test_several_outputs():
    x = leaf([1.0, 5.0], [4.0, 2.0])
    largest, places = x.max(dim=1)
    y = (largest * torch.tensor([1.0, 10.0])).sum()
    explanation = explain(y)
    assert places.tolist() == [1, 0]
    assert explanation.gradients["x"].tolist() == [[0, 1], [10, 0]]
    assert "largest = max(x, axis=1)" in str(explanation)


def test_a_leaf_explains_itself():
    x = leaf(3.0)
    explanation = explain(x)
    assert str(explanation.gradients) == "{'x': tensor(1.)}"
    assert "x.grad = dx/dx = 1" in str(explanation)


def test_a_function_of_the_users_own_is_called_by_its_name():
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, power):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g, None

    x, w = leaf(2.0), leaf(3.0)
    y = torch.exp(Cube.apply(x * 1, w * 2) / 8)
    explanation = explain(y)
    assert "v2 = Cube(v1, c1) = (not kept)" in str(explanation)
    assert "CubeBackward.vjp(dy/dv2)" in str(explanation)
    assert explanation.gradients["x"] == torch.autograd.grad(y, x)[0]


def test_hooks_are_not_called_and_places_are_shown():
    x = leaf(3.0)
    called = []
    x.register_hook(called.append)
    with pytest.warns(UserWarning, match="Anomaly Detection"), torch.autograd.detect_anomaly():
        y = torch.sin(x)
    y.register_hook(called.append)
    y.retain_grad()
    assert re.search(r"at +.*test_explain\.py:\d+", str(explain(y)))
    assert (called, y.grad) == ([], None)


def test_complex_numbers():
    z = torch.tensor(1 + 2j, requires_grad=True)
    y = (z * z).abs()
    text = str(explain(y))
    assert "to z    dy/dv1 * conj(dv1/d(1st z)) = (-0.6+0.8j) * conj(1+2j) = 1+2j" in text
    assert "dy/dz = tensor(2.+4.j)" in text


def test_inside_of_vmap_it_says_where_to_call():
    with pytest.raises(RuntimeError, match=r"explain\(\) needs numbers.*\nCall it outside"):
        torch.func.vmap(lambda x: explain(torch.sin(x)))(leaf(1.0, 2.0))


# --- values and names ---


def test_values_come_from_what_is_kept():
    x = leaf(2.0)
    c = torch.tensor(5.0)
    y = torch.exp((x + c) * 3)
    explanation = explain(y)
    values = {definition.name: definition.value for definition in explanation.definitions}
    assert values["v1"] is None  # no rule needs the sum, nor its second operand
    assert "v1 = x + c1 = (not kept)" in str(explanation)
    assert explanation.unknown == ["c1"]
    assert "explain(f, *inputs) shows it" in str(explanation)
    watched = explain(lambda x: torch.exp((x + c) * 3), 2.0)
    assert "v1 = x + c = 7" in str(watched)


def test_a_leaf_that_was_written_to_since_is_no_source_of_values():
    x = leaf(2.0)
    v = x + 1  # saves nothing of x
    del_me = v
    y = v * 3
    del v, del_me
    with torch.no_grad():
        x.fill_(100.0)
    assert "v1 = x + c1 = (not kept)" in str(explain(y))


def test_names_of_containers_and_globals():
    parameters = {"w": leaf(2.0)}
    layers = [leaf(3.0)]
    y = parameters["w"] * layers[0] * GLOBAL
    text = str(explain(y))
    assert "v1 = parameters['w'] * layers[0] = 6" in text
    assert "y = GLOBAL * v1 = 24" in text or "y = v1 * GLOBAL = 24" in text
    assert "d(parameters['w'])" in text


GLOBAL = torch.tensor(4.0)


def test_names_that_are_given_and_names_that_are_made():
    def of_unnamed():
        return torch.sin(leaf(0.5) * 2)

    assert list(explain(of_unnamed()).gradients) == ["v1"]
    a = leaf(0.5)
    assert list(explain(torch.sin(a), names={"angle": a}).gradients) == ["angle"]
    v1 = torch.cos(a)
    assert [definition.name for definition in explain(torch.sin(v1 * 2)).definitions] == ["a", "v1", "v2", "y"]


def test_tensors_are_summarised():
    x = torch.tensor(np.arange(200.0).reshape(2, 100), requires_grad=True)
    y = (x / 2).sum()
    text = str(explain(y))
    assert "x = shape [2, 100], 0 .. 199" in text
    assert "v1 = x / 2 = shape [2, 100], 0 .. 99.5" in text
    x = torch.tensor([float("nan"), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], requires_grad=True)
    assert "x = shape [7], 1 .. 6, 1 of 7 NaN" in str(explain(x.sum()))


# --- the whole derivative ---


@pytest.mark.parametrize(
    ("program", "point", "expected"),
    [
        (lambda x: torch.sin(x**2), 3.0, "2*x*cos(x**2)"),
        (lambda x: x * x * x, 2.0, "3*x**2"),
        (lambda x: torch.exp(-x * x), 0.5, "-2*x*exp(-x**2)"),
        (lambda x: torch.relu(x) * 2, 0.5, "Piecewise((2, x > 0), (0, True))"),
        (lambda x: torch.clamp(x, 0, 1) ** 2, 0.25, "Piecewise((2*x, (x >= 0) & (x <= 1)), (0, True))"),
        (lambda x: torch.log(x) / x, 2.0, "(1 - log(x))/x**2"),
        (torch.sigmoid, 0.3, "1/(4*cosh(x/2)**2)"),
    ],
)
def test_formula(program, point, expected):
    symbol = sympy.Symbol("x", real=True)
    explanation = explain(program, point)
    (found,) = explanation.formula.values()
    found = found.subs(sympy.Symbol("input", real=True), symbol)
    wanted = sympy.sympify(expected, locals={"x": symbol})
    assert sympy.simplify(found.subs(symbol, sympy.Rational(point)) - wanted.subs(symbol, sympy.Rational(point))) == 0
    assert sympy.count_ops(found) <= sympy.count_ops(wanted) + 2
    assert float(found.subs(symbol, point)) == pytest.approx(
        next(iter(explanation.gradients.values())).item(), rel=1e-6
    )


def test_formula_in_all_leaves_is_the_gradient():
    def logistic(w, x, b):
        return binary_cross_entropy_loss(torch.sigmoid(w * x + b), torch.tensor(1.0))

    point = {"w": 0.7, "x": -1.2, "b": 0.3}
    explanation = explain(logistic, *point.values())
    point["target"] = 1.0
    numbers = {sympy.Symbol(name, real=True): value for name, value in point.items()}
    for name, formula in explanation.formula.items():
        assert float(formula.subs(numbers)) == pytest.approx(explanation.gradients[name].item(), rel=1e-5)


def test_a_condition_in_a_formula_counts_as_one_or_nothing():
    x = leaf(3.0)
    assert explain(x.amax() * 2).formula["x"] == 2


def test_formula_is_for_numbers():
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match="where every variable is a number"):
        _ = explain(x.sum()).formula


# --- the program does not notice ---


def test_explaining_changes_nothing():
    x = leaf([1.0, -2.0], [0.5, 3.0])
    w = leaf(0.5, 2.0)

    def program():
        h = torch.tanh(x * w)
        return (h * h.sum(dim=0)).mean() + h.max()

    plain = program()
    plain.backward()
    expected = x.grad, w.grad
    x.grad = w.grad = None
    explained = program()
    explanation = explain(explained)
    str(explanation)
    assert (x.grad, w.grad) == (None, None)
    explained.backward()
    assert torch.equal(x.grad, expected[0])
    assert torch.equal(w.grad, expected[1])
    assert torch.equal(explanation.gradients["x"], expected[0])
    text = str(explanation)
    with torch.no_grad():
        x.zero_()
    assert str(explanation) == text  # it was worked out when it was made


def test_after_backward_it_says_what_to_do():
    x = leaf(3.0)
    y = x**2
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time") as caught:
        explain(y)
    assert "call it before y.backward()" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((torch.tensor(1.0),), RuntimeError, "does not require grad"),
        ((3,), TypeError, r"explain\(\): argument 'target' \(position 1\) must be Tensor, not int"),
        ((leaf(1.0), 2.0), TypeError, "takes inputs only after a function"),
    ],
)
def test_bad_input(arguments, error, words):
    with pytest.raises(error, match=words):
        explain(*arguments)


def test_a_long_chain_needs_no_recursion():
    x = leaf(0.5)
    y = x
    for _ in range(600):
        y = torch.sin(y) * y + x
    assert len(operations(explain(y))) == 1800


# --- other forms ---


def test_notebook_and_terminal(capsys):
    x = leaf(3.0)
    y = x**2
    explanation = explain(y)
    assert explanation._repr_latex_().splitlines() == [
        r"$$\begin{aligned}",
        r"y &= x^{2} = 9 \\",
        r"\frac{\partial y}{\partial x} &= 2 \cdot x = 6 \\",
        r"\frac{\partial y}{\partial x} &= 6",
        r"\end{aligned}$$",
    ]
    explanation.show()
    assert capsys.readouterr().out.rstrip() == str(explanation).rstrip()
    assert explanation.__rich__().plain.rstrip() == str(explanation).rstrip()


def test_sympy_is_loaded_for_formulas_only():
    code = (
        "import sys, adjoint; from adjoint.insight import explain; x = adjoint.tensor(2., requires_grad=True); "
        "text = str(explain(x ** 2)); print('sympy' in sys.modules, 'rich' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        == "False False\n"
    )
