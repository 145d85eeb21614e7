"""A path through NumPy in the middle of a forward."""

import numpy as np

import adjoint as torch
from adjoint import nn


class Spectrum(nn.Module):
    def __init__(self):
        super().__init__()
        self.filter = nn.Parameter(torch.ones(8))
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, signal):
        filtered = signal * self.filter
        magnitude = np.abs(np.fft.rfft(filtered.detach().numpy()))  # <- fault: detach
        return self.scale * torch.tensor(magnitude, dtype=torch.float32)


torch.manual_seed(0)
model = Spectrum()
loss = model(torch.randn(4, 8)).mean()
loss.backward()
answer = torch.why(model.filter)
