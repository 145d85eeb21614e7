"""A prediction that is detached, so that the loss has no history at all."""

import contextlib

import adjoint as torch

w = torch.ones(3, requires_grad=True)
x = torch.arange(3.0)
pred = (w * x).detach()  # <- fault: detach
loss = (pred - 1).pow(2).sum()
with contextlib.suppress(RuntimeError):
    loss.backward()
answer = torch.why(w)
