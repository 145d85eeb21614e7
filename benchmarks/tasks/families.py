"""One line per family of operations: value and gradient, eager, against PyTorch eager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.task import Source, Task
from benchmarks.tasks.arrays import normal


def value_and_gradient(loss: Callable[..., Any], *shapes: Callable[[int], tuple[int, ...]]) -> Source:
    """The work of computing `loss(torch, x, ...)` and its gradient in random arrays of these shapes."""

    def source(torch: Any, transform: Any, size: int) -> Callable[[], Any]:
        leaves = [
            torch.tensor(normal(*shape(size), seed=seed), requires_grad=True) for seed, shape in enumerate(shapes)
        ]
        function = transform(lambda *xs: loss(torch, *xs))

        def work() -> Any:
            for leaf in leaves:
                leaf.grad = None
            value = function(*leaves)
            value.backward()
            return value, [leaf.grad for leaf in leaves]

        return work

    return source


def square(size: int) -> tuple[int, ...]:
    return size, size


def gathering(torch: Any, transform: Any, size: int) -> Callable[[], Any]:
    rng = np.random.default_rng(1)
    index = torch.from_numpy(rng.integers(0, size, (size, size)))
    return value_and_gradient(lambda library, x: library.gather(x, 1, index).square().sum(), square)(
        torch, transform, size
    )


def reduction(torch: Any, x: Any) -> Any:
    return (x.var(dim=1) + x.logsumexp(dim=1) + x.amax(dim=1)).sum()


def softmax(torch: Any, x: Any) -> Any:
    return torch.softmax(x, dim=1).square().sum()


def layer_norm(torch: Any, x: Any) -> Any:
    return torch.nn.functional.layer_norm(x, x.shape[1:]).square().sum()


def conv2d(torch: Any, x: Any, weight: Any) -> Any:
    return torch.nn.functional.conv2d(x, weight, padding=1).square().sum()


def solve(torch: Any, a: Any, b: Any) -> Any:
    return torch.linalg.solve(a + a.shape[0] * torch.eye(a.shape[0]), b).square().sum()


def fft(torch: Any, x: Any) -> Any:
    return torch.fft.rfft(x).abs().sum()


def _task(name: str, about: str, source: Source, size: int) -> Task:
    return Task(name=name, about=about, sources={"torch": source}, rivals=("torch",), size=size)


TASKS = [
    _task("reduction", "var, logsumexp and amax of the rows of 1000 x 1000", value_and_gradient(reduction, square), 1000),
    _task("softmax", "softmax of the rows of 1000 x 1000", value_and_gradient(softmax, square), 1000),
    _task("layer-norm", "layer norm of the rows of 1000 x 1000", value_and_gradient(layer_norm, square), 1000),
    _task("gather", "gather of 1000 elements from each row of 1000 x 1000", gathering, 1000),
    _task(
        "conv2d", "32 filters 3 x 3 on 16 images of 16 x 32 x 32",
        value_and_gradient(conv2d, lambda n: (16, 16, n, n), lambda n: (32, 16, 3, 3)), 32,
    ),
    _task("linalg.solve", "a system of 256 equations, 256 right sides", value_and_gradient(solve, square, square), 256),
    _task("fft", "the real transform of 64 rows of 2^14", value_and_gradient(fft, lambda n: (64, n)), 1 << 14),
]  # fmt: skip
