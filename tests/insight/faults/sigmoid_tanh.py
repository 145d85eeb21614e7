"""The other function that is flat, in a recurrence."""

import adjoint as torch


def roll(w, inputs):
    state = torch.zeros(2)
    for x in inputs:
        state = torch.tanh(w @ state + x)  # <- fault: saturated
    return state


def main():
    torch.manual_seed(0)
    w = torch.randn(2, 2, requires_grad=True)
    loss = roll(w, 100 * torch.ones(3, 2)).sum()
    loss.backward()
    return torch.why(w)


answer = main()
