"""`torch.utils.data.distributed`: a sampler for one of several processes that share a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any

from adjoint.core.random import Generator
from adjoint.ops.drawing import randperm
from adjoint.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Every `num_replicas`-th index from `rank` on, of an order that is the same for all of the processes.

    The order is shuffled by `seed` and the epoch, which `set_epoch` sets. So that all processes get as many, the first
    indices come again at the end, or with `drop_last` the last are left out.

    >>> from adjoint.utils.data import DistributedSampler
    >>> [list(DistributedSampler(range(5), 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "Requires distributed package to be available\nGive num_replicas, the number of processes, and rank, the "
                "number of this one."
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        length = len(dataset)
        self.num_samples = length // num_replicas if drop_last else math.ceil(length / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self) -> Iterator[int]:
        length = len(self.dataset)
        order: Any = range(length)
        if self.shuffle:
            order = randperm(length, generator=Generator().manual_seed(self.seed + self.epoch)).tolist()
        return iter(list(islice(cycle(order), self.rank, self.total_size, self.num_replicas)))

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which pass over the dataset comes next, so that it is shuffled in another order than the last."""
        self.epoch = epoch
