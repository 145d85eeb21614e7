"""Results are laid out as IPython lays them out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adjoint.cli.pretty import pretty


class Shown:
    """An object that is shown as `text`."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


class Plain:
    pass


class Named(dict):
    def __repr__(self):
        return "Named"


def wave(x, *rest, scale=2):
    """Nothing; it is only shown."""


itself = [1]
itself.append(itself)
square = Shown("tensor([[1., 2.],\n        [3., 4.]])")
VALUES = [
    (
        (square, square),
        f"({str(square).replace(chr(10), chr(10) + ' ')},\n {str(square).replace(chr(10), chr(10) + ' ')})",
    ),
    ({"a": square}, "{'a': tensor([[1., 2.],\n         [3., 4.]])}"),
    (("x" * 37, "y" * 36), f"('{'x' * 37}',\n '{'y' * 36}')"),
    (("x" * 37, "y" * 33), f"('{'x' * 37}', '{'y' * 33}')"),
    ([1.0, -0.0, math.inf], "[1.0, -0.0, inf]"),
    ((), "()"),
    ((1,), "(1,)"),
    (set(), "set()"),
    ({3, 1, 2}, "{1, 2, 3}"),
    (frozenset({2, 1}), "frozenset({1, 2})"),
    (itself, "[1, [...]]"),
    (list(range(1001)), "[0,\n" + "".join(f" {n},\n" for n in range(1, 1000)) + " ...]"),
    (Named(a=1), "Named"),
    (wave, f"<function {__name__}.wave(x, *rest, scale=2)>"),
    (len, "<function len(obj, /)>"),
    (int, "int"),
    (Plain, f"{__name__}.Plain"),
    ([None, range(3), "it's"], '[None, range(0, 3), "it\'s"]'),
]


@pytest.mark.parametrize(("value", "text"), VALUES, ids=lambda value: type(value).__name__)
def test_the_text(value, text):
    assert pretty(value) == text


def test_an_object_without_a_text_of_its_own():
    plain = Plain()
    assert pretty(plain) == f"<{__name__}.Plain at {id(plain):#x}>"


leaves = st.one_of(
    st.none(),
    st.integers(),
    st.floats(),
    st.text("ab'\n", max_size=40),
    st.integers(1, 90).map(lambda n: Shown("x" * n)),
)
keys = st.one_of(st.integers(), st.text("ab", max_size=30))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner), st.lists(inner).map(tuple), st.dictionaries(keys, inner), st.sets(keys), st.frozensets(keys)
    ),
    max_leaves=40,
)


@given(values)
def test_as_ipython_has_it(value):
    ipython = pytest.importorskip("IPython.lib.pretty")
    assert pretty(value) == ipython.pretty(value)


@given(st.lists(st.sampled_from([square, 1, "x" * 30])))
def test_texts_of_several_lines_as_ipython_has_them(value):
    ipython = pytest.importorskip("IPython.lib.pretty")
    assert pretty(value) == ipython.pretty(value)
