"""A peer in a process of its own, told through pipes what to do and when.

The libraries each bring a pool of threads, an allocator, and many objects for the garbage collector to walk: side by
side in one process, each would disturb the other's times. So each has a process, and one works while the rest wait
on their pipes. This file is both ends: `Worker` for the driver, `python -m benchmarks.worker PEER` for the process.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from benchmarks.peers import PEERS
from benchmarks.task import Work
from benchmarks.tasks import TASKS

ROOT = Path(__file__).parents[1]
SAMPLE = 256


class WorkerError(RuntimeError):
    """What went wrong in the worker, in one line."""


class Worker:
    """The driver's end: one process, one question at a time."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self._scratch = tempfile.TemporaryDirectory()
        # Compilers that keep what they compiled on disk would answer from there: each process begins with nothing kept.
        environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": self._scratch.name}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )

    def ask(self, question: str, **arguments: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        try:
            print(json.dumps([question, arguments]), file=self._process.stdin, flush=True)
            reply = self._process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        if not reply:
            raise WorkerError(f"the process ended (status {self._process.wait()})")
        answer, error = json.loads(reply)
        if error:
            raise WorkerError(error)
        return answer

    def prepare(self, task: str, size: int) -> list[float]:
        """Make the work ready and call it once; a sample of the numbers that it gave."""
        return self.ask("prepare", task=task, size=size)

    def calibrate(self, seconds: float) -> int:
        """How many calls fill so many seconds."""
        return self.ask("calibrate", seconds=seconds)

    def time(self, calls: int) -> float:
        """Seconds per call."""
        return self.ask("time", calls=calls)

    def compile_time(self, seconds: float) -> float:
        """The first call, less the steady time of one."""
        return self.ask("compile_time", seconds=seconds)

    def close(self) -> None:
        self._process.communicate()
        self._scratch.cleanup()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


# ---- the process's end -----------------------------------------------------------------------------------------------


class Bench:
    """What a worker can be asked; the methods' names are the questions."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.work: Work
        self.first = 0.0

    def prepare(self, task: str, size: int) -> list[float]:
        self.work = TASKS[task].ready(self.peer, size)
        begin = perf_counter()
        result = self.work()
        self.first = perf_counter() - begin
        return sample(result)

    def calibrate(self, seconds: float) -> int:
        calls = 1
        while (spent := self._run(calls)) < seconds / 4:
            calls *= 2
        return max(1, round(calls * seconds / spent))

    def time(self, calls: int) -> float:
        gc.collect()
        # What waited while others ran has cold caches and sleeping threads; a fifth of the calls wakes it up.
        self._run(calls // 5)
        return self._run(calls) / calls

    def compile_time(self, seconds: float) -> float:
        calls = self.calibrate(seconds / 5)
        return self.first - median(self.time(calls) for _ in range(5))

    def _run(self, calls: int) -> float:
        work = self.work
        begin = perf_counter()
        for _ in range(calls):
            work()
        return perf_counter() - begin


def sample(result: Any) -> list[float]:
    """Some of the numbers in a result, the same ones whatever library made it."""
    if isinstance(result, tuple | list):
        return [number for part in result for number in sample(part)]
    if hasattr(result, "detach"):
        result = result.detach().numpy()
    flat = np.asarray(result, dtype=np.float64).ravel()
    return [float(flat.sum()), *flat[:: max(1, flat.size // SAMPLE)].tolist()]


def serve(peer: str) -> None:
    """Answer questions until the pipe closes."""
    # Whatever a library prints goes to stderr: the pipe carries answers only.
    with os.fdopen(os.dup(1), "w") as replies:
        os.dup2(2, 1)
        bench = Bench(peer)
        for line in sys.stdin:
            question, arguments = json.loads(line)
            print(json.dumps(_answer(getattr(bench, question), arguments)), file=replies, flush=True)


def _answer(method: Callable[..., Any], arguments: dict[str, Any]) -> tuple[Any, str | None]:
    try:
        return method(**arguments), None
    except Exception as error:  # one peer's failure is a line in the table, not the end of the run
        return None, f"{type(error).__name__}: {error}".splitlines()[0]


if __name__ == "__main__":
    assert sys.argv[1] in PEERS
    serve(sys.argv[1])
