"""A module that works in place on what another operation saved."""

import contextlib

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        h = torch.exp(self.fc(x))
        r = self.act(h)  # <- fault: in_place
        return (r + h).sum()


net = Net()
loss = net(torch.randn(2, 3))
with contextlib.suppress(RuntimeError):
    loss.backward()
answer = torch.why(net.fc.weight)
