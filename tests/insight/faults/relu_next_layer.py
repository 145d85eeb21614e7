"""The layer after a dead one: its weight has no gradient since its input is zero."""

import adjoint as torch
from adjoint import nn
from adjoint.nn import functional as F


def forward(layers, x):
    hidden = F.relu(layers[0](x))  # <- fault: dead_relu
    return layers[1](hidden)


def main():
    torch.manual_seed(0)
    layers = [nn.Linear(3, 4), nn.Linear(4, 1)]
    nn.init.constant_(layers[0].bias, -30.0)
    x = torch.randn(5, 3)
    loss = forward(layers, x).pow(2).mean()
    loss.backward()
    return torch.why(layers[1].weight)


answer = main()
