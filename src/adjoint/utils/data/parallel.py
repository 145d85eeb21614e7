"""The iterator of a loader that has worker processes.

Each worker has a pipe of its own to the parent. Work is handed out in turn, `prefetch_factor` batches for each worker
ahead of what is asked for, and handed on in the order of the sampler. While the parent waits, it waits for the pipes and
for the ends of the processes alike, so that a worker that dies is noticed at once.
"""

from __future__ import annotations

import os
import signal
import time
import warnings
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import connection, get_context
from pickle import PicklingError
from typing import TYPE_CHECKING, Any, NoReturn
from weakref import finalize

from adjoint.utils.data._utils.worker import RESUME, Ended, Failure, Job, open_ends, run
from adjoint.utils.data.iteration import BatchIterator
from adjoint.utils.data.transport import hang_up, pack, receive, send, unpack

if TYPE_CHECKING:
    from adjoint.utils.data.dataloader import DataLoader

_PATIENCE = 5.0  # seconds that workers have to end by themselves
_SHORTLY = 1.0  # and once they were told to


@dataclass(eq=False)
class _Worker:
    process: Any
    pipe: Any
    active: bool = True  # whether its stream may still have samples
    load: int = 0  # batches that it was asked for and that were not handed on yet


@dataclass
class _Task:
    worker: _Worker
    answer: list = field(default_factory=list)  # nothing, or the answer


@dataclass
class _Unreadable:
    """Stands for an answer that could not be opened."""

    error: Exception


