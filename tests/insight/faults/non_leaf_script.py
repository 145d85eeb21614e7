"""A weight that is scaled where it is made."""

import adjoint as torch

torch.manual_seed(0)
x, y = torch.randn(20, 3), torch.randn(20)
w = torch.randn(3, requires_grad=True) * 0.01  # <- fault: non_leaf
b = torch.zeros(1, requires_grad=True)
loss = ((x @ w + b - y) ** 2).mean()
loss.backward()
answer = torch.why(w)
