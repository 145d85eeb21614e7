"""`torch.utils.data.sampler`: the orders in which a dataset's samples are read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from adjoint.core.dtypes import float64, int64
from adjoint.core.random import Generator
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import empty
from adjoint.ops.data import as_tensor
from adjoint.ops.drawing import multinomial, randint, randperm

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)

#: how many indices are drawn at a time with replacement; it decides what another user of the generator draws next
DRAWN_AT_ONCE = 32


def drawn_seed(generator: Generator | None = None) -> int:
    """A seed for something else, as PyTorch draws it."""
    return int(empty((), dtype=int64).random_(generator=generator).item())


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number > 0


class Sampler(Generic[T_co]):
    """An order of indices: a subclass defines `__iter__`, and `__len__` where the length is known.

    >>> import adjoint as torch
    >>> class Shortest(torch.utils.data.Sampler):
    ...     def __init__(self, words):
    ...         self.words = words
    ...
    ...     def __iter__(self):
    ...         return iter(torch.tensor([len(word) for word in self.words]).argsort().tolist())
    >>> list(Shortest(["three", "is", "odd"]))
    [1, 2, 0]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """The indices in order."""

    data_source: Sized

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in a random order, another one each time; with `replacement` each index is drawn from all.

    Without a `generator`, each pass draws a seed for one of its own from the default generator.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> list(torch.utils.data.RandomSampler(range(5)))
    [1, 3, 4, 2, 0]
    """

    data_source: Sized
    replacement: bool

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives: as many as there are samples, if nothing else was said."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        size = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator().manual_seed(drawn_seed())
        at_once = DRAWN_AT_ONCE if self.replacement else size
        whole, rest = divmod(self.num_samples, at_once)
        # with nothing left over, PyTorch still draws the last permutation
        for count in [at_once] * whole + [rest]:
            if self.replacement:
                yield from randint(high=size, size=(count,), generator=generator).tolist()
            else:
                yield from randperm(size, generator=generator).tolist()[:count]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Some indices, in a random order."""

    indices: Sequence[int]

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for place in randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[place]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with probabilities in proportion to `weights`, each from all, or without `replacement` but once.

    >>> import adjoint as torch
    >>> sampler = torch.utils.data.WeightedRandomSampler([0.0, 3.0, 0.0], 4)
    >>> list(sampler)
    [1, 1, 1, 1]
    """

    weights: Tensor
    num_samples: int
    replacement: bool

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        if not _is_count(num_samples):
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        yield from multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator).tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`; with `drop_last`, without a last list that is shorter.

    >>> from adjoint.utils.data import BatchSampler, SequentialSampler
    >>> list(BatchSampler(SequentialSampler(range(5)), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not _is_count(batch_size):
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        length = len(self.sampler)  # type: ignore[arg-type]  # a sampler without one raises Python's own error
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)
