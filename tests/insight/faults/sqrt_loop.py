"""Gradient descent on a distance that arrives at its target, in a loop by hand."""

import adjoint as torch


def length(v):
    return v.pow(2).sum().sqrt()  # <- fault: nan


def minimise(start, steps):
    v = torch.tensor(start, requires_grad=True)
    for _ in range(steps):
        v.grad = None
        loss = length(v)
        loss.backward()
        if v.grad.isnan().any():
            return torch.why(v)
        with torch.no_grad():
            v -= v.grad
    return None


answer = minimise([0.6, 0.8], 5) or minimise([0.0, 0.0], 1)
