"""How a loader fetches what belongs to an index, or to a batch of indices; here and in its workers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple


class Source(NamedTuple):
    """What batches are made from, and how."""

    dataset: Any
    is_stream: bool
    makes_batches: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool

    def fetcher(self) -> Callable[[Any], Any]:
        """A function from what the sampler gave to the batch; a stream that has ended raises `StopIteration`."""
        return _from_stream(self) if self.is_stream else _from_map(self)


def _from_map(source: Source) -> Callable[[Any], Any]:
    dataset, collate_fn = source.dataset, source.collate_fn

    def fetch(index: Any) -> Any:
        if not source.makes_batches:
            return collate_fn(dataset[index])
        at_once = getattr(dataset, "__getitems__", None)
        return collate_fn(at_once(index) if at_once else [dataset[each] for each in index])

    return fetch


def _from_stream(source: Source) -> Callable[[Any], Any]:
    stream, collate_fn, ended = iter(source.dataset), source.collate_fn, False

    def fetch(index: Any) -> Any:
        nonlocal ended
        if not source.makes_batches:
            return collate_fn(next(stream))
        samples = [] if ended else list(islice(stream, len(index)))
        ended = len(samples) < len(index)  # a stream is not asked again once it has ended
        if not samples or (ended and source.drop_last):
            raise StopIteration
        return collate_fn(samples)

    return fetch
