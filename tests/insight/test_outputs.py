"""What `explain` writes: pictures, documents and pages, each whole, escaped, and true to the explanation."""

import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

import adjoint as torch
from adjoint.insight import explain
from tests.insight.test_draw import DOT_LINE, SVG

pytest.importorskip("fast_sugiyama")
pytest.importorskip("sympy")


def leaf(*values):
    return torch.tensor(values if len(values) != 1 else values[0], requires_grad=True)


@pytest.fixture
def sine():
    x = leaf(3.0)
    y = torch.sin(x**2)
    return explain(y)


@pytest.fixture
def broadcast():
    x = leaf([1.0, 2.0], [3.0, 4.0], [5.0, 6.0])
    b = leaf(0.25, 0.75)
    h = torch.relu(x * 2 + b)
    y = (h * x).sum()
    return explain(y)


@pytest.fixture
def large():
    x = torch.tensor(np.arange(-100.0, 500.0).reshape(20, 30), requires_grad=True)
    loss = (torch.relu(x) ** 2).mean()
    return explain(loss)


def cells(markdown):
    """The rows of the tables of a Markdown text."""
    return [re.split(r" ?\| ?", line)[1:-1] for line in markdown.splitlines() if line.startswith("|")]


# --- pictures ---


def test_svg_shows_values_derivatives_and_gradients(sine):
    root = ElementTree.fromstring(sine.svg())
    texts = ["".join(each.itertext()) for each in root.iter(f"{SVG}text")]
    assert "v1 = x**29Pow" in texts
    assert "y = sin(v1)0.412118Sin" in texts
    assert "dy/dv1 = cos(v1)↑ -0.91113" in texts
    assert "dv1/dx = 2 * x↑ -5.46678" in texts
    assert root.get("role") == "img"
    assert root.find(f"{SVG}desc").text == "2 operations; dy/dx = -5.46678."
    titles = [each.text for each in root.iter(f"{SVG}title")]
    assert "y = sin(v1) = 0.412118" in "\n".join(titles)
    assert "from y to v1: dy/dy * dy/dv1 = -0.91113" in titles


def test_dot_has_the_same(broadcast):
    text = broadcast.dot()
    assert [line for line in text.splitlines() if not DOT_LINE.fullmatch(line)] == []
    assert text.count("peripheries=2") == 1
    assert len(re.findall(r"^  \d+ -> \d+", text, re.MULTILINE)) == 7


# --- documents ---


def test_markdown_has_every_step_with_formula_and_number(sine):
    text = sine.md()
    assert text.startswith("# y differentiated by x\n")
    assert ["$x$", "3", "leaf"] in cells(text)
    assert [
        "local",
        r"$\frac{\partial y}{\partial v_{1}} = \cos\left(v_{1}\right) = \cos\left(9\right)$",
        "-0.91113",
    ] in cells(text)
    assert "### 3. x.grad" in text
    assert r"`SinBackward0` at test\_outputs.py:" in text
    assert ": `y = torch.sin(x**2)`" in text
    assert r"$$\frac{\partial y}{\partial x} = 2 x \cos{\left(x^{2} \right)}$$" in text
    assert cells(text)[-1] == [r"$\frac{\partial y}{\partial x}$", "-5.46678"]


def test_rows_of_a_table_have_as_many_cells_as_its_head(broadcast):
    width = 0
    for line in broadcast.md().splitlines():
        if not line.startswith("|"):
            width = 0
            continue
        count = len(re.findall(r"(?<!\\)\|", line))
        assert width in {0, count}, line
        width = count


def test_text_cannot_become_markup():
    x = leaf(3.0)
    explanation = explain(torch.abs(x) * 1, names={"a|b*`<i>$_x": x})
    text = explanation.md()
    assert r"### 3. a\|b\*\`\<i\>\$\_x.grad" in text
    html = explanation._repr_html_()
    assert "<i>" not in html
    assert "&lt;i&gt;" in html


def test_latex_is_a_whole_document(broadcast, sine, large):
    for explanation in (broadcast, sine, large):
        text = explanation.tex()
        assert text.startswith("\\documentclass{article}\n")
        assert text.rstrip().endswith(r"\end{document}")
        assert text.isascii()
        assert_balanced(text)
    assert r"\text{local}\quad \frac{\partial v_{1}}{\partial x} &= 2 \cdot x = 2 \cdot 3 = 6" in sine.tex()
    assert r"\texttt{y = torch.sin(x**2)} \hfill test\_outputs.py:" in sine.tex()


