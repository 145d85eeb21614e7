"""A list of terms that is made a tensor anew."""

import adjoint as torch

params = [torch.tensor(float(i), requires_grad=True) for i in range(3)]


def f(params):
    terms = [p * p for p in params]
    total = torch.tensor(terms).sum()  # <- fault: tensor
    total.requires_grad_()
    return total


loss = f(params)
loss.backward()
answer = torch.why(params[1])
