"""A loss that is summed as Python numbers and made a tensor again; backward() raises, and the question comes after."""

import adjoint as torch
from adjoint import nn


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        return self.linear(x).squeeze(1)


def total_loss(model, batches):
    total = 0.0
    for inputs, targets in batches:
        loss = ((model(inputs) - targets) ** 2).mean()
        total += loss.item()  # <- fault: item
    return torch.tensor(total, requires_grad=True) / len(batches)


torch.manual_seed(0)
batches = [(torch.randn(4, 3), torch.randn(4)) for _ in range(3)]
model = Regression()
loss = total_loss(model, batches)
loss.backward()
answer = torch.why(model.linear.weight)
