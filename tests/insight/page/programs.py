"""Programs that the page is tried on."""

from typing import Any

import adjoint as torch
from adjoint import nn
from adjoint.insight import explain


def logistic_loss() -> Any:
    """The notebook's third example, with the numbers of its derivation by hand."""
    x = torch.tensor(6.7, requires_grad=True)
    y = torch.tensor(0.0)
    w = torch.tensor(1.0, requires_grad=True)
    b = torch.tensor(0.0, requires_grad=True)
    z = w * x + b
    y_pred = torch.sigmoid(z)
    L = -(y * torch.log(y_pred) + (1 - y) * torch.log(1 - y_pred))
    return explain(L)


class Block(nn.Module):
    def __init__(self, size: int) -> None:
        super().__init__()
        self.inner = nn.Linear(size, size)
        self.outer = nn.Linear(size, size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.outer(torch.relu(self.inner(x)))


class Model(nn.Module):
    def __init__(self, depth: int = 4) -> None:
        super().__init__()
        self.first = nn.Linear(3, 8)
        self.layers = nn.ModuleList([Block(8) for _ in range(depth)])
        self.head = nn.Linear(8, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return self.head(x)


def network() -> Any:
    """A model of modules in modules, some of them repeated."""
    torch.manual_seed(0)
    model, data = Model(), torch.rand(5, 3)
    loss = (model(data) ** 2).mean()
    return explain(loss)


def recurrence(times: int) -> Any:
    """The same few operations again and again."""
    w, b = (torch.tensor(number, requires_grad=True) for number in (1.1, 0.1))
    h = torch.tensor(0.5, requires_grad=True)
    for _ in range(times):
        h = torch.tanh(h * w) + b
    return explain(h)


def tangle(size: int) -> Any:
    """A large graph in which nothing is repeated."""
    made = [torch.tensor([0.1, 0.2], requires_grad=True) for _ in range(4)]
    for number in range(size):
        a, b = made[-1 - number * number % 3], made[-1 - number * 7 % 4]
        made.append((a + b, a * b, torch.sin(a) - b, torch.maximum(a, b))[(number * number + number // 7) % 4])
    return explain(sum(made[-4:]).sum())


def faults() -> Any:
    """Every kind of gradient that is flagged."""
    x, w = torch.tensor([-1.0, -2.0], requires_grad=True), torch.tensor([1.0, 0.0], requires_grad=True)
    dead = torch.relu(x).sum()
    steep = torch.sqrt(w).sum()  # at 0
    small = (x * 1e-9).sum()
    large = (x * 1e9).sum()
    broken = torch.log(x).sum()
    everything = dead + steep + small + large + broken
    return explain(everything)
