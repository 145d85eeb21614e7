"""Gradients of several batches summed before each step, as is meant; and another optimizer of the same parameters."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
first = torch.optim.SGD(model.parameters(), lr=0.01)
second = torch.optim.SGD(model.parameters(), lr=0.001)
for step in range(6):
    loss = model(torch.randn(2, 3)).pow(2).mean() / 3
    loss.backward()
    if step % 3 == 2:
        first.step()
        second.step()
        first.zero_grad()
for _ in range(3):
    model.zero_grad(set_to_none=False)
    model(torch.randn(2, 3)).pow(2).mean().backward()
    first.step()
answer = torch.why(model.weight)
