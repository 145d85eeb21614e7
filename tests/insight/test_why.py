"""`why` and the warnings: planted faults, each of which is found at its line, and programs that have none."""

import linecache
import re
import runpy
import subprocess
import sys
import warnings
import weakref
from pathlib import Path

import pytest

import adjoint as torch
from adjoint.insight import AccumulatedGradientWarning, GradientWarning, UnreachedParametersWarning

FAULTS = Path(__file__).parent / "faults"
MARK = re.compile(r"# <- fault: (\w+)")


def programs(*, healthy):
    return sorted(path for path in FAULTS.glob("*.py") if path.stem.startswith("healthy") == healthy)


def marked(path):
    """The number of the line with the fault, and what kind it is."""
    found = [
        (number, MARK.search(line)[1])
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if MARK.search(line)
    ]
    assert len(found) == 1
    return found[0]


def run(path):
    """What a program leaves behind, and the warnings that it gave."""
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        names = runpy.run_path(str(path))
    return names, given


@pytest.mark.parametrize("path", programs(healthy=False), ids=lambda path: path.stem)
def test_planted_fault_is_found_at_its_line(path):
    number, kind = marked(path)
    names, given = run(path)
    if kind.endswith("Warning"):
        (warning,) = [each for each in given if each.category.__name__ == kind]
        assert f"{path}:{number}" in f"{warning.filename}:{warning.lineno} {warning.message}"
        return
    answer = names["answer"]
    assert answer.kind == kind, str(answer)
    assert answer.line is not None, str(answer)
    assert (answer.line.file, answer.line.line) == (str(path), number), str(answer)
    assert f"{path}:{number}" in str(answer)


@pytest.mark.parametrize("path", programs(healthy=True), ids=lambda path: path.stem)
def test_healthy_program_is_not_accused(path):
    names, given = run(path)
    assert names["answer"].is_healthy, str(names["answer"])
    assert [str(each.message) for each in given] == []


TEN = ("detach", "no_grad", "non_leaf", "in_place", "log", "sqrt", "relu", "sigmoid", "zero_grad", "wrong_tensor")


def test_each_of_ten_faults_is_planted_in_several_ways():
    stems = [path.stem for path in programs(healthy=False)]
    assert all(sum(stem.startswith(fault) for stem in stems) >= 4 for fault in TEN)


# --- what is asked, and what comes back ---


def leaf(*values):
    return torch.tensor(values if len(values) != 1 else values[0], requires_grad=True)


def test_answer_prints_the_cause_its_line_and_what_to_do():
    x = leaf(0.0, 4.0)
    y = torch.sqrt(x).sum()
    y.backward()
    answer = torch.why(x)
    lines = str(answer).splitlines()
    assert lines[0] == "x.grad is infinite in 1 of 2 elements: it comes from sqrt (SqrtBackward0)"
    assert lines[1].startswith(f"  at     {__file__}:")
    assert lines[1].endswith(": y = torch.sqrt(x).sum()")
    assert "x: [0, 4], 1 of 2 are 0" in str(answer)
    assert lines[-1].startswith("  To do: ")
    assert answer.node.name() == "SqrtBackward0"
    assert answer._repr_html_().startswith("<pre>x.grad is infinite")
    assert repr(answer) == str(answer)


def test_what_cannot_be_told_apart_is_a_candidate():
    x = leaf(1.0, 2.0)

    def loss_of(choice):
        hidden = x.detach() if choice else x.data
        return hidden.sum()

    answer = torch.why(x, loss_of(True) + leaf(1.0))
    named = [answer.line, *answer.candidates, *answer.others]
    assert ["x.detach()" in str(each.text) for each in named if each is not None].count(True) == 1
    assert any("x.data" in each.text for each in named if each is not None)


