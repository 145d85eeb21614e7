"""Two clouds of points told apart by a line: the loss written out, its gradient by autograd."""

import torch
from shared.steps import report, steps

torch.manual_seed(0)
points = torch.cat([torch.randn(100, 2) + torch.tensor([1.0, 1.0]), torch.randn(100, 2) - torch.tensor([1.0, 0.5])])
labels = torch.cat([torch.ones(100), torch.zeros(100)])

weight = torch.zeros(2, requires_grad=True)
bias = torch.zeros(1, requires_grad=True)

for step in steps():
    probability = 1 / (1 + torch.exp(-(points @ weight + bias)))
    loss = -(labels * torch.log(probability) + (1 - labels) * torch.log(1 - probability)).mean()
    slopes = torch.autograd.grad(loss, (weight, bias))
    with torch.no_grad():
        for parameter, slope in zip((weight, bias), slopes):
            parameter -= 0.5 * slope
    report(step, loss.item())
