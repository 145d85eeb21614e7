"""An optimizer that was given copies of the parameters."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
copies = [p.detach().clone().requires_grad_() for p in model.parameters()]
optimizer = torch.optim.SGD(copies, lr=0.1)  # <- fault: UnreachedParametersWarning
x, y = torch.randn(5, 3), torch.randn(5, 1)
for _ in range(2):
    optimizer.zero_grad()
    loss = ((model(x) - y) ** 2).mean()
    loss.backward()
    optimizer.step()