def test_of_two_ways_the_one_that_would_have_recorded_did_not_run():
    w, scale = leaf(1.0, 2.0), leaf(3.0)

    def model(training):
        hidden = w * 2
        if not training:
            hidden = hidden.detach()
        return (hidden * scale).sum()

    loss = model(False)
    loss.backward()
    answer = torch.why(w)
    assert (answer.kind, answer.line.text) == ("detach", "hidden = hidden.detach()")
    loss = model(True)
    loss.backward()
    assert torch.why(w).is_healthy


def test_a_cut_beside_a_way_that_is_open_is_a_candidate_only():
    w, scale = torch.tensor([1.0, 2.0]), leaf(3.0)
    hidden = w + w.detach()
    loss = (hidden * scale).sum()
    w.requires_grad_()
    loss.backward()
    answer = torch.why(w)
    assert answer.line is None
    assert [each.text for each in answer.candidates] == ["hidden = w + w.detach()"]


def test_cells_of_a_notebook_know_each_other(monkeypatch):
    names = {}
    cells = (
        "import adjoint as torch",
        "w = torch.tensor([1., 2.], requires_grad=True)\nb = torch.tensor(1., requires_grad=True)",
        "hidden = w * 2\n\nhidden = hidden.detach()",
        "loss = (hidden + b).sum()",
        "loss.backward()",
        "answer = torch.why(w)",
    )
    for number, cell in enumerate(cells):
        file = f"<cell {number}>"
        monkeypatch.setitem(linecache.cache, file, (len(cell), None, cell.splitlines(keepends=True), file))
        exec(compile(cell, file, "exec"), names)
    answer = names["answer"]
    assert (answer.kind, answer.line.file, answer.line.line) == ("detach", "<cell 2>", 3)


def test_a_parameter_that_the_loss_does_not_use():
    model = torch.nn.ModuleDict({"used": torch.nn.Linear(2, 1), "unused": torch.nn.Linear(2, 1)})
    loss = model["used"](torch.ones(3, 2)).sum()
    loss.backward()
    answer = torch.why(model["unused"].weight)
    assert (answer.kind, answer.line) == ("no_path", None)
    assert "model.used.weight" in str(answer)


def test_without_source_the_answer_has_no_line():
    names = {"torch": torch}
    exec("x = torch.tensor(0., requires_grad=True)\ny = torch.log(x)\ny.backward()\nanswer = torch.why(x)", names)
    assert names["answer"].kind == "inf"
    assert (names["answer"].line, names["answer"].candidates) == (None, ())
    assert "LogBackward0" in str(names["answer"])


def test_a_function_is_asked_of_each_input():
    def f(a, b):
        return a.detach() * b

    answer = torch.why(f, 2.0, 3.0)
    assert (answer.kind, answer.line.text) == ("detach", "return a.detach() * b")
    assert answer.summary.startswith("a.grad is None")
    assert torch.why(lambda a, b: a * b, 2.0, 3.0).is_healthy
    with pytest.raises(TypeError, match="needs a function that returns a tensor, not float"):
        torch.why(lambda a: a.item(), 1.0)
    with pytest.raises(TypeError, match="needs an input that can be differentiated by"):
        torch.why(lambda: leaf(1.0))


def test_a_module_is_asked_of_its_parameters():
    model = torch.nn.Linear(2, 1)
    assert torch.why(model, torch.ones(3, 2)).is_healthy
    answer = torch.why(model, torch.zeros(3, 2))
    assert answer.kind == "times_zero"
    assert answer.summary.startswith("weight.grad is zero")
    assert model.weight.grad is None


def test_types_and_operations_of_other_kinds():
    x = torch.tensor([0.0, 1.0], dtype=torch.bfloat16, requires_grad=True)
    y = torch.log(x).sum()
    y.backward()
    assert (torch.why(x).kind, torch.why(x).line.text) == ("inf", "y = torch.log(x).sum()")

    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, cotangent):
            return cotangent * float("nan")

    x = leaf(1.0, 2.0)
    y = Broken.apply(x).sum()
    y.backward()
    assert "BrokenBackward has a backward pass of its own" in str(torch.why(x))


