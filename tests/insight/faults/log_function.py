"""Two logarithms in a function, of which one meets a 0; the graph is still there."""

import adjoint as torch


def binary_cross_entropy(p, target):
    positive = target * torch.log(p)
    negative = (1 - target) * torch.log(1 - p)  # <- fault: nan
    return -(positive + negative).mean()


def main():
    logits = torch.tensor([0.5, 200.0, -1.0], requires_grad=True)
    target = torch.tensor([1.0, 1.0, 0.0])
    loss = binary_cross_entropy(torch.sigmoid(logits), target)
    loss.backward(retain_graph=True)
    return torch.why(logits)


answer = main()
