"""A metric that is computed by NumPy beside the loss."""

import adjoint as torch
from adjoint import nn

m = nn.Linear(2, 2)


def acc(out, y):
    return float((out.detach().numpy().argmax(1) == y.numpy()).mean())


opt = torch.optim.SGD(m.parameters(), lr=0.1)
for _ in range(3):
    x = torch.randn(5, 2)
    y = torch.randint(0, 2, (5,))
    out = m(x)
    loss = nn.functional.cross_entropy(out, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    a = acc(out, y)
answer = torch.why(m.weight)