def test_a_question_changes_nothing():
    x = leaf(-1.0, -2.0)
    y = torch.relu(x)
    loss = (y * 2).sum()
    loss.backward(retain_graph=True)
    before = x.grad.clone()
    assert torch.why(x).kind == "dead_relu"
    assert torch.equal(x.grad, before)
    assert torch.why(torch.relu, x).kind == "dead_relu"
    assert torch.equal(x.grad, before)
    assert torch.is_grad_enabled()
    assert not torch.is_anomaly_enabled()
    loss.backward()


def test_what_is_no_question():
    with pytest.raises(TypeError, match="why"):
        torch.why(3)
    with pytest.raises(TypeError, match=r"why\(x, loss\), or why\(f, \*inputs\)"):
        torch.why(leaf(1.0), 2.0)


def test_tensors_that_have_no_gradients():
    assert torch.why(torch.tensor([1, 2])).kind == "requires_grad"
    plain = torch.tensor([1.0])
    answer = torch.why(plain)
    assert (answer.kind, answer.line.text) == ("requires_grad", "plain = torch.tensor([1.0])")
    made = leaf(1.0) * 2
    kept = (made + 1).detach()
    answer = torch.why(kept)
    assert (answer.kind, answer.line.text) == ("detach", "kept = (made + 1).detach()")


# --- errors ---


def fails(action):
    with pytest.raises(RuntimeError) as caught:
        action()
    return str(caught.value).splitlines()


def test_errors_of_the_engine_point_to_why_and_name_the_users_tensors():
    frozen = torch.tensor(1.0)
    assert "adjoint.why(frozen) says" in fails(frozen.backward)[-1]
    used, unused = leaf(1.0), leaf(2.0)
    assert "adjoint.why(unused) says" in fails(lambda: torch.autograd.grad(used * 2, unused))[-1]
    assert "adjoint.why(frozen) says" in fails(lambda: torch.autograd.grad(used * 2, frozen))[-1]
    loss = used.exp()
    loss.backward()
    lines = fails(loss.backward)
    assert lines[1].startswith("The operation of loss is ExpBackward0")
    assert lines[2].startswith("adjoint.why(loss) says")
    hidden = used.exp()
    result = hidden * hidden
    hidden.add_(1)
    assert fails(result.backward)[-1] == "adjoint.why(hidden) says at which line."
    model = torch.nn.Linear(1, 1)
    assert fails(lambda: model.weight.add_(1))[1].startswith("It is model.weight. ")


def test_the_first_line_of_an_error_is_pytorchs_alone():
    (first, *_) = fails(torch.tensor(1.0).backward)
    assert first == "element 0 of tensors does not require grad and does not have a grad_fn"


# --- warnings ---


def steps(optimizer, w, count):
    for _ in range(count):
        (w * w).sum().backward()
        optimizer.step()


def test_a_warning_comes_once_for_a_place_and_can_be_silenced_by_its_category():
    w = leaf(1.0, 2.0)
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", category=GradientWarning)
        steps(torch.optim.SGD([w], lr=0.1), w, 2)
    assert not given
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(5):
            (w * w).sum().backward()
            optimizer.step()
    assert [each.category for each in given] == [AccumulatedGradientWarning]
    assert issubclass(AccumulatedGradientWarning, GradientWarning)
    assert issubclass(UnreachedParametersWarning, GradientWarning)
    assert issubclass(GradientWarning, UserWarning)


def test_what_is_remembered_of_a_backward_pass_keeps_nothing_alive():
    x = leaf(1.0, 2.0)
    loss = x.exp().sum()
    node = weakref.ref(loss.grad_fn)
    loss.backward()
    assert node() is not None
    del loss
    assert node() is None


def test_import_loads_none_of_it():
    code = "import sys, adjoint; print([m for m in sys.modules if m.startswith('adjoint.insight.')])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "[]"
