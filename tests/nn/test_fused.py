"""Kernels that carry out whole rules on large arrays agree with the rules' compositions of verbs, which small ones get."""

import numpy as np
import pytest

import adjoint as torch
from adjoint.nn import functional as F

_WEIGHT, _BIAS = (torch.linspace(low, 2, 64, dtype=torch.float64) for low in (0.5, -1))
_RULES = {
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "gelu": F.gelu,
    "layer_norm": lambda x: F.layer_norm(x, (64,), _WEIGHT, _BIAS),
    "group_norm": lambda x: F.group_norm(x, 4, _WEIGHT, _BIAS),
}


@pytest.mark.parametrize("name", _RULES)
@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 3e-6)])
def test_large_arrays_agree_with_small_ones(name, dtype, bound):
    numbers = np.random.default_rng(0)
    x, g = (torch.tensor(numbers.standard_normal((128, 64))) for _ in range(2))

    def derived(part, weights, kind):
        part = part.to(kind).clone().requires_grad_()
        out = _RULES[name](part)
        out.backward(weights.to(kind))
        return np.stack([out.detach().numpy(), part.grad.numpy()])

    whole = derived(x, g, torch.float64 if "norm" in name else dtype)  # their weights are of double precision
    rows = np.concatenate([derived(x[k : k + 32], g[k : k + 32], torch.float64) for k in range(0, 128, 32)], 1)
    assert np.abs(whole - rows).max() < bound
