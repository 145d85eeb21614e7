"""Every public name of PyTorch's autograd, and of its files, stands in Adjoint, but for those that docs/differences.md excludes by name."""

import importlib
import re
from pathlib import Path

import pytest

MODULES = ["autograd", "autograd.forward_ad", "autograd.function", "autograd.functional", "autograd.grad_mode", "autograd.graph",
           "autograd.gradcheck", "autograd.profiler", "autograd.anomaly_mode", "serialization"]  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "differences.md"


def excluded() -> set[str]:
    return set(re.findall(r"^\| `(torch\.[\w.]+)` \|", PAGE.read_text(), re.MULTILINE))


def public_names(module) -> set[str]:
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return set(listed)
    here = module.__name__
    return {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == here
    }


@pytest.mark.parametrize("name", MODULES)
def test_no_public_name_is_missing(name: str):
    theirs = importlib.import_module(f"torch.{name}")
    ours = importlib.import_module(f"adjoint.{name}")
    missing = {f"torch.{name}.{each}" for each in public_names(theirs) if not hasattr(ours, each)}
    assert sorted(missing - excluded()) == []


@pytest.mark.parametrize("name", sorted(excluded()))
def test_what_is_excluded_is_not_there_after_all(name: str):
    module, _, attribute = name.rpartition(".")
    assert hasattr(importlib.import_module(module), attribute), "PyTorch has no such name"
    try:
        ours = importlib.import_module(module.replace("torch", "adjoint", 1))
    except ModuleNotFoundError:
        return
    assert not hasattr(ours, attribute), "Adjoint has it: take it off the list"
