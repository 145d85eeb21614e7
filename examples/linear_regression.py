"""A straight line through noisy points, by gradient descent written out by hand."""

import torch
from shared.steps import report, steps

torch.manual_seed(0)
x = torch.linspace(-1, 1, 200)
y = 3 * x + 0.5 + 0.1 * torch.randn(200)

slope = torch.randn((), requires_grad=True)
intercept = torch.zeros((), requires_grad=True)

for step in steps():
    loss = ((slope * x + intercept - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        for parameter in (slope, intercept):
            parameter -= 0.2 * parameter.grad
            parameter.grad.zero_()
    report(step, loss.item())
