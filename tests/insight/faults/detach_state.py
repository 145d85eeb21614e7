"""The state of a recurrence, detached before it is used."""

import adjoint as torch
from adjoint import nn


class RNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.i2h = nn.Linear(3, 4)
        self.h2h = nn.Linear(4, 4)
        self.out = nn.Linear(4, 1)

    def step(self, x, h):
        return torch.tanh(self.i2h(x) + self.h2h(h))

    def forward(self, xs):
        h = torch.zeros(1, 4)
        for x in xs:
            h = self.step(x, h)
        h = h.clone().detach()  # <- fault: detach
        return self.out(h)


m = RNN()
xs = [torch.randn(1, 3) for _ in range(4)]
loss = m(xs).sum()
loss.backward()
answer = torch.why(m.h2h.weight)
