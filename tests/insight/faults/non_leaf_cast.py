"""A leaf that is cast to another type."""

import adjoint as torch


def make_weights(rows, columns):
    torch.manual_seed(0)
    weights = torch.randn(rows, columns, requires_grad=True)
    weights = weights.to(torch.float64)  # <- fault: non_leaf
    loss = (weights @ torch.ones(columns, dtype=torch.float64)).sum()
    loss.backward()
    return torch.why(weights)


answer = make_weights(2, 3)
