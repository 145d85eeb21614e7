"""A phase that is spelled in another way where it is compared."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x):
        with torch.set_grad_enabled(False):  # <- fault: no_grad
            logits = self.fc(x)
        return logits * self.scale


torch.manual_seed(0)
net = Net()
x = torch.randn(5, 4)
for _ in range(2):
    loss = net(x).sum()
    net.zero_grad()
    loss.backward()
answer = torch.why(net.fc.weight)
