"""What the page is made of: nodes and edges, what is folded, and one document that is safe to open."""

import json
import re

import numpy as np
import pytest

import adjoint as torch
from adjoint.insight import explain
from adjoint.insight.page import page_of
from adjoint.insight.page.folding import Group, _repeats, folded
from adjoint.insight.page.geometry import Geometry
from adjoint.insight.page.model import model_of
from adjoint.insight.page.nodes import Program
from tests.insight.page.programs import faults, logistic_loss, network, recurrence, tangle


def titles(group, program):
    """A group as nested lists of titles."""
    inside = [titles(item, program) if isinstance(item, Group) else program.nodes[item].title for item in group.items]
    return [group.title, *inside]


def groups_in(group):
    yield group
    for item in group.items:
        if isinstance(item, Group):
            yield from groups_in(item)


def model_in(page):
    return json.loads(re.search(r'id="model">(.*?)</script>', page, re.DOTALL)[1])


# --- nodes and edges ---


def test_nodes_and_edges():
    program = Program(logistic_loss())
    names = [node.name for node in program.nodes]
    edges = {(names[edge.source], names[edge.target]) for edge in program.edges}
    assert {("x", "v1"), ("w", "v1"), ("v1", "z"), ("b", "z"), ("z", "y_pred")} <= edges
    assert [node.kind for node in program.nodes[:4]] == ["leaf", "leaf", "leaf", "constant"]
    product = program.nodes[names.index("v1")]
    assert (product.operation, product.definitions[0].value.text) == ("Mul", "6.7")
    assert all(program.nodes[edge.source].kind == "constant" for edge in program.edges if edge.sent is None)


def test_an_operand_used_twice_has_two_edges():
    x = torch.tensor(3.0, requires_grad=True)
    program = Program(explain(x * x))
    assert [(edge.source, edge.target) for edge in program.edges] == [(0, 1), (0, 1)]


def test_a_leaf_alone():
    x = torch.tensor(3.0, requires_grad=True)
    model = model_of(explain(x))
    assert [node["kind"] for node in model["nodes"]] == ["leaf"]
    assert [step["kind"] for step in model["steps"]] == ["accumulate"]


def test_faults_say_where_they_start():
    program = Program(faults())
    found = {(flag.kind, node.operation) for node in program.nodes for flag in node.flags if flag.starts}
    assert {("zero", "Relu"), ("infinite", "Sqrt"), ("nan", "Log"), ("vanishing", "Mul"), ("exploding", "Mul")} <= found
    assert not any(node.flags for node in Program(logistic_loss()).nodes if node.name in ("x", "w", "b", "z"))


# --- folding ---


def test_modules_are_folded():
    program = Program(network())
    whole = folded(program)
    assert titles(whole, program)[1][0] == "model"
    by_title = {group.title: group for group in groups_in(whole)}
    inner = by_title["model.layers.0.inner"]
    assert {program.nodes[node].title for node in inner.nodes()} >= {
        "model.layers.0.inner.weight",
        "model.layers.0.inner.bias",
    }
    relu = next(place for place in by_title["model.layers.0"].items if not isinstance(place, Group))
    assert program.nodes[relu].operation == "Relu"
    assert "model.layers.0 … × 4" in "|".join(by_title)  # noqa: RUF001 - the sign for "times"


def test_repeated_patterns_are_folded():
    program = Program(recurrence(12))
    (repeat,) = [item for item in folded(program).items if isinstance(item, Group)] or [folded(program)]
    assert repeat.title == "Mul, Tanh, Add × 12"  # noqa: RUF001
    rounds = [group for group in groups_in(repeat) if group.kind == "round"]
    assert [group.title for group in rounds] == [f"{number} of 12" for number in range(1, 13)]
    assert len({len([n for n in group.nodes() if program.nodes[n].kind == "operation"]) for group in rounds}) == 1


def test_repeated_modules_with_more_between_them_are_folded():
    layers = [torch.nn.Linear(2, 2) for _ in range(4)]
    model = torch.nn.Sequential(*(torch.nn.Sequential(layer, torch.nn.Tanh()) for layer in layers))
    program = Program(explain(model(torch.ones(1, 2)).sum()))
    by_title = {group.title: group for group in groups_in(folded(program))}
    assert "model.0.0 … × 3" in by_title  # noqa: RUF001 - behind the last layer, nothing tells that tanh is the model's
    names = [program.nodes[node].operation for node in by_title["2 of 3: model.1.0"].nodes()]
    assert [name for name in names if name] == ["T", "Addmm", "Tanh"]


