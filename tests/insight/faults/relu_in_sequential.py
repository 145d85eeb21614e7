"""A library's activation in a Sequential: the line that calls it."""

import adjoint as torch
from adjoint import nn

net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
with torch.no_grad():
    net[0].bias.fill_(-100.0)
loss = net(torch.randn(5, 3)).mean()  # <- fault: dead_relu
loss.backward()
answer = torch.why(net[0].weight)
