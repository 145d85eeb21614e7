"""Adam's steps by machine code: the same numbers as NumPy's, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

import adjoint as torch
from adjoint.optim import adam_memory

pytest.importorskip("llvmlite")


def _stepped(parameters, monkeypatch, worth, **settings):
    """The memory of parameters and of their states after some steps; machine code makes those beyond `worth` elements."""
    monkeypatch.setattr(adam_memory, "WORTH", worth)
    torch.manual_seed(1)
    optimizer = torch.optim.Adam(parameters, lr=1e-2, **settings)
    for _ in range(4):
        for each in parameters:
            each.grad = torch.randn_like(each)
        optimizer.step()
    states = [optimizer.state[each] for each in parameters]
    found = [*parameters, *(state[name] for state in states for name in ("step", "exp_avg", "exp_avg_sq"))]
    return [each.detach().numpy() for each in found]


def _calls(monkeypatch):
    """Counts the runs of machine code."""
    counted = []

    def counting(dtype):
        kernels = found(dtype)
        return {name: lambda *a, run=run: counted.append(1) or run(*a) for name, run in kernels.items()}

    found = adam_memory._kernels
    monkeypatch.setattr(adam_memory, "_kernels", counting)
    return counted


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("settings", [{}, {"weight_decay": 0.1}, {"weight_decay": 0.1, "decoupled_weight_decay": True}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_machine_code_gives_the_bits_that_numpy_gives(dtype, settings, monkeypatch):
    def parameters():
        torch.manual_seed(0)
        made = [torch.nn.Parameter(torch.randn(*shape, dtype=dtype)) for shape in ((130, 257), (7,), (64,), (17,))]
        made[0].data[0, :3] = torch.tensor([float("inf"), float("nan"), -0.0])
        return made

    counted = _calls(monkeypatch)
    by_numpy = _stepped(parameters(), monkeypatch, 1 << 60, **settings)
    assert not counted
    together = _stepped(parameters(), monkeypatch, 0, **settings)
    assert len(counted) == 4
    for ours, wanted in zip(together, by_numpy, strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_machine_code_takes_over_after_enough_elements_of_large_steps(monkeypatch):
    counted = _calls(monkeypatch)
    _stepped([torch.nn.Parameter(torch.zeros(adam_memory.LARGE))], monkeypatch, 2 * adam_memory.LARGE)
    assert len(counted) == 2
    _stepped([torch.nn.Parameter(torch.zeros(adam_memory.LARGE - 1))], monkeypatch, 0)
    assert len(counted) == 2


def test_parameters_that_share_memory_are_stepped_on_in_their_order(monkeypatch):
    def parameters():
        torch.manual_seed(0)
        memory = torch.randn(100, 400)
        return [torch.nn.Parameter(memory), torch.nn.Parameter(memory.detach()[:50])]

    counted = _calls(monkeypatch)
    by_numpy = _stepped(parameters(), monkeypatch, 1 << 60)
    for ours, wanted in zip(_stepped(parameters(), monkeypatch, 0), by_numpy, strict=True):
        np.testing.assert_array_equal(ours, wanted)
    assert not counted
