"""A state that a loop over time updates in place."""

import adjoint as torch


def run(cell, inputs):
    state = torch.zeros(3)
    outputs = []
    for x in inputs:
        state = torch.tanh(cell @ state + x)
        outputs.append(state * state)
        state += 0.1  # <- fault: in_place
    return torch.stack(outputs).sum()


torch.manual_seed(0)
cell = torch.randn(3, 3, requires_grad=True)
loss = run(cell, torch.randn(4, 3))
try:
    loss.backward()
except RuntimeError:
    answer = torch.why(cell)
