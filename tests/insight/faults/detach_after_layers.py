"""A detach() after a loop over layers."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
        self.out = nn.Linear(4, 1)

    def forward(self, x):
        for layer in self.layers:
            x = torch.tanh(layer(x))
        x = x.detach()  # <- fault: detach
        return self.out(x)


net = Net()
loss = net(torch.randn(3, 4)).sum()
loss.backward()
answer = torch.why(net.layers[0].weight)
