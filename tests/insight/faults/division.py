"""A mean over a mask that is empty."""

import adjoint as torch


def masked_mean(values, mask):
    kept = values * mask
    count = mask.sum()
    return kept.sum() / count  # <- fault: nan


values = torch.tensor([1.0, 2.0], requires_grad=True)
mask = torch.tensor([0.0, 0.0])
loss = masked_mean(values, mask)
loss.backward()
answer = torch.why(values)
