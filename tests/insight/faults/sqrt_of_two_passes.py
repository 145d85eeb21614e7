"""Gradients of two losses summed, of which the first is at fault, by an operation that does no harm in the second."""

import adjoint as torch


def length(v):
    return torch.sqrt((v * v).sum())


def distance(v, w):
    return ((v - w) ** 2).sum().sqrt()  # <- fault: nan


v = torch.tensor([1.0, 2.0], requires_grad=True)
w = torch.tensor([1.0, 2.0])
first = distance(v, w)
first.backward()
second = length(v)
second.backward()
answer = torch.why(v)
