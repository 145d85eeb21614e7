"""A property of a module."""

import adjoint as torch
from adjoint import nn


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Parameter(torch.ones(2))
        self.b = nn.Parameter(torch.ones(2))

    @staticmethod
    def normalise(x):
        return x / x.norm().item()  # fine: only the norm is a number

    @property
    def weight(self):
        return self.a.detach()  # <- fault: detach

    def forward(self):
        return (self.normalise(self.weight) * self.b).sum()


m = M()
loss = m()
loss.backward()
answer = torch.why(m.a)
