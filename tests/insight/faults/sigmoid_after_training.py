"""A model that a function made, trained and returned; its graph and its data are gone."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(2, 4)
        self.l2 = nn.Linear(4, 1)

    def forward(self, x):
        h = self.l1(x)
        h = torch.sigmoid(h)  # <- fault: saturated
        return self.l2(h)


def run():
    net = Net()
    x = torch.randn(6, 2) * 1e6
    y = torch.randn(6, 1)
    for _ in range(2):
        net.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
    return net


net = run()
answer = torch.why(net.l1.weight)
