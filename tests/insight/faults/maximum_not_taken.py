"""The smaller operand of a maximum."""

import adjoint as torch

a = torch.tensor(1.0, requires_grad=True)
b = torch.tensor(3.0, requires_grad=True)
m = torch.maximum(a, b)  # <- fault: not_chosen
loss = m * 2
loss.backward()
answer = torch.why(a)
