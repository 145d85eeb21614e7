"""A function without a name."""

import adjoint as torch

w = torch.ones(3, requires_grad=True)
s = torch.ones(3, requires_grad=True)


def act(t):
    return torch.tanh(t.detach())  # <- fault: detach


loss = (act(w) * s).sum()
loss.backward()
answer = torch.why(w)
