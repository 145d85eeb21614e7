"""A loss computed by the function that evaluates; backward() refuses it, and the question comes after."""

import adjoint as torch
from adjoint import nn


def evaluate(model, x, y):
    with torch.inference_mode():  # <- fault: no_grad
        return nn.functional.mse_loss(model(x), y)


def main():
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    x, y = torch.randn(4, 3), torch.randn(4, 1)
    loss = evaluate(model, x, y)
    try:
        loss.backward()
    except RuntimeError:
        return torch.why(model.weight)


answer = main()