def test_a_few_equal_operations_are_not_folded():
    x = torch.tensor(0.5, requires_grad=True)
    assert not any(
        isinstance(item, Group) for item in folded(Program(explain(torch.sin(torch.sin(torch.sin(x)))))).items
    )


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("abc", [(0, 1, 1), (1, 1, 1), (2, 1, 1)]),
        ("aaaa", [(0, 1, 4)]),
        ("xababababy", [(0, 1, 1), (1, 2, 4), (9, 1, 1)]),
        ("abab", [(0, 1, 1), (1, 1, 1), (2, 1, 1), (3, 1, 1)]),
        ("aabaabaab", [(0, 3, 3)]),
        ("", []),
    ],
)
def test_repeats(row, found):
    assert _repeats([ord(letter) for letter in row]) == found


@pytest.mark.parametrize("explained", [logistic_loss, network, lambda: recurrence(9), lambda: tangle(200), faults])
def test_folding_keeps_every_node_and_edge(explained):
    program = Program(explained())
    whole = folded(program)
    assert sorted(whole.nodes()) == list(range(len(program.nodes)))
    geometry = Geometry(whole, program)
    drawn = set()
    for group in groups_in(whole):
        drawing = geometry.drawings[id(group)]
        placed = [item for layer in drawing.layers for item in layer]
        assert len(placed) == len(set(placed))
        assert set(range(len(group.items))) <= set(placed)
        rank = {item: number for number, layer in enumerate(drawing.layers) for item in layer}
        for line in drawing.lines:
            drawn |= set(line.edges)
            ranks = [rank[end] for end in (line.source, *(line.bends or []), line.target) if end >= 0]
            assert ranks == sorted(set(ranks))  # downwards, whichever groups are folded
    assert drawn == set(range(len(program.edges)))


# --- the document ---


HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--"


def test_one_document_that_nothing_breaks_out_of():
    x = torch.tensor(2.0, requires_grad=True)
    page = page_of(explain(torch.sin(x), names={HOSTILE: x}))
    assert page.count("</script>") == 2
    assert "<img" not in page.replace("&lt;img", "")
    assert model_in(page)["nodes"][0]["name"] == HOSTILE
    assert not re.search(r"(?:src|href)=\"(?!data:|#)", page)
    assert "@@" not in page


def test_policy_allows_the_inlined_parts_only():
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page_of(logistic_loss()))[1]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert re.fullmatch(r"'sha256-[\w+/]+='", rules["script-src"])
    assert re.fullmatch(r"'sha256-[\w+/]+='", rules["style-src"])
    assert "unsafe" not in policy
    assert "http" not in policy


def test_numbers_that_json_has_not():
    x = torch.tensor([np.nan, np.inf, 1.0, 2.0, 3.0, 4.0, 5.0], requires_grad=True)
    model = model_in(page_of(explain((x * 2).sum())))
    assert any(value.get("nans") == 1 and value["infinities"] == 1 for value in model["values"])
    assert "nan" in next(value["first"] for value in model["values"] if value.get("nans"))


def test_large_tensors_show_their_first_elements():
    x = torch.rand(100, 100, requires_grad=True)
    values = model_of(explain(x.sum()))["values"]
    assert all(len(value.get("first", [])) <= 400 for value in values)
    assert any(value.get("size") == 10_000 for value in values)


def test_ways_to_a_variable_are_told_apart():
    model = model_of(faults())
    (relations,) = [part["rows"] for part in model["summary"] if part["title"] == "In your own variables"]
    names = [model["formulas"][row["math"][0]] for row in relations]
    assert len(set(names)) == len(names)
    assert any("dead</mtext>" in name for name in names)


def test_broadcasts_and_sums_are_steps():
    b, x = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(3, 2, requires_grad=True)
    steps = model_of(explain((x + b + x).sum()))["steps"]
    assert {step["kind"] for step in steps} == {"compute", "operation", "broadcast", "sum", "accumulate"}
