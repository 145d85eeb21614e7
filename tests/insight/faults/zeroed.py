"""A gradient that is read after it was cleared."""

import adjoint as torch
from adjoint import nn


def epoch(model, optimizer, x):
    loss = model(x).pow(2).sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()  # <- fault: zeroed


torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
epoch(model, optimizer, torch.randn(4, 3))
answer = torch.why(model.weight)
