"""CONTRIBUTING says that an operation is one statement in one file. Here it is taken away, added again, and tried."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

IT_IS_GONE = """
import adjoint as torch
from adjoint.core.primitive import registry

assert not any(hasattr(place, name) for place in (torch, torch.Tensor) for name in ("sinh", "sinh_"))
assert "sinh" not in registry
print("gone")
"""

TRY_EVERYTHING = """
import math
import numpy as np
import adjoint as torch
from adjoint.insight.formulas import derivative_text
from adjoint.core.primitive import registry

x = torch.tensor([0.5, -1.0, 0.0], dtype=torch.float64, requires_grad=True)
s, c = np.sinh(x.detach().numpy()), np.cosh(x.detach().numpy())
y = torch.sinh(x)
assert np.array_equal(y.detach().numpy(), s)
assert np.array_equal(x.sinh().detach().numpy(), s)
assert type(y.grad_fn).__name__ == "SinhBackward0"
assert np.array_equal(x.detach().clone().sinh_().numpy(), s)
out = torch.empty(3, dtype=torch.float64)
assert torch.sinh(x.detach(), out=out) is out and np.array_equal(out.numpy(), s)
assert torch.sinh(torch.tensor([1])).dtype is torch.float32

g = y.sum()
for expected in (c, s, c, s):  # reverse mode, four times over
    (d,) = torch.autograd.grad(g, x, create_graph=True)
    assert np.allclose(d.detach().numpy(), expected, rtol=1e-14, atol=1e-15)
    g = d.sum()

value, tangent = torch.func.jvp(torch.sinh, (x.detach(),), (torch.ones_like(x.detach()),))
assert np.allclose(tangent.numpy(), c, rtol=1e-14, atol=1e-15)
twice = torch.func.jvp(lambda x: torch.func.jvp(torch.sinh, (x,), (torch.ones_like(x),))[1], (x.detach(),), (torch.ones_like(x.detach()),))[1]
assert np.allclose(twice.numpy(), s, rtol=1e-14, atol=1e-15)

assert np.allclose(torch.func.vmap(torch.func.grad(torch.sinh))(x.detach()).numpy(), c, rtol=1e-14, atol=1e-15)

@torch.compile
def compiled(x):
    return torch.sinh(x).sum()

z = x.detach().clone().requires_grad_()
compiled(z).backward()
assert np.allclose(z.grad.numpy(), c, rtol=1e-14, atol=1e-15)

scalar = torch.tensor(0.5, requires_grad=True)
assert "cosh(scalar)" in str(torch.explain(torch.sinh(scalar)))
assert "cosh(x)" in derivative_text(registry["sinh"])
assert torch.sinh.__doc__.startswith("The hyperbolic sine of each element.")
print("all of it")
"""


def statement() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text()
    found = re.search(r"^```python\n(sinh = .*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def without(tmp_path: Path) -> Path:
    """A copy of the package without the statement of CONTRIBUTING."""
    package = tmp_path / "adjoint"
    shutil.copytree(ROOT / "src" / "adjoint", package, ignore=shutil.ignore_patterns("__pycache__"))
    file = package / "ops" / "pointwise.py"
    before, after = file.read_text().split(statement())
    file.write_text(before + after)
    return tmp_path


@pytest.fixture
def changed(without: Path) -> Path:
    """The same with the statement at the end of one file."""
    assert run(without, "-c", IT_IS_GONE).stdout == "gone\n"
    with (without / "adjoint" / "ops" / "pointwise.py").open("a") as file:
        file.write("\n" + statement())
    return without


def run(package: Path, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_one_statement_brings_everything(changed: Path):
    done = run(changed, "-c", TRY_EVERYTHING)
    assert (done.stdout, done.stderr, done.returncode) == ("all of it\n", "", 0)


def test_the_tests_of_every_record_try_it(changed: Path):
    done = run(changed, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "records"), "-k", "sinh")
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed", done.stdout)
