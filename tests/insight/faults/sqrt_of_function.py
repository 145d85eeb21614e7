"""A root in a function of two inputs, asked for by running it again."""

import adjoint as torch


def hypotenuse(a, b):
    square = a * a + b * b
    return torch.sqrt(square)  # <- fault: nan


answer = torch.why(hypotenuse, 0.0, 0.0)
