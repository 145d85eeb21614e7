"""A head that is replaced after the optimizer was made: asked of the parameter that the optimizer holds."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 3)
        self.head = nn.Linear(3, 10)

    def forward(self, x):
        return self.head(torch.relu(self.body(x)))


torch.manual_seed(0)
net = Net()
old = net.head
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)  # <- fault: wrong_tensor
net.head = nn.Linear(3, 2)
loss = net(torch.randn(4, 3)).sum()
optimizer.zero_grad()
loss.backward()
optimizer.step()
answer = torch.why(old.weight)
