"""A method that writes in place, in a function; nobody has called backward() yet."""

import adjoint as torch


def normalised(x):
    weights = torch.softmax(x, 0)
    entropy = -(weights * weights.log()).sum()
    weights.mul_(2)  # <- fault: in_place
    return entropy + weights.sum()


def main():
    x = torch.tensor([0.1, 0.5, 0.2], requires_grad=True)
    loss = normalised(x)
    return torch.why(x, loss)


answer = main()
