"""A where() that takes the other branch."""

import adjoint as torch

x = torch.tensor([5.0, 6.0], requires_grad=True)
y = torch.where(x > 10, x, torch.zeros(2))  # <- fault: not_chosen
loss = (y + 1).sum()
loss.backward()
answer = torch.why(x)
