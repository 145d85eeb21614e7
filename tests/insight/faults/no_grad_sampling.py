"""A step of sampling without records, in a model with several results."""

import adjoint as torch
from adjoint import nn


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Linear(4, 4)
        self.mu = nn.Linear(4, 2)
        self.logvar = nn.Linear(4, 2)
        self.dec = nn.Linear(2, 4)

    def encode(self, x):
        h = torch.relu(self.enc(x))
        return self.mu(h), self.logvar(h)

    def reparameterize(self, mu, logvar):
        with torch.no_grad():  # <- fault: no_grad
            std = torch.exp(0.5 * logvar)
            eps = torch.randn_like(std)
            return mu + eps * std

    def forward(self, x):
        mu, logvar = self.encode(x)
        z = self.reparameterize(mu, logvar)
        return self.dec(z)


vae = VAE()
x = torch.randn(6, 4)
recon = vae(x)
loss = nn.functional.mse_loss(recon, x)
loss.backward()
answer = torch.why(vae.mu.weight)
