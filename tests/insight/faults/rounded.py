"""A quantisation in the loss."""

import adjoint as torch


def quantise(x, levels):
    return torch.round(x * levels) / levels  # <- fault: rounded


w = torch.tensor([0.1, 0.7], requires_grad=True)
loss = (quantise(w, 4) - 0.3).pow(2).sum()
loss.backward()
answer = torch.why(w)
