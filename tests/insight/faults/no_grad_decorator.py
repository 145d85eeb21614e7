"""A method with a decorator that was meant for another."""

import adjoint as torch
from adjoint import nn


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(4, 4)
        self.out = nn.Linear(4, 1)

    @torch.no_grad()  # <- fault: no_grad
    def encode(self, x):
        return torch.tanh(self.embed(x))

    def forward(self, x):
        return self.out(self.encode(x))


def fit(model, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(2):
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()


torch.manual_seed(0)
model = Model()
fit(model, torch.randn(6, 4), torch.randn(6, 1))
answer = torch.why(model.embed.bias)
