"""Recording that was switched off for a check, and not on again."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
model = nn.Linear(2, 1)
x = torch.randn(3, 2)
torch.set_grad_enabled(False)  # <- fault: no_grad
try:
    loss = (model(x) ** 2).mean()
    answer = torch.why(loss)
finally:
    torch.set_grad_enabled(True)
