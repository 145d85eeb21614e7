"""One step of training a network: its loss, the gradient in all parameters, and the optimizer's step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.task import Source, Task

Network = Callable[[Any, int], tuple[Any, Callable[[], Any]]]
"""`network(torch, batch)` makes a model, and the function that computes its loss on a batch of random examples."""


def step(network: Network, optimizer: str) -> Source:
    """The work of one step; the rate is small, so that it stays the same work over thousands of them."""

    def source(torch: Any, transform: Any, batch: int) -> Callable[[], Any]:
        torch.manual_seed(0)
        model, loss_of = network(torch, batch)
        parameters = list(model.parameters())
        stepper = getattr(torch.optim, optimizer)(parameters, lr=1e-6)

        def work() -> Any:
            stepper.zero_grad()
            loss = loss_of()
            loss.backward()
            stepper.step()
            return loss, [parameter.grad for parameter in parameters]

        return work

    return source


def lstm(torch: Any, batch: int) -> tuple[Any, Callable[[], Any]]:
    model = torch.nn.LSTM(64, 128)
    x = torch.randn(64, batch, 64)
    return model, lambda: model(x)[0].square().mean()


def convolutions(torch: Any, batch: int) -> tuple[Any, Callable[[], Any]]:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 13 * 13, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    x, labels = torch.randn(batch, 1, 28, 28), torch.randint(10, (batch,))
    return model, lambda: nn.functional.cross_entropy(model(x), labels)


def transformer(torch: Any, batch: int, length: int = 32, width: int = 64, characters: int = 64) -> Any:
    nn = torch.nn
    embedding = nn.Embedding(characters, width)
    layer = nn.TransformerEncoderLayer(width, nhead=4, dim_feedforward=4 * width, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, num_layers=2)
    out = nn.Linear(width, characters)
    mask = nn.Transformer.generate_square_subsequent_mask(length)
    text, following = torch.randint(characters, (2, batch, length))

    def loss() -> Any:
        scores = out(encoder(embedding(text), mask=mask, is_causal=True))
        return nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())

    return nn.ModuleList([embedding, encoder, out]), loss


def _task(name: str, about: str, network: Network, optimizer: str, batch: int) -> Task:
    return Task(name, about, sources={"torch": step(network, optimizer)}, rivals=("torch",), size=batch)


TASKS = [
    _task("train-lstm", "an LSTM, 64 to 128, of 64 moments and 32 examples; SGD", lstm, "SGD", 32),
    _task("train-cnn", "two convolutions on 32 pictures of 28 x 28; Adam", convolutions, "Adam", 32),
    _task("train-transformer", "two layers of 64 on 16 texts of 32 characters; AdamW", transformer, "AdamW", 16),
]
