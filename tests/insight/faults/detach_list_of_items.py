"""Losses gathered in a list as numbers."""

import adjoint as torch
from adjoint import nn

model = nn.Linear(2, 1)
reg = torch.tensor(0.1, requires_grad=True)
losses = []
for _i in range(3):
    out = model(torch.randn(4, 2))
    losses.append(out.pow(2).mean().item())  # <- fault: item
loss = sum(losses) * reg
loss.backward()
answer = torch.why(model.weight)
