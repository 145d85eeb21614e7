"""A variational autoencoder (Kingma and Welling, 2013) of pictures of digits."""

import torch
import torch.nn.functional as F
from shared.digits import SIDE, digits
from shared.steps import report, steps
from torch import nn


class VAE(nn.Module):
    """Pictures to a normal distribution in eight dimensions, and a sample of it back to a picture."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Flatten(), nn.Linear(SIDE * SIDE, 64), nn.Tanh(), nn.Linear(64, 16))
        self.decoder = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, SIDE * SIDE))

    def forward(self, x):
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        sample = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return self.decoder(sample).view_as(x), mean, log_variance


torch.manual_seed(0)
pictures, _ = digits(1000)
model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for step in steps():
    x = pictures[torch.randint(len(pictures), (64,))]
    logits, mean, log_variance = model(x)
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    loss = (reconstruction + divergence) / len(x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    report(step, loss.item())
