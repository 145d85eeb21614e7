"""A loss of one's own in a training loop, whose probabilities come to be 0 and 1."""

import adjoint as torch
from adjoint import nn


class Loss(nn.Module):
    def forward(self, p, t):
        return -(t * torch.log(p) + (1 - t) * torch.log(1 - p)).mean()  # <- fault: nan


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())

    def forward(self, x):
        return self.net(x).squeeze(-1)


torch.manual_seed(0)
net = Net()
crit = Loss()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
x, t = torch.randn(4, 3) * 5000, torch.tensor([0.0, 1.0, 1.0, 0.0])
for _ in range(2):
    out = net(x)
    loss = crit(out, t)
    opt.zero_grad()
    loss.backward()
    opt.step()
answer = torch.why(net.net[0].weight)
