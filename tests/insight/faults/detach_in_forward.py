"""A detach() in the forward of a module, asked for after a training function has returned."""

import adjoint as torch
from adjoint import nn
from adjoint.nn import functional as F


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Linear(4, 8)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        hidden = F.relu(self.features(x))
        return self.head(
            hidden.detach()  # <- fault: detach
        )


def train(model, inputs, targets, epochs):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    history = []
    for _ in range(epochs):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        history.append(loss.detach())
    return history


def main():
    torch.manual_seed(1)
    model = Classifier()
    inputs = torch.randn(12, 4)
    targets = torch.randint(0, 3, (12,))
    train(model, inputs, targets, 2)
    return torch.why(model.features.weight)


answer = main()
