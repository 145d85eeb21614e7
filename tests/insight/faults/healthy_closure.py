"""A closure for LBFGS, and for an optimizer that calls it once."""

import adjoint as torch

w = torch.tensor([1.0, -2.0], requires_grad=True)
for optimizer in (torch.optim.LBFGS([w], max_iter=3), torch.optim.SGD([w], lr=0.01)):

    def closure(optimizer=optimizer):
        optimizer.zero_grad()
        loss = ((w - 3) ** 2).sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
answer = torch.why(w)
