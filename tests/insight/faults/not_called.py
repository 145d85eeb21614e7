"""A loss whose backward() is missing."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Linear(3, 1)
x = torch.randn(4, 3)
output = model(x)
loss = output.pow(2).mean()  # <- fault: no_backward
answer = torch.why(model.weight)
