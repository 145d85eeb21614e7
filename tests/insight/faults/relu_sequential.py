"""Two activations, one of them dead, in a forward; the question comes after training."""

import adjoint as torch
from adjoint import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 5)
        self.b = nn.Linear(5, 5)
        self.c = nn.Linear(5, 1)
        self.act = nn.ReLU()
        nn.init.constant_(self.b.bias, -50.0)

    def forward(self, x):
        x = self.act(self.a(x))
        x = self.act(self.b(x))  # <- fault: dead_relu
        return self.c(x)


def train(net, x, y):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    for _ in range(2):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss.backward()
        optimizer.step()
    return torch.why(net.a.weight, loss)


torch.manual_seed(0)
answer = train(Net(), torch.randn(6, 3), torch.randn(6, 1))
