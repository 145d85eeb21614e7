"""A single number that is fitted without clearing its gradient, with a warning from a closure's step."""

import adjoint as torch

w = torch.tensor(1.0, requires_grad=True)
optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)


def closure():
    loss = (w - 3) ** 2
    loss.backward()
    return loss


for _ in range(2):
    optimizer.step(closure)  # <- fault: AccumulatedGradientWarning
