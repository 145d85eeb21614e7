"""A training loop that never clears its gradients."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
x, y = torch.randn(10, 3), torch.randn(10, 1)
for _ in range(4):
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()  # <- fault: AccumulatedGradientWarning
