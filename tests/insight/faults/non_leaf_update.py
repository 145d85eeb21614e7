"""Gradient descent by hand, that makes a new tensor at each step."""

import adjoint as torch


def descend(w, x, y, lr):
    for _ in range(1):
        loss = ((x * w - y) ** 2).mean()
        loss.backward()
        w = w - lr * w.grad  # <- fault: non_leaf
    loss = ((x * w - y) ** 2).mean()
    loss.backward()
    return torch.why(w)


torch.manual_seed(0)
x = torch.linspace(0, 1, 10)
answer = descend(torch.tensor(0.5, requires_grad=True), x, 3 * x, 0.1)
