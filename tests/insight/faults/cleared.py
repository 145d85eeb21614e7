"""A gradient that is set to None by hand."""

import adjoint as torch

w = torch.ones(2, requires_grad=True)
loss = (w * 2).sum()
loss.backward()
w.grad = None  # <- fault: cleared
answer = torch.why(w)
