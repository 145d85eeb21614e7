"""A layer of one's own whose weight is no leaf."""

import adjoint as torch


class Layer:
    def __init__(self, size):
        self.bias = torch.zeros(size, requires_grad=True)
        self.weight = torch.randn(size, size, requires_grad=True) / size**0.5  # <- fault: non_leaf

    def __call__(self, x):
        return torch.relu(x @ self.weight + self.bias)


def run():
    torch.manual_seed(0)
    layers = [Layer(4), Layer(4)]
    x = torch.randn(2, 4)
    for layer in layers:
        x = layer(x)
    loss = x.sum()
    loss.backward()
    first = layers[0]
    return torch.why(first.weight)


answer = run()
