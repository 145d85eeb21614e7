"""`why` and the warnings: planted faults, each of which is found at its line, and programs that have none."""

import re
import runpy
import warnings
from pathlib import Path

import pytest

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


def test_each_of_ten_faults_is_planted_in_several_ways():
    kinds = [path.stem.partition("_")[0] for path in programs(healthy=False)]
    assert all(
        sum(stem.startswith(fault) for stem in (path.stem for path in programs(healthy=False))) >= 3
        for fault in (
            "detach",
            "no_grad",
            "non_leaf",
            "in_place",
            "log",
            "sqrt",
            "relu",
            "sigmoid",
            "zero_grad",
            "wrong_tensor",
        )
    ), kinds
