"""A network that solves u'' = -4 u with u(0) = 1 and u'(0) = 0, by its own derivatives (Lagaris et al., 1998)."""

import torch
from shared.steps import report, steps
from torch import nn

torch.manual_seed(0)
u = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(u.parameters(), lr=3e-3)
start = torch.zeros(1, 1, requires_grad=True)


def slope(y, x):
    """The derivative of each y by its own x, itself differentiable."""
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=True)[0]


for step in steps():
    t = (2 * torch.rand(64, 1)).requires_grad_()
    value = u(t)
    residual = slope(slope(value, t), t) + 4 * value
    at_start = u(start)
    loss = residual.pow(2).mean() + 10 * (at_start - 1).pow(2).sum() + 10 * slope(at_start, start).pow(2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    report(step, loss.item())
