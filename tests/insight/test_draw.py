"""`draw`: what the picture of a graph shows, in SVG, in DOT and as text."""

import re
from xml.etree import ElementTree

import pytest

import adjoint as torch
from tests.autograd.test_function import cube

pytest.importorskip("fast_sugiyama")

SVG = "{http://www.w3.org/2000/svg}"
DOT_LINE = re.compile(
    r'digraph "(?:[^"\\]|\\.)*" \{|\}|  (?:node|edge) \[[^\]]*\];|  \d+(?: -> \d+)?(?: \[((?:\w+=(?:\w+|"(?:[^"\\]|\\.)*")(?:, )?)+)\])?;'
)


def leaf(*values):
    return torch.tensor(values, requires_grad=True)


def parsed(drawing):
    return ElementTree.fromstring(drawing.svg())


def boxes(drawing):
    """The kind of each box and its lines of text."""
    groups = [each for each in parsed(drawing).iter(f"{SVG}g") if each.get("class", "arrow") != "arrow"]
    return [(each.get("class"), [line.text for line in each.iter(f"{SVG}tspan")]) for each in groups]


def model_and_loss():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    scale = torch.tensor(2.0, requires_grad=True)
    return model, (model(torch.ones(5, 3)) * scale).sum(), scale


def test_parameters_have_their_names_and_look_different_from_leaves():
    model, loss, scale = model_and_loss()
    drawing = torch.draw(loss, dict(model.named_parameters()))
    found = boxes(drawing)
    names = {kind: sorted(lines[0] for each, lines in found if each == kind) for kind in ("parameter", "leaf")}
    assert names == {"parameter": ["0.bias", "0.weight", "2.bias", "2.weight"], "leaf": ["scale"]}
    assert ("operation", ["loss", "SumBackward0"]) in found
    assert scale.grad is None
    shapes = {each.get("class"): {child.tag for child in each} for each in parsed(drawing).iter(f"{SVG}g")}
    assert shapes["parameter"] ^ shapes["leaf"] == {f"{SVG}polygon", f"{SVG}rect"}
    assert "0 [label=" in drawing.dot()
    assert "shape=octagon" in drawing.dot()


def test_without_names_it_finds_the_callers():
    model, loss, _ = model_and_loss()
    assert isinstance(model[0], torch.nn.Linear)
    assert ("parameter", ["model.0.weight"]) in boxes(torch.draw(loss))


def test_a_picture_can_be_read_without_eyes():
    x = leaf(1.0)
    y = x * 2
    root = parsed(torch.draw(y))
    assert root.get("role") == "img"
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
    assert (title.text, description.text) == ("Graph of y", "1 operation, 1 leaf")
    titles = [
        each.find(f"{SVG}title").text for each in root.iter(f"{SVG}g") if each.get("class") in {"leaf", "operation"}
    ]
    assert titles == ["x, leaf", "y, MulBackward0"]


def test_the_root_is_marked():
    x = leaf(1.0)
    y = torch.sin(x)
    z = torch.cos(y)
    drawing = torch.draw(z)
    marked = [each for each in parsed(drawing).iter(f"{SVG}g") if len(each.findall(f"{SVG}rect")) == 2]
    assert [[line.text for line in each.iter(f"{SVG}tspan")] for each in marked] == [["z", "CosBackward0"]]
    assert drawing.dot().count("peripheries=2") == 1


def test_text_and_shapes_after_backward():
    x = leaf(1.0, 2.0)
    w = leaf([1.0, 2.0], [3.0, 4.0])
    y = torch.tanh(w @ x)
    z = (y * y).sum()
    z.backward()
    assert str(torch.draw(z, shapes=True)) == (
        "Graph of z: 4 operations, 2 leaves\n"
        "  w    leaf  float32 [2, 2]\n"
        "  x    leaf  float32 [2]\n"
        "  (1)  MvBackward0(w, x)  float32 [2]\n"
        "  y    TanhBackward0((1))  float32 [2]\n"
        "  (2)  MulBackward0(y, y)  float32 [2]\n"
        "  z    SumBackward0((2))  float32 []"
    )
    assert "MvBackward0(w, x)\n" in str(torch.draw(z))


