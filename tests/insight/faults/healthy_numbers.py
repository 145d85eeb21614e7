"""Logarithms, roots, relus and clamps that meet no number that harms them."""

import adjoint as torch


def loss_of(w, x):
    p = torch.sigmoid(x @ w).clamp(1e-6, 1 - 1e-6)
    distance = torch.sqrt((w**2).sum() + 1e-12)
    return -(p.log()).mean() + torch.relu(1 - p).mean() + 0.1 * distance


def main():
    torch.manual_seed(0)
    w = torch.randn(3, requires_grad=True)
    loss = loss_of(w, torch.randn(5, 3))
    loss.backward()
    return torch.why(w)


answer = main()
assert torch.why(loss_of, torch.ones(3, requires_grad=True), torch.ones(2, 3)).is_healthy