class ParallelIterator(BatchIterator):
    """Batches that worker processes make."""

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        if not loader.prefetch_factor:
            raise AssertionError("prefetch_factor must be greater than 0 for MultiProcessingDataLoaderIter")
        self._timeout = loader.timeout
        self._in_order = loader.in_order
        self._persistent = loader.persistent_workers
        self._limit = loader.prefetch_factor * loader.num_workers
        self._sent = 0  # the number of the next task; it goes on from pass to pass, so that late answers are known
        self._workers: list[_Worker] = []
        self._owner = os.getpid()
        self._stop = finalize(self, _stop, self._workers, self._owner)
        context = loader.multiprocessing_context or get_context()
        job = Job(self._source, self._base_seed, loader.num_workers, loader.worker_init_fn)
        for number in range(loader.num_workers):
            self._workers.append(_started(context, job, number))
        self._begin(loader)

    @property
    def is_stopped(self) -> bool:
        """Whether its workers have ended, so that it can make no other pass."""
        return not self._stop.alive

    def reset(self, loader: DataLoader) -> None:
        """Begin another pass with the same workers."""
        try:
            for worker in self._workers:
                worker.active, worker.load = True, 0
                self._tell(worker, [RESUME])
            self._begin(loader)
        except BaseException:
            self._give_up()
            raise

    def _begin(self, loader: DataLoader) -> None:
        self.restart(loader)
        self._tasks: dict[int, _Task] = {}  # in the order of their numbers
        self._turns = cycle(self._workers)
        first: dict[_Worker, list] = {}  # what each worker is to do first, told at once
        for _ in range(self._limit):
            if assigned := self._next_task():
                worker, task = assigned
                first.setdefault(worker, []).append(task)
        for worker, tasks in first.items():
            self._tell(worker, tasks)

    # --- handing work out ---

    def _next_task(self) -> tuple[_Worker, tuple[int, Any]] | None:
        """The next task, and the worker whose turn it is; None where no index is left, or no worker."""
        try:
            index = self.next_index()
        except StopIteration:
            return None
        active = sum(worker.active for worker in self._workers)
        for _ in self._workers:
            worker = next(self._turns)
            if worker.active and (self._in_order or worker.load < self._limit // active):
                break
        else:
            return None
        number = self._sent
        self._sent += 1
        self._tasks[number] = _Task(worker)
        worker.load += 1
        return worker, (number, index)

    def _hand_out(self) -> None:
        if assigned := self._next_task():
            worker, task = assigned
            self._tell(worker, [task])

    def _tell(self, worker: _Worker, tasks: list) -> None:
        try:
            send(worker.pipe, 0, pack(tasks))
        except ConnectionError:
            self._report_death(worker)

    # --- taking answers in ---

    def next_data(self) -> Any:
        """The next batch; an exception that a worker raised is raised here."""
        try:
            task = self._tasks.pop(self._next_answered())
            task.worker.load -= 1
            self._hand_out()
        except (KeyboardInterrupt, SystemExit):
            self._give_up()
            raise
        (answer,) = task.answer
        if isinstance(answer, Failure):
            answer.reraise()
        if isinstance(answer, _Unreadable):
            raise answer.error
        return answer

    def _next_answered(self) -> int:
        """The number of the task whose answer is to be handed on, once it is there."""
        while self._tasks:
            number, task = next(iter(self._tasks.items()))
            if not self._in_order:
                number, task = next((each for each in self._tasks.items() if each[1].answer), (number, task))
            if task.answer:
                return number
            if task.worker.active:
                self._wait()
            else:  # its stream has ended before this task
                del self._tasks[number]
        if not self._persistent:
            self._stop()
        raise StopIteration

    def _wait(self) -> None:
        """Wait for the workers, and take in what they have sent."""
        active = {worker.pipe: worker for worker in self._workers if worker.active}
        ends = {worker.process.sentinel: worker for worker in active.values()}
        ready: list[Any] = connection.wait([*active, *ends], self._timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds")
        pipes = [each for each in ready if each in active]
        if not pipes:  # it has ended, and all that it sent has been read
            self._report_death(ends[ready[0]])
        for pipe in pipes:
            self._take_in(active[pipe])

    def _take_in(self, worker: _Worker) -> None:
        try:
            number, image = receive(worker.pipe)
        except (EOFError, ConnectionError):
            self._report_death(worker)
        except BaseException:  # the rest of the message may still be in the pipe
            self._give_up()
            raise
        if number not in self._tasks:
            return  # it is from a pass that was left early
        try:
            answer = unpack(image)
        except Exception as error:
            answer = _Unreadable(error)
        if isinstance(answer, Ended):
            worker.active = False
            if not self._persistent:
                hang_up(worker.pipe)
            self._hand_out()
        else:
            self._tasks[number].answer.append(answer)

    def _give_up(self) -> None:
        """End the workers; what they were to do is not awaited any more."""
        self._tasks.clear()
        if self._stop.detach():
            _stop(self._workers, self._owner, _SHORTLY)

    def _report_death(self, worker: _Worker) -> NoReturn:
        process = worker.process
        process.join(_SHORTLY)  # its pipe ends a moment before it does
        pid, code = process.pid, process.exitcode
        if code is not None and code < 0:
            details = f"is killed by signal: {signal.strsignal(-code)}. "
        else:
            details = (
                f"exited unexpectedly with exit code {code}. Details are lost due to multiprocessing. Rerunning with "
                "num_workers=0 may give better error trace."
            )
        self._give_up()
        raise RuntimeError(f"DataLoader worker (pid(s) {pid}) exited unexpectedly") from RuntimeError(
            f"DataLoader worker (pid {pid}) {details}"
        )


def _started(context: Any, job: Job, number: int) -> _Worker:
    ours, theirs = context.Pipe()
    open_ends.update((ours, theirs))
    process = context.Process(target=run, args=(theirs, job, number), daemon=True)
    try:
        process.start()
    except (TypeError, AttributeError, PicklingError):
        warnings.warn(
            "Got pickle error when attempting to start a worker Process. This might be because the worker Process "
            "arguments are not picklable. Python 3.14+ changed the multiprocessing start method in non-Mac POSIX "
            "platforms to 'forkserver', which requires the worker Process arguments to be picklable. You can also try "
            "multiprocessing.set_start_method('fork').",
            stacklevel=2,
        )
        raise
    finally:
        theirs.close()
    return _Worker(process, ours)


def _stop(workers: list[_Worker], owner: int, patience: float = _PATIENCE) -> None:
    """End the processes: they notice that nobody listens; whoever does not in time is made to."""
    if os.getpid() != owner:
        return  # a fork's copy of the iterator is gone, not the iterator
    for worker in workers:
        hang_up(worker.pipe)
    until = time.monotonic() + patience
    for worker in workers:
        worker.process.join(max(0.0, until - time.monotonic()))
    for insist in ("terminate", "kill"):
        for worker in workers:
            if worker.process.is_alive():
                getattr(worker.process, insist)()
                worker.process.join(_SHORTLY)
    for worker in workers:
        if not worker.process.is_alive():
            worker.process.close()
