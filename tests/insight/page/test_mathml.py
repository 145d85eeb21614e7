"""Formulas as MathML: well-formed, and as they are meant to be read."""

from xml.etree import ElementTree

import numpy as np
import pytest

from adjoint.arrays import mathml
from adjoint.arrays.formula import Symbol
from adjoint.arrays.symbolic import symbolic as xp

REAL = np.dtype(np.float64)
x, y = (Symbol(name, (), REAL) for name in "xy")
A = Symbol("A", (2, 3), REAL)


def read(inside):
    """The text of a formula, after a check that it is XML of MathML's elements."""
    tree = ElementTree.fromstring(f"<math>{inside}</math>")
    assert {each.tag for each in tree.iter()} <= {
        "math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msqrt", "msup", "msub", "mover", "mspace", "mtable", "mtr", "mtd",
    }  # fmt: skip
    return (
        "".join(tree.itertext())
        .replace("\u2061", "")
        .replace("\N{NO-BREAK SPACE}", "")
        .replace(" ", "")
        .replace("\N{MINUS SIGN}", "-")
    )


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (xp.cos(x) * 2, "2⋅cos(x)"),
        ((x - y) / (x * y), "x-yx⋅y"),
        (xp.where(x < y, x, -y), "{xifx<y-yelse"),
        (xp.logical_and(x <= y, y <= 3), "x≤y≤3"),
        (xp.permute_dims(A, (1, 0)), "AT"),
        (xp.sum(A, axis=(0,)), "sum(A,axis=0)"),
        (A[0, 1:], "A[0,1:]"),
        (xp.concat([A, A], axis=0), "concat([A,A],axis=0)"),
        (xp.sigmoid(-(x + y)), "sigmoid(-(x+y))"),
    ],
)
def test_formulas(formula, text):
    assert read(mathml.formula(formula)) == text


def test_numbers_put_in():
    assert read(mathml.formula(x * y, lambda symbol: {"x": "3", "y": "-1e-05"}[symbol.name])) == "3⋅(-1⋅10-5)"
    assert read(mathml.number(float("-inf"))) == "-∞"


def test_names():
    assert read(mathml.name("dloss/dy_pred")) == "dlossdy_pred"
    assert "<mfrac>" in mathml.name("dloss/d(model.0.weight)")
    assert read(mathml.name("direct dz/dx1")) == "directdzdx1"
    assert read(mathml.name("d['</script>']")) == "d['</script>']"
