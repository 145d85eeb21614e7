"""A power of one half."""

import adjoint as torch

x = torch.ones(4, requires_grad=True)
mean = x.mean()
var = ((x - mean) ** 2).mean()
std = var**0.5  # <- fault: nan
z = (x - mean) / (std + 1e-8)
loss = z.sum()
loss.backward()
answer = torch.why(x)
