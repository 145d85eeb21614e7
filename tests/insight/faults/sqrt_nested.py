"""A root in a nested call."""

import adjoint as torch

a = torch.zeros(3, requires_grad=True)
d = torch.sqrt(torch.sum(a**2))  # <- fault: nan
loss = d * 2
loss.backward()
answer = torch.why(a)
