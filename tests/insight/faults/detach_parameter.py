"""A new leaf made of a computed tensor."""

import adjoint as torch
from adjoint import nn

base = torch.randn(3, requires_grad=True)
scaled = nn.Parameter(base * 2)  # <- fault: Parameter
loss = scaled.sum()
loss.backward()
answer = torch.why(base)
