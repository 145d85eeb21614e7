"""A function that is dead at its input."""

import adjoint as torch


def hinge(margin):
    slack = 1 - margin
    return torch.relu(slack).sum()  # <- fault: dead_relu


answer = torch.why(hinge, torch.tensor([2.0, 3.0]))
