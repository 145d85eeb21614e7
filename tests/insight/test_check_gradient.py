"""`check_gradient`: derivatives derived by hand are accepted when they are right, and else the wrong one is named."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adjoint as torch
from adjoint import check_gradient
from adjoint.autograd.gradcheck import GradcheckError

X = torch.tensor([[1.0, -2.0, 0.5], [0.3, 1.5, -1.0], [2.0, 0.1, 0.7], [-0.4, 0.9, 1.2]], dtype=torch.float64)
T = torch.tensor([[0.5, -0.5], [0.1, 0.9], [0.0, 0.3], [-0.7, 0.2]], dtype=torch.float64)
W = torch.tensor([[0.2, -0.4], [1.1, 0.3], [-0.6, 0.8]], dtype=torch.float64)
B = torch.tensor([0.1, -0.2], dtype=torch.float64)


def layer(W, b):
    z = X @ W + b
    h = torch.tanh(z)
    return ((h - T) ** 2).mean()


LAYER = {
    "dL/dh": "2 * (h - T) / 8",
    "dh/dz": "1 - h**2",
    "dL/dz": "dL_dh * (1 - h**2)",
    "dL/dW": "X.T @ dL_dz",
    "dL/db": "dL_dz.sum(0)",
}


# --- a derivative per input ---


@pytest.mark.parametrize(
    "manual",
    [
        -5.466781571308061,
        torch.tensor(-5.466781571308061, dtype=torch.float64),
        np.float64(-5.466781571308061),
        (-5.466781571308061,),
        {"x": -5.466781571308061},
        "2 * x * cos(x**2)",
        {"x": "2 * x * cos(x**2)"},
        {"x": lambda x: 2 * x * torch.cos(x**2)},
        lambda x: 2 * x * torch.cos(x**2),
        lambda x: 2 * x.item() * math.cos(x.item() ** 2),
        {"dy/dx": "2 * x * cos(x**2)"},
    ],
    ids=lambda manual: type(manual).__name__,
)
def test_every_form_of_a_derivative(manual):
    check = check_gradient(lambda x: torch.sin(x**2), 3.0, manual)
    assert check
    assert check.wrong == []
    assert check.entries[0].autograd == pytest.approx(-5.466781571308061, rel=1e-14)
    assert check.entries[0].numerical == pytest.approx(-5.466781571308061, rel=1e-10)


@pytest.mark.parametrize("name", ["x", "input0"])
@pytest.mark.parametrize("value", [3.0, 3, np.float64(3), torch.tensor(3.0), torch.tensor(3.0, requires_grad=True)])
def test_every_form_of_an_input(value, name):
    f = (lambda x: x**2) if name == "x" else (lambda *x: x[0] ** 2)
    assert check_gradient(f, value, 6.0)
    assert check_gradient(f, (value,), 6.0)
    assert not check_gradient(f, [value], 5.0)


def test_several_inputs():
    def f(x, y, n):
        return x * y**n

    inputs = (2.0, torch.tensor(3.0), 2.0)
    right = (9.0, 12.0, 18 * math.log(3))
    assert check_gradient(f, inputs, right)
    assert check_gradient(f, inputs, (9.0, None, None)).entries[0].name == "df/dx"
    assert check_gradient(f, {"n": 2.0, "x": 2.0, "y": 3.0}, {"y": "2*x*y"})
    assert check_gradient(f, inputs, (9.0, 11.0, 18 * math.log(3))).wrong == ["df/dy"]
    assert check_gradient(f, inputs, lambda x, y, n: (y**n, n * x * y ** (n - 1), x * y**n * torch.log(y)))
    with pytest.raises(ValueError, match="differentiated by x, y and n, and 2 derivatives are given"):
        check_gradient(f, inputs, (9.0, 12.0))
    with pytest.raises(ValueError, match=r"there is no input z\nThere are x, y and n\."):
        check_gradient(f, inputs, {"z": 1.0})


def test_only_inputs_that_require_gradients():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.tensor([3.0, 4.0])
    check = check_gradient(lambda w, x: (w * x).sum(), (w, x), [3.0, 4.0])
    assert check
    assert [entry.name for entry in check.entries] == ["dy/dw"]
    assert w.grad is None
    assert w.tolist() == [1.0, 2.0]


def test_whole_numbers_may_be_meant_as_such():
    def f(x, n: int, times=2):
        for _ in range(n * times):
            x = x * x
        return x

    assert check_gradient(f, (1.5, 1, 1), 3.0)
    assert check_gradient(f, {"x": 1.5, "n": 1}, {"x": 4 * 1.5**3})


def test_matrices_and_broadcasting():
    def gradients(W, b):
        h = torch.tanh(X @ W + b)
        dz = 2 * (h - T) / 8 * (1 - h**2)
        return X.T @ dz, dz.sum(0)

    check = check_gradient(layer, (W, B), gradients)
    assert check
    assert [entry.method for entry in check.entries] == ["differences", "complex steps"]  # X @ W takes one type only
    assert not check_gradient(layer, (W, B), lambda W, b: tuple(2 * each for each in gradients(W, b)))


def test_differences_are_listed_worst_first_by_their_index():
    right = check_gradient(layer, (W, B), LAYER)["dL/dW"].autograd
    wrong = right.copy()
    wrong[2, 0] += 0.5
    wrong[0, 1] -= 0.125
    check = check_gradient(layer, (W, B), (wrong, None))
    (entry,) = check.entries
    assert [each.index for each in entry.differences] == [(2, 0), (0, 1)]
    assert [each.size for each in entry.differences] == pytest.approx([0.5, 0.125])
    assert entry.differences[0].given == wrong[2, 0]
    assert "[2, 0]: yours" in str(check)
    many = check_gradient(lambda x: (x**2).sum(), torch.arange(1.0, 21.0), "x")
    assert len(many.entries[0].differences) == 20
    assert "and 10 more of 20" in str(many)


@pytest.mark.parametrize(
    ("manual", "mistake"),
    [
        (lambda M: -(M + M.T), "the sign is wrong"),
        (lambda M: (M + M.T) / 2, "this is 1/2 times the derivative"),
        (lambda M: 3 * (M + M.T), "this is 3 times the derivative"),
        (lambda M: 0.3 * (M + M.T), "this is 0.3 times the derivative"),
        (lambda M: (M + M.T) * (1 + 1e-5), "if you rounded, give rtol="),
    ],
)
def test_common_mistakes_are_named(manual, mistake):
    M = torch.tensor([[1.0, 2.0], [5.0, -3.0]])
    check = check_gradient(lambda M: (M * (M + M.T)).sum() / 2, M, manual)
    assert not check
    assert mistake in str(check)


def test_transposes():
    A = torch.tensor([[1.0, 2.0], [5.0, -3.0]])
    c = torch.tensor([[1.0, 0.5], [-2.0, 4.0]])
    check = check_gradient(lambda A: (A * c).sum(), A, c.T)
    assert check.entries[0].mistake == "this is the transpose of the derivative"
    with pytest.raises(
        ValueError, match=r"has shape \[2, 3\] and should have \[3, 2\]\n.*The transpose of what you give"
    ):
        check_gradient(layer, (W, B), (W.T, None))


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"by b has shape \[4, 2\] and should have \[2\]\n.*Sum yours over"):
        check_gradient(layer, (W, B), (None, X[:, :2]))
    with pytest.raises(ValueError, match=r"by x has shape \[\] and should have \[2\]"):
        check_gradient(lambda x: x.sum(), torch.ones(2), 1.0)
    with pytest.raises(ValueError, match=r"should have \[2, 2\]\n.*Jacobian"):
        check_gradient(torch.sin, torch.ones(2), torch.ones(2))


def test_jacobians_and_cotangents():
    x = torch.tensor([1.0, 2.0])
    assert check_gradient(torch.sin, x, torch.diag(torch.cos(x)))
    wrong = check_gradient(lambda x: torch.stack([x[0] * x[1], x[0]]), x, [[2.0, 1.0], [0.0, 1.0]])
    assert [each.index for each in wrong.entries[0].differences] == [(1, 0), (1, 1)]
    assert check_gradient(torch.sin, x, "2 * cos(input)", gradient=torch.full((2,), 2.0))
    with pytest.raises(ValueError, match=r"gradient has shape \[3\], and the function's result has \[2\]"):
        check_gradient(torch.sin, x, "cos(input)", gradient=torch.ones(3))


def test_complex_gradients_are_pytorchs():
    z = torch.tensor([1 + 2j, 3 - 1j])
    assert check_gradient(lambda z: (z.abs() ** 2).sum(), z, "2 * z")
    check = check_gradient(lambda z: (z.abs() ** 2).sum(), z, "2 * conj(z)")
    assert check.entries[0].mistake == "this is the complex conjugate of the derivative"
    assert check_gradient(lambda z: z**2, 1 + 2j, "2*conj(z)", gradient=torch.tensor(1 + 0j))
    with pytest.raises(RuntimeError, match="only for real scalar outputs"):
        check_gradient(lambda z: z**2, 1 + 2j, "2*z")
    with pytest.raises(ValueError, match="the derivative by x is complex, and x is real"):
        check_gradient(lambda x: x**2, 1.0, 2 + 1j)


def test_precision_follows_the_types():
    x = torch.tensor(0.7)
    right = math.cos(float(x.item()))
    assert check_gradient(torch.sin, x, torch.tensor(right) * (1 + 1e-4))  # float32 by the user's own hand
    assert not check_gradient(torch.sin, x, torch.tensor(right) * (1 + 1e-3))
    doubles = torch.tensor(0.7, dtype=torch.float64)
    assert not check_gradient(torch.sin, doubles, math.cos(0.7) * (1 + 1e-6))
    assert check_gradient(torch.sin, doubles, math.cos(0.7) * (1 + 1e-6), rtol=1e-5)
    assert check_gradient(torch.sin, doubles, math.cos(0.7) + 1e-6, atol=1e-5)
    assert check_gradient(torch.sin, math.pi / 2, 0.0)
    assert check_gradient(torch.sin, x, "cos(input)").entries[0].autograd.dtype == np.float64


def test_numbers_are_precise():
    x = torch.tensor([0.1, 0.7], dtype=torch.float64)
    third = 1 / 3
    for right in (
        [third, third],
        "[1/3, 1/3]",
        "sin(2) / sin(2) * x / x / 3",
        [torch.tensor(third, dtype=torch.float64)] * 2,
    ):
        (entry,) = check_gradient(lambda x: x.sum() / 3, x, right).entries
        assert np.abs(entry.given - third).max() < 1e-15
        assert entry.agrees
    assert not check_gradient(lambda x: x.sum() / 3, x, "[1/3, 1/3 + 1e-7]")
    assert not check_gradient(lambda x: x.sum() / 3, x, [third, third + 1e-7])


def test_functions_that_refuse_doubles():
    single = torch.ones(2, 2)
    check = check_gradient(lambda x: (single @ x).sum(), torch.ones(2), [2.0, 2.0])
    assert check
    assert not check_gradient(lambda x: (single @ x).sum(), torch.ones(2), [2.0, 2.1])
    assert check_gradient(lambda x: (x.bfloat16() ** 2).sum(), torch.tensor([1.5]), [3.0])


# --- what autograd is held against ---


def test_differences_and_complex_steps():
    def f(x):
        return torch.exp(-x) * torch.log(x)

    for method in ("differences", "complex", "auto"):
        (entry,) = check_gradient(f, 1e-3, "exp(-x) / x - exp(-x) * log(x)", method=method).entries
        assert entry.numerical == pytest.approx(float(entry.autograd), rel=1e-9)
        assert entry.method == ("differences" if method == "differences" else "complex steps")
    assert check_gradient(lambda x: torch.abs(x) * x, 2.0, 4.0).entries[0].method == "differences"
    assert check_gradient(lambda x: x.abs() ** 2 + x, -2.0, -3.0).entries[0].method == "differences"
    with pytest.raises(RuntimeError, match="cannot be differentiated by complex steps"):
        check_gradient(torch.abs, 2.0, 1.0, method="complex")
    with pytest.raises(ValueError, match="method is one of auto, complex, differences, and not 'exact'"):
        check_gradient(f, 1.0, 1.0, method="exact")


@pytest.mark.parametrize("x", [1e-8, 1e-3, 1.0, 40.0, 1e6])
def test_differences_at_every_scale(x):
    check = check_gradient(lambda x: torch.log(x) * x, x, "log(x) + 1", method="differences")
    assert check, str(check)


def test_kinks_are_not_mistakes():
    x = torch.tensor([-1.0, 0.0, 3.0])
    for slope in (0.0, 0.5, 1.0):
        check = check_gradient(lambda x: torch.relu(x).sum(), x, [0.0, slope, 1.0])
        assert check
        (entry,) = check.entries
        assert entry.verdict == "not smooth here"
        assert [(each.index, each.sides) for each in entry.differences] == [((1,), (0.0, 1.0))]
    assert "by element [1] is 0 from the left and 1 from the right" in str(check)
    assert not check_gradient(lambda x: torch.relu(x).sum(), x, [0.0, 1.5, 1.0])
    assert check_gradient(lambda x: torch.abs(x - 1), 1.0, 0.3)
    assert not check_gradient(torch.abs, 1e-6, 0.0)
    assert check_gradient(torch.floor, 2.5, 0.0)


class Square(torch.autograd.Function):
    """With a derivative that lacks its factor."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, cotangent):
        return cotangent * ctx.saved_tensors[0]


