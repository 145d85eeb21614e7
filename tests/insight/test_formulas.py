"""The formulas that are printed for derivatives: each evaluates to the numerical derivative of its operation."""

import numpy as np
import pytest
import sympy

import adjoint as torch
from adjoint.arrays import notation, numpy
from adjoint.arrays.formula import Symbol, value_of
from adjoint.arrays.program import numpy_verb
from adjoint.arrays.symbolic import symbolic
from adjoint.arrays.verbs import ELEMENTWISE, SPECIAL
from adjoint.core import modes
from adjoint.core.primitive import registry
from adjoint.core.tensor import wrap
from adjoint.insight.formulas import cotangent_formulas, derivative_text, partials
from adjoint.insight.sympy_form import to_sympy
from adjoint.ops import later
from adjoint.ops.pointwise import sigmoid, sin

later.load_all()

#: numbers for static parameters, by their name
PARAMETERS = {
    "alpha": 1.5,
    "min": 0.35,
    "max": 0.65,
    "decimals": 1,
    "beta": 1.3,
    "threshold": 20.0,
    "negative_slope": 0.1,
    "scale": 1.1,
    "input_scale": 0.9,
    "lambd": 0.1,
    "value": 3.0,
    "weight": 0.3,
    "eps": 0.1,
    "p": 2,
    "n": 1,
    "nan": 0.0,
    "posinf": 2.0,
    "neginf": -2.0,
}

#: where operands are taken from; the first in which an operation is defined
INTERVALS = [(0.2, 0.8), (1.2, 1.9), (-0.8, -0.2)]

REAL = np.dtype(np.float64)

ELEMENTWISE_RECORDS = [
    record for record in registry.values() if record.jvp in ("partials", "diagonal") and not record.variadic
]


def parameters_of(record):
    missing = [name for name in record.parameters if name not in PARAMETERS]
    assert not missing, f"give the static parameters {missing} of {record.name} numbers in PARAMETERS"
    return {name: PARAMETERS[name] for name in record.parameters}


def points(record, params, count=5):
    """Operands at which the operation is defined, as float64 numbers."""
    random = np.random.default_rng(len(record.name))
    for low, high in INTERVALS:
        operands = random.uniform(low, high, (count, len(record.operands)))
        if np.isfinite([record.forward(numpy, *each, **params) for each in operands]).all():
            return operands
    raise AssertionError(f"{record.name} is not finite in any of {INTERVALS}")


def slope(record, params, operands, index, step=1e-6):
    """The derivative by one operand, from central differences."""
    shifted = np.array([operands, operands])
    shifted[0, index] += step
    shifted[1, index] -= step
    above, below = (record.forward(numpy, *each, **params) for each in shifted)
    return (above - below) / (2 * step)


@pytest.mark.parametrize("record", ELEMENTWISE_RECORDS, ids=lambda record: record.name)
def test_formula_is_the_numerical_derivative(record):
    params = parameters_of(record)
    formulas = partials(record, **params)
    assert formulas or derivative_text(record) == ""
    for operands in points(record, params):
        values = dict(zip(record.operands, operands, strict=True))
        for index, name in enumerate(record.operands):
            if name not in formulas:
                continue
            expected = pytest.approx(slope(record, params, operands, index), rel=1e-6, abs=1e-8)
            formula = formulas[name]
            assert value_of(formula, values) == expected
            assert printed_value(formula, values) == expected
            assert sympy_value(formula, values) == expected


def printed_value(formula, values):
    """What Python makes of the text of a formula."""
    verbs = {verb: numpy_verb(verb) for verb in (*ELEMENTWISE, *SPECIAL) if hasattr(np, verb) or hasattr(numpy, verb)}
    return float(eval(notation.text(formula), verbs | values))


def sympy_value(formula, values):
    expression = to_sympy(formula)
    return float(expression.subs({sympy.Symbol(name, real=True): value for name, value in values.items()}))