def assert_balanced(text):
    """Environments, braces, \\left and \\right, and the marks of columns are as LaTeX wants them."""
    opened = []
    for word, name in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if word == "begin":
            opened.append(name)
        else:
            assert opened.pop() == name
    assert opened == []
    bare = re.sub(r"\\[\\{}&]", "", text)
    assert bare.count("{") == bare.count("}")
    for block in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", text, re.DOTALL):
        flat, count = block, 1
        while count:  # conditions within conditions, from the inside
            flat, count = re.subn(r"\\begin\{cases\}((?!\\begin).)*?\\end\{cases\}", "", flat, flags=re.DOTALL)
        for row in flat.split(r" \\" + "\n"):
            assert row.count("&") == 1, row
            assert row.count(r"\left") == row.count(r"\right")


def test_latex_of_other_letters():
    λ, 数 = leaf(2.0), leaf(3.0)  # noqa: PLC2401
    y = λ * 数
    text = explain(y).tex()
    assert r"\frac{\partial y}{\partial \ensuremath{\lambda}}" in text
    assert "U+6570" in text
    assert text.isascii()


def test_a_condition_with_an_equals_sign_is_no_side_of_an_equation():
    x, y = leaf(2.0), leaf(2.0)
    z = torch.maximum(x, y)
    assert_balanced(explain(z).tex())


# --- notebooks ---


def test_a_notebook_gets_headings_tables_and_formulas(broadcast):
    html = broadcast._repr_html_()
    ElementTree.fromstring(html)
    assert "<h3>y differentiated by" in html
    assert "<pre>" not in html
    assert "$\\frac{\\partial y}{\\partial v_{2}}" in html
    assert "<code>h = torch.relu(x * 2 + b)</code>" in html
    assert "b was broadcast from [2] to [3, 2]: what comes back is summed over axis 0" in html


def test_tensors_can_be_opened(large):
    html = large._repr_html_()
    root = ElementTree.fromstring(html)
    opened = {each.find("summary").text: each.find("pre").text for each in root.iter("details")}
    assert "-100   -99   -98" in opened["shape [20, 30], -100 .. 499, 0.167% zeros"]
    assert opened["shape [20, 30], -100 .. 499, 0.167% zeros"].endswith("the first 400 of 600")
    np.testing.assert_array_equal(large["x"]._data, np.arange(-100.0, 500.0).reshape(20, 30))
    assert large["v1"].max() == 499
    assert large["loss"] == large["v2"].mean()
    assert large.cotangent("v2").shape == (20, 30)
    assert large.cotangent("x").equal(large.gradients["x"])


def test_values_stay_as_they_were():
    x = leaf(1.0, 2.0)
    y = (x * x).sum()
    explanation = explain(y)
    with torch.no_grad():
        x.fill_(7.0)
    explanation["x"].fill_(8.0)
    assert explanation["x"].tolist() == [1.0, 2.0]
    assert explanation["v1"].tolist() == [1.0, 4.0]


def test_what_cannot_be_opened_says_why():
    x, c = leaf(1.0), torch.tensor(2.0)
    y = torch.exp((x + c) * 3)
    explanation = explain(y)
    with pytest.raises(KeyError, match="no derivative needs the value of 'v1'"):
        explanation["v1"]
    with pytest.raises(KeyError, match="there is no variable 'q' here, but x, v1, v2, y and c1"):
        explanation["q"]
    assert explanation.cotangent("v1") == explanation.gradients["x"]


def test_of_many_tensors_fewer_elements_are_written():
    x = torch.ones(400, requires_grad=True)
    y = x
    for _ in range(200):
        y = torch.sin(y)
    html = explain(y.sum())._repr_html_()
    assert len(html) < 2_000_000
    assert re.search(r"the first \d\d of 400", html)


def test_long_programs_are_folded():
    x = leaf(0.5)
    y = x
    for _ in range(70):
        y = torch.sin(y)
    html = explain(y)._repr_html_()
    assert "<summary>71 variables</summary>" in html
    assert "<summary>71 steps</summary>" in html


# --- files ---


def test_files_are_written_and_returned(sine, tmp_path):
    for name in ("svg", "dot", "tex", "md", "html"):
        path = tmp_path / f"x.{name}"
        assert getattr(sine, name)(path) == path.read_text("utf-8") == getattr(sine, name)()
    assert len(list(tmp_path.iterdir())) == 5


def test_importing_the_library_loads_nothing_of_this():
    code = (
        "import sys, adjoint as torch; heavy = {'sympy', 'rich', 'fast_sugiyama', 'html'};"
        "names = [name for name in sys.modules if name.startswith('adjoint.insight.')];"
        "print(names, sorted(heavy & set(sys.modules)));"
        "x = torch.tensor(1.0, requires_grad=True); torch.explain(x * 2);"
        "print([name for name in ('sympy', 'rich', 'fast_sugiyama', 'adjoint.insight.page') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["[] []", "[]"]
