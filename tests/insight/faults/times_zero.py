"""A mask of zeros."""

import adjoint as torch

x = torch.tensor([5.0, 6.0], requires_grad=True)
mask = torch.zeros(2)
y = x * mask  # <- fault: times_zero
loss = (y + 1).sum()
loss.backward()
answer = torch.why(x)
