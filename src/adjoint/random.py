"""`torch.random`: the state of the random numbers.

Random tensors themselves are made by `torch.rand`, `torch.randn` and their like.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from adjoint.core.random import Generator, default_generator
from adjoint.ops.random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state

__all__ = [
    "Generator", "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state",
]  # fmt: skip


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, device_type: str = "cpu") -> Iterator[None]:
    """Within the block, draw as usual; after it, go on from the state before it.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> with torch.random.fork_rng():
    ...     first = torch.rand(1)
    >>> torch.equal(first, torch.rand(1))
    True
    """
    state = default_generator.state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            default_generator.restore(state)
