"""A module of the library's, in a Sequential, that is flat."""

import adjoint as torch
from adjoint import nn


def build():
    torch.manual_seed(0)
    features = nn.Linear(2, 4)
    squash = nn.Sigmoid()
    head = nn.Linear(4, 1)
    with torch.no_grad():
        features.bias += 500
    return features, squash, head


features, squash, head = build()
x = torch.randn(5, 2)
hidden = features(x)
active = squash(hidden)  # <- fault: saturated
loss = head(active).mean()
loss.backward()
answer = torch.why(features.weight)
