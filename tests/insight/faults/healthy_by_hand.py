"""Gradients that are cleared, or set, by hand in every way that there is."""

import adjoint as torch

w = torch.ones(3, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1)
for step in range(6):
    if w.grad is not None:
        if step % 3 == 0:
            w.grad.zero_()
        elif step % 3 == 1:
            w.grad.data.zero_()
        else:
            w.grad = None
    (w * w).sum().backward()
    optimizer.step()
for _ in range(3):
    w.grad = torch.ones(3)
    optimizer.step()
answer = torch.why(w)
