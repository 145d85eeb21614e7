"""A method of the base class, called by super()."""

import adjoint as torch
from adjoint import nn


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.feat = nn.Linear(3, 3)

    @torch.no_grad()  # <- fault: no_grad
    def extract(self, x):
        return self.feat(x)


class Child(Base):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3, 1)

    def forward(self, x):
        return self.head(super().extract(x))


m = Child()
loss = m(torch.randn(2, 3)).sum()
loss.backward()
answer = torch.why(m.feat.weight)
