"""A loss of what a threshold says."""

import adjoint as torch
from adjoint import nn

m = nn.Linear(3, 1)
b = torch.zeros(1, requires_grad=True)
out = torch.sigmoid(m(torch.randn(5, 3)))
hard = (out > 0.5).float()  # <- fault: comparison
loss = (hard + b - 1).pow(2).mean()
loss.backward()
answer = torch.why(m.weight)
