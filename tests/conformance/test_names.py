"""Every public name that a program for the CPU may use stands in Adjoint, or in docs/differences.md as left out."""

import importlib
import re
import types
from pathlib import Path

import pytest

MODULES = (
    "", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn", "nn.utils.parametrize", "nn.utils.parametrizations",
    "nn.utils.stateless", "nn.parallel", "nn.attention", "optim", "optim.lr_scheduler", "optim.swa_utils", "amp", "cpu",
    "utils.checkpoint", "utils.dlpack", "multiprocessing", "linalg", "special", "masked", "signal.windows", "random", "func",
)  # fmt: skip
PAGE = Path(__file__).parents[2] / "docs" / "differences.md"


def at(library, module):
    return importlib.import_module(f"{library}.{module}" if module else library)


def missing(module):
    """The public names of a module of PyTorch's that Adjoint lacks."""
    theirs, ours = at("torch", module), at("adjoint", module)
    listed = getattr(theirs, "__all__", None)
    if listed is None:
        listed = [name for name, each in vars(theirs).items() if getattr(each, "__module__", None) == theirs.__name__]
    public = sorted(name for name in set(listed) if not name.startswith("_") and hasattr(theirs, name))
    return [
        name for name in public if not hasattr(ours, name) and not isinstance(getattr(theirs, name), types.ModuleType)
    ]


def excluded(module):
    """The names that the page says are left out."""
    path = re.escape(f"torch.{module}" if module else "torch")
    rows = re.findall(rf"^\| in `{path}` \| ((?:`\w+`(?:, )?)+) \|", PAGE.read_text(), re.MULTILINE)
    return sorted(name for row in rows for name in re.findall(r"`(\w+)`", row))


@pytest.mark.parametrize("module", MODULES)
def test_what_is_missing_is_what_the_page_says(module):
    pytest.importorskip("torch")
    assert missing(module) == excluded(module)
