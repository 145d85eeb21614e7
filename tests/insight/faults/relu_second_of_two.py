"""Two layers written out, the second of them dead."""

import adjoint as torch

torch.manual_seed(0)
x = torch.randn(4, 3)
w1 = torch.randn(3, 5, requires_grad=True)
w2 = -torch.rand(5, 5)
w2.requires_grad_()
w3 = torch.randn(5, 1, requires_grad=True)
h1 = torch.relu(x @ w1)
h2 = torch.relu(h1 @ w2 - 1)  # <- fault: dead_relu
out = h2 @ w3
loss = ((out - 1) ** 2).mean()
loss.backward()
answer = torch.why(w1)
