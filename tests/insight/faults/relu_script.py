"""A layer whose bias is so low that no unit is ever on."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
first, second = nn.Linear(4, 8), nn.Linear(8, 1)
nn.init.constant_(first.bias, -100.0)
x, y = torch.randn(16, 4), torch.randn(16, 1)
hidden = torch.relu(first(x))  # <- fault: dead_relu
loss = ((second(hidden) - y) ** 2).mean()
loss.backward()
answer = torch.why(first.weight)
