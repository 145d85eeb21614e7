"""A clamp that stands where a relu was."""

import adjoint as torch

x = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
y = (x * 3).clamp(min=0)  # <- fault: clamped
loss = (y - 1).pow(2).sum()
loss.backward()
answer = torch.why(x)