def backward_of_its_own(x):
    u = Square.apply(x)
    v = u * 3
    return v  # noqa: RET504 - the name is what matters


def test_where_autograd_itself_is_wrong():
    def cut(x):
        return x * x.detach()

    own = check_gradient(cut, 3.0, "2 * x")
    as_autograd = check_gradient(cut, 3.0, "x")
    for check in (own, as_autograd):
        assert not check
        assert check.entries[0].verdict == "autograd differs"
        assert "look for detach()" in str(check)
    assert check_gradient(cut, 3.0, 17.0).entries[0].verdict == "wrong"
    chain = check_gradient(backward_of_its_own, 3.0, {"dv/du": 3.0, "du/dx": "2 * x"})
    assert chain.wrong == ["du/dx", "dv/dx"]
    assert "Links are compared with autograd only, and here autograd itself may be wrong." in str(chain)
    (entry,) = check_gradient(lambda x: x.detach() * 2, 3.0, 2.0).entries
    assert (entry.verdict, float(entry.autograd), float(entry.numerical)) == ("autograd differs", 0, pytest.approx(2))


def test_random_functions_are_refused():
    with pytest.raises(RuntimeError, match="different results for the same inputs"):
        check_gradient(lambda x: x * torch.rand(()), 1.0, 0.5)

    def seeded(x):
        torch.manual_seed(0)
        return x * torch.rand(())

    torch.manual_seed(0)
    assert check_gradient(seeded, 1.0, torch.rand(()).item(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, of square roots of negative numbers
def test_infinite_derivatives():
    check = check_gradient(torch.sqrt, 0.0, float("inf"))
    assert check
    assert not check_gradient(torch.sqrt, 0.0, 0.0)


def test_many_elements():
    x = torch.linspace(1, 2, 3000, dtype=torch.float64)
    wrong = 2 * x
    wrong[1234] = 0
    check = check_gradient(lambda x: (x**2).sum(), x, wrong, method="differences")
    (difference,) = check.entries[0].differences
    assert difference.index == (1234,)
    assert difference.numerical == pytest.approx(2 * x[1234].item())
    assert 500 <= np.isfinite(check.entries[0].numerical).sum() <= 1000


def test_nothing_to_differentiate_by():
    assert check_gradient(lambda x: x.sum(), torch.zeros(0), torch.zeros(0))
    assert check_gradient(lambda x: x * 2, torch.zeros(0), torch.zeros(0, 0))


def test_compiled_functions():
    assert check_gradient(torch.compile(lambda x: torch.sin(x) * x), 2.0, "sin(x) + x * cos(x)")


# --- chains ---


def residual(s):
    u = s * s
    t = u * s + u
    return t  # noqa: RET504 - the name is what matters


def test_direct_parts():
    links = {"dt/du": "s + 1", "du/ds": "2 * s", "direct dt/ds": "u"}
    check = check_gradient(residual, 2.0, links)
    assert check
    assert [float(entry.given) for entry in check.entries] == [3, 4, 4, 16]
    assert check_gradient(residual, 2.0, {"∂t/∂u": "s + 1", "du/ds": "2*s", "∂t/∂s": "u", "dt/ds": 16.0})
    partly = check_gradient(residual, 2.0, {"dt/du": "s + 1", "du/ds": "2*s"})
    assert partly
    assert partly.unchecked == {"dt/ds": ("dt/ds",)}
    assert check_gradient(residual, 2.0, {"dt/du": "s + 1", "du/ds": "2*s", "dt/ds": "u"}).wrong == ["dt/ds"]
    with pytest.raises(ValueError, match="every way from w to loss passes another of the variables"):
        check_gradient(logistic, (1.0, 6.7), {"direct dL/dw": 1.0, "dL/dz": 1.0})


def logistic(w, x):
    z = w * x
    y_pred = torch.sigmoid(z)
    loss = -torch.log(1 - y_pred)
    return loss  # noqa: RET504


def test_spellings():
    for links in (
        {"dL/dz": "y_pred", "dz/dw": "x"},
        {"dloss/dz": "y_pred", "dz/dw": "x"},
        {"dloss_dz": "y_pred", "dz_dw": lambda x: x},
        {"dL/dy_pred": "1 / (1 - y_pred)", "dy_pred/dz": "y_pred * (1 - y_pred)", "dz/dw": "x"},
        {"dL/dy_pred": "1 / (1 - y_pred)", "dL/dz": "dL_dy_pred * y_pred * (1 - y_pred)", "w": "dL_dz * x"},
        {"dL/dz": "y_pred", "dL/dw": lambda dL_dz, x: dL_dz * x},
    ):
        check = check_gradient(logistic, (1.0, 6.7), links)
        assert check
        assert any(entry.name in ("dL/dw", "dloss/dw", "dJ/dw") for entry in check.entries)


def test_links_of_arrays():
    check = check_gradient(layer, (W, B), LAYER)
    assert check
    assert check["dh/dz"].given.shape == (4, 2)
    assert [entry.name for entry in check.entries] == list(LAYER)
    by_links = check_gradient(layer, (W, B), {"dL/dh": "2 * (h - T) / 8", "dh/dz": "1 - h**2", "dz/db": 1})
    assert by_links
    assert by_links["dL/db"].is_product
    assert by_links.unchecked == {"dL/dW": ("dz/dW",)}
    jacobian = torch.einsum("ni,jk->njik", X, torch.eye(2, dtype=torch.float64))
    whole = check_gradient(layer, (W, B), {"dL/dh": LAYER["dL/dh"], "dh/dz": "1 - h**2", "dz/dW": jacobian})
    assert whole["dL/dW"].agrees


BROKEN = {
    "dL/dh": "2 * (h - T)",
    "dh/dz": "1 - h",
    "dL/dz": "-dL_dh * (1 - h**2)",
    "dL/dW": "X.T @ dL_dh",
    "dL/db": "dL_dz.mean(0)",
}


@pytest.mark.parametrize("link", LAYER)
def test_a_broken_link_of_arrays(link):
    assert check_gradient(layer, (W, B), LAYER | {link: BROKEN[link]}).wrong == [link]


def test_a_softmax_is_no_function_by_element():
    def f(z):
        p = torch.softmax(z, 0)
        return -torch.log(p[1])

    z = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
    right = {"dL/dp": "[0, -1 / p[1], 0]", "dp/dz": lambda p: torch.diag(p) - torch.outer(p, p)}
    check = check_gradient(f, z, right)
    assert check
    assert check["dL/dz"].agrees
    wrong = check_gradient(f, z, right | {"dp/dz": "p * (1 - p)"})
    assert wrong.wrong == ["dp/dz"]
    assert {each.index for each in wrong["dp/dz"].differences} == {(i, j) for i in range(3) for j in range(3) if i != j}


def test_complex_links():
    def f(z):
        w = z * z * (1 + 2j)
        return (w.real**2).sum()

    z = torch.tensor([1 + 2j, 3 - 1j])
    links = {"dw/dz": "2 * z * (1 + 2j)", "dL/dw": "2 * real(w)"}
    check = check_gradient(f, z, links)
    assert check
    assert check["dL/dz"].is_product
    assert check_gradient(f, z, links | {"dw/dz": "2 * conj(z) * (1 + 2j)"}).wrong == ["dw/dz"]

    def g(z):
        w = z.abs() * z
        return w.real.sum()

    with pytest.raises(ValueError, match="not holomorphic"):
        check_gradient(g, z, {"dw/dz": "z"})


def test_links_that_nobody_can_follow():
    for links, message in (
        ({"dL/dq": 1.0}, r"there is no variable q\nThere are layer, W, b, z and h\."),
        ({"dL/dX": 1.0}, "no derivative passes X"),
        ({"dW/dz": 1.0}, "W does not depend on z"),
        ({"dz/dz": 1.0}, "no derivative of one variable by another"),
        ({"foo_dbar": 1.0}, "names no derivative between two variables"),
        ({"dz/dW": "X"}, r"has shape \[4, 3\]; z has \[4, 2\] and W \[3, 2\]"),
        ({"dh/dz": "1 - q"}, "there is no variable q"),
        ({"dh/dz": lambda q: q}, "there is no variable q"),
        ({"dh/dz": "1 - h^2"}, "write \\*\\*"),
    ):
        with pytest.raises(ValueError, match=message):
            check_gradient(layer, (W, B), links)
    with pytest.raises(ValueError, match=r"ends in one number, and the function's result has shape \[2\]"):
        check_gradient(lambda x: x * 2, torch.ones(2), {"dy/dx": 2.0})
    with pytest.raises(ValueError, match="depends on no input"):
        check_gradient(lambda x: x.detach(), 1.0, {"dy/dx": 2.0})
    with pytest.raises(TypeError, match="is no number and no array: object"):
        check_gradient(layer, (W, B), {"dh/dz": object()})


def test_a_result_of_one_element_counts_as_a_number():
    def f(x):
        u = torch.sin(x)
        return (u * u).sum(0, keepdim=True)

    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    links = {"df/du": "2 * u", "du/dx": "cos(x)"}
    assert check_gradient(f, x, links)
    assert check_gradient(f, x, "2 * sin(x) * cos(x)")
    assert check_gradient(f, x, links | {"df/dx": "2 * u * cos(x)"})
    for link in links:
        assert check_gradient(f, x, links | {link: "u"}).wrong == [link]


def test_a_cotangent_for_a_chain():
    def f(x):
        y = torch.sin(x)
        return y * 2

    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    weights = torch.tensor([1.0, 10.0], dtype=torch.float64)
    check = check_gradient(f, x, {"df/dy": 2.0, "dy/dx": "cos(x)"}, gradient=weights)
    assert check
    assert check.entries[-1].given.tolist() == pytest.approx((weights * 2 * torch.cos(x)).tolist())
    links = {"dL/df": [1.0, 10.0], "dL/dy": "2 * dL_df", "dL/dx": "dL_dy * cos(x)"}
    assert check_gradient(f, x, links, gradient=weights)
    for link in links:
        assert check_gradient(f, x, links | {link: [1.0, 1.0]}, gradient=weights).wrong == [link]


# --- the result ---


def test_printing(capsys):
    check = check_gradient(residual, 2.0, {"dt/du": "s + 1", "du/ds": "3 * s"})
    text = str(check)
    assert text.startswith("Your derivative of t is wrong in du/ds, at s = 2\n")
    assert "it should be du/ds = 2 * s = 2 * 2 = 4" in text
    assert text.endswith("dt/ds is not checked: dt/ds is not given.")
    assert repr(check) == text
    check.show()
    shown = capsys.readouterr().out
    for word in ("du/ds", "it should be du/ds = 2 * s", "wrong", "agrees"):
        assert word in shown
    html = check._repr_html_()
    assert html.count("<tr>") == 4
    assert "<td>du/ds</td><td>6</td><td>4</td>" in html
    assert "<script" not in check_gradient(lambda x: x, 1.0, 2.0)._repr_html_()
    with pytest.raises(KeyError):
        check["dq/ds"]


def test_raising():
    assert check_gradient(torch.sin, 0.0, 1.0, raise_exception=True)
    with pytest.raises(GradcheckError, match=re.escape("wrong in dsin/dinput, at input = 0")):
        check_gradient(torch.sin, 0.0, 2.0, raise_exception=True)


def test_bad_calls():
    with pytest.raises(TypeError, match="needs a function to differentiate, not Tensor"):
        check_gradient(torch.ones(1), 1.0, 1.0)
    with pytest.raises(TypeError, match="needs a function that returns a tensor, not float"):
        check_gradient(lambda x: x.item(), 1.0, 1.0)
    with pytest.raises(ValueError, match="needs an input to differentiate by"):
        check_gradient(lambda x: x, torch.tensor([1, 2]), 1.0)
    with pytest.raises(TypeError, match="unsupported operand"):
        check_gradient(lambda x: x + "1", 1.0, 1.0)


# --- properties ---

shapes = st.sampled_from([(), (1,), (4,), (2, 3), (2, 1, 3)])
functions = st.sampled_from(
    [
        (lambda x: (torch.sin(x) * x).sum(), lambda x: torch.cos(x) * x + torch.sin(x)),
        (lambda x: torch.exp(x / 3).sum(), lambda x: torch.exp(x / 3) / 3),
        (lambda x: torch.tanh(x).prod() if x.numel() < 2 else torch.tanh(x).sum() ** 2 / 2, None),
        (lambda x: torch.abs(x).sum() + (x**3).mean(), lambda x: torch.sign(x) + 3 * x**2 / x.numel()),
    ]
)


@given(st.data(), shapes, functions, st.sampled_from(["auto", "differences"]))
@settings(max_examples=60, deadline=None)
def test_right_derivatives_pass_and_a_changed_one_is_found(data, shape, pair, method):
    f, derivative = pair
    numbers = st.floats(0.125, 3, width=32).flatmap(lambda size: st.sampled_from([size, -size]))
    count = math.prod(shape)
    values = np.array(data.draw(st.lists(numbers, min_size=count, max_size=count))).reshape(shape)
    x = torch.tensor(values, requires_grad=True)
    right = torch.autograd.grad(f(x), x)[0] if derivative is None else derivative(x.detach())
    check = check_gradient(f, x, right, method=method)
    assert check, str(check)
    wrong = right.detach().numpy().copy()
    place = tuple(data.draw(st.integers(0, size - 1)) for size in shape)
    largest = max(np.abs(wrong).max(), 1.0)
    wrong[place] += largest * data.draw(st.floats(1e-5, 10)) * data.draw(st.sampled_from([-1, 1]))
    check = check_gradient(f, x, wrong, method=method)
    assert not check
    assert [each.index for each in check.entries[0].differences] == [place]


LOCAL = {  # a function, and its derivative
    "sin": (torch.sin, "cos({0})"),
    "exp": (torch.exp, "exp({0})"),
    "tanh": (torch.tanh, "1 - tanh({0})**2"),
    "square": (torch.square, "2 * {0}"),
    "atan": (torch.atan, "1 / (1 + {0}**2)"),
}


@given(st.lists(st.sampled_from(sorted(LOCAL)), min_size=3, max_size=3), st.floats(0.25, 1.5), st.data())
@settings(max_examples=60, deadline=None)
def test_the_broken_link_of_a_chain_is_found(names, point, data):
    (first, d_first), (second, d_second), (third, d_third) = (LOCAL[name] for name in names)

    def program(x):
        u = first(x)
        v = second(u) * x
        w = third(v) + u * v
        return w  # noqa: RET504 - the name is what matters

    links = {
        "du/dx": d_first.format("x"),
        "dv/du": f"({d_second.format('u')}) * x",
        "direct dv/dx": "v / x",
        "dw/dv": f"({d_third.format('v')}) + u",
        "direct dw/du": "v",
    }
    check = check_gradient(program, point, links)
    assert check, str(check)
    broken = data.draw(st.sampled_from(sorted(links)))
    factor = data.draw(st.sampled_from([-1, 0.5, 1.001, 2]))
    check = check_gradient(program, point, links | {broken: f"({links[broken]}) * {factor}"})
    assert check.wrong == [broken]
    product = check["dw/dx"]
    assert product.agrees or product.because == (broken,)  # a link may count for nothing beside the others
