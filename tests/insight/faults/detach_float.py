"""A parameter that goes through float()."""

import adjoint as torch

w = torch.tensor(2.0, requires_grad=True)
b = torch.tensor(1.0, requires_grad=True)


def model(x):
    slope = float(w)  # <- fault: float
    return slope * x + b


loss = (model(3.0) - 1) ** 2
loss.backward()
answer = torch.why(w)
