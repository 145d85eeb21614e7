"""An element that is set after the tensor was used, in a script."""

import adjoint as torch

x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = x.exp()
total = (y * y).sum()
y[0] = 0.0  # <- fault: in_place
try:
    total.backward()
except RuntimeError:
    answer = torch.why(x, total)
