"""A zero_grad() before the loop in place of inside of it; with clipping, as many loops have."""

import adjoint as torch
from adjoint import nn


def fit(model, batches):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    optimizer.zero_grad()
    for x, y in batches:
        loss = (model(x) - y).abs().mean()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()  # <- fault: AccumulatedGradientWarning


torch.manual_seed(0)
fit(
    nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1)),
    [(torch.randn(3, 2), torch.randn(3, 1)) for _ in range(3)],
)
