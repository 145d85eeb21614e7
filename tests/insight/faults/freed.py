"""Two losses that share a part, of which the first frees it."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
body, first, second = nn.Linear(3, 3), nn.Linear(3, 1), nn.Linear(3, 1)
shared = torch.tanh(body(torch.randn(4, 3)))
first_loss = first(shared).pow(2).mean()
second_loss = second(shared).pow(2).mean()
first_loss.backward()  # <- fault: freed
try:
    second_loss.backward()
except RuntimeError as error:
    message = str(error)
answer = torch.why(second_loss)
