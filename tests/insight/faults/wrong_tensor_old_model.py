"""A model that is made anew after the optimizer was."""

import adjoint as torch
from adjoint import nn


def build():
    return nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 1))


def main():
    torch.manual_seed(0)
    model = build()
    optimizer = torch.optim.Adam(model.parameters())  # <- fault: wrong_tensor
    torch.manual_seed(1)
    model = build()
    x = torch.randn(6, 4)
    for _ in range(2):
        optimizer.zero_grad()
        loss = model(x).pow(2).mean()
        loss.backward()
        optimizer.step()
    return torch.why(model[0].weight)


answer = main()
