"""A slow copy of a model as its target."""

import copy

import adjoint as torch
from adjoint import nn

online = nn.Linear(3, 3)
target = copy.deepcopy(online)
opt = torch.optim.Adam(online.parameters())
for _ in range(3):
    x = torch.randn(4, 3)
    with torch.no_grad():
        t = target(x)
    loss = (online(x) - t.detach() - 1).pow(2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    with torch.no_grad():
        for p, q in zip(target.parameters(), online.parameters()):
            p.mul_(0.9).add_(q, alpha=0.1)
answer = torch.why(online.weight)
