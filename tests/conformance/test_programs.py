"""The programs of the test modules, on Adjoint and on PyTorch itself; and their recordings are what PyTorch does."""

import json

import pytest

import adjoint
from tests.differential import differences, observe

torch = pytest.importorskip("torch")

from tests.golden.record_programs import collections  # noqa: E402  (needs PyTorch)

PROGRAMS = [
    pytest.param(programs, name, id=f"{programs.name}-{name}") for programs in collections() for name, _ in programs
]


@pytest.mark.parametrize(("programs", "name"), PROGRAMS)
def test_program(programs, name, monkeypatch):
    # PyTorch's own helpers for tests, which other tests import, forbid to set switches
    monkeypatch.setitem(torch.backends.flags_frozen.__globals__, "__allow_nonbracketed_mutation_flag", True)
    program = programs.programs[name]
    theirs = observe(program, torch)
    assert not differences(observe(program, adjoint), theirs)
    assert not differences(json.loads(programs.path.read_text())[name], theirs), "the recording is out of date"
