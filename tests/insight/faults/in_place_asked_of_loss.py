"""A method that writes in place, asked of the loss."""

import contextlib

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        h = torch.sigmoid(self.fc(x))
        r = nn.functional.relu(h - 0.5)
        h.mul_(2)  # <- fault: in_place
        return (r + h).sum()


net = Net()
loss = net(torch.randn(2, 3))
with contextlib.suppress(RuntimeError):
    loss.backward()
answer = torch.why(loss)
