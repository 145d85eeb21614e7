"""What the pages say of the sources is true."""

import re
from pathlib import Path

import numpy as np
import pytest

import adjoint as torch
from tools.docs import code as pages
from tools.docs import layers

NOTHING = pages.ROOT / "docs" / "autograd-from-nothing.md"


def engine() -> str:
    """The engine that the page builds piece by piece."""
    pieces = re.findall(r'^```python title="engine\.py"\n(.*?)^```$', NOTHING.read_text(), re.MULTILINE | re.DOTALL)
    return "\n\n".join(pieces)


def test_the_engine_from_nothing_is_whole_and_has_at_most_100_lines():
    assert len([line for line in engine().splitlines() if line.strip()]) <= 100
    scope: dict = {}
    exec(compile(engine(), str(NOTHING), "exec"), scope)
    rng = np.random.default_rng(1)
    arrays = [rng.uniform(0.5, 1.5, size=shape) for shape in ((3, 2), (2, 4), (1, 4), ())]

    def program(of, a, b, c, d):
        hidden = of["tanh"](a @ b - c) * of["exp"](-d) / (c + 2)
        return of["total"](of["sin"](hidden) ** 3 * d)

    ours = [scope["Tensor"](each) for each in arrays]
    scope["backward"](program(scope, *ours))
    theirs = [torch.tensor(each, requires_grad=True) for each in arrays]
    program({"tanh": torch.tanh, "exp": torch.exp, "sin": torch.sin, "total": torch.sum}, *theirs).backward()
    for own, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(own.grad, other.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_the_files_that_a_page_names_are_there(page: Path):
    named = set(re.findall(r"`((?:src|tests|docs|tools|examples|benchmarks)/[\w./-]+)`", page.read_text()))
    assert {path for path in named if not (pages.ROOT / path).exists()} == set()


def test_the_pictures_show_the_layers_as_they_are():
    for path, text in layers.pictures().items():
        assert path.read_text() == text, "run make plots"
    named = {name for layer in layers.layers() for name in layer}
    assert all(f">{name}<" in layers.layers_svg() for name in named)


@pytest.mark.parametrize("namespace", layers.NAMESPACES)
def test_each_namespace_of_the_picture_is_a_file(namespace):
    assert (pages.ROOT / "src" / "adjoint" / "arrays" / f"{namespace}.py").exists()
