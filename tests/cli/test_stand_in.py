"""Adjoint in PyTorch's place."""

import pytest


def test_torch_is_adjoint(adjoint, write):
    write("torch/__init__.py", "raise SystemExit('this is not Adjoint')")
    write(
        "script.py",
        """
import torch, torch.nn.functional as F
import torch.autograd.grad_mode as modes
from torch import nn, Tensor
from torch.autograd import grad_mode
import adjoint, adjoint.autograd.grad_mode, adjoint.nn.functional

assert torch is adjoint and nn is adjoint.nn and F is adjoint.nn.functional
assert modes is grad_mode is adjoint.autograd.grad_mode
assert adjoint.__name__ == adjoint.__spec__.name == "adjoint"
print(isinstance(adjoint.tensor(1.0), Tensor), torch.sin(torch.tensor(1.0)))
""",
    )
    completed = adjoint("run", "script.py")
    assert (completed.stdout, completed.stderr) == ("True tensor(0.8415)\n", "")


def test_a_module_that_imports_torch_gets_it_too(adjoint, write):
    write("model.py", "import torch\ndef one():\n    return torch.tensor(1.0)")
    write("script.py", "import model\nprint(model.one())")
    assert adjoint("run", "script.py").stdout == "tensor(1.)\n"


def test_it_leaves_nothing_behind(python, write):
    write("torch.py", "name = 'the real one'")
    write("script.py", "import torch, torch.nn\nprint(torch.__name__)")
    completed = python(
        "-c",
        """
import sys, torch, adjoint.cli, adjoint.nn.functional
def state():
    return sys.meta_path[:], sys.path[:], sys.argv[:], sys.modules["__main__"], vars(adjoint.nn.functional).copy()
before = state()
assert adjoint.cli.main(["run", "script.py"]) == 0
print(torch is sys.modules["torch"], [name for name in sys.modules if name.startswith("torch.")], state() == before)
""",
    )
    assert completed.stdout == "adjoint\nTrue [] True\n"


LACKING = {
    "import torch; torch.sinn": "AttributeError: module 'torch' has no attribute 'sinn'",
    "import torch; torch.nn.sinn": "AttributeError: module 'torch.nn' has no attribute 'sinn'",
    "import torch; torch.tensor(1.0).sinn()": "AttributeError: 'Tensor' object has no attribute 'sinn'",
    "from torch import sinn": "ImportError: cannot import name 'sinn' from 'torch'",
    "from torch.nn.functional import sinn": "ImportError: cannot import name 'sinn' from 'torch.nn.functional'",
    "import torch.sinn": "ModuleNotFoundError: No module named 'torch.sinn'",
    "import torch.nn.functional.sinn": "ModuleNotFoundError: No module named 'torch.nn.functional.sinn'",
    "from torch.sinn import cos": "ModuleNotFoundError: No module named 'torch.sinn'",
    "import torch.cli": "ModuleNotFoundError: No module named 'torch.cli'",
}


@pytest.mark.parametrize("statement", LACKING)
def test_a_name_that_adjoint_lacks(adjoint, write, statement):
    script = write("script.py", statement)
    completed = adjoint("run", "script.py")
    *frames, error, advice = completed.stderr.splitlines()
    assert error.startswith(LACKING[statement])
    assert ": Adjoint has no such name yet." in advice
    assert [line for line in frames if "File" in line] == [f'  File "{script}", line 1, in <module>']
    assert completed.returncode == 1


def test_close_names_are_suggested(adjoint, write):
    write("script.py", "import torch\ntry:\n    torch.sinn\nexcept AttributeError as error:\n    print(error)")
    advice = adjoint("run", "script.py").stdout.splitlines()[1]
    assert advice.startswith("torch.sinn: Adjoint has no such name yet. Close names that it has: torch.sin")


def test_a_program_can_ask_whether_a_name_is_there(adjoint, write):
    write(
        "script.py",
        """
import torch
print(hasattr(torch, "sin"), hasattr(torch, "sinn"), getattr(torch.nn, "sinn", None))
try:
    from torch import sinn
except ImportError:
    print("without")
""",
    )
    assert adjoint("run", "script.py").stdout == "True False None\nwithout\n"
