"""Weights that a function makes and returns."""

import adjoint as torch


def init():
    W = torch.randn(3, 2, requires_grad=True) * 0.01  # <- fault: non_leaf
    b = torch.zeros(2, requires_grad=True)
    return W, b


W, b = init()
loss = (torch.randn(4, 3) @ W + b).sum()
loss.backward()
answer = torch.why(W)
