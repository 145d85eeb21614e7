"""A value that is changed after an operation saved it."""

import adjoint as torch
from adjoint import nn


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 3)

    def forward(self, x):
        gate = torch.sigmoid(self.fc(x))
        scaled = gate * x
        gate += 1  # <- fault: in_place
        return (scaled * gate).sum()


torch.manual_seed(0)
model = Gate()
loss = model(torch.randn(2, 3))
try:
    loss.backward()
except RuntimeError:
    answer = torch.why(model.fc.weight)
