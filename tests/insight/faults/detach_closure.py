"""A value that a function keeps for the function that it makes."""

import adjoint as torch


def make(w):
    cache = w.detach()  # <- fault: detach

    def f(x):
        return (cache * x).sum()

    return f


w = torch.ones(3, requires_grad=True)
s = torch.ones(3, requires_grad=True)
f = make(w)
loss = f(s)
loss.backward()
answer = torch.why(w)
