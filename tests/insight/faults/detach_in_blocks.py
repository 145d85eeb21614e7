"""Blocks of one's own in a Sequential, each of which detaches what it adds."""

import adjoint as torch
from adjoint import nn


class Block(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.lin = nn.Linear(n, n)
        self.norm = nn.LayerNorm(n)

    def forward(self, x):
        y = self.norm(self.lin(x))
        return x + torch.relu(y).detach()  # <- fault: detach


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(*[Block(4) for _ in range(3)])
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.blocks(x))


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.1)
for _i in range(2):
    opt.zero_grad()
    out = net(torch.randn(3, 4))
    loss = nn.CrossEntropyLoss()(out, torch.tensor([0, 1, 0]))
    loss.backward()
    opt.step()
answer = torch.why(net.blocks[1].lin.weight)
