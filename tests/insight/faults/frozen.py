"""Layers that were frozen, and never freed again."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1))
for parameter in model[0].parameters():
    parameter.requires_grad = False  # <- fault: requires_grad
loss = model(torch.randn(2, 3)).sum()
loss.backward()
answer = torch.why(model[0].weight)
