"""Several tasks with a head and an optimizer each, of which each loss reaches one."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
body = nn.Linear(3, 3)
heads = [nn.Linear(3, 1), nn.Linear(3, 1)]
optimizers = [torch.optim.SGD([*body.parameters()], lr=0.01)] + [
    torch.optim.SGD(h.parameters(), lr=0.01) for h in heads
]
for step in range(4):
    for optimizer in optimizers:
        optimizer.zero_grad()
    loss = heads[step % 2](torch.relu(body(torch.randn(5, 3)))).pow(2).mean()
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
answer = torch.why(body.weight)