@pytest.mark.parametrize("record", registry.values(), ids=lambda record: record.name)
def test_no_record_is_in_the_way_of_the_documentation(record):
    text = derivative_text(record)
    assert all(line.startswith(("d/d", "g -> ")) for line in text.splitlines())


MIXING = {record.name: cotangent_formulas(record) for record in registry.values()}


@pytest.mark.parametrize(
    "name", [name for name, found in MIXING.items() if any(str(each) != "0" for each in found.values())]
)
def test_what_goes_back_is_the_numerical_derivative(name):
    """For operands of the shapes of the symbols. Random operations are left out, which send nothing back."""
    record, formulas = registry[name], MIXING[name]
    random = np.random.default_rng(7)
    operands = {operand: random.uniform(0.5, 1.5, formulas[operand].shape) for operand in record.operands}
    out = record.forward(numpy, *operands.values())
    g = random.uniform(0.5, 1.5, np.shape(out))
    for operand, formula in formulas.items():
        way = random.uniform(-1.0, 1.0, operands[operand].shape)
        ahead, behind = (
            record.forward(numpy, *(operands | {operand: operands[operand] + step * way}).values())
            for step in (1e-6, -1e-6)
        )
        moved = np.sum(np.real(np.conj(g) * (ahead - behind))) / 2e-6
        sent = value_of(formula, operands | {"g": g})
        assert np.sum(np.real(np.conj(sent) * way)) == pytest.approx(moved, rel=1e-6, abs=1e-8)


def test_what_goes_back_is_told_where_it_holds_for_every_shape():
    assert not MIXING["mean_all"]  # where the number of elements stands in the formula
    assert not MIXING["batch_by_vector"]  # where the axes of the sum depend on the shape
    assert derivative_text(registry["solve"]) == "g -> a: -solve(a^T, g) @ solve(a, b)^T\ng -> b: solve(a^T, g)"


def test_derivative_text():
    assert derivative_text(sin.primitive) == "d/dx sin(x) = cos(x)"
    assert derivative_text(sigmoid.primitive) == "d/dx sigmoid(x) = (1 - sigmoid(x)) * sigmoid(x)"
    assert derivative_text(registry["div"]) == "d/dx (x / y) = 1 / y\nd/dy (x / y) = -x / y**2"
    assert derivative_text(registry["clamp_numbers"]) == "d/dx clamp(x, min, max) = 1 if min <= x <= max else 0"
    assert derivative_text(registry["mm"]) == "g -> x: g @ y^T\ng -> y: x^T @ g"
    assert derivative_text(registry["mv"]).splitlines()[1] == "g -> y: x^T @ g"
    assert derivative_text(registry["dot"]) == "g -> x: g * y\ng -> y: g * x"
    assert derivative_text(registry["eq"]) == ""


# --- what formulas look like ---

