"""Kernels that carry out whole rules on large arrays agree with the rules' compositions of verbs, which small ones get."""

import numpy as np
import pytest

import adjoint as torch
from adjoint.arrays.kernels import convolution
from adjoint.nn import functional as F

_WEIGHT, _BIAS = (torch.linspace(low, 2, 64, dtype=torch.float64) for low in (0.5, -1))
_RULES = {
    "softmax": lambda x: torch.softmax(x, -1),
    "log_softmax": lambda x: torch.log_softmax(x, -1),
    "gelu": F.gelu,
    "layer_norm": lambda x: F.layer_norm(x, (64,), _WEIGHT, _BIAS),
    "attention": lambda x: _attention(x),
    "attention_with_mask": lambda x: _attention(x, attn_mask=_MASK.to(x.dtype)),
    "causal_attention": lambda x: _attention(x, is_causal=True),
    "group_norm": lambda x: F.group_norm(x, 4, _WEIGHT, _BIAS),
}
_MASK = torch.tensor(np.where(np.tri(8, 8, 2), 0.5, -np.inf) - np.eye(8))
_MASK[3] = -torch.inf


def _attention(x, **options):
    """Each row of x has two heads, of eight places of four numbers."""
    heads = x.view(-1, 2, 8, 4)
    return F.scaled_dot_product_attention(heads, heads.flip(-1) * 0.7, heads * 1.3, **options).view(x.shape)


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


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-11), (torch.float32, 1e-4)])
def test_batch_norm_of_a_large_array_agrees_with_that_of_each_channel(dtype, bound):
    numbers = np.random.default_rng(0)
    x, g = (torch.tensor(numbers.standard_normal((64, 16, 4, 4)) + 3) for _ in range(2))
    weight, bias = torch.linspace(0.5, 2, 16, dtype=torch.float64), torch.linspace(-1, 1, 16, dtype=torch.float64)

    def derived(kind, channels):
        leaves = [each.to(kind).clone().requires_grad_() for each in (x[:, channels], weight[channels], bias[channels])]
        mean, var = torch.zeros(len(leaves[1]), dtype=kind), torch.ones(len(leaves[1]), dtype=kind)
        out = F.batch_norm(leaves[0], mean, var, *leaves[1:], training=True)
        out.backward(g[:, channels].to(kind))
        return [each.detach().numpy() for each in (out, mean, var, *(leaf.grad for leaf in leaves))]

    whole = derived(dtype, slice(None))
    single = zip(*(derived(torch.float64, slice(k, k + 1)) for k in range(16)), strict=True)
    for one, parts in zip(whole, single, strict=True):
        expected = np.concatenate(parts, 1 if one.ndim > 1 else 0)
        assert np.abs(one - expected).max() < bound * max(1, np.abs(expected).max())


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, 2, 0), (3, 2, 1), ((1, 3), 1, 0)])
def test_the_largest_elements_of_many_planes_agree_with_those_of_each(kernel, stride, padding):
    x = torch.tensor(np.random.default_rng(0).integers(0, 9, (24, 8, 32, 32)), dtype=torch.float32)
    x[5, 3, 2, 7] = float("nan")
    settings = {"stride": stride, "padding": padding, "return_indices": True}
    whole = F.max_pool2d(x, kernel, **settings)
    single = zip(*(F.max_pool2d(image, kernel, **settings) for image in x), strict=True)
    for one, parts in zip(whole, single, strict=True):
        np.testing.assert_array_equal(one.numpy(), np.stack([part.numpy() for part in parts]))


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize(
    ("convolve", "sizes", "kernel", "settings"),
    [
        (F.conv1d, (700,), (5,), {"padding": 2}),
        (F.conv2d, (20, 30), (3, 3), {}),
        (F.conv2d, (24, 24), (3, 2), {"padding": (2, 1), "dilation": 2}),
        (F.conv3d, (6, 12, 14), (2, 3, 3), {"padding": 1}),
        (F.conv_transpose2d, (20, 30), (3, 3), {"padding": 1}),
    ],
)
def test_compiled_convolutions_agree_with_products_of_matrices(
    monkeypatch, convolve, sizes, kernel, settings, dtype, bound
):
    numbers = np.random.default_rng(0)
    x, w, b = (numbers.standard_normal(shape) for shape in ((32, 12, *sizes), (12, 12, *kernel), (12,)))
    w[0, 1, 0] = 0

    def derived(images, kind):
        leaves = [torch.tensor(each, dtype=kind, requires_grad=True) for each in (images, w, b)]
        out = convolve(*leaves, **settings)
        (out * out.detach().sin()).sum().backward()
        return [each.detach().numpy() for each in (out, *(leaf.grad for leaf in leaves))]

    monkeypatch.setattr(convolution, "_LARGE", 0)
    whole = derived(x, dtype)
    monkeypatch.setattr(convolution, "_LARGE", 1 << 62)
    each = list(zip(*(derived(image[None], torch.float64) for image in x), strict=True))
    expected = [np.concatenate(each[0]), np.concatenate(each[1]), sum(each[2]), sum(each[3])]
    for one, other in zip(whole, expected, strict=True):
        assert np.abs(one - other).max() < bound * np.abs(other).max()


@pytest.mark.parametrize("large", [0, 1 << 62])
def test_what_is_infinite_reaches_only_the_weights_that_meet_it(monkeypatch, large):
    monkeypatch.setattr(convolution, "_LARGE", large)
    x = torch.ones(32, 12, 20, 30)
    x[3, 5, 19, 29] = float("inf")
    w = torch.ones(12, 12, 3, 3, requires_grad=True)
    F.conv2d(x, w).sum().backward()
    assert w.grad.isinf().nonzero().tolist() == [[result, 5, 2, 2] for result in range(12)]
    assert w.grad.isnan().sum() == 0
