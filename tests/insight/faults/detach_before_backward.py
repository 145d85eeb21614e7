"""A loss that is asked about before its backward pass."""

import adjoint as torch


def predict(weights, bias, features):
    linear = features @ weights + bias
    return torch.sigmoid(linear)


def loss_of(weights, bias, features, labels):
    probabilities = predict(weights, bias, features)
    clean = probabilities.clamp(1e-6, 1 - 1e-6)
    clean = clean.detach()  # <- fault: detach
    return -(labels * clean.log() + (1 - labels) * (1 - clean).log()).mean() + bias.abs().sum()


def main():
    torch.manual_seed(0)
    features = torch.randn(10, 2)
    labels = (features.sum(1) > 0).float()
    weights = torch.zeros(2, requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    loss = loss_of(weights, bias, features, labels)
    return torch.why(weights, loss)


answer = main()
