"""A softmax written by hand that overflows."""

import adjoint as torch


def softmax(scores):
    powers = torch.exp(scores)  # <- fault: nan
    return powers / powers.sum()


scores = torch.tensor([1.0, 500.0, 2.0], requires_grad=True)
loss = softmax(scores)[0]
loss.backward()
answer = torch.why(scores)
