"""What all tests share: Hypothesis without deadlines, and no conformance tests where there is no PyTorch."""

import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import settings

CONFORMANCE = Path(__file__).parent / "conformance"

# A deadline would make a test depend on the speed of the machine. In CI each run tries the same examples.
settings.register_profile("adjoint", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("adjoint")

# `golden` holds what was recorded from PyTorch, and the scripts that recorded it; `typed` is for mypy: no tests.
collect_ignore = ["golden", "typed"] + ([] if importlib.util.find_spec("torch") else ["conformance"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if CONFORMANCE in item.path.parents:
            item.add_marker(pytest.mark.conformance)