x, y = Symbol("x", (), REAL), Symbol("y", (), REAL)
A, B = Symbol("A", (2, 3), REAL), Symbol("B", (3, 4), REAL)
g = Symbol("g", (2, 3), REAL)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (x + y * 2, "x + 2 * y"),
        ((x + y) * 2, "2 * (x + y)"),
        (x - (y - 1), "x - (y - 1)"),
        (x - (-y), "x + y"),
        (x / y / y, "x / y**2"),
        (x / (y * 2), "x / (2 * y)"),
        (x * 1 + 0 * y, "x"),
        (0 - (-x), "x"),
        (x * x, "x**2"),
        ((-x) ** 2, "(-x)**2"),
        (x ** (y - 1), "x**(y - 1)"),
        (-x * y, "-x * y"),
        ((x % y) * 2, "2 * (x % y)"),
        (1 - symbolic.tanh(x), "1 - tanh(x)"),
        (symbolic.where(symbolic.logical_and(x >= 0, x <= 1), y, 0), "y if 0 <= x <= 1 else 0"),
        (symbolic.where(x > 0, x, 0) * 2, "2 * (x if x > 0 else 0)"),
        (symbolic.logical_not(symbolic.logical_or(x < 0, y > 1)), "not (x < 0 or y > 1)"),
        (A @ symbolic.permute_dims(g, (1, 0)), "A @ g^T"),
        (symbolic.sum(A), "sum(A)"),
        (symbolic.sum(A, axis=0), "sum(A, axis=0)"),
        (symbolic.broadcast_to(x / 6, (2, 3)), "broadcast(x / 6)"),
        (symbolic.getitem(A, (slice(None), 1)), "A[:, 1]"),
        (symbolic.place(g, (slice(1, 3),), (4, 3)), "place(g, at=[1:3])"),
        (symbolic.concat([A, g], axis=1), "concat([A, g], axis=1)"),
        (symbolic.reshape(A, (-1,)), "reshape(A, shape=[6])"),
        (symbolic.astype(A, np.float32), "A"),
    ],
    ids=str,
)  # fmt: skip
def test_text(formula, text):
    assert str(formula) == text


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        (symbolic.cos(x) / (2 * y), r"\frac{\cos\left(x\right)}{2 \cdot y}"),
        ((-symbolic.sqrt(x)) ** 2, r"\left(-\sqrt{x}\right)^{2}"),
        (symbolic.where(x > 0, 1, 0 * y), r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{else} \end{cases}"),
        (Symbol("y_pred", (), REAL) + Symbol("v12", (), REAL), r"\mathrm{y\_pred} + v_{12}"),
        (symbolic.permute_dims(A, (1, 0)) @ g, r"A^{\top} \, g"),
    ],
    ids=str,
)
def test_latex(formula, latex):
    assert notation.latex(formula) == latex


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda xp, a, b: a @ b, (2, 4)),
        (lambda xp, a, b: xp.sum(a, axis=1, keepdims=True) * a, (2, 3)),
        (lambda xp, a, b: xp.stack([a, a], axis=1), (2, 2, 3)),
        (lambda xp, a, b: xp.squeeze(xp.expand_dims(b, 0), 0), (3, 4)),
        (lambda xp, a, b: xp.getitem(b, (np.array([0, 2, 2]), slice(1, None))), (3, 3)),
        (lambda xp, a, b: xp.getitem(a, np.array([[True, False, True], [False, False, True]])), (3,)),
        (lambda xp, a, b: xp.flip(xp.max(a, axis=0), axis=0), (3,)),
        (lambda xp, a, b: xp.argmax(a, axis=1), (2,)),
    ],
)
def test_a_formula_has_the_shape_and_value_of_what_it_describes(make, shape):
    numbers = {"A": np.arange(6.0).reshape(2, 3), "B": np.arange(12.0).reshape(3, 4)}
    formula = make(symbolic, A, B)
    expected = make(numpy, numbers["A"], numbers["B"])
    assert formula.shape == expected.shape == shape
    assert formula.dtype == expected.dtype
    np.testing.assert_array_equal(value_of(formula, numbers), expected)


def test_a_condition_on_symbols_holds_in_general_or_not_at_all():
    assert not bool(x == 0)
    assert bool(x != y)
    assert bool(x == x)
    with pytest.raises(TypeError, match="whether x < 0 holds depends on numbers"):
        bool(x < 0)


def test_a_formula_too_long_for_a_reader_is_refused_by_name():
    long = x
    for _ in range(200):
        long = symbolic.sin(long)
    with pytest.raises(ValueError, match="the formula has 201 parts"):
        to_sympy(long)
    with pytest.raises(ValueError, match=r"shape \[2, 3\]"):
        to_sympy(A)


def test_a_symbol_without_value():
    with pytest.raises(ValueError, match="symbol 'y' whose value is not known"):
        value_of(x + y, {"x": 1.0})


def test_tensors_may_hold_formulas():
    t = wrap(x)
    t.requires_grad = True
    with modes.mode(namespace=symbolic):
        value = torch.exp(torch.sin(t)) * t
        (gradient,) = torch.autograd.grad(value, t, wrap(symbolic.ones_like(x)))
    assert str(value._data) == "exp(sin(x)) * x"
    assert str(gradient._data) == "exp(sin(x)) + x * exp(sin(x)) * cos(x)"