def test_saved_tensors():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    y = torch.sin(x * w)
    saved = [lines for kind, lines in boxes(torch.draw(y, saved=True)) if kind == "saved"]
    assert sorted(saved) == [["other float32 [2]"], ["self float32 [2]"], ["self float32 [2]"]]
    assert [kind for kind, _ in boxes(torch.draw(y))].count("saved") == 0
    y.sum().backward()
    assert next(lines for kind, lines in boxes(torch.draw(y, saved=True)) if kind == "saved") == ["self (freed)"]


def test_nodes_of_several_outputs_views_and_functions_of_the_users_own():
    Cube = cube(torch)
    x = leaf([1.0, 5.0], [4.0, 2.0])
    a, b = x.T.split(1, dim=1)
    y = x * 1
    y[0] *= 2
    z = (Cube.apply(a) * b).sum() + y.max(dim=1)[0].sum()
    drawing = torch.draw(z, saved=True, shapes=True)
    found = boxes(drawing)
    assert ("operation", ["a, b", "SplitBackward0", "float32 [2, 1], float32 [2, 1]"]) in found
    assert ("saved", ["saved_tensors[0] float32 [2, 1]"]) in found
    assert any(lines[0] == "CubeBackward" for _, lines in found)
    assert any("CopySlices" in line for _, lines in found for line in lines)
    assert re.search(r"^  \(\d+\) +MulBackward0\(\(\d+\), a, b\)", str(drawing), re.MULTILINE) is None
    assert re.search(r"^  \(\d+\) +MulBackward0\(\(\d+\), b\)", str(drawing), re.MULTILINE)


def test_several_roots():
    x = leaf(1.0)
    a, b = x * 2, x * 3
    drawing = torch.draw((a, b))
    assert str(drawing).startswith("Graph of a and b: 2 operations, 1 leaf\n")
    assert drawing.dot().count("peripheries=2") == 2
    assert str(torch.draw([x * 2, x * 3, x * 4])).startswith("Graph of y and result and result1: 3 operations")


def test_an_operand_used_twice_has_two_arrows():
    x = leaf(1.0)
    y = x * x
    assert torch.draw(y).dot().count("0 -> 1;") == 2
    assert len([each for each in parsed(torch.draw(y)).iter(f"{SVG}g") if each.get("class") == "arrow"]) == 2


def test_a_leaf_alone():
    x = leaf(1.0)
    drawing = torch.draw(x)
    assert boxes(drawing) == [("leaf", ["x"])]
    assert str(drawing) == "Graph of x: 0 operations, 1 leaf\n  x  leaf"


def test_strange_names_are_escaped():
    x = leaf(1.0)
    name = 'a<b>&"\\\n\x00</title>'
    y = torch.sin(x)
    drawing = torch.draw(y, {name: x})
    assert "".join(boxes(drawing)[0][1]).startswith('a<b>&"\\')
    for line in drawing.dot().splitlines():
        assert DOT_LINE.fullmatch(line), line


def test_every_line_of_dot_is_a_statement_of_the_language():
    model, loss, _ = model_and_loss()
    text = torch.draw(loss, dict(model.named_parameters()), saved=True, shapes=True).dot()
    assert [line for line in text.splitlines() if not DOT_LINE.fullmatch(line)] == []


def test_files_are_written(tmp_path):
    x = leaf(1.0)
    drawing = torch.draw(torch.sin(x))
    for name, write in (("graph.svg", drawing.svg), ("graph.dot", drawing.dot)):
        assert write(tmp_path / name) == (tmp_path / name).read_text() == write()
    assert [each.name for each in sorted(tmp_path.iterdir())] == ["graph.dot", "graph.svg"]
    assert drawing._repr_svg_() == drawing.svg()
    with pytest.raises(RuntimeError, match=r"Parent directory .* does not exist"):
        drawing.svg(tmp_path / "none" / "graph.svg")


def test_what_has_no_graph_is_refused():
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn\ndraw"):
        torch.draw(torch.ones(2))
    with pytest.raises(TypeError, match=r"draw\(\): argument 'y' \(position 1\) must be Tensor, not float"):
        torch.draw(1.0)


def test_a_thousand_operations():
    x = leaf(1.0)
    y = x
    for _ in range(1000):
        y = torch.sin(y)
    drawing = torch.draw(y)
    assert len(boxes(drawing)) == 1001
    assert drawing.dot().count(" -> ") == 1000
