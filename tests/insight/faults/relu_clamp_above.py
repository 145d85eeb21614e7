"""A clamp above its limit."""

import adjoint as torch

x = torch.tensor([5.0, 6.0], requires_grad=True)
p = torch.clamp(x, 0, 1)  # <- fault: clamped
loss = (p**2).sum()
loss.backward()
answer = torch.why(x)
