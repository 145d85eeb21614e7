"""`torch.utils.data._utils.worker`: what runs in a worker process of a loader."""

from __future__ import annotations

import os
import random
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn
from weakref import WeakSet

import numpy as np

from adjoint.lazy import lazy
from adjoint.ops.random import manual_seed
from adjoint.utils.data._utils.fetch import Source

__all__ = ["WorkerInfo", "get_worker_info"]

transport = lazy("adjoint.utils.data.transport")

#: how often a worker that waits for work looks whether its parent is still there, in seconds
_LOOK_FOR_PARENT = 5


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker of a loader knows of itself."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    rng: Any = None
    worker_method: str | None = "multiprocessing"


_worker_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a loader, its `id`, the `num_workers`, its `seed` and its copy of the `dataset`; elsewhere None."""
    return _worker_info


class Job(NamedTuple):
    """What every worker of an iterator is told at its start."""

    source: Source
    base_seed: int
    num_workers: int
    worker_init_fn: Callable[[int], Any] | None


class Ended(NamedTuple):
    """A worker's answer once its stream has ended."""


class _OwnText(str):
    """A string that is its own `repr`: a `KeyError` shows its message so."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class Failure(NamedTuple):
    """An exception that was raised in a worker, to be raised anew in the parent with the worker's traceback."""

    kind: type[BaseException]
    text: str
    worker: int

    @classmethod
    def of(cls, error: BaseException, worker: int) -> Failure:
        """The failure that this exception is."""
        return cls(type(error), "".join(traceback.format_exception(error)), worker)

    def reraise(self) -> NoReturn:
        """Raise an exception of the same type; a `RuntimeError` where that takes more than a message."""
        text = f"Caught {self.kind.__name__} in DataLoader worker process {self.worker}.\nOriginal {self.text}"
        message = _OwnText(text) if self.kind is KeyError else text
        try:
            kind: Any = self.kind
            error = kind(message=message) if getattr(kind, "message", None) else kind(message)
        except Exception:
            raise RuntimeError(text) from None
        raise error


# The parent's messages are lists of tasks, each a number and what the sampler gave, or this one:
RESUME = "resume"  # begin another pass over the dataset

#: the parent's ends of the pipes to its workers, and the workers' while they start: a fork has copies of them, and a
#: pipe ends only when all copies of an end are closed
open_ends: WeakSet[Any] = WeakSet()


def run(connection: Any, job: Job, worker: int) -> None:
    """Do tasks until the parent hangs up, or is gone."""
    for end in list(open_ends):
        if end is not connection:
            end.close()
    open_ends.clear()
    with suppress(KeyboardInterrupt, EOFError, ConnectionError):  # the parent was interrupted as well, or has hung up
        _serve(connection, job, worker)


def _seed(job: Job, worker: int) -> int:
    """Seed the three sources of random numbers, so that each worker draws others, and return the seed."""
    seed = job.base_seed + worker
    random.seed(seed)
    manual_seed(seed)
    entropy = (worker, job.base_seed & 0xFFFFFFFF, job.base_seed >> 32, 0)
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))  # noqa: NPY002 - datasets draw from it
    return seed


def _serve(connection: Any, job: Job, worker: int) -> None:
    global _worker_info  # noqa: PLW0603
    parent = os.getppid()
    _worker_info = WorkerInfo(worker, job.num_workers, _seed(job, worker), job.source.dataset)
    fetch = _prepared(job, worker, job.worker_init_fn)
    tasks: deque[Any] = deque()
    while True:
        while not tasks or connection.poll():  # the parent's pipe is emptied first, so that it never waits for room
            while not connection.poll(_LOOK_FOR_PARENT):
                if os.getppid() != parent:
                    return
            tasks.extend(transport.unpack(transport.receive(connection)[1]))
        task = tasks.popleft()
        if task == RESUME:  # what was left of the last pass has been made, and has drawn its random numbers
            fetch = _prepared(job, worker)
        else:
            number, index = task
            try:
                transport.send(connection, number, _answer(fetch, index, job, worker))
            except ConnectionError:
                raise
            except OSError as error:  # there is no room for the batch
                transport.send(connection, number, _packed_failure(Failure.of(error, worker)))


def _prepared(job: Job, worker: int, init: Callable[[int], Any] | None = None) -> Callable[[Any], Any] | Failure:
    """A function that fetches batches, or why there is none."""
    try:
        if init is not None:
            init(worker)
        return job.source.fetcher()
    except Exception as error:
        return Failure.of(error, worker)


def _answer(fetch: Callable[[Any], Any] | Failure, index: Any, job: Job, worker: int) -> Any:
    """The image of a batch, of the end of the stream, or of what went wrong."""
    if isinstance(fetch, Failure):
        return _packed_failure(fetch)
    try:
        return transport.pack(fetch(index))
    except Exception as error:
        if isinstance(error, StopIteration) and job.source.is_stream:
            return transport.pack(Ended())
        return _packed_failure(Failure.of(error, worker))


def _packed_failure(failure: Failure) -> Any:
    try:
        return transport.pack(failure)
    except Exception:  # an exception's class may stand where pickle does not find it
        return transport.pack(failure._replace(kind=RuntimeError))
