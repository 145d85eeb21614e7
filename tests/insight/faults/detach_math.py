"""A parameter that goes through the module math."""

import math

import adjoint as torch

w = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(1.0, requires_grad=True)


def model(x):
    scale = math.exp(w)  # <- fault: math
    return scale * x + b


loss = (model(3.0) - 1) ** 2
loss.backward()
answer = torch.why(w)
