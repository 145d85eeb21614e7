"""Calls of detach(), item() and no_grad that do no harm."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 1)

    def forward(self, x):
        hidden = torch.relu(self.a(x))
        self.seen = hidden.detach()
        return self.b(hidden + 0.1 * hidden.detach())


torch.manual_seed(0)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
losses = []
for _ in range(3):
    optimizer.zero_grad()
    loss = net(torch.randn(4, 3)).pow(2).mean()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    with torch.no_grad():
        net.b.weight.mul_(0.99)
answer = torch.why(net.a.weight)
