"""Programs that the library compiles, and what compiling costs."""

from __future__ import annotations

from benchmarks.task import Task
from benchmarks.tasks.arrays import elementwise_jax, elementwise_torch, normal


def elementwise_whole_torch(torch, transform, size):
    """Value and gradient asked for inside the compiled function, so that it is one program."""
    x = torch.from_numpy(normal(size))
    function = transform(
        torch.func.grad_and_value(lambda x: torch.sigmoid(torch.sin(x) * x + torch.exp(-x * x)).mean())
    )

    def work():
        gradient, value = function(x)
        return value, gradient

    return work


RIVALS = ("torch", "torch-compile", "jax-jit", "adjoint")
BOUNDS = {"torch": 8.0, "torch-compile": 2.5}

TASKS = [
    Task(
        name="elementwise-compiled",
        about="the same as `elementwise`, the forward function compiled, then value.backward()",
        sources={"torch": elementwise_torch, "jax": elementwise_jax},
        ours="adjoint-compile",
        rivals=RIVALS,
        size=1_000_000,
        bounds=BOUNDS,
    ),
    Task(
        name="elementwise-whole",
        about="the same, with value and gradient compiled as one function",
        sources={"torch": elementwise_whole_torch, "jax": elementwise_jax},
        ours="adjoint-compile",
        rivals=RIVALS,
        size=1_000_000,
        bounds=BOUNDS,
    ),
    Task(
        name="compile-time",
        about="what compiling `elementwise-compiled` costs: first call in a fresh process, less a steady one",
        sources={"torch": elementwise_torch, "jax": elementwise_jax},
        ours="adjoint-compile",
        rivals=("torch-compile", "jax-jit"),
        size=1_000_000,
        at_most=0.2,
        measure="compile",
        max_rounds=3,
    ),
]
