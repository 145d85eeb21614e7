"""A parameter that is scaled, and no parameter any more."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 3)) * 0.1  # <- fault: non_leaf
        self.b = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        return x @ self.w + self.b


net = Net()
net(torch.randn(2, 3)).sum().backward()
answer = torch.why(net.w)
