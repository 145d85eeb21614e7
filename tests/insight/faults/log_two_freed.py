"""The same in a module's method, asked after the backward pass has freed the graph."""

import adjoint as torch
from adjoint import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.tensor([1.0, 50.0]))

    def forward(self, x):
        return torch.sigmoid(self.w * x)

    def loss(self, x, target):
        p = self.forward(x)
        hit = target * p.log()
        miss = (1.0 - target) * (1.0 - p).log()  # <- fault: nan
        return -(hit + miss).sum()


def main():
    model = Model()
    x, target = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0])
    loss = model.loss(x, target)
    loss.backward()
    return torch.why(model.w)


answer = main()
