"""Inputs that were never scaled, before a sigmoid."""

import adjoint as torch

torch.manual_seed(0)
heights = torch.tensor([170.0, 182.0, 165.0])
weight = torch.tensor(5.0, requires_grad=True)
tall = torch.tensor([0.0, 1.0, 0.0])
chance = torch.sigmoid(weight * heights)  # <- fault: saturated
loss = ((chance - tall) ** 2).mean()
loss.backward()
answer = torch.why(weight)
