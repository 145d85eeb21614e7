"""The same, asked of the loss."""

import adjoint as torch

w = torch.ones(3, requires_grad=True)
x = torch.arange(3.0)
pred = (w * x).detach()  # <- fault: detach
loss = (pred - 1).pow(2).sum()
answer = torch.why(loss)
