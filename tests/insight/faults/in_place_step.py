"""An optimizer that steps between the forward and the backward pass of another loss."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
actor = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
optimizer = torch.optim.SGD(actor.parameters(), lr=0.1)
states = torch.randn(5, 3)

values = actor(states)
first = values.mean()
second = (values**2).mean()
optimizer.zero_grad()
first.backward(retain_graph=True)
optimizer.step()  # <- fault: in_place
optimizer.zero_grad()
try:
    second.backward()
except RuntimeError:
    answer = torch.why(actor[0].weight)
